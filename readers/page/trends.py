"""Trends: how many posts there were, the hashtags and links of most posts, and the texts that many accounts posted."""

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table
from conf.tables import HASHTAG_TRENDS, TEXT_FAMILIES, TOP_ITEMS, TOPIC_VOLUME
from readers.page.address import View, one_of
from readers.page.night import posts_link
from readers.page.source import Source
from readers.page.texts import NONE, at, count, counted, per_cent, post_link, shown, span, web_link
from readers.periods import newest_start, not_published, read_periods

OWN = ("of", "kind")
PERIODS = ("hour", "day", "window")
KINDS = ("link", "host", "word", "mentioned", "retweeted", "media", "language", "client", "place")
SHOWN = 20
COLUMNS = 48
"""The most periods of the volume that are drawn."""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises PulsoError when none of its tables has rows of the topic."""
    of, kind = one_of("of", view.more, PERIODS), one_of("kind", view.more, KINDS)
    with source.session() as session:
        tags = _newest(session, source.keyspace, HASHTAG_TRENDS, {"topic": view.topic.topic, "period": of})
        items = _newest(session, source.keyspace, TOP_ITEMS, {"topic": view.topic.topic, "kind": kind, "period": of})
        texts = _newest(
            session,
            source.keyspace,
            TEXT_FAMILIES,
            {"topic": view.topic.topic, "period": "day" if of == "hour" else of},
        )
        volume = _volume(session, source.keyspace, view, of)
    if all(found is None for found in (tags, items, texts, volume)):
        raise not_published(f"trends of {view.topic.topic} by {of}", HASHTAG_TRENDS, view.topic.topic)
    return {
        "of": of,
        "kind": kind,
        "kinds": KINDS,
        "periods": PERIODS,
        "volume": volume,
        "tags": _tags(tags, view),
        "items": _items(items, view),
        "texts": _texts(texts, view, source.settings.mastodon_url),
    }


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
            "bursts": bool(row["burst"] > 0) if not pd.isna(row["burst"]) else False,
            "width": round(100 * row["posts"] / most, 1),
            "link": posts_link(view, f"#{row['hashtag']}", row["period_start"], row["period_end"]),
        }
        for row in rows.sort_values("rank").head(SHOWN).to_dict("records")
    ]
    return {"span": _span(rows, view), "rows": found}


def _items(rows: pd.DataFrame | None, view: View) -> dict[str, Any] | None:
    if rows is None or rows.empty:
        return None
    found = [
        {
            "label": shown(row["label"], 200),
            "link": _item_link(row, view),
            "posts": count(row["posts"]),
            "authors": count(row["authors"]),
            "flagged": per_cent(row["share_flagged"]),
        }
        for row in rows.sort_values("rank").head(SHOWN).to_dict("records")
    ]
    return {"span": _span(rows, view), "rows": found}


def _item_link(row: dict[Any, Any], view: View) -> str:
    if row["kind"] == "word":
        return posts_link(view, str(row["item"]), row["period_start"], row["period_end"])
    return web_link(row["label"]) if row["kind"] == "link" else ""


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


def _volume(session: Session, keyspace: str, view: View, of: str) -> dict[str, Any] | None:
    """Returns the posts of the last periods as columns: by hour, or by day."""
    period = "hour" if of == "hour" else "day"
    where = {"topic": view.topic.topic, "period": period}
    newest = newest_start(session, keyspace, TOPIC_VOLUME, where)
    if newest is None:
        return None
    step = timedelta(hours=1) if period == "hour" else timedelta(days=1)
    since: datetime = newest - step * (COLUMNS - 1)
    rows = read_periods(session, keyspace, TOPIC_VOLUME, where, since, newest + step)
    most = max(int(rows["posts"].max()), 1)
    columns = [
        {
            "height": round(100 * row["posts"] / most, 1),
            "x": round(100 * ((row["period_start"] - since) / step) / COLUMNS, 2),
            "told": f"{span(row['period_start'], row['period_end'], view.topic)}: {counted(row['posts'], 'post')} by "
            f"{counted(row['authors'], 'author')}",
        }
        for row in rows.to_dict("records")
    ]
    last = rows.iloc[-1]
    return {
        "columns": columns,
        "width": round(100 / COLUMNS * 0.8, 2),
        "most": count(most),
        "by": period,
        "from": at(rows.iloc[0]["period_start"], view.topic),
        "to": at(last["period_end"], view.topic),
        "last": f"{counted(last['posts'], 'post')} by {counted(last['authors'], 'author')}, "
        f"{count(last['new_authors'])} of them new; {counted(last['originals'], 'original')}, "
        f"{counted(last['retweets'], 'retweet')}",
    }


def _span(rows: pd.DataFrame, view: View) -> str:
    first = rows.iloc[0]
    return span(first["period_start"], first["period_end"], view.topic)
