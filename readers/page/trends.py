"""Trends: how many posts there were, the hashtags and links of most posts, and the texts that many accounts posted."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table
from conf.tables import CONVERSATIONS, HASHTAG_TRENDS, TEXT_FAMILIES, TOP_ITEMS, TOPIC_VOLUME
from readers.options import PUBLIC_FROM
from readers.page import replies
from readers.page.address import View, one_of
from readers.page.night import posts_link
from readers.page.source import Source
from readers.page.texts import NONE, at, count, counted, isolated, per_cent, post_link, shown, span, title_of, web_link
from readers.page.volume import Volume, read_volume, volume_frame
from readers.periods import newest_start, not_published, read_periods
from readers.runs.runs import method_of

OWN = ("of", "kind")
PERIODS = ("day", "hour", "window")
"""The first is shown where none is asked for: an hour may have few posts, or have just begun."""
KINDS = {
    **{"link": "Links", "host": "Sites", "word": "Words", "mentioned": "Accounts mentioned"},
    **{"retweeted": "Accounts retweeted", "media": "Images and videos", "language": "Languages", "client": "Apps"},
    **{"place": "Places"},
}
SHOWN = 20
TABLE_OF = {"hashtags": HASHTAG_TRENDS, "conversations": CONVERSATIONS, "items": TOP_ITEMS, "texts": TEXT_FAMILIES}
"""The figures that are tables, with the table of each."""
TITLES = {
    "hashtags": "Hashtags of most posts",
    "conversations": "Posts with most replies below them",
    "items": "What posts share",
    "texts": "Texts of many accounts",
}
UNITS = {"hashtags": "hashtag", "texts": "text"}
BY_DAY = ("conversations", "texts")
"""The figures that are not counted by hour: for an hour, its day is shown."""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises PulsoError when none of its tables has rows of the topic."""
    of, kind = _asked(view)
    with source.session() as session:
        volume, *figures = source.at_once(
            lambda: read_volume(session, source.keyspace, view.topic, of),
            *(partial(_figure, session, source.keyspace, view, figure) for figure in TABLE_OF),
        )
        others = _others(session, source.keyspace, view) if view.is_paper else []
    found = {figure: rows for figure, (rows, _) in zip(TABLE_OF, figures, strict=True)}
    if volume is None and all(rows is None for rows in found.values()):
        raise not_published(f"trends of {view.topic.topic} by {of}", HASHTAG_TRENDS, view.topic.topic)
    return {
        "of": of,
        "kind": kind,
        "kinds": KINDS,
        "periods": PERIODS,
        "volume": volume,
        "tags": _tags(found["hashtags"], view),
        "items": _items(found["items"], view),
        "others": others,
        "replies": _replies(found["conversations"], view, source.settings.mastodon_url),
        "texts": _texts(found["texts"], view, source.settings.mastodon_url),
        "cites": {figure: cite for figure, (_, cite) in zip(TABLE_OF, figures, strict=True)},
    }


def frame_of(source: Source, view: View, figure: str) -> pd.DataFrame:
    """Returns the rows behind a figure. Raises PulsoError when nothing was published."""
    with source.session() as session:
        if figure not in TABLE_OF:
            return volume_frame(session, source.keyspace, view.topic, _asked(view)[0])
        rows = _rows(session, source.keyspace, view, figure)
    if rows is None or rows.empty:
        raise not_published(f"{figure} of {view.topic.topic}", TABLE_OF[figure], view.topic.topic)
    return rows.sort_values("rank").reset_index(drop=True)


def volume_of(source: Source, view: View) -> Volume:
    """Returns the picture of the volume. Raises PulsoError when nothing was published."""
    with source.session() as session:
        found = read_volume(session, source.keyspace, view.topic, _asked(view)[0])
    if found is None:
        raise not_published(f"volume of {view.topic.topic}", TOPIC_VOLUME, view.topic.topic)
    return found


def _asked(view: View) -> tuple[str, str]:
    return one_of("of", view.more, PERIODS), one_of("kind", view.more, tuple(KINDS))


def _figure(session: Session, keyspace: str, view: View, figure: str) -> tuple[pd.DataFrame | None, str]:
    """Returns the rows of a figure, and the sentence to cite it."""
    rows = _rows(session, keyspace, view, figure)
    return rows, _cite(session, keyspace, figure, rows, view)


def _rows(session: Session, keyspace: str, view: View, figure: str) -> pd.DataFrame | None:
    """Returns the rows of a figure for the period that the view asks for; None where there are none."""
    of, kind = _asked(view)
    where = {"topic": view.topic.topic, "period": "day" if of == "hour" and figure in BY_DAY else of}
    if figure == "conversations":
        return replies.read_replies(session, keyspace, view.topic, where["period"])
    return _newest(session, keyspace, TABLE_OF[figure], where | ({"kind": kind} if figure == "items" else {}))


