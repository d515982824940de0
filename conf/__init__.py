"""Settings, topics, table declarations and Spark's configuration, which all other folders read."""

import sys
from pathlib import Path

VERSION = "0.2.0"
"""The project's version; every run of a job records it."""


def _project() -> Path:
    """Returns the folder above this one.

    The code may be in a zip file, as Spark gets it by --py-files. Then it is the folder of Python's path that has the
    topics (spark-submit's own, by conf/spark-env.sh), or else the working folder, as on a cluster's machines.
    """
    above = Path(__file__).resolve().parent.parent
    if above.is_dir():
        return above
    places = (Path(place).absolute() for place in sys.path)
    return next((place for place in places if (place / "conf" / "topics").is_dir()), Path.cwd())


ROOT = _project()
"""The project's folder. Default paths start here, whatever folder a command is run from."""
