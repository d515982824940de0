"""Polls, trends, replies, groups, graphs and any CQL query as frames, for notebooks."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from cassandra import RequestValidationException
from cassandra.cluster import Session
from cassandra.protocol import SyntaxException

from conf.errors import WrongUse
from conf.nearest import did_you_mean
from conf.schema import Table
from conf.settings import Settings, load_settings
from conf.tables import (
    CANDIDATE_POLL,
    CONVERSATIONS,
    COORDINATION_GROUPS,
    COORDINATION_KINDS,
    GRAPH_EDGES,
    GRAPH_NODES,
    GRAPH_SUMMARY,
    GRAPHS,
    HASHTAG_TRENDS,
    PERIODS,
)
from conf.topic import Topic, load_topic
from readers.conversations.conversations import read_conversations
from readers.coordination.frame import groups_frame
from readers.coordination.stored import read_result
from readers.frames import read_typed
from readers.graphs.stored import StoredGraph, stored_graph
from readers.notebook.frame import Frame, When, instant, typed
from readers.partitions import whole
from readers.periods import not_published, read_periods
from readers.polls.poll import read_poll
from stores.connect import cassandra_session
from stores.refused import silence_told

LONG = ("day", "window")
"""The periods of what is not counted by hour."""
_INSIDE = ("bucket",)
_AGAIN = "See `make status`; run it again"
_NAMES = ("topic", "race", "candidate", "graph", "measure")
"""Columns with few values that no declaration lists."""


class Graph(NamedTuple):
    """One graph of one period. `summary` has one row; edges lead from `src` to `dst`, which are nodes."""

    summary: Frame
    nodes: Frame
    edges: Frame


def poll(topic: str, race: str = "", period: str = "window", start: When = None, end: When = None) -> Frame:
    """Returns the candidate poll of a race, or of all races of a topic, as `readers poll` shows it.

    Shares are shares of conversation, no forecast. `period` is hour, day or window. `start` and `end` (half-open) limit
    the periods' starts; without them, `window` is the window that was computed last. Raises PulsoError if nothing was
    published.
    """
    with _reading(topic, period) as (session, settings, found):
        races = [found.race(race)] if race else found.races
        limits = _instants(start, end)
        frames = [read_poll(session, settings.keyspace, found, each.id, period, *limits) for each in races]
    if not frames:
        raise WrongUse(f"topic {topic} has no races", "Add races to its file")
    return _typed(pd.concat(frames, ignore_index=True), CANDIDATE_POLL)


def trends(topic: str, period: str = "window", start: When = None, end: When = None) -> Frame:
    """Returns the most used hashtags of each period, by rank. The arguments and errors are those of `poll`."""
    with _reading(topic, period) as (session, settings, found):
        where = {"topic": found.topic, "period": period}
        frame = read_periods(session, settings.keyspace, HASHTAG_TRENDS, where, *_instants(start, end))
    if frame.empty:
        raise not_published(f"trend of {topic} by {period}", HASHTAG_TRENDS, topic)
    return _typed(frame, HASHTAG_TRENDS)


def replies(topic: str, period: str = "window", start: When = None, end: When = None) -> Frame:
    """Returns the posts with most replies, by rank; private persons have no name, as in `readers conversations`.

    `period` is day or window; the other arguments and the errors are those of `poll`.
    """
    with _reading(topic, period, LONG) as (session, settings, found):
        limits = _instants(start, end)
        frame = whole(lambda: read_conversations(session, settings.keyspace, found, period, *limits))
    return _typed(frame, CONVERSATIONS)


def groups(topic: str, kind: str = "link", period: str = "window", start: When = None, end: When = None) -> Frame:
    """Returns the groups of accounts that act together more than chance; this says nothing of why or who.

    `kind` is what they share: retweet, link, text, hashtags or reply. `named` has the accounts of a group that are no
    private persons. It is empty where no group was found. The other arguments and the errors are those of `replies`.
    """
    if kind not in COORDINATION_KINDS:
        known = f"Kinds are {', '.join(COORDINATION_KINDS)}"
        raise WrongUse(f"there is no kind {kind!r}", did_you_mean(kind, COORDINATION_KINDS, known))
    with _reading(topic, period, LONG) as (session, settings, found):
        limits = _instants(start, end)
        result = whole(lambda: read_result(session, settings.keyspace, found, kind, period, *limits))
    return _typed(groups_frame(result), COORDINATION_GROUPS)


def graph(topic: str, graph: str = "retweet", period: str = "window", start: When = None, end: When = None) -> Graph:
    """Returns a graph of one period, of one run: of the window that was computed last, or of the last hour or day.

    `start` and `end` (half-open) limit the period's start. Raises PulsoError if no such graph was published.
    """
    if graph not in GRAPHS:
        raise WrongUse(f"there is no graph {graph!r}", did_you_mean(graph, GRAPHS, f"Graphs are {', '.join(GRAPHS)}"))
    with _reading(topic, period) as (session, settings, found):
        limits = _instants(start, end)

        def read() -> Graph:
            stored = stored_graph(session, settings.keyspace, found, graph, period, *limits)
            summary = pd.DataFrame([list(stored.summary)], columns=list(stored.summary._fields))
            return Graph(_typed(_told(summary), GRAPH_SUMMARY), _rows(stored, GRAPH_NODES), _rows(stored, GRAPH_EDGES))

        return whole(read)


def cql(query: str, values: Sequence[object] = ()) -> Frame:
    """Returns all rows of a SELECT; each `?` in it stands for one of `values`.

    Name tables with their keyspace, as in `SELECT … FROM pulso.job_runs`. Instants are UTC, ids are text. Raises
    WrongUse for anything but a SELECT, and for a query that Cassandra does not understand.
    """
    if not re.match(r"\s*SELECT\b", query, re.IGNORECASE):
        raise WrongUse("cql() only reads", "Give a SELECT; to change something, use cqlsh")
    try:
        with silence_told(_AGAIN), cassandra_session(load_settings()) as session:
            session.prepare(query)
            return Frame(read_typed(session, query, values))
    except (RequestValidationException, SyntaxException, ValueError) as error:
        what = f"Cassandra refuses the query: {' '.join(str(error).split())[:300]}"
        raise WrongUse(what, "Check its tables, columns and values") from None


@contextmanager
def _reading(name: str, period: str, known: Sequence[str] = PERIODS) -> Iterator[tuple[Session, Settings, Topic]]:
    if period not in known:
        raise WrongUse(f"there is no period {period!r}", did_you_mean(period, known, f"Give {', '.join(known)}"))
    settings = load_settings()
    topic = load_topic(name, settings.topics_dir)
    with silence_told(_AGAIN), cassandra_session(settings) as session:
        yield session, settings, topic


def _rows(stored: StoredGraph, table: Table) -> Frame:
    columns = [name for name in table.columns if name not in _INSIDE]
    frame = pd.DataFrame(list(stored.rows(table, columns)), columns=columns)
    return _typed(_told(frame), table)


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns rows from the driver with instants in UTC, and ids and texts as texts."""
    for name, column in {**GRAPH_SUMMARY.columns, **GRAPH_NODES.columns, **GRAPH_EDGES.columns}.items():
        if name in frame and column.cql == "timestamp":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif name in frame and column.cql in ("text", "timeuuid"):
            frame[name] = frame[name].astype("string")
    return frame


def _typed(frame: pd.DataFrame, table: Table) -> Frame:
    made = typed(frame, table.columns)
    for name in _NAMES:
        if name in made and not isinstance(made[name].dtype, pd.CategoricalDtype):
            made[name] = made[name].astype("category")
    return made


def _instants(start: When, end: When) -> tuple[datetime | None, datetime | None]:
    return instant("start", start), instant("end", end)
