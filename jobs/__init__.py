"""PySpark jobs, one file each, all of the same shape; spark-submit runs them."""
