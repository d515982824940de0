"""PySpark jobs, one file each, run by spark-submit.

Every file has a transform and a `JOB` (`jobs/framework/job.py`).
"""

import sys

from conf.stopping import stops_told_from_here

if sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("jobs."):  # as conf/driver does after spark-submit
    stops_told_from_here()
