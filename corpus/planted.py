"""Planted cells as posts: links that the members of a cell share at once, and others at times of their own.

The posts are added to those of the plan; without cells, the corpus has none of them. Members are accounts of their own,
who also share a few links alone.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from conf.snowflakes import X_EPOCH_MS
from corpus.cells import OTHER, Cell, drawn_cells, shares_of
from corpus.clock import END_MS, START_MS, iso
from corpus.draws import Ints, stream

ALONE = 5
"""Links that each member shares alone, at a time of its own."""
FIRST_MEMBER = 8_000_000_000
TEXTS = ("Basahin ito", "Read this", "Must read!", "Panoorin", "Tingnan ninyo", "ito o", "Worth your time")


class Truth(NamedTuple):
    """A planted cell, its accounts (network:id) and its links."""

    cell: Cell
    accounts: list[str]
    links: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return {**self.cell._asdict(), "accounts": self.accounts, "links": self.links}


class Planted:
    """The posts of planted cells, in the order of time, and what is true of them."""

    def __init__(self, cells: int, users: Sequence[tuple[str, bytes]], rules: bytes, seed: int) -> None:
        """Takes the users who share the cells' links, too, by id and object, and the matching rules of a line."""
        rng = stream(seed, "cells")
        self._users, self._rules, self._cells = users, rules, drawn_cells(cells, rng)
        self._first = np.cumsum([0, *(cell.size for cell in self._cells)])
        shares = shares_of(self._cells, START_MS, END_MS, rng)
        author = np.where(
            shares.member == OTHER,
            (shares.other * len(users)).astype(np.int64),
            len(users) + self._first[:-1][shares.cell] + shares.member if cells else shares.member,
        )
        alone = self._alone(rng)
        columns = zip((shares.ms, author, shares.cell, shares.object), alone, strict=True)
        self._posts = np.stack([np.concatenate(pair) for pair in columns], axis=1)
        self._posts = self._posts[np.lexsort(self._posts.T[::-1])]
        self._texts = rng.integers(0, len(TEXTS), len(self._posts)).tolist()
        self._followers = rng.lognormal(5, 1.5, int(self._first[-1])).astype(np.int64).tolist()
        self.ms: Ints = self._posts[:, 0]

    def _alone(self, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
        """Draws the shares of members alone: times, authors, cells and objects."""
        members = np.repeat(np.arange(self._first[-1]), ALONE)
        cell = rng.integers(0, max(len(self._cells), 1), len(members))
        objects = np.array([cell.objects for cell in self._cells] or [1])
        times = rng.integers(START_MS, END_MS, len(members))
        return times, len(self._users) + members, cell, rng.integers(0, objects[cell])

    @property
    def truth(self) -> list[Truth]:
        """What was planted."""
        return [
            Truth(
                cell,
                [f"x:{FIRST_MEMBER + self._first[n] + member}" for member in range(cell.size)],
                [_link(n, object_) for object_ in range(cell.objects)],
            )
            for n, cell in enumerate(self._cells)
        ]

    def lines(self, before: int, after: int) -> list[bytes]:
        """Returns the lines of some of the posts, by their numbers."""
        rows = zip(
            self._posts[before:after].tolist(), iso(self.ms[before:after]), self._texts[before:after], strict=True
        )
        return [self._line(number, *row) for number, row in enumerate(rows, before)]

    def _line(self, number: int, post: list[int], created_at: str, text: int) -> bytes:
        ms, author, cell, object_ = post
        post_id = str(((ms - X_EPOCH_MS) << 22) | ((number & 0x3FF) << 12) | 0xFFF)
        user_id, user = self._users[author] if author < len(self._users) else self._member(author - len(self._users))
        url, words = f"https://t.co/c{cell}o{object_}", TEXTS[text]
        span = {"start": len(words) + 1, "end": len(words) + 1 + len(url)}
        link = _link(cell, object_)
        data = {
            **{"id": post_id, "author_id": user_id, "created_at": created_at, "conversation_id": post_id},
            **{"source": "Twitter for Android", "edit_history_tweet_ids": [post_id], "text": f"{words} {url}"},
            "lang": "tl",
            "entities": {"urls": [{**span, "url": url, "expanded_url": link, "display_url": link[8:34]}]},
            "public_metrics": dict.fromkeys(("retweet_count", "reply_count", "like_count", "quote_count"), 0),
        }
        return b'{"data":%b,"includes":{"users":[%b]},"matching_rules":%b}\n' % (orjson.dumps(data), user, self._rules)

    def _member(self, number: int) -> tuple[str, bytes]:
        user_id, followers = str(FIRST_MEMBER + number), self._followers[number]
        counts = {"followers_count": followers, "following_count": 150, "tweet_count": 90, "listed_count": 0}
        name = f"mambabasa{number}"
        made = {"id": user_id, "username": name, "name": name, "created_at": "2014-05-01T00:00:00.000Z"}
        return user_id, orjson.dumps({**made, "public_metrics": counts, "verified": False, "protected": False})


def _link(cell: int, object_: int) -> str:
    return f"https://balita.example/story/{cell}-{object_}"
