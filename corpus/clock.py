"""Times and ids: when posts are written in the campaign.

Times are drawn from a rate by minute, the product of four factors, all in Manila time: hour of the day (low at 4,
peaks at noon and from 20 to 22), day of the week (Sunday, when the debates were held, above Saturday), growth towards
the vote (fourfold over the campaign), and the four televised debates of 2016 (5 to 10 times the usual rate from 17 to
21). The shapes are ours, drawn after what such captures look like; the debate dates are COMELEC's. Bots keep none of
it: their times are uniform over a stretch of days. Ids are X snowflakes (github.com/twitter-archive/snowflake): 41
bits of milliseconds since 2010-11-04, 10 of the worker, 12 of the sequence.
"""

from datetime import UTC, datetime

import numpy as np

from conf.snowflakes import X_EPOCH_MS
from corpus.draws import Floats, Ints

CAMPAIGN = (datetime(2016, 2, 8, 16, tzinfo=UTC), datetime(2016, 5, 8, 16, tzinfo=UTC))
"""The corpus's half-open window: 9 February 2016, midnight in Manila, to the midnight before election day, 9 May."""

DAY_MS = 86_400_000
MANILA_MS = 8 * 3_600_000
START_MS, END_MS = (int(moment.timestamp()) * 1000 for moment in CAMPAIGN)
DAYS = (END_MS - START_MS) // DAY_MS

HOURS = (30, 18, 11, 7, 5, 9, 20, 34, 44, 50, 56, 68, 80, 66, 55, 52, 54, 58, 66, 82, 96, 100, 92, 58)
WEEKDAYS = (1.0, 1.0, 0.98, 1.0, 1.04, 0.93, 1.07)
FIRST_WEEKDAY = 1  # 9 February 2016 was a Tuesday
GROWTH = 4.0
DEBATES = ((2, 21, 6.0), (3, 20, 7.0), (4, 10, 6.0), (4, 24, 9.0))
RAMP_MINUTES = 20


def _rate_by_minute() -> Floats:
    minute = np.arange(DAYS * 1440)
    hour = np.interp((minute % 1440) / 60, np.arange(25), (*HOURS, HOURS[0]))
    weekday = np.array(WEEKDAYS)[(minute // 1440 + FIRST_WEEKDAY) % 7]
    growth = GROWTH ** (minute / minute.size)
    rate: Floats = hour * weekday * growth * _debates(minute)
    return rate


def _debates(minute: Ints) -> Floats:
    factor: Floats = np.ones(minute.size)
    for month, day, peak in DEBATES:
        eve = datetime(2016, month, day, 9, tzinfo=UTC)  # 17:00 in Manila
        since = minute - (eve - CAMPAIGN[0]).total_seconds() / 60
        inside = np.minimum(since, 240 - since) / RAMP_MINUTES
        factor += (peak - 1) * np.clip(inside, 0, 1)
    return factor


def human_times(count: int, rng: np.random.Generator) -> Ints:
    """Milliseconds since 1970 of `count` posts by people, in no order."""
    bounds = np.concatenate(([0.0], np.cumsum(_rate_by_minute())))
    minutes = np.interp(rng.random(count) * bounds[-1], bounds, np.arange(bounds.size))
    times: Ints = np.minimum(START_MS + (minutes * 60_000).astype(np.int64), END_MS - 1)
    return times


def bot_times(bot: Ints, bots: int, rng: np.random.Generator) -> Ints:
    """Milliseconds since 1970 of the posts of each bot: uniform over its own 8 to 20 days, night and day."""
    length = rng.uniform(8, 20, bots) * DAY_MS
    begin = START_MS + rng.random(bots) * (END_MS - START_MS - length)
    return np.asarray((begin[bot] + rng.random(bot.size) * length[bot]).astype(np.int64))


def snowflakes(sorted_ms: Ints, rng: np.random.Generator) -> Ints:
    """Unique, increasing post ids for sorted milliseconds."""
    place = np.arange(sorted_ms.size)
    sequence = place - np.searchsorted(sorted_ms, sorted_ms)
    worker = rng.integers(0, 1 << 10, sorted_ms.size)
    return np.sort(((sorted_ms - X_EPOCH_MS) << 22) | (worker << 12) | (sequence & 0xFFF))


def iso(ms: Ints) -> list[str]:
    """Milliseconds as X writes them: 2016-02-09T01:02:03.123Z."""
    return [text + "Z" for text in np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms").tolist()]


def campaign_part(ms: Ints) -> Floats:
    """How much of the campaign has passed, 0..1."""
    return np.asarray((ms - START_MS) / (END_MS - START_MS))


def manila_day(ms: Ints) -> Ints:
    """The number of the Manila day since the campaign's first."""
    return np.asarray((ms - START_MS) // DAY_MS)
