"""Collecting: how far live collection has come, its gaps, and what the queue holds, by network."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from conf import ROOT
from conf.errors import PulsoError
from readers.page.address import View
from readers.page.quality import gap_rows
from readers.page.rendering import render
from readers.page.source import Source
from readers.page.texts import at, count, duration, shown
from stores.coverage import Record, read_records

OWN: tuple[str, ...] = ()
LATE = 600.0
FRESH = 10.0
"""Seconds for which the state of the queue holds."""
PATIENCE = 30


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows: what Cassandra knows of collection. The queue's state is asked for apart."""
    now = datetime.now(UTC)
    with source.session() as session:
        records = read_records(session, source.keyspace, view.topic.topic)
    return {
        "sources": [_source(name, record, view, now) for name, record in sorted(records.items())],
        "gaps": gap_rows(records, view.topic),
        "now": at(now, view.topic, "%-d %b %Y, %H:%M:%S"),
        "collect": view.topic.collect,
    }


def _source(name: str, record: Record, view: View, now: datetime) -> dict[str, Any]:
    behind = max(0.0, (now - record.through).total_seconds())
    open_gap = next((gap for gap in reversed(record.gaps) if gap.end is None), None)
    return {
        "name": name,
        "through": at(record.through, view.topic, "%-d %b %Y, %H:%M:%S"),
        "behind": duration(behind),
        "late": behind > LATE,
        "gap": shown(open_gap.reason) if open_gap else "",
    }


class _Queue:
    """The state of the queue as `python -m ingest status --json` tells it, asked for at most every FRESH seconds.

    Readers import nothing of ingest, so the command is run; it takes about a second.
    """

    def __init__(self) -> None:
        self._lock, self._at, self._state = threading.Lock(), -FRESH, dict[str, Any]()

    def state(self) -> dict[str, Any]:
        """Returns the state. Raises PulsoError, with the command's own words, if Redis does not answer."""
        with self._lock:
            if time.monotonic() - self._at >= FRESH:
                self._state, self._at = _asked(), time.monotonic()
            return self._state


def _asked() -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "ingest", "status", "--json"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, check=False, env=environment, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise PulsoError("Redis did not tell the state of the queue in time", "See `make status`") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or ["the state of the queue is not known"]
        raise PulsoError(lines[-1].removeprefix("error: ")[:400])
    state: dict[str, Any] = orjson.loads(done.stdout)
    return state


def endpoint(view_of: Callable[[Request, str], View]) -> Callable[[Request], Response]:
    """Returns what answers /TOPIC/collecting/queue: a part of the page, which renews itself."""
    queue = _Queue()

    def answer(request: Request) -> Response:
        view = view_of(request, "collecting")
        try:
            told = _told(queue.state(), view)
        except PulsoError as error:
            told = {"wrong": str(error)}
        return HTMLResponse(render("queue.html", view, told))

    return answer


def _told(state: dict[str, Any], view: View) -> dict[str, Any]:
    topic = view.topic.topic
    live = [row for row in state["live"] if row["topic"] == topic]
    oldest = state["oldest_waiting_seconds"]
    return {
        "wrong": "",
        "backlog": count(state["backlog"]),
        "oldest": "none waits" if oldest is None else f"the oldest for {duration(oldest)}",
        "dead": count(state["dead_letters"]),
        "memory": f"{state['redis_memory_bytes'] / 1e6:,.0f} MB",
        "workers": count(len(state["consumers"])),
        "flows": [
            {
                "source": row["source"],
                "rate": f"{row['stored_per_second']:,.1f}",
                "stored": count(row["stored"]),
                "waiting": count(row["waiting"]),
                "dead": count(row["dead"]),
                "deleted": count(row["deleted"]),
            }
            for row in state["flows"]
            if row["topic"] == topic
        ],
        "live": [
            {
                "source": row["source"],
                "state": row["state"],
                "received": count(row["received"]),
                "asked_for": count(row["asked_for"]),
                "shed": count(row["shed"]),
                "gap": shown(row["gap_reason"]),
            }
            for row in live
        ],
    }
