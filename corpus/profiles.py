"""The handles of the accounts, and the accounts as X user objects, all made up.

Followers are log-normal around a power of the account's reach. The number of lists depends on the followers, the number
of posts on the reach; the number of accounts followed is drawn independently. Accounts were opened from 2008 to 2015,
bots in the two months before the campaign. Ids grow with the date of opening, as they did on X until users got
snowflakes as ids too.
"""

from collections.abc import Iterator

import numpy as np
import orjson

from conf.topic import Topic
from corpus import vocabulary as words
from corpus.authors import Cast
from corpus.clock import DAY_MS, START_MS, iso
from corpus.draws import Floats, Ints
from corpus.voices import with_capitals

OPENED_FROM_MS, OPENED_TO_MS = 1_199_145_600_000, 1_451_606_400_000  # the years 2008 to 2015
FIRST_ID, ID_RANGE = 14_000_000, 4_600_000_000
BOT_AGE_DAYS = 60
MEDIAN_FOLLOWERS = 180
OFFICIAL_FOLLOWERS = 400_000


def handles_of(topic: Topic, cast: Cast, rng: np.random.Generator) -> list[str]:
    """Returns the handle of each account: [A-Za-z0-9_]{4,15}, unique also when case is ignored."""
    known = [with_capitals(topic, one.handle) for one in cast.officials] + [lure.lstrip("@") for lure in cast.lures]
    taken = {handle.lower() for handle in known}
    for handle in _made_up(cast.size - len(known), rng):
        number, unique = 0, handle
        while unique.lower() in taken:
            number += 1
            unique = f"{handle[:11]}{number:04d}"
        taken.add(unique.lower())
        known.append(unique)
    return known


def _made_up(count: int, rng: np.random.Generator) -> Iterator[str]:
    fronts = [form for word in words.FRONT_WORDS for form in (word, word.title(), word.upper())]
    backs = [form for word in words.BACK_WORDS for form in (word, f"_{word}", word.title())]
    draws = rng.integers(0, (len(fronts), len(backs), 10_000), (count, 3))
    for front, back, number in draws.tolist():
        handle = fronts[front] + backs[back]
        yield handle[:15] if number < 1_000 else f"{handle[:11]}{number % 10_000}"


def users_of(
    topic: Topic, cast: Cast, handles: list[str], reach: Floats, rng: np.random.Generator
) -> tuple[list[str], list[bytes]]:
    """Returns the id of each account, and its user object as JSON."""
    opened = _opened(cast, rng)
    ids = _ids(opened, rng)
    names = _names(topic, cast, rng)
    counts = _counts(cast, reach, rng)
    draws = rng.integers(0, (len(words.LOCATIONS), len(words.BIOS)), (cast.size, 2)).tolist()
    texts = [(words.LOCATIONS[location], words.BIOS[bio]) for location, bio in draws]
    texts[: len(cast.officials)] = [("", f"Account of {name}") for name in names[: len(cast.officials)]]
    rows = zip(ids, handles, names, iso(opened), counts, texts, _verified(cast, reach), strict=True)
    return ids, [_user(*row) for row in rows]


def _opened(cast: Cast, rng: np.random.Generator) -> Ints:
    opened = rng.integers(OPENED_FROM_MS, OPENED_TO_MS, cast.size)
    bots = slice(cast.first_bot, cast.first_person)
    opened[bots] = rng.integers(START_MS - BOT_AGE_DAYS * DAY_MS, START_MS, cast.bots)
    return opened // 1000 * 1000


def _ids(opened: Ints, rng: np.random.Generator) -> list[str]:
    step = ID_RANGE // max(1, opened.size)
    ids = np.empty(opened.size, np.int64)
    ids[np.argsort(opened, kind="stable")] = np.arange(opened.size) * step + rng.integers(0, step, opened.size)
    return [str(number) for number in (ids + FIRST_ID).tolist()]


def _names(topic: Topic, cast: Cast, rng: np.random.Generator) -> list[str]:
    candidates = [candidate.name for race in topic.races for candidate in race.candidates]
    names = [candidates[one.candidate] for one in cast.officials]
    draws = rng.integers(0, (len(words.GIVEN), len(words.FLOURISHES)), (cast.size - len(names), 2))
    return names + [words.GIVEN[given] + words.FLOURISHES[flourish] for given, flourish in draws.tolist()]


def _counts(cast: Cast, reach: Floats, rng: np.random.Generator) -> list[list[int]]:
    followers = MEDIAN_FOLLOWERS * reach**1.4 * rng.lognormal(0, 0.5, cast.size)
    followers[: len(cast.officials)] = OFFICIAL_FOLLOWERS * rng.lognormal(0, 0.8, len(cast.officials))
    following = np.minimum(5000, 210 * rng.lognormal(0, 0.9, cast.size))
    posts = 900 * rng.lognormal(0, 1.6, cast.size) * np.sqrt(reach)
    columns = np.stack((followers, following, posts + 1, followers / 150), axis=1)
    return [[int(count) for count in row] for row in columns.tolist()]


def _verified(cast: Cast, reach: Floats) -> list[bool]:
    verified = reach > np.quantile(reach, 0.999) if reach.size else reach > 0
    verified[cast.first_bot : cast.first_person] = False
    verified[: len(cast.officials)] = True
    return [bool(one) for one in verified]


def _user(
    user_id: str, handle: str, name: str, opened: str, counts: list[int], texts: tuple[str, str], verified: bool
) -> bytes:
    followers, following, posts, listed = counts
    return orjson.dumps(
        {
            "id": user_id,
            "username": handle,
            "name": name,
            "created_at": opened,
            "public_metrics": {
                "followers_count": followers,
                "following_count": following,
                "tweet_count": posts,
                "listed_count": listed,
            },
            "verified": verified,
            "protected": False,
            "location": texts[0],
            "description": texts[1],
        }
    )
