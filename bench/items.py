"""Items: how long `shared_items` and `text_families` take beside `candidate_poll`, in one session of a set of jobs."""

from collections.abc import Sequence

from bench.commands import run
from bench.jobs.sides import NOW, Side
from bench.jobs.stored import month
from bench.jobs.submits import Told, submit_command, told_by
from bench.lab import Lab
from bench.month import MONTH
from bench.results import Row, Section, over
from conf import ROOT
from conf.errors import PulsoError

TITLE = "shared_items and text_families beside candidate_poll, in one session of daily.py"
BESIDE, COMPARED = "candidate_poll", ("text_families", "shared_items")
JOBS = ("author_activity", BESIDE, *COMPARED)
"""The jobs of the set: the first reads the posts for all."""
TARGET = 1.0
_SET = ROOT / "jobs" / "daily.py"


def benchmark(lab: Lab) -> Section:
    """Runs the set over a smaller and a larger month, each time in a new process."""
    rows, text = list[Row](), list[str]()
    for posts in sorted({lab.plan.posts, lab.plan.month_posts}):
        own = month(Side(NOW, lab), posts)
        told = [_told(own, posts, number) for number in range(1, lab.plan.rounds + 1)]
        seconds = {job: [one[job].seconds for one in told] for job in JOBS}
        rows.append(Row(f"`{BESIDE}`", posts, seconds[BESIDE]))
        for job in COMPARED:
            ratios = over(seconds[job], seconds[BESIDE])
            rows.append(Row(f"`{job}`", posts, seconds[job], ratios))
            text.append(f"{job}, {posts:,} posts: {_verdict(ratios)}.")
    return Section(TITLE, rows, [f"ratio: seconds over those of {BESIDE}, with checks and publication.", *text])


def _told(own: Lab, posts: int, number: int) -> dict[str, Told]:
    """Returns what the jobs of one run of the set say. Raises PulsoError unless each read all posts of the month."""
    own.show(f"items, {posts:,} posts, round {number} of {own.plan.rounds}: daily.py")
    output = run(own, [*submit_command(own, _SET, MONTH), "--jobs", ",".join(JOBS)]).output
    told = told_by(output)
    if told.keys() != set(JOBS) or any(one.posts != posts for one in told.values()):
        raise PulsoError(f"not every job read the {posts:,} posts: {output.strip()[-300:]}")
    return told


def _verdict(ratios: Sequence[float]) -> str:
    highest = max(ratios)
    return f"at most {highest:.2f} x the time; target {TARGET:g}: {'met' if highest <= TARGET else 'MISSED'}"
