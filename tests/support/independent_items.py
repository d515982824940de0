"""Volume and items computed independently: plain Python, without code from ingest, conf or jobs.

It is slow and simple on purpose, as independent_poll is. An Item is made of an X v2 line or, for captures of other
formats, of what a parser has read; nothing else of the pipeline is used.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import regex
import yaml
from publicsuffixlist import PublicSuffixList

from tests.conftest import SHIPPED_TOPICS
from tests.support.independent_accounts import Accounts
from tests.support.independent_poll import KINDS, Seen, periods_of
from tests.support.independent_trends import Key, ic025, preceding

SUFFIXES = PublicSuffixList()
MEDIA = {"3": "image", "7": "video", "16": "gif"}
OWN = {"x": {"x.com", "twitter.com", "t.co", "twimg.com"}, "bluesky": {"bsky.app", "bsky.social"}}
SITE_TRACKING = {
    "twitter.com": {"s", "t"},
    "x.com": {"s", "t"},
    "youtube.com": {"feature", "si"},
    "bbc.co.uk": {"xtor", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee", "ocid"},
    "nytimes.com": {"smid", "smtyp", "partner", "emc"},
    "washingtonpost.com": {"wpisrc", "wpmm"},
    "theguardian.com": {"CMP"},
}
Rows = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass
class Item:
    """The parts of one post that are counted."""

    at: datetime
    author: str
    kind: str
    source: str
    text: str
    urls: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    tagged: bool = False
    mentions: set[str] = field(default_factory=set)
    retweeted: str | None = None
    language: str | None = None
    client: str | None = None
    place: str | None = None
    seen: Seen | None = None


def item_of_line(raw: bytes) -> Item:
    """Returns the item of an X v2 stream line."""
    seen, line = Seen(raw), json.loads(raw)
    data, includes = line["data"], line.get("includes", {})
    tweets = {t["id"]: t for t in includes.get("tweets", [])}
    handles = {u["id"]: u["username"].lower() for u in includes.get("users", [])}
    places = {p["id"]: p["full_name"] for p in includes.get("places", [])}
    references = {r["type"]: r["id"] for r in data.get("referenced_tweets", [])}
    assert seen.kind == next((kind for name, kind in KINDS.items() if name in references), "original")
    shown = tweets.get(references.get("retweeted", ""), data)
    entities = shown.get("note_tweet", shown).get("entities", shown.get("entities", {}))
    return Item(
        *(seen.at, seen.author, seen.kind, "x", seen.folded),
        urls=list(dict.fromkeys(u["expanded_url"] for u in entities.get("urls", []))),
        media=[f"{MEDIA[key.split('_')[0]]} {key}" for key in shown.get("attachments", {}).get("media_keys", [])],
        tagged=bool(seen.hashtags),
        mentions={m["username"].lower() for m in entities.get("mentions", [])},
        retweeted=_retweeted(data, shown, handles) if "retweeted" in references else None,
        language=data.get("lang"),
        client=data.get("source"),
        place=places.get(data.get("geo", {}).get("place_id", "")),
        seen=seen,
    )


def item_of_post(post: Any) -> Item:
    """Returns the item of what a parser has read."""
    return Item(
        *(post.event_at, f"{post.source}:{post.author_id}", post.kind, post.source, post.folded),
        urls=post.urls,
        media=post.media,
        tagged=bool(post.hashtags),
        mentions=set(post.mentions),
        retweeted=post.retweet_of_author if post.kind == "retweet" else None,
        language=post.lang,
        client=post.client,
        place=post.place,
    )


class ToldByPosts:
    """Whose handle is whose, by posts of one network: the last that tells it counts."""

    def __init__(self, posts: Sequence[Any]) -> None:
        self._source = posts[0].source
        self._holder: dict[str, str] = {}
        self._label: dict[str, str] = {}
        for post in sorted(posts, key=lambda post: (post.event_at, post.post_id)) if self._source == "x" else ():
            for account_id, handle in [*(one.split(" ", 1) for one in post.accounts), (post.author_id, post.author)]:
                if handle:
                    self._holder[handle], self._label[f"x:{account_id}"] = f"x:{account_id}", handle

    def key(self, handle: str) -> str:
        """Returns the key of the account that a post names."""
        if self._source == "bluesky":
            return f"bluesky:{handle}"
        return self._holder.get(handle, f"{self._source}:@{handle}")

    def label(self, key: str) -> str:
        """Returns what people read of an account."""
        return self._label.get(key) or key.partition(":")[2].removeprefix("@")


def _retweeted(data: dict[str, Any], shown: dict[str, Any], handles: dict[str, str]) -> str | None:
    """Returns the handle of the retweeted author; where the line lacks the post, the clipped text names it."""
    if shown is not data:
        return handles.get(shown["author_id"])
    prefix = regex.match(r"RT @(\w+):", data["text"])
    return str(prefix[1]).lower() if prefix else None


def key_of(address: str) -> tuple[str, str] | None:
    """Returns what a link is compared by, and its site; None for what is no page."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    for prefix in ("www.", "m.", "amp."):
        if host.startswith(prefix) and SUFFIXES.privatesuffix(host.removeprefix(prefix)):
            host = host.removeprefix(prefix)
    site = SUFFIXES.privatesuffix(host) or host
    if site == "youtube.com" and (video := dict(parse_qsl(parts.query)).get("v")) and parts.path == "/watch":
        return f"https://youtube.com/watch?v={video}", site
    if host == "youtu.be" and len(parts.path) == 12:
        return f"https://youtube.com/watch?v={parts.path[1:]}", "youtube.com"
    tracking = {"fbclid", "gclid", "igshid", *SITE_TRACKING.get(site, ())}
    query = [
        part
        for part in parts.query.split("&")
        if part and not part.startswith("utm_") and part.partition("=")[0] not in tracking
    ]
    shown = host if port in (None, 80, 443) else f"{host}:{port}"
    path = unquote(parts.path) if "%" in parts.path and not regex.search("%2[0-9a-fA-F]", parts.path) else parts.path
    return f"{parts.scheme}://{shown}{path.rstrip('/')}{'?' * bool(query)}{'&'.join(query)}", site


