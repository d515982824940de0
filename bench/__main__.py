"""`python -m bench`."""

import sys

from conf.errors import stops_told

with stops_told():
    from bench.cli import main

    sys.exit(main())
