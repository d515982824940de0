"""Text families computed independently, in plain Python: each text is compared with each earlier leader, exactly.

It uses no code from jobs, no MinHash and no hashes of words. It is slow and simple on purpose.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import regex

from tests.support.independent_poll import periods_of

_UNSPACED = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}"
    r"\p{Script=Myanmar}ー\uff70]\p{M}*"
)
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")
_HASHTAG = regex.compile(r"#[\p{L}\p{M}\p{Nd}_]+")


@dataclass(frozen=True)
class Said:
    """A post with a text of its own."""

    source: str
    post_id: str
    account: str
    at: datetime
    folded: str
    text: str = ""
    created: datetime | None = None
    links: tuple[str, ...] = ()


def words_of(folded: str) -> list[str]:
    """The words of a folded text, in order; a character each in scripts without spaces."""
    found: list[str] = []
    for run in _LETTERS.findall(_HASHTAG.sub(" ", folded)):
        rest = 0
        for match in _UNSPACED.finditer(run):
            found += [run[rest : match.start()], match[0]]
            rest = match.end()
        found.append(run[rest:])
    return [word for word in found if word]


def is_long_enough(words: Sequence[str]) -> bool:
    """At least five words; three characters of a script without spaces count as one."""
    return sum(Fraction(1, 3) if _UNSPACED.match(word) else 1 for word in words) >= 5


def likeness(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> Fraction:
    """The Jaccard similarity of two sets."""
    return Fraction(len(one & other), len(one | other))


def leaders(said: Iterable[Said]) -> dict[tuple[str, str], Said]:
    """Returns for each post (source, post_id) whose text is long enough the earliest post of its family."""
    leading: list[tuple[frozenset[tuple[str, str]], Said]] = []
    with_pair: dict[tuple[str, str], list[int]] = defaultdict(list)  # only what has a pair in common can be alike
    led: dict[frozenset[tuple[str, str]], Said] = {}
    found = {}
    for post in sorted(said, key=lambda one: (one.at, one.source, one.post_id)):
        words = words_of(post.folded)
        if not is_long_enough(words):
            continue
        pairs = frozenset(pairwise(words))
        if pairs not in led:
            some = sorted({number for pair in pairs for number in with_pair[pair]})
            near = (
                of for other, of in (leading[number] for number in some) if likeness(pairs, other) >= Fraction(7, 10)
            )
            led[pairs] = next(near, post)
            if led[pairs] is post:
                for pair in pairs:
                    with_pair[pair].append(len(leading))
                leading.append((pairs, post))
        found[post.source, post.post_id] = led[pairs]
    return found


def family_rows(
    said: Sequence[Said],
    start: datetime,
    end: datetime,
    zone: str,
    flagged: set[str] | None = None,
    new: timedelta = timedelta(days=90),
    led: Mapping[tuple[str, str], Said] | None = None,
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Returns the columns of text_families, by (period, period_start, period_end, rank).

    `led` has the earliest post of the family of each post; by default, that of `leaders`.
    """
    groups: dict[Any, dict[tuple[str, str], list[Said]]] = defaultdict(lambda: defaultdict(list))
    led = leaders(said) if led is None else led
    created = dict[str, datetime]()
    for post in sorted(said, key=lambda one: (one.at, one.source, one.post_id)):
        if post.created:
            created[post.account] = min(post.created, created.get(post.account, post.created))
        if leader := led.get((post.source, post.post_id)):
            for period in periods_of(post.at, start, end, ZoneInfo(zone)):
                if period[0] != "hour":
                    groups[period][leader.source, leader.post_id].append(post)
    rows = {}
    for period, families in groups.items():
        several = [posts for posts in families.values() if len({p.account for p in posts}) > 1]

        def order(posts: list[Said]) -> Any:
            leader = led[posts[0].source, posts[0].post_id]
            return -len({p.account for p in posts}), -len(posts), posts[0].at, leader.source, leader.post_id

        for rank, posts in enumerate(sorted(several, key=order), 1):
            if rank <= {"day": 100, "window": 500}[period[0]]:
                rows[(*period, rank)] = _row(posts, led[posts[0].source, posts[0].post_id], flagged, created, new)
    return rows


def _row(
    posts: list[Said], leader: Said, flagged: set[str] | None, created: dict[str, datetime], new: timedelta
) -> dict[str, Any]:
    firsts = {post.account: post.at for post in reversed(posts)}
    ages = [at - created[account] for account, at in firsts.items() if account in created]
    links = list(dict.fromkeys(link for post in posts for link in post.links))
    half = posts[(len(posts) + 1) // 2 - 1].at
    return {
        "family": hashlib.sha256(leader.folded.encode()).hexdigest()[:16],
        "text": leader.text[:1000],
        "post_id": leader.post_id,
        "source": leader.source,
        "posts": len(posts),
        "authors": len(firsts),
        "texts": len({post.folded for post in posts}),
        "sources": sorted({post.source for post in posts}),
        "first_at": posts[0].at,
        "last_at": posts[-1].at,
        "half_life_seconds": (half - posts[0].at).total_seconds(),
        "share_flagged": None if flagged is None else sum(p.account in flagged for p in posts) / len(posts),
        "new_account_share": sum(age < new for age in ages) / len(ages) if ages else None,
        "links": links[:3],
        "large_bands": 0,
    }
