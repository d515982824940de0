"""PySpark jobs: one file a job, all of one shape. Run each by spark-submit."""
