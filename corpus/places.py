"""The places that a few posts state: a place with its box and, for some posts, an exact point inside the box."""

import hashlib
from typing import Any

import numpy as np

from conf.topic import Box, Topic

# Name, full name, middle of the box (longitude, latitude); round figures.
CITIES = (
    ("Quezon City", "Quezon City, National Capital Region", 121.05, 14.65),
    ("Manila", "City of Manila, National Capital Region", 120.98, 14.59),
    ("Makati", "Makati City, National Capital Region", 121.03, 14.55),
    ("Davao City", "Davao City, Davao Region", 125.60, 7.07),
    ("Cebu City", "Cebu City, Central Visayas", 123.89, 10.32),
    ("Iloilo City", "Iloilo City, Western Visayas", 122.56, 10.70),
    ("Cagayan de Oro", "Cagayan de Oro City, Northern Mindanao", 124.64, 8.48),
    ("Baguio", "Baguio City, Cordillera Admin Region", 120.59, 16.41),
    ("Tacloban", "Tacloban City, Eastern Visayas", 125.00, 11.24),
    ("Naga", "Naga City, Bicol", 123.19, 13.62),
    ("Zamboanga City", "Zamboanga City, Zamboanga Peninsula", 122.07, 6.91),
    ("Parañaque", "Parañaque City, National Capital Region", 121.02, 14.48),
)
HALF_SIDE = 0.06
POINT_PER_CENT = 20


class Places:
    """The places of a topic: the cities of CITIES inside its boxes or, if there are none, the boxes themselves."""

    def __init__(self, topic: Topic) -> None:
        boxes = topic.collect.geo
        cities = [_city(*city) for city in CITIES if any(_holds(box, *city[2:]) for box in boxes)]
        self.places = cities or [_area(topic, number, box) for number, box in enumerate(boxes)]

    def draw(self, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draws a place and returns the post's `geo` and the place object, as X v2 delivers them."""
        place = self.places[rng.integers(len(self.places))]
        west, south, east, north = place["geo"]["bbox"]
        geo: dict[str, Any] = {"place_id": place["id"]}
        across, up, chance = rng.random(3).tolist()
        if chance * 100 < POINT_PER_CENT and west < east:
            point = [round(west + across * (east - west), 5), round(south + up * (north - south), 5)]
            geo["coordinates"] = {"type": "Point", "coordinates": point}
        return geo, place


def _holds(box: Box, longitude: float, latitude: float) -> bool:
    return box.west <= longitude <= box.east and box.south <= latitude <= box.north


def _city(name: str, full_name: str, longitude: float, latitude: float) -> dict[str, Any]:
    middle = (longitude - HALF_SIDE, latitude - HALF_SIDE, longitude + HALF_SIDE, latitude + HALF_SIDE)
    box = [round(edge, 4) for edge in middle]
    place = {"name": name, "full_name": full_name, "country": "Republic of the Philippines", "country_code": "PH"}
    return {"id": _id(full_name), **place, "place_type": "city", "geo": _geo(box)}


def _area(topic: Topic, number: int, box: Box) -> dict[str, Any]:
    name = f"{topic.topic} area {number + 1}"
    edges = [box.west, box.south, box.east, box.north]
    return {"id": _id(name), "name": name, "full_name": name, "place_type": "admin", "geo": _geo(edges)}


def _geo(bbox: list[float]) -> dict[str, Any]:
    return {"type": "Feature", "bbox": bbox, "properties": {}}


def _id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
