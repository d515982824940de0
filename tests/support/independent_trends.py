"""Hashtag trends, candidates' hashtags and the backtest computed independently, without code from jobs.

It is slow and simple on purpose, as independent_poll is.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.independent_poll import Seen, fold, periods_of, poll

Key = tuple[str, datetime, datetime]
HOUR = timedelta(hours=1)


class Use:
    """The posts and authors of each hashtag from `start` to before `end`."""

    def __init__(self, posts: Sequence[Seen], start: datetime, end: datetime) -> None:
        self.posts: Counter[str] = Counter()
        self.authors: dict[str, set[str]] = defaultdict(set)
        self.users: set[str] = set()
        for seen in posts:
            if start <= seen.at < end and seen.hashtags:
                self.users.add(seen.author)
                for tag in seen.hashtags:
                    self.posts[tag] += 1
                    self.authors[tag].add(seen.author)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def preceding(key: Key, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Returns the time spans before a period that its burst is compared with, the nearest first."""
    period, start, end = key
    if period == "hour":
        return [(start - i * HOUR, start - (i - 1) * HOUR) for i in range(1, 25)]
    if period == "day":
        day = start.astimezone(zone).date()
        days = [day - timedelta(days=i) for i in range(8)]
        return [(midnight(days[i], zone), midnight(days[i - 1], zone)) for i in range(1, 8)]
    return [(start - (end - start), start)] if end - start <= timedelta(days=7) else []


def ic025(observed: int, expected: float) -> float:
    shrunk = observed + 0.5
    limit = math.log2(shrunk / (expected + 0.5)) - 3.3 / math.sqrt(shrunk) - 2 / math.pow(shrunk, 1.5)
    return min(limit, 0.0) if observed < 5 else limit


def trends(posts: Sequence[Seen], start: datetime, end: datetime, zone_name: str) -> dict[Any, tuple[Any, ...]]:
    """Returns (hashtag, posts, authors, previous posts, burst), by (period, period_start, period_end, rank)."""
    zone = ZoneInfo(zone_name)
    keys = {key for seen in posts if start <= seen.at < end for key in periods_of(seen.at, start, end, zone)}
    by_hour: dict[datetime, list[Seen]] = defaultdict(list)
    for seen in posts:
        by_hour[seen.at.replace(minute=0, second=0, microsecond=0)].append(seen)
    uses: dict[tuple[datetime, datetime], Use] = {}

    def use(a: datetime, b: datetime) -> Use:
        if (a, b) not in uses:
            hour = a.replace(minute=0, second=0, microsecond=0)
            inside: list[Seen] = []
            while hour < b:
                inside += by_hour.get(hour, [])
                hour += HOUR
            uses[a, b] = Use(inside, a, b)
        return uses[a, b]

    rows: dict[Any, tuple[Any, ...]] = {}
    for key in keys:
        now, before = use(*key[1:]), [use(*span) for span in preceding(key, zone)]
        top = sorted(now.posts, key=lambda tag: (-now.posts[tag], tag))[:100]
        users = sum(len(b.users) for b in before)
        for rank, tag in enumerate(top, 1):
            carried = sum(len(b.authors[tag]) for b in before)
            observed = len(now.authors[tag])
            burst = ic025(observed, len(now.users) * (carried + 0.5) / (users + 1)) if users else None
            rows[(*key, rank)] = (tag, now.posts[tag], observed, before[0].posts[tag] if before else None, burst)
    return rows


def candidate_hashtags(
    posts: Iterable[Seen], race: dict[str, Any], start: datetime, end: datetime, zone_name: str
) -> dict[Any, tuple[Any, ...]]:
    """Returns (hashtag, posts, authors, log-odds, z), by (period, period_start, period_end, candidate, rank)."""
    by_period: dict[Key, list[tuple[Seen, set[str]]]] = defaultdict(list)
    for seen in posts:
        named = {c["id"] for c in race["candidates"] if seen.mentions(c)} if start <= seen.at < end else set()
        for key in periods_of(seen.at, start, end, ZoneInfo(zone_name)) if named else ():
            if key[0] != "hour":
                by_period[key].append((seen, named))
    rows: dict[Any, tuple[Any, ...]] = {}
    for key, found in by_period.items():
        for candidate in race["candidates"]:
            own = {fold(tag) for tag in candidate.get("hashtags", [])}
            mine = Counter(t for seen, named in found if candidate["id"] in named for t in seen.hashtags - own)
            rest = Counter(t for seen, named in found if candidate["id"] not in named for t in seen.hashtags - own)
            for rank, row in enumerate(_ranked(mine, rest, found, candidate["id"]), 1):
                rows[(*key, candidate["id"], rank)] = row
    return rows


def _ranked(
    mine: Counter[str], rest: Counter[str], found: list[tuple[Seen, set[str]]], candidate: str
) -> list[tuple[Any, ...]]:
    n, m = mine.total(), rest.total()
    rows = []
    for tag, y in mine.items():
        authors = len({seen.author for seen, named in found if candidate in named and tag in seen.hashtags})
        prior = 500 * (y + rest[tag]) / (n + m)
        a, b = y + prior, rest[tag] + prior
        if authors < 5 or not m or n + 500 == a:
            continue
        delta = math.log(a / (n + 500 - a)) - math.log(b / (m + 500 - b))
        if delta > 0:
            rows.append((tag, y, authors, delta, delta / math.sqrt(1 / a + 1 / b)))
    return sorted(rows, key=lambda row: (-row[4], row[0]))[:20]


class Matched(Seen):
    """A post whose mentions in one race are found only once, since it is counted over several spans."""

    def __init__(self, seen: Seen, race: dict[str, Any]) -> None:
        self.at, self.author, self.kind = seen.at, seen.author, seen.kind
        self.named = {c["id"] for c in race["candidates"] if seen.mentions(c)}

    def mentions(self, candidate: dict[str, Any]) -> bool:
        return candidate["id"] in self.named


def backtest(
    posts: Sequence[Seen], race: dict[str, Any], end: datetime, bots: set[str], spans: dict[str, int]
) -> dict[str, float]:
    """Returns the mean absolute error of each measure; `bots` are author ids, `spans` are days by name."""
    errors = {}
    earliest = end - timedelta(days=max(spans.values()))
    everyone = [Matched(seen, race) for seen in posts if earliest <= seen.at < end]
    without = [seen for seen in everyone if seen.author not in bots]
    for name, days in spans.items():
        start = end - timedelta(days=days)
        for suffix, some in (("", everyone), ("_no_bots", without)):
            rows = poll([seen for seen in some if seen.named], race, start, end, "UTC")
            by_candidate = {key[3]: row for key, row in rows.items() if key[0] == "window"}
            for share in ("share_authors", "share_posts"):
                if not (suffix and share == "share_posts"):
                    distances = [abs(by_candidate[c][share] - voted) for c, voted in race["outcome"].items()]
                    errors[f"{share}{suffix}:{name}"] = sum(distances) / len(distances)
    return errors
