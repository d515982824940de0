"""Network: a graph's figures and first nodes, and its interactive drawing, of all or of one account's neighbourhood.

The drawing is made by the command `readers graph --html`, in a process of its own: layouts need libraries and memory
that the page itself does without. A drawing is kept until its graph is published again.
"""

import os
import re
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from tempfile import TemporaryDirectory
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from conf import ROOT
from conf.errors import PulsoError, WrongUse
from conf.tables import GRAPHS
from readers.graphs.names import name_shown
from readers.graphs.options import check_asked
from readers.graphs.stored import StoredGraph, stored_graph
from readers.graphs.tops import top_nodes
from readers.graphs.view import WHAT, figures, measures_of
from readers.page.address import View, number, one_of
from readers.page.seen import Pages
from readers.page.source import Source, settled
from readers.page.texts import count, per_cent, shown, span

OWN = ("graph", "of", "account", "steps", "nodes")
SHOWN = 10
NODES, MOST_NODES = 400, 5000
PATIENCE = 90
"""Seconds that a drawing may take."""
PERIODS = ("window", "day", "hour")
_SCRIPT = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_drawn = Pages()
_drawing = threading.BoundedSemaphore(1)
"""Drawings are made one after the other: each takes a core and some hundred MB."""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises PulsoError when no such graph was published."""
    graph, of = _asked(view)
    nodes = number(view.more, "nodes", NODES, 1, MOST_NODES)
    steps = number(view.more, "steps", 1, 1, 3)
    with source.session() as session:

        def read() -> tuple[StoredGraph, Any]:
            found = stored_graph(session, source.keyspace, view.topic, graph, of)
            return found, top_nodes(found)

        found, tops = settled(read)
    measures = measures_of(found)
    path, sign, query = view.link().partition("?")
    columns = [
        {"title": title, "rows": [_node(row, measure, view, graph) for row in _first(tops, measure)]}
        for measure, title in measures.items()
    ]
    return {
        "graph": graph,
        "of": of,
        "graphs": {name: WHAT[name] for name in view.topic.graph.made},
        "periods": PERIODS,
        "what": WHAT[graph],
        "span": span(*found.period[2:], view.topic),
        "figures": figures(found.summary),
        "columns": columns,
        "account": shown(view.more.get("account", ""), 200),
        "steps": steps,
        "nodes": nodes,
        "drawing": f"{path}/drawing{sign}{query}",
        "run": str(found.summary.run_id),
    }


def _first(tops: Any, measure: str) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = tops[tops["measure"] == measure].sort_values("rank").head(SHOWN).to_dict("records")
    return rows


def _node(row: dict[Any, Any], measure: str, view: View, graph: str) -> dict[str, str]:
    value = per_cent(row["value"], 2) if measure == "pagerank" else count(row["value"])
    name = shown(name_shown(row["node"], row["label"]), 120)
    return {"name": name, "value": value, "link": view.link(account=str(row["node"]), graph=graph)}


def _asked(view: View) -> tuple[str, str]:
    graph, of = one_of("graph", view.more, GRAPHS), one_of("of", view.more, PERIODS)
    check_asked(view.topic, graph)
    return graph, of


def endpoint(source: Source, view_of: Callable[[Request, str], View]) -> Callable[[Request], Response]:
    """Returns what answers /TOPIC/network/drawing: the interactive page, which may run its own script and no other."""

    def drawing(request: Request) -> Response:
        view = view_of(request, "network")
        graph, of = _asked(view)
        with source.session() as session:
            found = stored_graph(session, source.keyspace, view.topic, graph, of)
        key, run = view.link(theme=None), str(found.summary.run_id)
        page, _ = _drawn.get(key, lambda: run, lambda: _draw(view, graph, of))
        return HTMLResponse(page.body, headers={"content-security-policy": policy(page.body.decode())})

    return drawing


def policy(page: str) -> str:
    """Returns a policy that lets a page run the scripts and styles that it has now, and nothing else."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _SCRIPT.findall(page):
        hashes[kind].append(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'")
    allowed = "; ".join(f"{kind}-src {' '.join(found)}" for kind, found in hashes.items() if found)
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def _draw(view: View, graph: str, of: str) -> bytes:
    """Returns the page of a drawing. Raises PulsoError, with the command's own words, where it can't be drawn."""
    more = ["--top", str(number(view.more, "nodes", NODES, 1, MOST_NODES))]
    if account := view.more.get("account"):
        more += ["--ego", account, "--steps", str(number(view.more, "steps", 1, 1, 3))]
    with _drawing, TemporaryDirectory() as folder:
        file = f"{folder}/graph.html"
        command = [sys.executable, "-m", "readers", "graph", "--topic", view.topic.topic, "--graph", graph]
        _run([*command, "--period", of, "--html", file, *more])
        with open(file, "rb") as made:  # noqa: PTH123
            return made.read()


def _run(command: Sequence[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            list(command), capture_output=True, timeout=PATIENCE, check=False, env=environment, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise PulsoError(f"the drawing took longer than {PATIENCE} s", "Ask for fewer nodes") from None
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.startswith("error: ")]
        what = lines[-1].removeprefix("error: ") if lines else "the drawing failed"
        raise (WrongUse if done.returncode == 2 else PulsoError)(what[:400])
