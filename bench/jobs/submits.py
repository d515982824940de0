"""Runs jobs by spark-submit, each cold, and measures them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench.commands import cpu_seconds, python, run
from bench.jobs.stored import Interval
from bench.lab import TOPIC, Lab
from bench.watch import Role, Watch
from conf.errors import PulsoError
from deploy.ivy import pyspark_folder

_TOLD = re.compile(
    r"^(?P<job>\w+) .*?(?P<posts>[\d,]+) posts read, .*? in (?P<seconds>[\d.]+) s"
    r"(?:, (?P<checks>[\d.]+) s of them checks)?",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Told:
    """What a job says of its run: posts read, its seconds without Spark's start, and the seconds of its checks."""

    posts: int
    seconds: float
    checks: float


@dataclass(frozen=True)
class Measured:
    """A command that has succeeded: wall-clock seconds, CPU seconds, and the most memory of its processes, in bytes.

    `cpu` is of the command's own processes, `cassandra` that of Cassandra meanwhile. `told` is by job.
    """

    seconds: float
    cpu: float
    cassandra: float
    driver: int
    workers: int
    told: Mapping[str, Told]

    @property
    def posts(self) -> set[int]:
        """The numbers of posts that its jobs read."""
        return {told.posts for told in self.told.values()}


def submitted(lab: Lab, job: str, interval: Interval, *more: str) -> Measured:
    """Runs a job over an interval, with more arguments. Raises PulsoError if it fails, or doesn't say what it did."""
    measured = _timed(lab, [*submit_command(lab, lab.root / "jobs" / f"{job}.py", interval), *more])
    if not measured.told:
        raise PulsoError(f"{job} did not say how many posts it read")
    return measured


def started(lab: Lab, interval: Interval) -> Measured:
    """Runs a script that makes a job's session and counts one row, with the arguments of a job."""
    return _timed(lab, submit_command(lab, lab.root / "bench" / "jobs" / "session_start.py", interval))


def by_duckdb(lab: Lab, lines: Path, out: Path, interval: Interval) -> Measured:
    """Computes the poll of an interval by DuckDB in a process of its own, into the file `out`."""
    return _timed(lab, python("bench.duckdb_poll", str(lines), str(out), *(at.isoformat() for at in interval)))


def one_after_the_other(runs: Iterable[Measured]) -> Measured:
    """Returns several runs as one: sums of their seconds, and the greatest memory."""
    some = list(runs)
    told = {job: what for one in some for job, what in one.told.items()}
    return Measured(
        sum(one.seconds for one in some),
        sum(one.cpu for one in some),
        sum(one.cassandra for one in some),
        max(one.driver for one in some),
        max(one.workers for one in some),
        told,
    )


def submit_command(lab: Lab, script: Path, interval: Interval) -> list[str]:
    """Returns the command that runs a script over an interval, as a person would."""
    start, end = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in interval)
    submit = pyspark_folder() / "bin" / "spark-submit"
    return [str(submit), str(script), "--topic", TOPIC, "--from", start, "--to", end]


def told_by(output: str) -> dict[str, Told]:
    """Returns what the jobs of an output say of their runs, by job."""
    return {
        line["job"]: Told(int(line["posts"].replace(",", "")), float(line["seconds"]), float(line["checks"] or 0))
        for line in _TOLD.finditer(output)
    }


@dataclass(frozen=True)
class Turns:
    """The runs, by name, one per round; and the load average over a minute before the first and after the last."""

    runs: Mapping[str, Sequence[Measured]]
    load: tuple[float, float]

    def __getitem__(self, name: str) -> Sequence[Measured]:
        return self.runs[name]


def by_turns(lab: Lab, what: str, runs: Mapping[str, Callable[[], Measured]]) -> Turns:
    """Runs everything once per round, every second round in the opposite order."""
    found: dict[str, list[Measured]] = {name: [] for name in runs}
    load = psutil.getloadavg()[0]
    for number in range(lab.plan.rounds):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            lab.show(f"jobs: {what}, round {number + 1} of {lab.plan.rounds}: {name}")
            found[name].append(runs[name]())
    return Turns(found, (load, psutil.getloadavg()[0]))


def seconds_of(runs: Sequence[Measured]) -> list[float]:
    """Returns the wall-clock seconds of the runs."""
    return [one.seconds for one in runs]


def median_of(runs: Sequence[Measured], name: str) -> float:
    """Returns the median of a figure over the runs."""
    return float(median(getattr(one, name) for one in runs))


def _timed(lab: Lab, command: list[str]) -> Measured:
    watch, engine, processes = Watch(), lab.cassandra.engine, lab.engine_processes()
    before = cpu_seconds(processes)[engine]
    ended = run(lab, command, watch=watch)
    used = cpu_seconds(processes)[engine] - before
    # The system adds a process that no other waited for to no sum; a look misses what ends between two looks.
    cpu = max(ended.cpu, watch.cpu)
    driver, workers = watch.peaks[Role.DRIVER], watch.peaks[Role.WORKER]
    return Measured(ended.seconds, cpu, used, driver, workers, told_by(ended.output))
