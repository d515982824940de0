"""What Python reads before a job: `conf/spark-env.sh` puts this folder on its path."""
