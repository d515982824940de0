"""Checks: how much of a job's time Great Expectations takes, over a million posts."""

import re
from statistics import median

from bench.commands import run
from bench.lab import Lab
from bench.month import MONTH
from bench.poll import spark_submit
from bench.results import Row, Section
from bench.stored_month import stored_month
from conf.errors import PulsoError

TITLE = "candidate_poll over a month"
TARGET = 0.2
_TOLD = re.compile(r"([\d,]+) posts read, .* in ([\d.]+) s, ([\d.]+) s of them checks")


def benchmark(lab: Lab) -> Section:
    """Runs the job over the month, and reports the checks' share of its seconds."""
    own, _ = stored_month(lab)
    seconds, checks = list[float](), list[float]()
    for number in range(1, lab.plan.rounds + 1):
        lab.show(f"checks, round {number} of {lab.plan.rounds}: spark-submit")
        told = _TOLD.search(output := run(own, spark_submit(MONTH)).output)
        if not told or int(told.group(1).replace(",", "")) != lab.plan.month_posts:
            raise PulsoError(f"candidate_poll did not read the month: {output.strip()[-200:]}")
        seconds.append(float(told.group(2)))
        checks.append(float(told.group(3)))
    share = median(part / whole for part, whole in zip(checks, seconds, strict=True))
    rows = [
        Row("the job, without Spark's start", lab.plan.month_posts, seconds),
        Row("in it, the checks of posts and poll", lab.plan.month_posts, checks),
    ]
    held = "met" if share <= TARGET else "MISSED"
    return Section(TITLE, rows, [f"checks are {share:.1%} of the job's time; target at most {TARGET:.0%}: {held}."])
