"""What the DAG files have in common: topics, tasks, defaults and messages."""
