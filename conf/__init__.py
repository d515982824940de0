"""Settings, topics, table declarations and Spark's configuration, which all other folders read."""

from pathlib import Path

VERSION = "0.2.0"
"""The project's version; every run of a job records it."""
ROOT = Path(__file__).resolve().parent.parent
"""The project's folder. Default paths start here, whatever folder a command is run from."""
