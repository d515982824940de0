"""Turns boxes on the globe into `bounding_box:` operators of X's filtered stream, whose sides must be below 25 miles.

X defines this limit, and also that a box must contain a whole place and that retweets have no place:
https://developer.x.com/en/docs/x-api/tweets/filtered-stream/integrate/build-a-rule
"""

from itertools import pairwise
from math import ceil, cos, radians

from conf.topic import Box
from ingest.sources.x.clauses import LeftOut, Wish

SIDE_MILES = 24.9
DEGREE_MILES = 69.41
"""The greatest length of a degree: 69.40 miles for latitude (at the poles), 69.17 for longitude (at the equator)."""
MOST_TILES = 2000
"""The most tiles of one topic: they take some 90 of the account's 1,000 rules."""


def box_wishes(box: Box, most: int) -> list[Wish | LeftOut]:
    """Returns a box as one operator, or as smaller boxes (tiles) that cover it.

    If it needs more than `most` tiles, it is returned as left out.
    """
    what = f"box {_number(box.west)} {_number(box.south)} to {_number(box.east)} {_number(box.north)}"
    spans = [(box.west, box.east)] if box.west <= box.east else [(box.west, 180.0), (-180.0, box.east)]
    rows = _edges(box.south, box.north, box.north - box.south)
    columns = [(row, _columns(row, span)) for row in rows for span in spans if span[0] < span[1]]
    count = sum(parts for _, (_, _, parts) in columns)
    if count == 0:
        return [LeftOut(what, "has no width")]
    if count > most:
        return [LeftOut(what, _too_many(count, most))]
    wishes: list[Wish | LeftOut] = []
    for (south, north), (west, east, parts) in columns:
        for left, right in _cut(west, east, parts):
            sides = " ".join(_number(side) for side in (left, south, right, north))
            wishes.append(Wish(what, f"bounding_box:[{sides}]"))
    return wishes if count == 1 else [*wishes, LeftOut(f"{what}: places across the edge of a tile", _edge_note(count))]


def _edges(start: float, end: float, degrees: float) -> list[tuple[float, float]]:
    return _cut(start, end, max(1, ceil(degrees * DEGREE_MILES / SIDE_MILES)))


def _columns(row: tuple[float, float], span: tuple[float, float]) -> tuple[float, float, int]:
    """Returns a row's west and east, and the number of its tiles, which is enough where the row is widest."""
    south, north = row
    widest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    miles = (span[1] - span[0]) * DEGREE_MILES * cos(radians(widest))
    return *span, max(1, ceil(miles / SIDE_MILES))


def _cut(start: float, end: float, parts: int) -> list[tuple[float, float]]:
    """Returns equal parts of a span; the inner edges are rounded to 11 m, which keeps rules short."""
    inner = [round(start + (end - start) * i / parts, 4) for i in range(1, parts)]
    edges = [start, *inner, end]
    return list(pairwise(edges))


def _number(degrees: float) -> str:
    return f"{degrees:.6f}".rstrip("0").rstrip(".")


def _too_many(count: int, most: int) -> str:
    limit = f"and only {most:,} more are allowed for this topic" if most else "and this topic has no box left"
    return (
        f"needs {count:,} boxes, since each side must be under 25 miles, {limit}; "
        "name smaller boxes, or add the region's place names to keywords"
    )


def _edge_note(count: int) -> str:
    return (
        f"the box is cut into {count:,} tiles, since X allows no side of 25 miles or more; posts from a place that is "
        "not wholly in one tile, such as a province, are not found: add the names of such places to keywords"
    )
