"""A Superset beside the project: its configuration, and databases, datasets, charts and a dashboard as files."""
