"""Measures both commits in one run, by turns, and reports the ratio of their CPU time for each format."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median

import orjson

from bench.commands import PATIENCE
from bench.corpus import corpus
from bench.jobs.sides import checked_out, commit_of
from bench.lab import Lab
from bench.parsing.lines import lines_of
from bench.results import Section, over, with_spread
from conf import ROOT
from conf.errors import PulsoError
from deploy.children import end_part

BEFORE = "f72c4fc6"
"""The commit before more kinds of real captures were read."""
TITLE = "from a line to a row (split, parse, row_of), beside an earlier commit"
HEADER = ("format", "posts", "CPU µs a post before", "now", "now / before")
TARGET = 1.0
POSTS = 400
"""Of the corpus, in each format."""
TURN = 0.05
"""CPU seconds of a turn, about: the posts are parsed as often as that takes."""
_SIDE = Path(__file__).with_name("side.py")


@dataclass
class Parsed:
    """One format: its posts, and the CPU seconds per post of each turn, before and now."""

    format: str
    posts: int
    passes: int
    before: list[float] = field(default_factory=list)
    now: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of the ratios turn by turn."""
        return median(over(self.now, self.before))

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of HEADER."""
        micros = (with_spread([seconds * 1e6 for seconds in side], ".1f") for side in (self.before, self.now))
        return (self.format, f"{self.posts:,}", *micros, with_spread(over(self.now, self.before), ".2f"))


def benchmark(lab: Lab) -> Section:
    """Parses the corpus's first posts in each format, and captures, with both commits; every second turn in reverse."""
    commit = commit_of(lab.plan.before)
    before = lab.at(checked_out(commit, lab.work / f"at-{commit}"))
    with corpus(lab).open("rb") as file:
        lines = lines_of(islice(file, POSTS))
    made = set(lines)
    for capture in lab.plan.captures:
        lines[capture.name] = capture.read_bytes().splitlines()
    with ExitStack() as stack:
        sides = [stack.enter_context(_side(each, lines)) for each in (before, lab.at(ROOT))]
        rows = [_warmed_up(sides, name, POSTS if name in made else None) for name in lines]
        for turn in range(lab.plan.rounds):
            lab.show(f"parse, round {turn + 1} of {lab.plan.rounds}")
            for row in rows:
                for number in (0, 1) if turn % 2 else (1, 0):
                    (row.before, row.now)[number].append(sides[number].parse(row.format, row.passes)[0])
    return Section(TITLE, rows, _text(rows, commit, lab.plan.rounds), HEADER)


def _text(rows: Sequence[Parsed], commit: str, turns: int) -> list[str]:
    missed = [row.format for row in rows if row.ratio > TARGET]
    told = f"MISSED by {', '.join(missed)}" if missed else "met"
    return [
        f"Target for now / before, the median of the turns: at most {TARGET:.2f} in each format: {told}.",
        f"before: commit {commit[:7]}; {turns} turns of about {TURN * 1000:.0f} ms each, CPU time of the process.",
    ]


class _Side:
    """A process that parses with the code of one commit."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def parse(self, name: str, passes: int) -> tuple[float, int]:
        """Returns the CPU seconds per post, and how many posts were parsed in a pass. Raises PulsoError for none."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(f"{passes} {name}\n".encode())
        asked.flush()
        seconds, _, posts = told.readline().partition(b" ")
        if not posts or not int(posts):
            raise PulsoError(f"a side did not parse the posts of {name}", "Run it again with -v")
        return float(seconds) / passes / int(posts), int(posts)


def _warmed_up(sides: Sequence[_Side], name: str, posts: int | None) -> Parsed:
    """Returns the row of a format after a first turn of both sides; `posts` is the number that they must find."""
    found = [sides[number].parse(name, 1) for number in (0, 1)]
    numbers = [number for _, number in found]
    if posts is not None and numbers != [posts, posts]:
        raise PulsoError(f"before and now parse {numbers} of the {posts:,} posts of {name}")
    passes = max(1, round(TURN / (found[1][0] * numbers[1])))
    for side in sides:
        side.parse(name, passes)
    return Parsed(name, numbers[1], passes)


@contextmanager
def _side(lab: Lab, lines: Mapping[str, Sequence[bytes]]) -> Iterator[_Side]:
    """Starts a side with the code that the lab's commands run, and ends it after the block."""
    file = lab.work / "lines.json"
    file.write_bytes(orjson.dumps({name: [line.decode() for line in each] for name, each in lines.items()}))
    process = subprocess.Popen(
        [sys.executable, str(_SIDE), str(file)],
        cwd=lab.work,
        env=lab.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield _Side(process)
    finally:
        end_part(process, PATIENCE)
