"""Spark's settings for a cluster, as a folder for SPARK_CONF_DIR: those of conf/, and what `make dist` has built."""

import shlex
import shutil
from pathlib import Path

from conf import ROOT

PYTHON_PATH = "libs"
"""The folder into which each executor unpacks the libraries, below its working folder."""
_TEXT = """\

# Written by `make dist`. All of this is for a master that is a cluster; docs/cluster.md says more.
spark.submit.pyFiles                      {code}
spark.archives                            {libs}#{path}
spark.executorEnv.PYTHONPATH              {path}
spark.jars                                {jars}/*.jar
spark.jars.packages
# The executors' Python: a name on their own PATH, or a path on their machines.
spark.pyspark.python                      python{python}
# Spark would let everybody who reaches this machine see its web page, without a login.
spark.ui.enabled                          false
"""


def write_settings(folder: Path, code: Path, libs: Path, jars: Path, python: str) -> None:
    """Writes the folder. What else was written into its files is lost; files that are not its own stay."""
    folder.mkdir(parents=True, exist_ok=True)
    conf = ROOT / "conf"
    text = (conf / "spark-defaults.conf").read_text(encoding="utf-8")
    values = {"code": code, "libs": libs, "jars": jars, "python": python, "path": PYTHON_PATH}
    (folder / "spark-defaults.conf").write_text(text + _TEXT.format(**values), encoding="utf-8")
    (folder / "spark-env.sh").write_text(f". {shlex.quote(str(conf / 'spark-env.sh'))}\n", encoding="utf-8")
    shutil.copyfile(conf / "log4j2.properties", folder / "log4j2.properties")
