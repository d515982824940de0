"""`python -m deploy`."""

import sys

from conf.errors import stops_told

with stops_told():
    from deploy.cli import main

    sys.exit(main())
