"""Runs `python -m ingest`."""

import gc
import sys

from conf.errors import stops_told

with stops_told():
    from conf.garbage import look_seldom

    look_seldom()  # imports make many objects, too

    from ingest.cli import main

    gc.freeze()  # what is there now, such as modules, is looked at no more
    sys.exit(main())
