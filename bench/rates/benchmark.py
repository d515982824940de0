"""Runs all rows by turns, and reports them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from statistics import median

import psutil

from bench import classic, pulso
from bench.corpus import corpus, units
from bench.lab import Lab
from bench.parsing.lines import lines_of
from bench.pulso import Pass
from bench.rates import bounds, curves, live, parts, plain, ring, whole
from bench.rates.table import HEADER, Rate, told_targets
from bench.results import Section
from ingest.formats import Unit, parse
from ingest.queue.envelope import Envelope
from ingest.write.rows import Write

TITLE = "posts a second once all is warm, and the parts beside the least that anybody must do"
KEYSPACE, BESIDE = "bench_rates", "bench_rates_beside"
WORLD = 6_000.0
"""Twitter's average of all the world's posts."""
ROWS = frozenset(range(1, 12))
"""The rows of the issue, and three curves: over rows already stored, bytes a row, and workers."""
OF_FORMATS = 400
"""Posts that are parsed, in each format."""
PASSES = 5
PART = 50_000
"""The most posts for a part: rates no longer change with more."""


@dataclass
class Run:
    """The lab, what it measures with, and what was measured."""

    lab: Lab
    found: list[Unit]
    rows: dict[int, list[Rate]]
    best: int = plain.CONCURRENCIES[0]
    raw: list[Envelope] = field(default_factory=list)
    parsed: list[Envelope] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    lines: dict[str, list[bytes]] = field(default_factory=dict)

    @property
    def payloads(self) -> list[bytes]:
        """The messages as they came."""
        return plain.payloads_of(self.raw)


def benchmark(lab: Lab) -> Section:
    """Measures once cold, warms up, and runs every row once a round."""
    plan = replace(lab.plan, posts=max(lab.plan.long_posts, lab.plan.warm_posts), rows=lab.plan.rows or ROWS)
    lab = replace(lab, plan=plan).in_keyspace(KEYSPACE)
    corpus(lab)
    lab.show("rates: cold")
    lab, cold = whole.cold(lab, plan.warm_posts)
    run = _prepared(lab)
    for number in range(1, plan.rounds + 1):
        lab.show(f"rates, round {number} of {plan.rounds}")
        _round(run)
        for row in (row for rows in run.rows.values() for row in rows):
            row.load.append(psutil.getloadavg()[0])
    rows = [row for number in sorted(plan.rows) for row in run.rows.get(number, [])]
    return Section(TITLE, rows, [told_targets(rows), *_text(run, cold)], HEADER)


def _prepared(lab: Lab) -> Run:
    plan = lab.plan
    found = units(lab, min(PART, plan.posts))
    with corpus(lab).open("rb") as file:
        lines = lines_of(islice(file, OF_FORMATS))
    run = Run(lab, found, _rows(plan.long_posts, plan.sample, len(found), list(lines)), lines=lines)
    run.raw, run.parsed = parts.raw_messages(found), parts.parsed_messages(found)
    if 6 in plan.rows:
        run.writes = parts.writes_of(lab, (parse(one.format, one.payload) for one in found))
        seconds = {each: _beside(run, each) for each in plain.CONCURRENCIES}
        run.best = min(seconds, key=lambda each: seconds[each])
    if 2 in plan.rows:
        classic.stored_pass(lab, "simple")
    pulso.whole(lab, plan.warm_posts)
    return run


def _rows(long: int, sample: int, part: int, formats: Sequence[str]) -> dict[int, list[Rate]]:
    bare = "bare XREADGROUP, `orjson.loads`, XACK"
    return {
        1: [Rate(1, "replay → stored and acked, warm", long, "all the world's posts", 1.3, fixed=WORLD)],
        2: [Rate(2, "the same", long, f"RQ, one job a post, cqlengine ({sample:,} posts)", 300)],
        3: [Rate(3, "publisher accept", part, "bare XADD in pipelines of 100", 0.7)],
        4: [
            Rate(4, "worker into nowhere, posts parsed before", part, bare, 0.6),
            Rate(4, "worker into nowhere, posts as X sends them", part, bare, 0.6),
        ],
        5: [Rate(5, f"parse to row: {name}", OF_FORMATS, "`orjson.loads` alone", 0.4) for name in formats],
        6: [Rate(6, "writer, posts with their words", part, "`execute_concurrent_with_args`", 3)],
    }


def _round(run: Run) -> None:
    lab, wanted = run.lab, run.lab.plan.rows
    if 3 in wanted:
        [row] = run.rows[3]
        _side_by_side(row, parts.publish(lab, run.raw), plain.publish(lab.redis, run.payloads))
    if 4 in wanted:
        for row, messages in zip(run.rows[4], (run.parsed, run.raw), strict=True):
            _side_by_side(row, parts.drain(lab, messages), plain.drain(lab.redis, run.payloads))
    if 5 in wanted:
        for row, lines in zip(run.rows[5], run.lines.values(), strict=True):
            _parse(row, lines)
    if 6 in wanted:
        [row] = run.rows[6]
        pulso.empty(lab)
        _side_by_side(row, parts.write(lab, run.writes), _beside(run, run.best))
    if wanted & {1, 2}:
        _whole(run)


def _whole(run: Run) -> None:
    lab, posts = run.lab, run.lab.plan.long_posts
    lab.redis.flushdb()
    one = pulso.whole(lab, posts)
    for row in (*run.rows[1], *run.rows[2]):
        row.passes.append(one)
        row.ours.append(posts / one.seconds)
        row.cpu.append(sum(one.cpu.values()) / posts)
    if 2 in lab.plan.rows:
        run.rows[2][0].theirs.append(lab.plan.sample / classic.stored_pass(lab, "fork"))


def _parse(row: Rate, lines: Sequence[bytes]) -> None:
    parts.to_rows(lines)
    ours = [parts.to_rows(lines) for _ in range(PASSES)]
    theirs = median(plain.load(lines) for _ in range(PASSES))
    posts = ours[0][1]
    _add(row, posts, median(seconds for seconds, _ in ours), theirs)
    row.cpu.append(median(seconds for seconds, _ in ours) / posts)


def _side_by_side(row: Rate, ours: Pass, theirs: float) -> None:
    row.passes.append(ours)
    row.cpu.append(sum(ours.cpu.values()) / row.posts)
    _add(row, row.posts, ours.seconds, theirs)


def _add(row: Rate, posts: int, ours: float, theirs: float) -> None:
    row.ours.append(posts / ours)
    row.theirs.append(posts / theirs)


def _beside(run: Run, concurrency: int) -> float:
    """Returns the seconds that the driver's own way takes for the same rows, in a keyspace of its own."""
    lab = run.lab.in_keyspace(BESIDE)
    pulso.empty(lab)
    inserts = plain.Inserts(lab.session, lab.settings.keyspace)
    seconds = inserts.write(inserts.values_of(run.writes), concurrency)
    lab.drop()
    return seconds


