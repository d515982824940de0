"""How often Python looks for garbage: objects that hold each other. Nearly none of ours do.

By default it looks at the newest objects whenever 700 more have come than gone, and at times at all of them. A worker
holds the objects of thousands of posts at once, and spent a quarter of its time on this.
"""

import gc

AFTER = 50_000
"""New objects, less those that have gone, after which the newest are looked at."""


def look_seldom() -> None:
    """Looks for garbage only after so many new objects."""
    gc.set_threshold(AFTER, *gc.get_threshold()[1:])
