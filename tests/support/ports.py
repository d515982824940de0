"""Finds free ports for the tests' own engines."""

import random

from deploy.ports import is_free

LOCAL = "127.0.0.1"


def free_port(*offsets: int) -> int:
    """Returns a free port below the system's own range; the ports `offsets` below it are free, too."""
    while True:
        port = random.randint(20_000, 30_000)
        if all(is_free(LOCAL, port - offset) for offset in (0, *offsets)):
            return port
