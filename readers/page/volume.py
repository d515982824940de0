"""How many posts there were, by hour or day: columns, with the times at which posts are missing and the events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.tables import TOPIC_VOLUME
from conf.topic import Topic
from readers.page.night import missing
from readers.page.polls import STEPS
from readers.page.texts import SHORT, at, count, counted, isolated, runs_of, shown, span, title_of
from readers.periods import newest_start, not_published, read_periods
from stores.coverage import Record, read_records

COLUMNS = 48
"""The most periods that are drawn."""
FEWEST = 12
"""The fewest periods that the picture has room for: one column alone would fill it."""


@dataclass(frozen=True)
class Column:
    """A period: where it begins and how high it is, in per cent of the picture, and its figures in words."""

    x: float
    height: float
    told: str


@dataclass(frozen=True)
class Volume:
    """The picture. Places and widths are per cent of it.

    `gaps` are times in which posts are missing: place, width, reason. `events` have place, number, time and text.
    `basis` says in short what the picture rests on, and `cite` in full.
    """

    by: str
    columns: Sequence[Column]
    width: float
    most: str
    start: str
    end: str
    last: str
    gaps: Sequence[tuple[float, float, str]]
    events: Sequence[tuple[float, int, str, str]]
    basis: str
    cite: str


def volume_frame(session: Session, keyspace: str, topic: Topic, of: str) -> pd.DataFrame:
    """Returns the last periods, at most COLUMNS: by hour, or by day. Raises PulsoError when nothing was published."""
    period = "hour" if of == "hour" else "day"
    where = {"topic": topic.topic, "period": period}
    newest = newest_start(session, keyspace, TOPIC_VOLUME, where)
    if newest is None:
        raise not_published(f"volume of {topic.topic} by {period}", TOPIC_VOLUME, topic.topic)
    step = STEPS[period]
    return read_periods(session, keyspace, TOPIC_VOLUME, where, newest - step * (COLUMNS - 1), newest + step)


def read_volume(session: Session, keyspace: str, topic: Topic, of: str) -> Volume | None:
    """Returns the picture of the last periods; None where nothing was published."""
    period = "hour" if of == "hour" else "day"
    if newest_start(session, keyspace, TOPIC_VOLUME, {"topic": topic.topic, "period": period}) is None:
        return None
    return drawn(
        volume_frame(session, keyspace, topic, of), topic, period, read_records(session, keyspace, topic.topic)
    )


def drawn(rows: pd.DataFrame, topic: Topic, period: str, records: dict[str, Record]) -> Volume:
    """Returns the picture of some periods. A gap that reaches beyond them is cut there."""
    step, last = STEPS[period], rows.iloc[-1]
    end = last["period_end"].to_pydatetime()
    start = min(rows.iloc[0]["period_start"].to_pydatetime(), end - step * FEWEST)
    most = max(int(rows["posts"].max()), 1)

    def x(instant: datetime) -> float:
        part: float = (instant - start) / (end - start)
        return round(100 * part, 2)

    return Volume(
        period,
        [_column(row, x(row["period_start"].to_pydatetime()), most, topic) for row in rows.to_dict("records")],
        round(100 * (step / (end - start)) * 0.8, 2),
        count(most),
        at(start, topic),
        at(end, topic),
        _last(last),
        [(x(gap.start), round(x(gap.end) - x(gap.start), 2), gap.text) for gap in missing(records, start, end)],
        _events(topic, start, end, x),
        f"{span(start, end, topic)} ({topic.timezone}) · collected posts, not a sample of all · "
        f"Pulso, job {TOPIC_VOLUME.job}, {runs_of(rows, SHORT)}",
        f"Posts by {period}, {isolated(title_of(topic))}. Collected posts, not a sample of all. "
        f"{span(start, end, topic)} ({topic.timezone}). Pulso, job {TOPIC_VOLUME.job}, {runs_of(rows)}.",
    )


def _column(row: dict[Any, Any], x: float, most: int, topic: Topic) -> Column:
    words = f"{counted(row['posts'], 'post')} by {counted(row['authors'], 'author')}"
    return Column(
        x, round(100 * row["posts"] / most, 1), f"{span(row['period_start'], row['period_end'], topic)}: {words}"
    )


def _last(row: Any) -> str:
    return (
        f"{counted(row['posts'], 'post')} by {counted(row['authors'], 'author')}; "
        f"{counted(row['originals'], 'original')}, {counted(row['retweets'], 'retweet')}"
    )


def _events(
    topic: Topic, start: datetime, end: datetime, x: Callable[[datetime], float]
) -> list[tuple[float, int, str, str]]:
    found = sorted((event.instant(topic.zone), event.text) for event in topic.events)
    inside = [(when, text) for when, text in found if start <= when < end]
    return [(x(when), number, at(when, topic), shown(text)) for number, (when, text) in enumerate(inside, 1)]
