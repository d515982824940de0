"""Rectangles on the globe as `bounding_box:` operators of X's filtered stream, whose sides stay below 25 miles.

The limit, and that a place counts only where a box holds all of it, and that retweets carry no place:
https://developer.x.com/en/docs/x-api/tweets/filtered-stream/integrate/build-a-rule
"""

from itertools import pairwise
from math import ceil, cos, radians

from conf.topic import Box
from ingest.sources.x.clauses import LeftOut, Wish

SIDE_MILES = 24.9
DEGREE_MILES = 69.41
"""No degree is longer: of latitude at the poles, 69.40; of longitude at the equator, 69.17."""
MOST_TILES = 2000
"""For one topic: some 90 of the account's 1,000 rules."""


def box_wishes(box: Box, most: int) -> list[Wish | LeftOut]:
    """A box as one operator, or as tiles that cover it; left out where that takes more than `most`."""
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
    return wishes if count == 1 else [*wishes, LeftOut(f"{what}: places on the edge of tiles", _edge_note(count))]


def _edges(start: float, end: float, degrees: float) -> list[tuple[float, float]]:
    return _cut(start, end, max(1, ceil(degrees * DEGREE_MILES / SIDE_MILES)))


def _columns(row: tuple[float, float], span: tuple[float, float]) -> tuple[float, float, int]:
    """A row's west and east, and into how many tiles it falls: as many as where it is widest, nearest the equator."""
    south, north = row
    widest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    miles = (span[1] - span[0]) * DEGREE_MILES * cos(radians(widest))
    return *span, max(1, ceil(miles / SIDE_MILES))


def _cut(start: float, end: float, parts: int) -> list[tuple[float, float]]:
    """Equal parts; the inner edges are rounded to 11 m, which keeps rules short."""
    inner = [round(start + (end - start) * i / parts, 4) for i in range(1, parts)]
    edges = [start, *inner, end]
    return list(pairwise(edges))


def _number(degrees: float) -> str:
    return f"{degrees:.6f}".rstrip("0").rstrip(".")


def _too_many(count: int, most: int) -> str:
    limit = f"of which this topic may have {most:,} more" if most else "and this topic already has all it may have"
    return (
        f"takes {count:,} boxes, since X allows none of 25 miles or more a side, {limit}; "
        "name smaller boxes, or add the region's place names to keywords"
    )


def _edge_note(count: int) -> str:
    return (
        f"the box is cut into {count:,} tiles, since X allows none of 25 miles or more a side; posts tagged with a "
        "place that no tile holds whole, such as a province, don't come by it: name such places in keywords"
    )
