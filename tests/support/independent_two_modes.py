"""The graphs with two kinds of nodes computed in another way: plain Python and NetworkX, without code from jobs."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from tests.support.independent_graphs import Key, Network
from tests.support.independent_items import OWN, Item, key_of

TAGS = ("Halalan", "İstanbul", "選挙", "انتخابات", "news.example")
KINDS = ("author_host", "author_hashtag", "hashtag_host")
Carried = tuple[Item, set[str]]
"""A post and its folded hashtags."""


def tagged(lines: Iterable[bytes]) -> list[bytes]:
    """Returns X v2 lines in which posts with links have two hashtags more: few generated ones have any."""
    found = []
    for number, raw in enumerate(lines):
        line = json.loads(raw)
        entities = line["data"].get("entities", {})
        if "urls" in entities and "note_tweet" not in line["data"]:
            entities.setdefault("hashtags", []).extend({"tag": TAGS[(number + n) % len(TAGS)]} for n in (0, 2))
        found.append(json.dumps(line).encode())
    return found


def pairs_of(post: Item, tags: Iterable[str]) -> list[tuple[str, str, str]]:
    """Returns the edges of a post: graph, src, dst."""
    if post.kind == "retweet":
        return []
    keys = {key_of(url) for url in post.urls}
    hosts = {key[1] for key in keys if key and key[1] not in OWN[post.source]}
    named = {f"#{tag}" for tag in tags}
    sides = {"author_host": ([post.author], hosts), "author_hashtag": ([post.author], named)}
    sides["hashtag_host"] = (sorted(named), hosts)
    return [(graph, src, dst) for graph, ends in sides.items() for src, dst in product(*ends)]


def two_mode_networks(posts: Iterable[Carried], start: datetime, end: datetime, zone: str) -> dict[Key, Network]:
    """Returns every two-mode graph of every whole hour and day in a window, and of the window itself."""
    found: dict[Key, Network] = defaultdict(Network)
    for post, tags in posts:
        if not start <= post.at < end:
            continue
        hour = post.at.replace(minute=0, second=0, microsecond=0)
        day = post.at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        hours, days = ("hour", hour, hour + timedelta(hours=1)), ("day", day, day + timedelta(days=1))
        for period, first, last in (hours, days, ("window", start, end)):
            if start <= first and last <= end:
                for graph, src, dst in pairs_of(post, tags):
                    network = found[graph, period, first, last]
                    network.weights[src, dst] += 1
                    network.times[src, dst].append(post.at)
    return found