def _others(session: Session, keyspace: str, view: View) -> list[tuple[dict[str, Any], str]]:
    """Returns what posts share of each kind but the first, with the sentence to cite it: a file has room for all."""
    found = []
    for kind in list(KINDS)[1:]:
        each = replace(view, more={**view.more, "kind": kind})
        rows = _rows(session, keyspace, each, "items")
        if told := _items(rows, each):
            found.append((told, _cite(session, keyspace, "items", rows, each)))
    return found


def _replies(rows: pd.DataFrame | None, view: View, server: str) -> dict[str, Any] | None:
    if rows is None or rows.empty:
        return None
    told = {"least": replies.LEAST, "public": count(PUBLIC_FROM), "rows": replies.told(rows, view.topic, server)}
    return {"span": _span(rows, view), **told}


def _cite(session: Session, keyspace: str, figure: str, rows: pd.DataFrame | None, view: View) -> str:
    """Returns the sentence with which to cite a table: what, topic, period, n, method, and run."""
    if rows is None or rows.empty:
        return ""
    kind = f": {KINDS[_asked(view)[1]].lower()}" if figure == "items" else ""
    n, job, run = counted(len(rows), UNITS.get(figure, "item")), str(TABLE_OF[figure].job), rows.iloc[0]["run_id"]
    if figure == "conversations":
        n = f"{counted(len(rows), 'conversation')} of {count(rows['posts'].sum())} replies; says nothing of why or who"
    return (
        f"{TITLES[figure]}{kind}, {isolated(title_of(view.topic))}. Collected posts, not a sample of all. "
        f"{_span(rows, view)} ({view.topic.timezone}); n = {n}. "
        f"Pulso, job {job}, method {method_of(session, keyspace, view.topic, job, run)}, run {run}."
    )


def _newest(session: Session, keyspace: str, table: Table, where: dict[str, str]) -> pd.DataFrame | None:
    """Returns the rows of the last period (of windows, of the one computed last); None where there are none."""
    try:
        newest = newest_start(session, keyspace, table, where)
    except PulsoError:
        return None
    if newest is None:
        return None
    limits = (None, None) if where["period"] == "window" else (newest, newest + timedelta(minutes=1))
    return read_periods(session, keyspace, table, where, *limits)


def _tags(rows: pd.DataFrame | None, view: View) -> dict[str, Any] | None:
    if rows is None or rows.empty:
        return None
    most = max(int(rows["posts"].max()), 1)
    found = [
        {
            "tag": shown(f"#{row['hashtag']}", 80),
            "posts": count(row["posts"]),
            "authors": count(row["authors"]),
            "before": count(row["previous_posts"]),
            "burst": NONE if pd.isna(row["burst"]) else f"{row['burst']:+.1f}".replace("-", "−"),
            "bursts": not pd.isna(row["burst"]) and round(row["burst"], 1) > 0,
            "width": round(100 * row["posts"] / most, 1),
            "link": posts_link(view, f"#{row['hashtag']}", row["period_start"], row["period_end"]),
        }
        for row in rows.sort_values("rank").head(SHOWN).to_dict("records")
    ]
    known = bool(rows["previous_posts"].notna().any() or rows["burst"].notna().any())
    before = f"{_asked(view)[0].capitalize()} before" if known else ""  # of a window, what was before is not counted
    return {"span": _span(rows, view), "before": before, "rows": found}


def _items(rows: pd.DataFrame | None, view: View) -> dict[str, Any] | None:
    if rows is None or rows.empty:
        return None
    found = [
        {
            "label": shown(row["label"], 200),
            "link": web_link(row["label"]) if row["kind"] == "link" else "",
            "posts_link": _posts_with(row, view) if row["kind"] == "word" and not view.is_paper else "",
            "posts": count(row["posts"]),
            "authors": count(row["authors"]),
            "flagged": per_cent(row["share_flagged"]),
        }
        for row in rows.sort_values("rank").head(SHOWN).to_dict("records")
    ]
    return {"span": _span(rows, view), "title": KINDS[str(rows.iloc[0]["kind"])], "rows": found}


def _posts_with(row: dict[Any, Any], view: View) -> str:
    return posts_link(view, str(row["item"]), row["period_start"], row["period_end"])


def _texts(rows: pd.DataFrame | None, view: View, server: str) -> dict[str, Any] | None:
    if rows is None or rows.empty:
        return None
    found = [
        {
            "text": shown(row["text"], 280),
            "link": post_link(row["source"], row["post_id"], server),
            "authors": counted(row["authors"], "account"),
            "posts": counted(row["posts"], "post"),
            "first": at(row["first_at"], view.topic),
            "flagged": per_cent(row["share_flagged"]),
        }
        for row in rows.sort_values("rank").head(10).to_dict("records")
    ]
    return {"span": _span(rows, view), "rows": found}


def _span(rows: pd.DataFrame, view: View) -> str:
    first = rows.iloc[0]
    return span(first["period_start"], first["period_end"], view.topic)
