"""The layout `twarc`: posts of X as lines of X API v2, which twarc2, twarc-csv, 4CAT and `replay` read.

Only what Pulso keeps of a post can stand there. So hashtags are folded, places in the text are looked up again, and
counts of likes and retweets are missing.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from conf.tables import NETWORKS
from readers.packs.folder import NewPack
from readers.packs.layouts import OPTIONS, Writer, iso

TWARC_FILE = "posts.jsonl"
"""Not packed, since twarc-csv reads plain files only."""
X = NETWORKS[0]
_SHORT = re.compile(r"https?://t\.co/[A-Za-z0-9]+")
NOT_OF_X = "posts of other networks than X, which this layout can't hold"


class TwarcWriter(Writer):
    """A line of the filtered stream for each post of X."""

    def __init__(self, pack: NewPack) -> None:
        super().__init__(pack)
        self._file, self._rows = self.opened(TWARC_FILE), 0

    def add(self, row: Any, day: str) -> bool:
        """Writes a post of X."""
        if row.source != X:
            self.left_out[NOT_OF_X] += 1
            return False
        self._file.write(orjson.dumps(line_of(row), option=OPTIONS))
        self._rows += 1
        self.pack.count(TWARC_FILE, self._rows)
        return True


def line_of(row: Any) -> dict[str, Any]:
    """Returns a post as a line of the filtered stream, with the accounts and the posts to which it refers."""
    ids = {handle: account_id for account_id, _, handle in (each.partition(" ") for each in row.accounts or ())}
    ids.setdefault(row.author or "", row.author_id)
    text = html.escape(row.text or "", quote=False)
    shown = f"RT @{row.retweet_of_author}: {text}" if row.retweet_of and row.retweet_of_author else text
    data = {
        "id": row.post_id,
        "text": shown,
        "author_id": row.author_id,
        "created_at": iso(row.event_at),
        "lang": row.lang,
        "source": row.client,
        "edit_history_tweet_ids": [row.post_id],
        "referenced_tweets": _references(row) or None,
        "conversation_id": row.root or (None if row.reply_to else row.post_id),
        "in_reply_to_user_id": ids.get(row.reply_to_author) if row.reply_to else None,
        "entities": _entities(row, shown, ids),
        "geo": _geo(row),
        "public_metrics": {},  # none is stored; twarc-csv fails on a retweet without this object
    }
    includes = {
        "users": list(_users(row, ids)),
        "tweets": list(_tweets(row, text, ids)),
        "places": [{"id": row.place, "full_name": row.place}] if row.place else [],
    }
    line: dict[str, Any] = {
        "data": {name: value for name, value in data.items() if value is not None},
        "includes": {name: values for name, values in includes.items() if values},
    }
    if row.collected_at:
        line["__twarc"] = {"retrieved_at": iso(row.collected_at)}
    return line


def _references(row: Any) -> list[dict[str, str]]:
    given = (("retweeted", row.retweet_of), ("replied_to", row.reply_to), ("quoted", row.quote_of))
    return [{"type": type_, "id": post_id} for type_, post_id in given if post_id]


def _users(row: Any, ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    metrics = {"followers_count": row.author_followers, "following_count": row.author_following}
    author = {
        "id": row.author_id,
        "username": row.author or row.author_id,
        "name": row.author or row.author_id,
        "created_at": row.author_created_at and iso(row.author_created_at),
        "public_metrics": {name: value for name, value in metrics.items() if value is not None},
    }
    yield {name: value for name, value in author.items() if value is not None}
    for handle, account_id in ids.items():
        if handle and account_id != row.author_id:
            yield {"id": account_id, "username": handle, "name": handle}


def _tweets(row: Any, text: str, ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yields the posts to which it refers: of a retweeted one its text is known, of others no more than the author."""
    for post_id, handle, its_text, its_entities in (
        (row.retweet_of, row.retweet_of_author, text, _entities(row, text, ids)),
        (row.reply_to, row.reply_to_author, "", {}),
        (row.quote_of, row.quote_of_author, "", {}),
    ):
        if post_id and handle in ids:
            known = {"id": post_id, "text": its_text, "author_id": ids[handle], "created_at": iso(row.event_at)}
            if post_id != row.retweet_of:
                del known["created_at"]
            yield {**known, "entities": its_entities}
        elif post_id and post_id == row.retweet_of:
            yield {"id": post_id, "text": its_text, "entities": its_entities}


def _entities(row: Any, text: str, ids: dict[str, str]) -> dict[str, Any]:
    """Returns hashtags, mentions and links; each with its place in the text, where it is found there."""
    mentions = [
        {"username": name, **({"id": ids[name]} if name in ids else {}), **_place(text, f"@{name}")}
        for name in row.mentions or ()
    ]
    found = {
        "hashtags": [{"tag": tag, **_place(text, f"#{tag}")} for tag in row.hashtags or ()],
        "mentions": mentions,
        "urls": list(_urls(row.urls or (), text)),
    }
    return {name: values for name, values in found.items() if values}


def _urls(links: Sequence[str], text: str) -> Iterator[dict[str, Any]]:
    """Yields links with the short addresses that stand for them in the text, where there is one for each."""
    short = list(_SHORT.finditer(text))
    for number, link in enumerate(links):
        if len(short) == len(links):
            start, end = short[number].span()
            yield {"url": short[number][0], "expanded_url": link, "start": start, "end": end}
        else:
            yield {"url": link, "expanded_url": link, **_place(text, link)}


def _place(text: str, part: str) -> dict[str, int]:
    found = re.search(re.escape(part), text, re.IGNORECASE)
    start, end = found.span() if found else (0, 0)
    return {"start": start, "end": end}


def _geo(row: Any) -> dict[str, Any] | None:
    """Returns the place; its id is its name, since X's own is not kept."""
    geo: dict[str, Any] = {"place_id": row.place} if row.place else {}
    if row.lat is not None and row.lon is not None:
        geo["coordinates"] = {"type": "Point", "coordinates": [row.lon, row.lat]}
    return geo or None
