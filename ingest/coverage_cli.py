"""`python -m ingest coverage`: was a window of time collected live, and is what was collected stored?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import orjson
import typer

from conf.errors import WrongUse
from conf.instants import parse_instant
from conf.settings import load_settings
from conf.topic import load_topic
from ingest.live.state import is_running, read_states
from ingest.queue.posts_queue import open_queue
from stores.connect import cassandra_session
from stores.coverage import Record, coverage, read_records


def coverage_of(
    topic: Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")],
    start: Annotated[str, typer.Option("--from", help="Start of the window: a date or ISO time, UTC, included.")],
    end: Annotated[str, typer.Option("--to", help="Its end, excluded.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show how much of a window was collected live, the gaps in it, and whether more of it waits to be stored."""
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    window = (parse_instant("--from", start), parse_instant("--to", end))
    if window[0] >= window[1]:
        raise WrongUse(f"--from {start} is not before --to {end}", "The window is half-open: [from, to)")
    queue = open_queue(settings)
    states = [state for state in read_states(queue.client, queue.stream) if state.topic == topic_file.topic]
    running = {state.source for state in states if is_running(queue.client, queue.stream, state)}
    with cassandra_session(settings) as session:
        found = judged(read_records(session, settings.keyspace, topic_file.topic), running, *window)
    if as_json:
        typer.echo(orjson.dumps({"coverage": found.part, "waiting_for": found.waiting_for, "lines": found.lines}))
        return
    for line in found.told():
        typer.echo(line)


@dataclass(frozen=True)
class Collected:
    """How much of a window was collected: `part`, 0..1, is None for a topic that was never collected live.

    `waiting_for` are the sources of which something may still be on its way to Cassandra. `lines` tell the gaps.
    """

    part: float | None
    waiting_for: list[str]
    lines: list[str]

    def told(self) -> Iterator[str]:
        """Yields what there is to say to a person."""
        if self.part is None:
            yield "never collected live: nothing is known of what is missing"
        else:
            yield f"{self.part:.1%} of this time was collected"
        yield from self.lines
        for source in self.waiting_for:
            yield f"{source}: what was collected is not all stored yet"


def judged(records: Mapping[str, Record], running: set[str], start: datetime, end: datetime) -> Collected:
    """Returns how much of a window was collected, by the records of the sources; `running` are collected now.

    A source is waited for if its collector runs, has no open gap, and what it collected is not stored up to the end, or
    not at all yet. One that has stopped, or can't connect, brings nothing more for now; what it brings later is late.
    """
    done = {source for source, record in records.items() if record.through >= end or _is_open(record)}
    return Collected(coverage(records, start, end), sorted(running - done), list(_gaps(records, start, end)))


def _is_open(record: Record) -> bool:
    return any(gap.end is None for gap in record.gaps)


def _gaps(records: Mapping[str, Record], start: datetime, end: datetime) -> Iterator[str]:
    """Yields a line for each gap in the window, and for a source that is stored no further than into it."""
    for source, record in sorted(records.items()):
        for gap in sorted(record.gaps, key=lambda gap: gap.start):
            until = gap.end or end
            if gap.start < end and until > start and gap.start < until:
                ended = f"{gap.end:%Y-%m-%dT%H:%M:%SZ}" if gap.end else "now"
                yield f"{source}: not collected {gap.start:%Y-%m-%dT%H:%M:%SZ} to {ended} ({gap.reason})"
        if start <= record.through < end:
            yield f"{source}: stored up to {record.through:%Y-%m-%dT%H:%M:%SZ}"
