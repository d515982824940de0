"""Free ports for engines of one's own."""

import random

from deploy.ports import is_free

LOCAL = "127.0.0.1"


def free_port(*offsets: int) -> int:
    """A port below the system's own range that is free, as are those `offsets` below it."""
    while True:
        port = random.randint(20_000, 30_000)
        if all(is_free(LOCAL, port - offset) for offset in (0, *offsets)):
            return port
