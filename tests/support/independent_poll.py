"""The poll computed in another way: plain Python over NDJSON, without code from ingest, conf or jobs.

It is slow and simple on purpose, since the pipeline's results are compared with it.
"""

import html
import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Z = 1.959963984540054
KINDS = {"retweeted": "retweet", "replied_to": "reply", "quoted": "quote"}
Key = tuple[str, datetime, datetime, str]


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not 0x300 <= ord(c) <= 0x36F)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", bare).casefold()).strip()


def is_word_character(c: str) -> bool:
    return c == "_" or unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nd"


def stands_in(alias: str, text: str) -> bool:
    at = text.find(alias)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(alias) : at + len(alias) + 1]
        if not (before and is_word_character(before)) and not (after and is_word_character(after)):
            return True
        at = text.find(alias, at + 1)
    return False


class Seen:
    """The parts of one stream line that the poll's rules use."""

    def __init__(self, raw: bytes) -> None:
        line = json.loads(raw)
        data, includes = line["data"], line.get("includes", {})
        handles = {u["id"]: u["username"].lower() for u in includes.get("users", [])}
        tweets = {t["id"]: t for t in includes.get("tweets", [])}
        self.at = datetime.fromisoformat(data["created_at"])
        self.author = f"x:{data['author_id']}"
        references = {r["type"]: r["id"] for r in data.get("referenced_tweets", [])}
        self.kind = next((kind for name, kind in KINDS.items() if name in references), "original")
        shown = tweets.get(references.get("retweeted", ""), data)
        full = shown.get("note_tweet", shown)
        entities = full.get("entities", shown.get("entities", {}))
        text = html.unescape(full["text"])
        self.folded = fold(re.sub(r"https?://\S+", " ", re.sub(r"(?<!\w)[@＠]\w+", " ", text)))
        self.hashtags = {fold(h["tag"]) for h in entities.get("hashtags", [])}
        self.handles = {m["username"].lower() for m in entities.get("mentions", [])}
        for post_id in references.values():
            if post_id in tweets:
                self.handles.add(handles.get(tweets[post_id]["author_id"], ""))
        if "replied_to" in references:
            self.handles.add(handles.get(data.get("in_reply_to_user_id", ""), ""))

    def mentions(self, candidate: dict[str, Any]) -> bool:
        if any(stands_in(fold(alias), self.folded) for alias in candidate.get("aliases", [])):
            return True
        if self.hashtags & {fold(tag) for tag in candidate.get("hashtags", [])}:
            return True
        return bool(self.handles & {handle.lower() for handle in candidate.get("handles", [])})


def periods_of(
    at: datetime, start: datetime, end: datetime, zone: ZoneInfo
) -> Iterable[tuple[str, datetime, datetime]]:
    hour = at.replace(minute=0, second=0, microsecond=0)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (midnight.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    found = [
        ("hour", hour, hour + timedelta(hours=1)),
        ("day", midnight.astimezone(UTC), tomorrow.astimezone(UTC)),
        ("window", start, end),
    ]
    return [(name, a, b) for name, a, b in found if start <= a and b <= end]


def poll(
    posts: Iterable[Seen], race: dict[str, Any], start: datetime, end: datetime, zone: str
) -> dict[Key, dict[str, float]]:
    """Returns every figure of `candidate_poll` for one race, by (period, period_start, period_end, candidate)."""
    candidates = [c["id"] for c in race["candidates"]]
    counted: dict[Any, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    kinds: dict[Any, int] = defaultdict(int)
    distinct: dict[Any, int] = defaultdict(int)
    for seen in posts:
        named = [c["id"] for c in race["candidates"] if start <= seen.at < end and seen.mentions(c)]
        for period in periods_of(seen.at, start, end, ZoneInfo(zone)) if named else ():
            distinct[period] += 1
            for candidate in named:
                counted[period][seen.author][candidate] += 1
                kinds[period, candidate, seen.kind] += 1
    rows = {}
    for period, authors in counted.items():
        all_posts = sum(n for by in authors.values() for n in by.values())
        for candidate in candidates:
            votes = [
                by[candidate] / sum(by.values()) for by in map(dict, authors.values()) for by in [defaultdict(int, by)]
            ]
            mentioning = sum(by.get(candidate, 0) for by in authors.values())
            share = math.fsum(votes) / len(votes)
            row: dict[str, Any] = {
                "posts": mentioning,
                "authors": sum(1 for by in authors.values() if by.get(candidate, 0)),
                "share_posts": mentioning / all_posts,
                "share_authors": share,
                "posts_total": distinct[period],
                "authors_total": len(authors),
                "share_authors_low": None,
                "share_authors_high": None,
            }
            for name, kind in {
                "originals": "original",
                "retweets": "retweet",
                "replies": "reply",
                "quotes": "quote",
            }.items():
                row[name] = kinds[period, candidate, kind]
            if len(votes) > 1:
                variance = math.fsum((v - share) ** 2 for v in votes) / (len(votes) - 1)
                half = Z * math.sqrt(variance / len(votes))
                row["share_authors_low"], row["share_authors_high"] = max(0.0, share - half), min(1.0, share + half)
            rows[(*period, candidate)] = row
    return rows
