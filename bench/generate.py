"""Generate: how many posts per second `python -m ingest generate` writes."""

import os
from pathlib import Path
from statistics import median

from bench import pulso
from bench.commands import run
from bench.corpus import generate_command
from bench.lab import Lab
from bench.results import Row, Section, verdict

TITLE = "the made-up corpus, to /dev/null"
TARGET = 20_000.0


def benchmark(lab: Lab) -> Section:
    """Times the command once per round."""
    start = median(pulso.start(lab) for _ in range(3))
    seconds = list[float]()
    for number in range(1, lab.plan.rounds + 1):
        lab.show(f"generate, round {number} of {lab.plan.rounds}")
        seconds.append(run(lab, generate_command(lab), to=Path(os.devnull)).seconds)
    posts = lab.plan.posts
    rows = [
        Row("`generate`, wall clock", posts, seconds, [posts / one / TARGET for one in seconds]),
        Row("the same, without the interpreter's start", posts, [one - start for one in seconds]),
    ]
    return Section(
        TITLE,
        rows,
        [verdict("in posts/s by wall clock:", posts / median(seconds), TARGET), "ratio: posts/s over the target."],
    )
