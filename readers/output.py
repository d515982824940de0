"""Frames to files or stdout, for machines."""

import sys
from pathlib import Path

import pandas as pd

from conf.errors import WrongUse

FORMATS = ("table", "csv", "json", "parquet")


def write_frame(frame: pd.DataFrame, format_: str, out: Path | None) -> None:
    """Writes a frame as CSV, JSON (one array of objects, ISO times) or Parquet, to a file or to stdout.

    Raises WrongUse for Parquet onto a terminal.
    """
    if format_ == "parquet":
        if out is None and sys.stdout.isatty():
            raise WrongUse("Parquet is no text for a terminal", "Give --out FILE, or send stdout to one")
        frame.to_parquet(out or sys.stdout.buffer, index=False)
        return
    if format_ == "csv":
        text = frame.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
    else:
        text = frame.to_json(orient="records", date_format="iso", date_unit="ms", double_precision=15) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
