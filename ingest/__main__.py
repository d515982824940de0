"""Runs `python -m ingest`."""

import sys

from conf.errors import stops_told

with stops_told():
    from ingest.cli import main

    sys.exit(main())
