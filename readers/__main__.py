"""Runs `python -m readers`."""

import sys

from conf.errors import stops_told

with stops_told():
    from readers.cli import main

    sys.exit(main())
