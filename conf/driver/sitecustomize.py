"""Python imports a module of this name before anything else: a job tells of Ctrl-C while it still imports pyspark.

This one comes first on the path. If the machine has one of its own, that is then imported, as Python itself would.
"""

import sys

if "".join(sys.orig_argv[1:2]).split("/")[-2:-1] == ["jobs"]:  # not Spark's own workers, which have the same path
    from conf.stopping import stops_told_from_here

    stops_told_from_here()

folder = __file__.rpartition("/")[0]
if folder in sys.path:
    sys.path.remove(folder)  # nothing else is in it
    this = sys.modules.pop(__name__)
    try:
        __import__(__name__)
    except ModuleNotFoundError as error:
        if error.name != __name__:
            raise
        sys.modules[__name__] = this
