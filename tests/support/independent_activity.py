"""Author activity computed independently: plain Python over NDJSON, without code from ingest, conf or jobs.

The rules' default thresholds are repeated here as numbers.
"""

import hashlib
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import regex

from tests.support.independent_accounts import Accounts
from tests.support.independent_poll import Seen, periods_of

P = 2**31 - 1
KINDS = {"original": "originals", "retweet": "retweets", "reply": "replies", "quote": "quotes"}
WEIGHTS = {"near_duplicates": 0.4, "new_account": 0.15, "posting_rate": 0.4, "retweet_share": 0.15}
WEIGHTS |= {"round_the_clock": 0.4, "follow_ratio": 0.15}
Key = tuple[str, datetime, datetime, str]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % (P - 1) + 1


HASHES = [(_number(f"factor {i}"), _number(f"offset {i}")) for i in range(16)]


class Item:
    """The parts of one stream line that the measures use."""

    def __init__(self, raw: bytes) -> None:
        line, seen = json.loads(raw), Seen(raw)
        self.line = line
        data, users = line["data"], {u["id"]: u for u in line["includes"]["users"]}
        user = users[data["author_id"]]
        self.author, self.at, self.kind = seen.author, seen.at, seen.kind
        self.followers = user["public_metrics"]["followers_count"]
        self.following = user["public_metrics"]["following_count"]
        self.opened = datetime.fromisoformat(user["created_at"])
        entities = data.get("note_tweet", data).get("entities", data.get("entities", {}))
        self.mentions = {m["username"].lower() for m in entities.get("mentions", [])}
        words = regex.findall(r"[\p{L}\p{M}]+", regex.sub(r"#[^ ]+", " ", seen.folded))
        self.words = tuple(words) if self.kind != "retweet" and len(words) >= 5 else ()
        self.repeats = False

    def bands(self) -> list[tuple[int, ...]]:
        pairs = {zlib.crc32(f"{a} {b}".encode()) for a, b in zip(self.words, self.words[1:], strict=False)}
        minima = [min((a * h + b) % P for h in pairs) for a, b in HASHES]
        return [(i, *minima[i : i + 4]) for i in range(0, 16, 4)]


def mark_repeats(items: list[Item]) -> None:
    texts = [item for item in items if item.words]
    authors: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for item in texts:
        authors[item.words].add(item.author)
    bands = [item.bands() for item in texts]
    held = Counter((item.author, band) for item, own in zip(texts, bands, strict=True) for band in own)
    for item, own in zip(texts, bands, strict=True):
        item.repeats = len(authors[item.words]) >= 5 or any(held[item.author, band] > 1 for band in own)


@dataclass
class Tally:
    """The counts of one author in one period."""

    kinds: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    received: int = 0
    hours: Counter[int] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    first: Item | None = None
    last: Item | None = None

    def add(self, item: Item, day: date) -> None:
        self.kinds[item.kind] += 1
        self.repeats += item.repeats
        self.hours[item.at.hour] += 1
        self.days.add(day)
        self.first = self.first or item
        self.last = item

    def flags(self, hours: float) -> list[str]:
        assert self.first
        assert self.last
        posts, retweets = self.kinds.total(), self.kinds["retweet"]
        quietest = min(sum(self.hours[(start + i) % 24] for i in range(6)) for start in range(24))
        age = (self.first.at - self.first.opened).total_seconds() / 86_400
        signs = {
            "follow_ratio": self.last.following >= max(1000, 20 * max(self.last.followers, 1)) and posts >= 20,
            "near_duplicates": posts - retweets >= 20 and self.repeats >= 0.5 * (posts - retweets),
            "new_account": posts >= 20 and 0 <= age < 90,
            "posting_rate": posts >= 50 and posts / min(hours, 24 * len(self.days)) >= 2,
            "retweet_share": posts >= 20 and retweets / posts >= 0.95,
            "round_the_clock": posts >= 60 and len(self.days) >= 3 and quietest / posts >= 0.12,
        }
        return sorted(name for name, fires in signs.items() if fires)


def activity(items: list[Item], start: datetime, end: datetime, zone: ZoneInfo) -> dict[Key, dict[str, Any]]:
    """Returns every figure of `author_activity`, by (period, period_start, period_end, author)."""
    inside = sorted((item for item in items if start <= item.at < end), key=lambda item: item.at)
    mark_repeats(inside)
    accounts = Accounts((item.line for item in inside), start, end)
    tallies: dict[Key, Tally] = defaultdict(Tally)
    for item in inside:
        for period in periods_of(item.at, start, end, zone):
            tallies[*period, item.author].add(item, item.at.astimezone(zone).date())
    for item in inside:
        others = {accounts.key(handle) for handle in item.mentions} - {item.author}
        for mentioned in others if item.kind != "retweet" else ():
            for period in periods_of(item.at, start, end, zone):
                if (*period, mentioned) in tallies:
                    tallies[*period, mentioned].received += 1
    return {
        key: _row(tally, accounts.label(key[3]), (key[2] - key[1]).total_seconds() / 3600)
        for key, tally in tallies.items()
    }


def _row(tally: Tally, label: str, hours: float) -> dict[str, Any]:
    flags = tally.flags(hours)
    assert tally.last
    return {
        "label": label,
        "posts": tally.kinds.total(),
        **{name: tally.kinds[kind] for kind, name in KINDS.items()},
        "mentions_received": tally.received,
        "followers": tally.last.followers,
        "bot_score": round(min(1.0, sum(WEIGHTS[flag] for flag in flags)), 6),
        "bot_flags": flags,
    }


def items_of(lines: Iterable[bytes]) -> list[Item]:
    return [Item(line) for line in lines]
