"""The volume of a topic: how many posts each period had, of which kinds, with what, and by how many authors."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from conf.tables import KIND_COLUMNS
from jobs.measures.item_counts import ANY
from jobs.measures.item_pairs import ACTIVE, CARRIED, CARRIES, OF_KIND

TOP_PART = 100
"""The most active authors are one in so many, rounded up: 1 %."""
COLUMNS = {name: f"with_{name}" for name in CARRIED} | {"new": "new_authors"}
VOLUME = (
    "period string, period_start timestamp, period_end timestamp, "
    + ", ".join(f"{name} bigint" for name in ("posts", *KIND_COLUMNS, "authors", *COLUMNS.values()))
    + ", share_top_authors double, share_flagged double"
)
"""The schema of `volume`."""


def volume(rows: Iterable[dict[str, Any]], *, flags: bool) -> list[tuple[Any, ...]]:
    """Returns a row for each period, as in VOLUME, from rows of ITEMS of the kinds OF_KIND, CARRIES and ACTIVE.

    Without `flags` it is unknown who is flagged, and the share is None.
    """
    periods: dict[tuple[Any, ...], dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        periods[row["period"], row["period_start"], row["period_end"]][row["kind"], row["item"]] = row
    return [(*period, *_figures(found, flags=flags)) for period, found in sorted(periods.items())]


def _figures(found: dict[tuple[str, str], dict[str, Any]], *, flags: bool) -> Iterable[Any]:
    """Returns the figures of one period."""

    def posts_of(kind: str, item: str) -> int:
        return found[kind, item]["posts"] if (kind, item) in found else 0

    everything = found[OF_KIND, ANY]
    active = {int(item): row["authors"] for (kind, item), row in found.items() if kind == ACTIVE}
    return (
        everything["posts"],
        *(posts_of(OF_KIND, kind) for kind in KIND_COLUMNS.values()),
        everything["authors"],
        *(posts_of(CARRIES, name) for name in COLUMNS),
        posts_by_most_active(active) / everything["posts"],
        everything["marked"] / everything["posts"] if flags else None,
    )


def posts_by_most_active(authors: dict[int, int]) -> int:
    """Returns the posts by the most active 1 % of authors, rounded up. `authors` counts them by their posts."""
    left, posts = -(-sum(authors.values()) // TOP_PART), 0
    for number in sorted(authors, reverse=True):
        some = min(left, authors[number])
        left, posts = left - some, posts + some * number
    return posts
