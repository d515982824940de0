"""A script for the cluster: prints, as JSON, what a Python function on an executor sees. Its arguments are folders."""

import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

import conf
from conf.settings import load_settings
from jobs.framework.spark import spark_session


def seen(folders: list[str], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On an executor: yields what it sees, for each batch."""
    for _ in batches:
        there = [folder for folder in folders if Path(folder).is_dir() and any(Path(folder).iterdir())]
        own = {"there": there, "python": sys.executable, "code": conf.__file__, "numpy": np.__file__}
        own["settings"] = sorted(name for name in os.environ if name.startswith("PULSO_"))
        yield pa.RecordBatch.from_pydict({"seen": [json.dumps(own)]})


if __name__ == "__main__":
    spark = spark_session("probe", load_settings())
    rows = spark.range(4).repartition(4).mapInArrow(partial(seen, sys.argv[1:]), "seen string").collect()
    print("SEEN " + json.dumps([json.loads(row.seen) for row in rows]))
