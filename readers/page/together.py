"""Accounts that act together more than chance: their groups, by what they share. Private persons are not named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
from cassandra.cluster import Session
from starlette.requests import Request
from starlette.responses import Response

from conf.tables import COORDINATION_GROUPS, COORDINATION_KINDS, COORDINATION_SUMMARY
from conf.topic import Topic
from readers.coordination.frame import groups_frame
from readers.coordination.stored import Result, read_groups, read_summaries
from readers.coordination.words import NOBODY, OBJECT, SENTENCE, WHAT
from readers.options import PUBLIC_FROM
from readers.page.address import View, one_of
from readers.page.drawings import drawing
from readers.page.source import Source, settled
from readers.page.texts import (
    NONE,
    at,
    count,
    counted,
    duration,
    isolated,
    per_cent,
    post_link,
    shown,
    span,
    title_of,
    web_link,
)
from readers.periods import not_published
from readers.private import Naming, People
from stores.published import utc

PERIODS = ("window", "day", "hour")
"""Those of the network. Accounts are compared by window and day: for an hour, its day is shown."""
NAMES = {"link": "Links", "retweet": "Retweets", "text": "Texts", "hashtags": "Hashtags", "reply": "Replies"}
SHOWN, OBJECTS, NAMED = 10, 10, 20
"""The most groups, and of each the most objects and the most accounts with names."""


def context(session: Session, source: Source, view: View) -> dict[str, Any] | None:
    """Returns the groups of the kind that the view asks for, else of the first with groups; None where none was run."""

    def read() -> tuple[dict[str, Any], Result | None]:
        found = read_summaries(session, source.keyspace, view.topic, _period(view))
        summary = found.get(_kind(view, found))
        return found, read_groups(session, source.keyspace, view.topic, summary) if summary else None

    summaries, result = settled(read)
    if not summaries:
        return None
    kind = _kind(view, summaries)
    counts = {name: count(summaries[name].groups) if name in summaries else NONE for name in NAMES}
    told = {"kinds": [(f"{text} ({counts[name]})", name) for name, text in NAMES.items()], "kind": kind}
    return told | (_told(result, view, source.settings.mastodon_url) if result else {"groups": None})


def by_kind(session: Session, source: Source, view: View) -> list[dict[str, Any]]:
    """Returns the same for each kind: a file has room for all. Kinds that were not compared are left out."""
    each = [replace(view, more={**view.more, "kind": kind}) for kind in NAMES]
    found = [(NAMES[one.more["kind"]], context(session, source, one)) for one in each]
    return [{**told, "title": title} for title, told in found if told and told["groups"] is not None]


def period_asked(view: View) -> str:
    """Returns one of PERIODS. Raises WrongUse for any other."""
    return one_of("of", view.more, PERIODS)


def _period(view: View) -> str:
    return "window" if period_asked(view) == "window" else "day"


def _kind(view: View, summaries: dict[str, Any]) -> str:
    if view.more.get("kind"):
        return one_of("kind", view.more, COORDINATION_KINDS)
    return next((kind for kind in NAMES if kind in summaries and summaries[kind].groups), "link")


def _told(result: Result, view: View, server: str) -> dict[str, Any]:
    row, topic = result.summary, result.topic
    people, pinned = _people(result), replace(view, more={**view.more, "kind": row.kind})
    path, sign, query = pinned.link().partition("?")
    return {
        "view": pinned,
        "public": count(PUBLIC_FROM),
        "what": WHAT[row.kind],
        "within": duration(row.window_seconds),
        "span": _span(row, topic),
        "figures": _figures(row),
        "sentence": SENTENCE if result.groups else NOBODY,
        "groups": [_group(result, one, people, server) for one in result.groups[:SHOWN]],
        "more": counted(len(result.groups) - SHOWN, "more group") if len(result.groups) > SHOWN else "",
        "method": view.link("method") + "#acting-together",
        "drawing": f"{path}/groups{sign}{query}" if result.groups else "",
        "cite": _cite(row, topic),
    }


def _people(result: Result) -> People:
    """Returns under which names the accounts are shown; everybody may open this page, so private persons have none."""
    return People(result.accounts, Naming(result.topic))


def _span(row: Any, topic: Topic) -> str:
    return span(utc(row.period_start), utc(row.period_end), topic)


def _figures(row: Any) -> str:
    """Returns what was compared, and what was left out, in words."""
    told = [
        f"{counted(row.accounts, 'account')} and {counted(row.objects, OBJECT[row.kind])} were compared",
        f"{counted(row.pairs, 'pair')} of accounts did so at least twice, {count(row.significant_pairs)} of them more "
        "often than chance",
    ]
    told += [f"{counted(row.declared, 'account')} automated by their own word left out"] if row.declared else []
    crowded = counted(row.objects_cut, f"crowded {OBJECT[row.kind]}")
    told += [f"of {crowded} not all pairs were counted"] if row.objects_cut else []
    return "; ".join(told)


def _cite(row: Any, topic: Topic) -> str:
    return (
        f"Accounts that {WHAT[row.kind]} within {duration(row.window_seconds)} of one another, "
        f"{isolated(title_of(topic))}. {counted(row.groups, 'group')} of accounts that act together more than chance; "
        f"this says nothing of why or who. {_span(row, topic)} ({topic.timezone}); n = {_figures(row)}. "
        f"Pulso, job {COORDINATION_SUMMARY.job}, method {row.method}, run {row.run_id}."
    )


def _group(result: Result, row: Any, people: People, server: str) -> dict[str, Any]:
    members = [one for one in result.accounts if one.group == row.group]
    public = [one for one in members if people.is_named(one.author)]
    public.sort(key=lambda one: (-(one.followers or 0), one.author))
    objects = [one for one in result.objects if one.group == row.group]
    return {
        "number": row.group,
        "accounts": counted(row.accounts, "account"),
        "objects": counted(row.objects, OBJECT[result.summary.kind]),
        "posts": counted(row.posts, "post"),
        "within": duration(row.degree),
        "flagged": per_cent(row.share_flagged, 0),
        "time": span(utc(row.first_at), utc(row.last_at), result.topic),
        "named": [_account(one, people, result.summary.kind) for one in public[:NAMED]],
        "more_named": max(0, len(public) - NAMED),
        "unnamed": len(members) - len(public),
        "shared": [_object(one, result.summary.kind, server, result.topic) for one in objects[:OBJECTS]],
        "more": len(objects) - OBJECTS,
    }


def _account(row: Any, people: People, kind: str) -> dict[str, str]:
    figures = f"{counted(row.followers, 'follower')}; {counted(row.objects, OBJECT[kind])}"
    return {"name": shown(people.name(row.author), 120), "figures": figures}


def _object(row: Any, kind: str, server: str, topic: Topic) -> dict[str, str]:
    """Returns an object as people read it. A post that was passed on or answered is named by its id."""
    network, _, post = row.object.partition(":")
    is_post = kind in ("retweet", "reply")
    link = post_link(network, post, server) if is_post else web_link(row.shown) if kind == "link" else ""
    return {
        "text": shown(f"post {row.shown}" if is_post else row.shown, 200),
        "link": link,
        "accounts": counted(row.accounts, "account"),
        "first": at(row.first_at, topic),
    }


def frame_of(source: Source, view: View) -> pd.DataFrame:
    """Returns a row for each group, with the accounts in it that may be named. Raises PulsoError if there is none."""
    with source.session() as session:
        result = settled(lambda: _result(session, source.keyspace, view))
    return groups_frame(result)


def _result(session: Session, keyspace: str, view: View) -> Result:
    """Returns the groups of a view. Raises PulsoError where its kind was not run, or has no group."""
    found = read_summaries(session, keyspace, view.topic, _period(view))
    kind = _kind(view, found)
    if kind not in found or not found[kind].groups:
        raise not_published(f"group by {kind} of {view.topic.topic}", COORDINATION_GROUPS, view.topic.topic)
    return read_groups(session, keyspace, view.topic, found[kind])


def endpoint(source: Source, view_of: Callable[[Request, str], View]) -> Callable[[Request], Response]:
    """Returns what answers /TOPIC/network/groups: the groups' accounts and pairs, as an interactive drawing."""

    def answer(request: Request) -> Response:
        view = view_of(request, "network")
        with source.session() as session:
            summary = settled(lambda: _result(session, source.keyspace, view)).summary
        words = ["coordination", "--topic", view.topic.topic, "--kind", summary.kind, "--period", summary.period]
        key = f"groups {view.topic.topic} {summary.kind} {summary.period}"
        return drawing(key, str(summary.run_id), words)

    return answer
