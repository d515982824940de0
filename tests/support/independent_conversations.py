"""Conversations computed independently, in plain Python: each reply is followed up, step by step, with a dictionary.

It uses no code from jobs. It is slow and simple on purpose.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ingest.formats.post import Post
from tests.support.independent_poll import periods_of

Name = tuple[str, str]
"""A network and a post's id."""


class Conversations:
    """Posts, and what is above each."""

    def __init__(self, posts: Iterable[Post]) -> None:
        self.posts = sorted(posts, key=lambda one: (one.event_at, one.source, one.post_id))
        self.of_author = defaultdict[Name, list[Post]](list)
        for post in self.posts:
            self.of_author[post.source, post.author_id].append(post)
        self.known = {(one.source, one.post_id): one for one in self.posts if one.kind != "retweet"}

    def above(self, post: Post) -> tuple[Name, int] | None:
        """What a post is linked with, and how many steps that is."""
        told = None if post.root in (None, post.post_id) else post.root
        answered = None if post.reply_to in (None, post.post_id) else post.reply_to
        if answered is None:
            return None if told is None else ((post.source, told), 1)
        if (post.source, answered) not in self.known and told not in (None, answered):
            return (post.source, str(told)), 2
        return (post.source, answered), 1

    def begun_by(self, post: Post) -> tuple[Name, int]:
        """The first post of a post's conversation, and the steps up to it."""
        way = list(self._up(post))
        names = [name for name, _ in way]
        if names.count(names[-1]) == 2:
            circle = names[names.index(names[-1]) : -1]
            first = min(circle, key=lambda name: (self.known[name].event_at, *name))
            return first, way[names.index(first)][1]
        return way[-1]

    def _up(self, post: Post) -> Iterator[tuple[Name, int]]:
        name, steps, seen = (post.source, post.post_id), 0, set[Name]()
        yield name, steps
        while name not in seen and name in self.known and (above := self.above(self.known[name])):
            seen.add(name)
            name, steps = above[0], steps + above[1]
            yield name, steps


def conversation_rows(
    posts: Sequence[Post],
    start: datetime,
    end: datetime,
    zone: str,
    candidates: Sequence[str] = (),
    mentioned: Callable[[Post], Iterable[str]] = lambda _: (),
    flagged: set[str] | None = None,
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Returns the columns of `conversations` but author and label, by (period, period_start, period_end, rank).

    `mentioned` names those of the `candidates` whom a post mentions. `flagged` are accounts, as `x:12`.
    """
    of = Conversations(posts)
    groups: dict[Any, dict[Name, list[tuple[Post, int]]]] = defaultdict(lambda: defaultdict(list))
    retweets = Counter[Any]()
    for post in (one for one in of.posts if start <= one.event_at < end):
        for period in periods_of(post.event_at, start, end, ZoneInfo(zone)):
            retweets[period, (post.source, post.retweet_of)] += post.kind == "retweet"
            root, depth = of.begun_by(post) if post.kind != "retweet" else (("", ""), 0)
            if period[0] != "hour" and depth:
                groups[period][root].append((post, depth))
    rows = {}
    for period, found in groups.items():

        def order(root: Name, found: dict[Name, list[tuple[Post, int]]] = found) -> Any:
            replies = [post for post, _ in found[root]]
            return -len(replies), -len({post.author_id for post in replies}), replies[0].event_at, root

        for rank, root in enumerate(sorted(found, key=order)[:100], 1):
            named = Counter(name for post, _ in found[root] for name in mentioned(post))
            row = _row(of, root, found[root], flagged)
            times = retweets[period, root]
            most = max(named.values(), default=0)
            first = next((name for name in candidates if named[name] == most), None)
            row["candidate"] = first if 2 * most >= row["posts"] else None
            rows[(*period, rank)] = row | {"replies_per_retweet": row["posts"] / times if times else None}
    return rows


def _row(
    of: Conversations,
    root: Name,
    replies: list[tuple[Post, int]],
    flagged: set[str] | None,
) -> dict[str, Any]:
    posts, depths = [post for post, _ in replies], Counter(depth for _, depth in replies)
    half = posts[(len(posts) + 1) // 2 - 1].event_at
    shape = "tree"
    if depths[1] / len(posts) >= 0.75:
        shape = "star"
    elif len(posts) / len(depths) <= 1.5:
        shape = "chain"
    return {
        "source": root[0],
        "root": root[1],
        "posts": len(posts),
        "authors": len({post.author_id for post in posts}),
        "depth": max(depths),
        "widest": max(depths.values()),
        "shape": shape,
        "first_at": posts[0].event_at,
        "last_at": posts[-1].event_at,
        "half_life_seconds": (half - posts[0].event_at).total_seconds(),
        "share_flagged": None
        if flagged is None
        else sum(f"{post.source}:{post.author_id}" in flagged for post in posts) / len(posts),
        "share_strangers": _strangers(of, root, posts),
    }


def _strangers(of: Conversations, root: Name, posts: list[Post]) -> float | None:
    first = of.known.get(root)
    firsts = {post.author_id: post for post in reversed(posts)}
    if first is not None:
        firsts.pop(first.author_id, None)
    new = [
        not any(other.event_at < post.event_at for other in of.of_author[post.source, post.author_id])
        for post in firsts.values()
    ]
    return sum(new) / len(new) if new else None
