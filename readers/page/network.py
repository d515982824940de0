"""Network: a graph's figures, first nodes and drawing, of all or of one account's neighbourhood; who acts together."""

from collections.abc import Callable, Sequence
from typing import Any

from cassandra.cluster import Session
from starlette.requests import Request
from starlette.responses import Response

from conf.errors import PulsoError, StoreDown, WrongUse
from conf.tables import GRAPHS
from readers.graphs.names import name_shown
from readers.graphs.options import check_asked
from readers.graphs.stored import StoredGraph, stored_graph
from readers.graphs.tops import top_nodes
from readers.graphs.view import WHAT, figures, measures_of
from readers.page import together
from readers.page.address import View, number, one_of
from readers.page.drawings import drawing
from readers.page.source import Source, settled
from readers.page.texts import count, per_cent, shown, span
from readers.partitions import Replaced

OWN = ("graph", "of", "account", "steps", "nodes", "kind")
SHOWN = 10
NODES, MOST_NODES = 400, 5000
MEANING = {
    "retweet": "Posts in: how often others retweeted an account. Posts out: how often it retweeted others.",
    "reply": "Posts in: replies that an account received. Posts out: replies that it wrote.",
    "quote": "Posts in: how often others quoted an account. Posts out: how often it quoted others.",
    "mention": "Posts in: posts of others that mention an account. Posts out: its posts that mention others.",
    "hashtag": "Posts: those with the hashtag and at least one other. Neighbours: the hashtags used with it.",
}
"""What the figures of a graph count, in words."""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises PulsoError when neither a graph nor groups were published."""
    graph, of = _asked(view)
    with source.session() as session:
        groups, (drawn, missing) = source.at_once(
            lambda: together.context(session, source, view), lambda: _drawn(session, source.keyspace, view)
        )
        by_kind = together.by_kind(session, source, view) if view.is_paper else []
    if missing and groups is None:
        raise missing
    return {
        "graph": graph,
        "of": of,
        "graphs": {name: WHAT[name] for name in view.topic.graph.made},
        "periods": together.PERIODS,
        "what": WHAT[graph],
        "meaning": MEANING.get(graph, ""),
        "drawn": drawn,
        "missing": missing,
        "together": groups,
        "by_kind": by_kind,
    }


def _drawn(session: Session, keyspace: str, view: View) -> tuple[dict[str, Any] | None, PulsoError | None]:
    """Returns the graph that the view asks for, or else why there is none."""
    try:
        return _graph(session, keyspace, view), None
    except (Replaced, StoreDown, WrongUse):
        raise
    except PulsoError as error:
        return None, error


def _graph(session: Session, keyspace: str, view: View) -> dict[str, Any]:
    """Returns the figures of the graph that the view asks for. Raises PulsoError when it was not published."""
    graph, of = _asked(view)

    def read() -> tuple[StoredGraph, Any]:
        found = stored_graph(session, keyspace, view.topic, graph, of)
        return found, top_nodes(found)

    found, tops = settled(read)
    account = view.more.get("account", "")
    path, sign, query = view.link(kind=None).partition("?")
    columns = [
        {"title": title, "rows": [_node(row, measure, view, graph) for row in _first(tops, measure)]}
        for measure, title in measures_of(found).items()
    ]
    return {
        "span": span(*found.period[2:], view.topic),
        "figures": figures(found.summary),
        "columns": columns,
        "account": shown(account, 200),
        "around": _name_of(account, tops),
        "steps": number(view.more, "steps", 1, 1, 3),
        "nodes": number(view.more, "nodes", NODES, 1, MOST_NODES),
        "drawing": f"{path}/drawing{sign}{query}",
    }


def _first(tops: Any, measure: str) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = tops[tops["measure"] == measure].sort_values("rank").head(SHOWN).to_dict("records")
    return rows


def _node(row: dict[Any, Any], measure: str, view: View, graph: str) -> dict[str, str]:
    value = per_cent(row["value"], 2) if measure == "pagerank" else count(row["value"])
    name = shown(name_shown(row["node"], row["label"]), 120)
    return {"name": name, "value": value, "link": view.link(account=str(row["node"]), graph=graph)}


def _name_of(account: str, tops: Any) -> str:
    """Returns the name of an account that is asked for by its id, where the first nodes have it."""
    known = tops[tops["node"] == account]
    return shown(name_shown(account, None if known.empty else known.iloc[0]["label"]), 120) if account else ""


def _asked(view: View) -> tuple[str, str]:
    graph, of = one_of("graph", view.more, GRAPHS), together.period_asked(view)
    check_asked(view.topic, graph)
    return graph, of


def endpoint(source: Source, view_of: Callable[[Request, str], View]) -> Callable[[Request], Response]:
    """Returns what answers /TOPIC/network/drawing: the interactive page."""

    def answer(request: Request) -> Response:
        view = view_of(request, "network")
        graph, of = _asked(view)
        with source.session() as session:
            found = stored_graph(session, source.keyspace, view.topic, graph, of)
        return drawing(view.link(theme=None, kind=None), str(found.summary.run_id), _command(view, graph, of))

    return answer


def _command(view: View, graph: str, of: str) -> Sequence[str]:
    """Returns the words of the command that draws what a view asks for."""
    words = ["graph", "--topic", view.topic.topic, "--graph", graph, "--period", of]
    words += ["--top", str(number(view.more, "nodes", NODES, 1, MOST_NODES))]
    if account := view.more.get("account"):
        words += ["--ego", account, "--steps", str(number(view.more, "steps", 1, 1, 3))]
    return words
