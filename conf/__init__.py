"""Settings, topics, table declarations and Spark's configuration: what every other folder reads."""

from pathlib import Path

VERSION = "0.2.0"
"""The project's version: part of what every run records about itself."""
ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: default paths start here, whatever folder a command is run from."""