def _text(run: Run, cold: Pass) -> list[str]:
    plan = run.lab.plan
    told = [
        f"Row 1 from a cold start (engines just started, {plan.warm_posts:,} posts):"
        f" {plan.warm_posts / cold.seconds:,.0f} posts/s,"
        f" {sum(cold.cpu.values()) / plan.warm_posts * 1e6:,.0f} µs of CPU a post.",
    ]
    if passes := run.rows[1][0].passes:
        sizes = whole.sizes(run.lab, run.found[:5_000], plan.long_posts)
        told.append(
            f"Bytes a post: {sizes.disk:,.0f} on Cassandra's disk (after a flush, before the last compactions), in"
            f" Redis {sizes.raw:,.0f} as X sends it and {sizes.parsed:,.0f} as it was parsed."
        )
    told += [*_bounds(run), *_curves(run, passes[-1] if passes else None)]
    if 8 in plan.rows:
        run.lab.show(f"rates: live for {plan.live_seconds} s")
        told.append(live.run(run.lab, run.found, plan.live_seconds).told())
    if 6 in plan.rows:
        told.append(f"`execute_concurrent_with_args` is at its best with {run.best} requests at once.")
    return [*told, "Rows 3 to 6 run in one process; row 5 counts CPU time alone, the others by the clock."]


def _bounds(run: Run) -> list[str]:
    """Returns a sentence for each row that says what bounds it. Rows 3 and 4 are two processes that wait in turn."""
    rows = (row for number in (1, 3, 4, 6) for row in run.rows[number] if row.passes)
    return [
        f"Row {row.number} ({row.what}): {bounds.told(row.passes, row.posts, 1 if row.number in (3, 4) else 0)}."
        for row in rows
    ]


def _curves(run: Run, one: Pass | None) -> list[str]:
    """Returns sentences on the ring of three, beside one worker on one node, and on the curves."""
    lab, plan, told = run.lab, run.lab.plan, list[str]()
    if 7 in plan.rows:
        lab.show("rates: a ring of three")
        on_ring = ring.whole(lab, plan.long_posts, plan.warm_posts)
        beside = f" (one worker, one node: {plan.long_posts / one.seconds:,.0f})" if one else ""
        told.append(
            f"Row 7. Four workers, ring of three on this machine, three copies of each row:"
            f" {plan.long_posts / on_ring.seconds:,.0f} posts/s{beside}; {bounds.told([on_ring], plan.long_posts)}."
        )
    drawn: dict[int, Callable[[], curves.Curve]] = {
        9: lambda: curves.over_stored(lab, run.found, plan.stored_posts),
        10: lambda: curves.over_bytes(lab, run.found),
        11: lambda: curves.over_workers(lab, plan.long_posts),
    }
    for number, curve in drawn.items():
        if number in plan.rows:
            lab.show(f"rates: curve {number}")
            told.append(f"Row {number}. {curve().told()}")
    return told
