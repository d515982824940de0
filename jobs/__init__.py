"""PySpark jobs, one file each, run by spark-submit.

Every file has a transform and a `JOB` (`jobs/framework/job.py`).
"""
