"""The graphs with two kinds of nodes computed in another way: plain Python and NetworkX, without code from jobs."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from tests.support.independent_graphs import Key, Network
from tests.support.independent_items import OWN, Item, key_of

TAGS = ("Halalan", "İstanbul", "選挙", "انتخابات", "news.example")
LINKS = (
    *("https://www.balita.example/a", "http://m.balita.example:80/b/?utm_source=x", "https://news.bbc.co.uk/1"),
    *("https://ana.github.io/x", "https://ben.github.io/", "https://twitter.com/ana/status/1", "https://t.co/abc"),
    *("https://youtu.be/abcdefghijk", "https://Example.PH/#top", "ftp://ftp.example/", "no address"),
    *(f"https://site{number}.example/{number}" for number in range(30)),
)
KINDS = ("author_host", "author_hashtag", "hashtag_host")
Carried = tuple[Item, set[str]]
"""A post and its folded hashtags."""


def enriched(lines: Iterable[bytes], seed: int = 5) -> list[bytes]:
    """Returns X v2 lines in which most posts, retweets aside, have more hashtags and links than generated ones have."""
    found, draw = [], random.Random(seed)
    for raw in lines:
        line = json.loads(raw)
        data = line["data"]
        retweets = any(r["type"] == "retweeted" for r in data.get("referenced_tweets", []))
        if not retweets and "note_tweet" not in data:
            entities = data.setdefault("entities", {})
            entities.setdefault("hashtags", []).extend({"tag": tag} for tag in draw.choices(TAGS, k=draw.randrange(3)))
            links = draw.choices(LINKS, k=draw.randrange(4))
            entities.setdefault("urls", []).extend({"expanded_url": link} for link in links)
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
