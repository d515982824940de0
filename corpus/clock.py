"""The times of posts during the campaign, and their ids.

A post's minute is drawn with a probability that is the product of four factors, all in Manila time: the hour of the day
(lowest at 4, highest at noon and from 20 to 22), the day of the week (highest on Sunday, when the debates were held,
lowest on Saturday), growth towards the vote (four times as many posts at the end), and the four televised debates of
2016 (6 to 9 times the usual rate from 17:00 to 21:00). The factors are our own approximation of real captures; the
debate dates are those of the election commission, COMELEC. The four factors do not apply to bots: their times are
uniform over some days. Ids are X snowflakes (github.com/twitter-archive/snowflake): 41 bits of milliseconds since
2010-11-04, 10 bits of the worker, 12 bits of the sequence.
"""

from datetime import UTC, datetime

import numpy as np

from conf.snowflakes import X_EPOCH_MS
from corpus.draws import Floats, Ints

CAMPAIGN = (datetime(2016, 2, 8, 16, tzinfo=UTC), datetime(2016, 5, 8, 16, tzinfo=UTC))
"""The corpus's half-open window, UTC: midnight in Manila on 9 February 2016 to midnight on 9 May, election day."""

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
WORKERS = (0, 1 << 10)
"""The worker numbers of X's ids, as a half-open range."""


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
    """Returns `count` times at which people post, in milliseconds since 1970, in no order."""
    bounds = np.concatenate(([0.0], np.cumsum(_rate_by_minute())))
    minutes = np.interp(rng.random(count) * bounds[-1], bounds, np.arange(bounds.size))
    times: Ints = np.minimum(START_MS + (minutes * 60_000).astype(np.int64), END_MS - 1)
    return times


def bot_times(bot: Ints, bots: int, rng: np.random.Generator) -> Ints:
    """Returns a time for each post by a bot, in milliseconds since 1970.

    For each bot a span of 8 to 20 days is drawn; its times are uniform in it.

    `bot` is the number of the bot that writes each post; `bots` is how many bots there are.
    """
    length = rng.uniform(8, 20, bots) * DAY_MS
    begin = START_MS + rng.random(bots) * (END_MS - START_MS - length)
    return np.asarray((begin[bot] + rng.random(bot.size) * length[bot]).astype(np.int64))


def snowflakes(sorted_ms: Ints, rng: np.random.Generator, workers: tuple[int, int] = WORKERS) -> Ints:
    """Returns unique, increasing post ids for times in milliseconds, which must be sorted.

    `workers` is the half-open range of the ids' worker numbers. Ids of ranges that don't overlap are never the same.
    """
    place = np.arange(sorted_ms.size)
    sequence = place - np.searchsorted(sorted_ms, sorted_ms)
    worker = rng.integers(*workers, sorted_ms.size)
    return np.sort(((sorted_ms - X_EPOCH_MS) << 22) | (worker << 12) | (sequence & 0xFFF))


def iso(ms: Ints) -> list[str]:
    """Returns times in milliseconds as X writes them: 2016-02-09T01:02:03.123Z."""
    return [text + "Z" for text in np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms").tolist()]


def campaign_part(ms: Ints) -> Floats:
    """Returns the part of the campaign that has passed at each time, 0 to 1."""
    return np.asarray((ms - START_MS) / (END_MS - START_MS))


def manila_day(ms: Ints) -> Ints:
    """Returns for each time the number of its day in Manila; the first day of the campaign is 0."""
    return np.asarray((ms - START_MS) // DAY_MS)
