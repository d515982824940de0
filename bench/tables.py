"""Tables: how fast `replay` reads and queues the posts of each tool's table, beside the same posts as NDJSON."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import orjson

from bench import pulso
from bench.commands import Ended, python, run
from bench.corpus import first
from bench.lab import TOPIC, Lab
from bench.results import Section, over, with_spread
from conf.errors import PulsoError
from ingest.queue.posts_queue import PostsQueue
from ingest.write.migrate import migrate
from tests.support.tables import TOOLS, flattened

TITLE = "`replay` of the tables that tools write (split, parse, queue), beside NDJSON"
HEADER = ("format", "posts", "seconds", "posts/s", "posts/s over NDJSON's", "CPU µs a post", "the same by CPU")
TARGET = 0.5
NDJSON = "NDJSON, X v2 lines"
KEYSPACE = "bench_tables"


@dataclass
class Read:
    """One format: seconds and CPU seconds of each round, without the interpreter's start. `than` is NDJSON's."""

    what: str
    posts: int
    than: "Read | None"
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """The rate over NDJSON's, by round."""
        return over(self.than.seconds, self.seconds) if self.than else []

    @property
    def ratios_by_cpu(self) -> list[float]:
        """The posts per CPU second over NDJSON's, by round."""
        return over(self.than.cpu, self.cpu) if self.than else []

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of HEADER."""
        by_wall, by_cpu = (with_spread(each, ".2f") if each else "" for each in (self.ratios, self.ratios_by_cpu))
        micros = with_spread([each / self.posts * 1e6 for each in self.cpu], ".0f")
        rate = f"{self.posts / median(self.seconds):,.0f}"
        return (self.what, f"{self.posts:,}", with_spread(self.seconds, ".2f"), rate, by_wall, micros, by_cpu)


def benchmark(lab: Lab) -> Section:
    """Replays each file once a round, by turns and every second round in reverse; no worker runs."""
    own = lab.in_keyspace(KEYSPACE)
    for _ in migrate(own.session, own.settings):
        pass
    posts = min(lab.plan.posts, pulso.MOST_QUEUED)
    lab.show(f"writing {posts:,} posts as tables")
    files = {NDJSON: first(lab, posts), **tables_of(first(lab, posts), lab.work)}
    ndjson = Read(NDJSON, posts, None)
    found = {name: Read(name, posts, ndjson) for name in files} | {NDJSON: ndjson}
    starts = [run(own, python("ingest", "--help")) for _ in range(3)]
    for number in range(-1, lab.plan.rounds):  # the first one warms up
        lab.show(f"tables, round {number + 1} of {lab.plan.rounds}")
        for name in list(files) if number % 2 else reversed(files):
            ended = _queued(own, files[name], posts)
            if number >= 0:
                found[name].seconds.append(ended.seconds - median(one.seconds for one in starts))
                found[name].cpu.append(ended.cpu - median(one.cpu for one in starts))
    return Section(TITLE, list(found.values()), _text(list(found.values())), HEADER)


def tables_of(lines: Path, folder: Path) -> dict[str, Path]:
    """Writes the posts of a file of X v2 lines as the table of each tool; returns the files, by tool."""
    files = {tool: folder / f"{tool}.csv" for tool in TOOLS}
    for tool, file in files.items():
        header, row_of, separator = TOOLS[tool]
        with lines.open("rb") as posts, file.open("w", encoding="utf-8", newline="") as written:
            writer = csv.writer(written, delimiter=separator, lineterminator="\n")
            writer.writerow(header)
            for line in posts:
                [post] = _flat(line)
                row = row_of(post)
                writer.writerow([row.get(name) for name in header])
    return files


def _flat(line: bytes) -> list[dict[str, object]]:
    post = orjson.loads(line)
    return flattened({**post, "data": [post["data"]]})


def _queued(lab: Lab, file: Path, posts: int) -> Ended:
    """Replays a file into an empty queue. Raises PulsoError unless all of its posts were queued."""
    lab.redis.flushdb()
    ended = run(lab, python("ingest", "replay", str(file), "--topic", TOPIC, "--queue-limit", str(posts + 1)))
    queued = lab.redis.xlen(PostsQueue(lab.redis, lab.settings.stream).stream)
    if queued != posts:
        raise PulsoError(f"replay queued {queued:,} of the {posts:,} posts of {file.name}")
    return ended


def _text(found: Sequence[Read]) -> list[str]:
    slow = [read.what for read in found if read.ratios and median(read.ratios) < TARGET]
    told = f"MISSED by {', '.join(slow)}" if slow else "met"
    return [
        f"Target for posts/s over NDJSON's: at least {TARGET:g} for each table: {told}.",
        "Seconds and CPU are those of the command `python -m ingest replay FILE`, without the interpreter's start. No"
        " worker runs. The tables have the header of the tool's own source, and are told by it.",
    ]
