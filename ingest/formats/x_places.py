"""Where a post of X was written: its place, its point, and the bounds of the place."""

from contextlib import suppress
from typing import Any

from ingest.formats.post import Post
from ingest.formats.x_v2_objects import Geo
from ingest.formats.x_v2_objects import Place as PlaceV2
from ingest.formats.x_v11_status import Status

Box = tuple[Any, Any, Any, Any]
"""The bounds of a place, unchecked: west, south, east, north."""


def set_place(post: Post, geo: Geo, places: dict[str, PlaceV2]) -> None:
    """Sets the place of a post of v2, and its point. `places` are the known ones, by id."""
    place = places.get(geo.place_id or "")
    post.place = geo.full_name or (place.full_name if place else None)
    post.box = _box_of(geo.geo or (place.geo if place else None))
    if geo.coordinates and geo.coordinates.coordinates:
        post.lon, post.lat = geo.coordinates.coordinates


def _box_of(geo: Any) -> Box | None:
    """Returns the bounds of a place as v2 tells them; None if it does not."""
    bounds = geo.get("bbox") if isinstance(geo, dict) else None
    return tuple(bounds) if isinstance(bounds, list) and len(bounds) == 4 else None


def set_place_v11(post: Post, status: Status) -> None:
    """Sets the place of a status of v1.1, and its point."""
    if status.place:
        post.place, post.box = status.place.full_name, _box_around(status.place.bounding_box)
    if status.coordinates and status.coordinates.coordinates:
        post.lon, post.lat = status.coordinates.coordinates
    elif status.geo and status.geo.coordinates:
        post.lat, post.lon = status.geo.coordinates


def _box_around(bounds: Any) -> Box | None:
    """Returns the bounds of a place from the corners of its bounding box, as v1.1 has them."""
    with suppress(AttributeError, TypeError, ValueError, LookupError):
        lons, lats = zip(*bounds["coordinates"][0], strict=True)
        return min(lons), min(lats), max(lons), max(lats)
    return None
