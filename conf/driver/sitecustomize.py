"""Python imports a module of this name before anything else: a job tells of Ctrl-C while it still imports pyspark."""

import sys

if "".join(sys.orig_argv[1:2]).split("/")[-2:-1] == ["jobs"]:  # not Spark's own workers, which have the same path
    from conf.stopping import stops_told_from_here

    stops_told_from_here()