def words_of(text: str) -> set[str]:
    """Returns the words of a folded text that are long enough."""
    found = set()
    for run in regex.findall(r"[\p{L}\p{M}\p{Nd}_]+", text):
        for piece in regex.split(r"(\p{Han}+|[\p{Hiragana}ー]+|[\p{Katakana}ー]+|[\p{Thai}\p{Lao}]+)", run[:64]):
            if regex.fullmatch(r"\p{Han}+", piece):
                found |= {piece[i : i + 2] for i in range(len(piece) - 1)}
            elif regex.search(r"\p{Thai}|\p{Lao}", piece):
                letters = regex.findall(r"\X", piece)
                found |= {"".join(letters[i : i + 3]) for i in range(max(1, len(letters) - 2))}
            elif len(regex.findall(r"[\p{L}\p{M}]", piece)) >= (2 if regex.search(r"[\p{Hangul}぀-ヿ]", piece) else 3):
                found.add(piece)
    return {word for word in found if len(word) > 2 or not regex.search(r"\p{Thai}|\p{Lao}", word)}


class Counted:
    """What each item of one kind was carried by, in one span of time."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()
        self.originals: Counter[str] = Counter()
        self.marked: Counter[str] = Counter()
        self.authors: dict[str, set[str]] = defaultdict(set)
        self.users: set[str] = set()
        self.first: dict[str, datetime] = {}
        self.label: dict[str, tuple[int, str]] = {}


class World:
    """All items of posts, and the accounts that they name."""

    def __init__(
        self, items: Sequence[Item], accounts: Accounts | ToldByPosts, flagged: set[str], races: Any = ()
    ) -> None:
        self.items = sorted(items, key=lambda item: item.at)
        self.accounts, self.flagged = accounts, flagged
        self.carried = {id(item): self._carried(item) for item in self.items}
        self.races = [[candidate["id"] for candidate in race["candidates"]] for race in races]
        self.named = {
            id(i): [{c["id"] for c in r["candidates"] if i.seen and i.seen.mentions(c)} for r in races] for i in items
        }
        self._counted: dict[tuple[datetime, datetime, str], Counted] = {}

    def _carried(self, item: Item) -> dict[str, dict[str, str]]:
        """Returns the items of a post, each with its label, by kind."""
        links, hosts = dict[str, str](), dict[str, str]()
        for url in item.urls:
            key = key_of(url)
            if key is None or key[1] in OWN[item.source]:
                continue
            links[key[0]] = min(links.get(key[0], url), url, key=lambda one: (len(one), one))
            hosts[key[1]] = key[1]
        named = {self.accounts.key(m) for m in item.mentions} if item.kind != "retweet" else set()
        retweeted = {self.accounts.key(item.retweeted)} if item.retweeted else set()
        plain = {"language": (item.language or "").lower(), "client": item.client or "", "place": item.place or ""}
        return {
            **{"link": links, "host": hosts, "media": {name: name for name in item.media}},
            **{kind: {value: value} if value else {} for kind, value in plain.items()},
            **{"mentioned": {k: self.accounts.label(k) for k in named}},
            **{"retweeted": {k: self.accounts.label(k) for k in retweeted}},
            **{"word": {word: word for word in words_of(item.text)}},
        }

    def counted(self, start: datetime, end: datetime, kind: str) -> Counted:
        """Returns what was carried from `start` to before `end`."""
        if (start, end, kind) not in self._counted:
            found = self._counted[start, end, kind] = Counted()
            for item in self.items:
                if start <= item.at < end:
                    self._add(found, item, self.carried[id(item)][kind])
        return self._counted[start, end, kind]

    def count_hours(self, start: datetime, end: datetime) -> None:
        """Counts all whole hours between two times at once: one after the other would take long."""
        by_hour: dict[datetime, list[Item]] = defaultdict(list)
        for item in self.items:
            by_hour[item.at.replace(minute=0, second=0, microsecond=0)].append(item)
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end:
            for kind in ("link", "host", "media", "language", "client", "place", "mentioned", "retweeted", "word"):
                found = self._counted[hour, hour + timedelta(hours=1), kind] = Counted()
                for item in by_hour[hour]:
                    self._add(found, item, self.carried[id(item)][kind])
            hour += timedelta(hours=1)

    def _add(self, found: Counted, item: Item, carried: dict[str, str]) -> None:
        for name, label in carried.items():
            found.posts[name] += 1
            found.originals[name] += item.kind == "original"
            found.marked[name] += item.author in self.flagged
            found.authors[name].add(item.author)
            found.users.add(item.author)
            found.first.setdefault(name, item.at)
            found.label[name] = min(found.label.get(name, (len(label), label)), (len(label), label))


def top(world: World, kind: str, start: datetime, end: datetime, zone: ZoneInfo) -> Rows:
    """Returns (item, label, posts, authors, originals, previous posts, burst, marked, first), by period and rank."""
    rows: Rows = {}
    keys = {key for i in world.items if start <= i.at < end for key in periods_of(i.at, start, end, zone)}
    for key in keys:
        now, before = world.counted(*key[1:], kind), [world.counted(*span, kind) for span in preceding(key, zone)]
        names = [name for name in now.posts if kind != "word" or len(now.authors[name]) >= 5]
        users = sum(len(b.users) for b in before)

        def burst(name: str, now: Any = now, before: Any = before, users: int = users) -> float | None:
            carried = sum(len(b.authors[name]) if name in b.authors else 0 for b in before)
            expected = len(now.users) * (carried + 0.5) / (users + 1)
            return ic025(len(now.authors[name]), expected) if users else None

        bursts = {name: burst(name) for name in names}

        def order(name: str, now: Any = now, bursts: Any = bursts) -> tuple[Any, ...]:
            if kind != "word":
                return (-now.posts[name], name)
            return (math.inf if bursts[name] is None else -round(bursts[name], 9), -len(now.authors[name]), name)

        typical = _typical(world, kind, key, now)
        for rank, name in enumerate(sorted(names, key=order)[:100], 1):
            rows[(*key, rank)] = (
                *(name, now.label[name][1], now.posts[name], len(now.authors[name]), now.originals[name]),
                *(before[0].posts[name] if before else None, bursts[name], now.marked[name], now.first[name]),
                *typical.get(name, (None, None)),
            )
    return rows


def _typical(world: World, kind: str, key: Key, now: Counted) -> dict[str, tuple[str, float]]:
    """Returns the candidate of whose posts each item is most typical, and the log-odds ratio, if that is above 0."""
    best: dict[str, tuple[str, float]] = {}
    inside = [item for item in world.items if key[1] <= item.at < key[2]] if key[0] != "hour" else []
    for race, candidates in enumerate(world.races):
        for candidate in candidates:
            mine, rest = Counter[str](), Counter[str]()
            for item in inside:
                if named := world.named[id(item)][race]:
                    (mine if candidate in named else rest).update(world.carried[id(item)][kind].keys())
            n, m = mine.total(), rest.total()
            for name, uses in mine.items() if m else ():
                prior = 500 * (uses + rest[name]) / (n + m)
                a, b = uses + prior, rest[name] + prior
                if len(now.authors[name]) < 5 or n + 500 == a:
                    continue
                ratio = math.log(a / (n + 500 - a)) - math.log(b / (m + 500 - b))
                if ratio > best.get(name, ("", 0.0))[1]:
                    best[name] = (candidate, ratio)
    return best


def volume(world: World, start: datetime, end: datetime, zone: ZoneInfo) -> dict[Key, tuple[Any, ...]]:
    """Returns the figures of topic_volume in their order, up to share_flagged, by period."""
    by_period: dict[Key, list[Item]] = defaultdict(list)
    firsts: dict[str, Item] = {}
    for item in world.items:
        if start <= item.at < end:
            firsts.setdefault(item.author, item)
            for key in periods_of(item.at, start, end, zone):
                by_period[key].append(item)
    return {key: _volume(world, items, firsts) for key, items in by_period.items()}


def _volume(world: World, items: list[Item], firsts: dict[str, Item]) -> tuple[Any, ...]:
    kinds, authors = Counter(item.kind for item in items), Counter(item.author for item in items)
    most = sum(posts for _, posts in authors.most_common(math.ceil(len(authors) / 100)))
    own = [i for i in items if any((k := key_of(u)) and k[1] in OWN[i.source] for u in i.urls)]
    return (
        len(items),
        *(kinds[kind] for kind in ("original", "retweet", "reply", "quote")),
        len(authors),
        sum(firsts[item.author] is item for item in items),
        sum(bool(world.carried[id(item)]["link"]) for item in items),
        len(own),
        sum(item.tagged for item in items),
        sum(item.kind != "retweet" and bool(item.mentions) for item in items),
        sum(item.place is not None for item in items),
        most / len(items),
        sum(item.author in world.flagged for item in items) / len(items),
    )


def races_of_ph2016() -> Any:
    """Returns the races of the topic that comes with the project, as they stand in its file."""
    return yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"]


def items_of(lines: Iterable[bytes]) -> list[Item]:
    return [item_of_line(line) for line in lines]
