"""The graphs computed in another way: plain Python and NetworkX over X v2 lines, without code from jobs."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import networkx as nx

from tests.support.independent_accounts import Accounts
from tests.support.independent_poll import fold

Key = tuple[str, str, datetime, datetime]


@dataclass
class Network:
    """One graph of one period: the weight and the times of each edge, and what each node is called."""

    weights: Counter[tuple[str, str]] = field(default_factory=Counter)
    times: dict[tuple[str, str], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    labels: dict[str, str] = field(default_factory=dict)

    def graph(self, *, directed: bool) -> Any:
        """Returns the graph without self-edges."""
        made = nx.DiGraph() if directed else nx.Graph()
        made.add_weighted_edges_from((a, b, w) for (a, b), w in self.weights.items() if a != b)
        return made

    @property
    def self_edges(self) -> int:
        return sum(a == b for a, b in self.weights)


def interactions(line: dict[str, Any]) -> tuple[datetime, list[tuple[str, str, str]]]:
    """Returns the time of a post, and its edges as (graph, src, dst): src is the author's key, dst a handle."""
    data, includes = line["data"], line.get("includes", {})
    handles = {u["id"]: u["username"].lower() for u in includes.get("users", [])}
    tweets = {t["id"]: t for t in includes.get("tweets", [])}
    me = f"x:{data['author_id']}"
    references = {r["type"]: tweets.get(r["id"]) for r in data.get("referenced_tweets", [])}
    at = datetime.fromisoformat(data["created_at"])
    if "retweeted" in references:
        target = references["retweeted"]
        named = re.match(r"RT @(\w+):", data["text"])  # for a retweeted post that `includes` lacks
        other = handles.get(target["author_id"]) if target else named and named[1].lower()
        return at, [("retweet", me, other)] if other else []
    found = []
    for kind, graph in (("replied_to", "reply"), ("quoted", "quote")):
        if kind in references:
            target = references[kind]
            other = handles.get(target["author_id"]) if target else None
            if kind == "replied_to" and other is None:
                other = handles.get(data.get("in_reply_to_user_id", ""))
            if other:
                found.append((graph, me, other))
    entities = data.get("note_tweet", data).get("entities", data.get("entities", {}))
    found += [("mention", me, other) for other in {m["username"].lower() for m in entities.get("mentions", [])}]
    tags = sorted({fold(h["tag"]) for h in entities.get("hashtags", [])})
    found += [("hashtag", a, b) for a, b in combinations(tags, 2)]
    return at, found


def networks(lines: Iterable[bytes], start: datetime, end: datetime, zone: str) -> dict[Key, Network]:
    """Returns every graph of every whole hour and day in a window, and of the window itself."""
    found: dict[Key, Network] = defaultdict(Network)
    read = [json.loads(raw) for raw in lines]
    accounts = Accounts(read, start, end)
    for line in read:
        at, named = interactions(line)
        if not start <= at < end:
            continue
        some = [(g, a, b if g == "hashtag" else accounts.key(b)) for g, a, b in named]
        hour = at.replace(minute=0, second=0, microsecond=0)
        local = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        spans = [
            ("hour", hour, hour + timedelta(hours=1)),
            ("day", local, local + timedelta(days=1)),
            ("window", start, end),
        ]
        for period, first, last in spans:
            if start <= first and last <= end:
                for graph, a, b in some:
                    network = found[graph, period, first, last]
                    network.weights[a, b] += 1
                    network.times[a, b].append(at)
                    for node in (a, b):
                        network.labels[node] = node if graph == "hashtag" else accounts.label(node)
    return found
