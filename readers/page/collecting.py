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
from conf.topic import Topic
from readers.page.address import View
from readers.page.quality import gaps_told
from readers.page.rendering import render
from readers.page.source import Source
from readers.page.texts import at, count, duration, shown
from stores.asked_for import asks_for_none
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
    sources = [_source(name, record, view, now) for name, record in sorted(records.items())]
    return {
        "sources": sources,
        "late": [source["name"] for source in sources if source["late"] and not source["gap"]],
        **gaps_told(records, view.topic),
        "now": at(now, view.topic, "%-d %b %Y, %H:%M:%S"),
        "asked": _asked_for(view.topic),
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


def _asked_for(topic: Topic) -> list[tuple[str, list[str]]]:
    """Returns what the topic file asks the networks for, in words; empty where it asks for nothing."""
    collect = topic.collect
    areas = [f"{box.south}° to {box.north}° north, {box.west}° to {box.east}° east" for box in collect.geo]
    found = [
        ("Words", [shown(word) for word in collect.keywords]),
        ("Accounts", [f"{count(len(collect.users))}, named in the topic file"] if collect.users else []),
        ("Areas", areas),
        ("Languages", [shown(language) for language in collect.languages]),
    ]
    return [(what, told) for what, told in found if told]


class _Queue:
    """The state of the queue as `python -m ingest status --json` tells it, asked for at most every FRESH seconds.

    Readers import nothing of ingest, so the command is run; it takes about a second, and far longer where Redis hangs.
    """

    def __init__(self) -> None:
        self._lock, self._at = threading.Lock(), -FRESH
        self._told: dict[str, Any] | PulsoError = {}

    def state(self) -> dict[str, Any]:
        """Returns the state. Raises PulsoError, with the command's own words, if Redis does not answer."""
        with self._lock:
            if time.monotonic() - self._at >= FRESH:
                try:
                    self._told = _asked()
                except PulsoError as error:  # it holds as long: all who wait would ask again, one after the other
                    self._told = error
                self._at = time.monotonic()
            if isinstance(self._told, PulsoError):
                raise PulsoError(self._told.what, self._told.fix)
            return self._told


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
    """Returns what answers /TOPIC/collecting/queue: a part of the page, which renews itself; else a page of its own."""
    queue = _Queue()

    def answer(request: Request) -> Response:
        view = view_of(request, "collecting")
        is_part = request.headers.get("hx-request") == "true"
        told = {"layout": "bare.html" if is_part else "base.html", "title": "Queue", "is_part": is_part}
        try:
            told |= _told(queue.state(), view)
        except PulsoError as error:
            told["wrong"] = str(error)
        return HTMLResponse(render("queue.html", view, told))

    return answer


def _told(state: dict[str, Any], view: View) -> dict[str, Any]:
    topic = view.topic.topic
    live = [row for row in state["live"] if row["topic"] == topic]
    oldest, limit = state["oldest_waiting_seconds"], state["redis_limit_bytes"]
    return {
        "wrong": "",
        "backlog": count(state["backlog"]),
        "oldest": "none waits" if oldest is None else f"the oldest for {duration(oldest)}",
        "dead": count(state["dead_letters"]),
        "memory": f"{state['redis_memory_bytes'] / 2**20:,.0f} MiB",
        "workers": count(len(state["consumers"])),
        "limit": f"of {limit / 2**20:,.0f} MiB" if limit else "in use; there is no limit",
        "flows": [
            {
                "source": row["source"],
                "rate": f"{row['stored_per_second']:,.1f}",
                "stored": count(row["stored"]),
                "waiting": count(row["waiting"]),
                "dead": count(row["dead"]),
                "deleted": count(row["deleted"]),
                "left_out": count(sum(row["left_out"].values())),
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
                "left_out": count(sum(row["left_out"].values())),
                "asks_for_none": asks_for_none(row["asked_for"], row["left_out"]),
            }
            for row in live
        ],
    }
