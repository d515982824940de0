"""Poll: the candidate_poll job over the stored corpus, and its read of one week against a full scan."""

import re
from datetime import datetime

import orjson

from bench import pulso
from bench.commands import python, run
from bench.lab import TOPIC, Lab
from bench.results import Row, Section, over
from conf import ROOT
from conf.errors import PulsoError
from corpus import CAMPAIGN
from deploy.ivy import pyspark_folder

TITLE = "candidate_poll through spark-submit, and its read of one week of three months"
_JOB = ROOT / "jobs" / "candidate_poll.py"
_READ = re.compile(r"([\d,]+) posts read, .* in ([\d.]+) s")


def benchmark(lab: Lab) -> Section:
    """Runs the job over the whole corpus, then both reads of a week in one Spark session."""
    own = pulso.store_corpus(lab)
    wall, inside = list[float](), list[float]()
    for number in range(1, lab.plan.rounds + 1):
        lab.show(f"poll, round {number} of {lab.plan.rounds}: spark-submit")
        ended = run(own, spark_submit(CAMPAIGN))
        wall.append(ended.seconds)
        inside.append(_job_seconds(ended.output, lab.plan.posts))
    lab.show("poll: reading a week by direct join and by scan")
    reads = orjson.loads(run(own, python("bench.window_reads", str(lab.plan.rounds))).output.splitlines()[-1])
    join, scan, week = reads["join"], reads["scan"], reads["posts"]
    posts = lab.plan.posts
    rows = [
        Row("`spark-submit jobs/candidate_poll.py` over three months, wall clock", posts, wall),
        Row("in it, the job itself, without Spark's start", posts, inside),
        Row("one week by `jobs/framework/reading.stored_posts` (direct join)", week, join, over(scan, join)),
        Row("one week by a scan with a filter on `day`", week, scan),
    ]
    return Section(
        TITLE,
        rows,
        [
            "ratio: the scan's seconds over the direct join's. Both reads return the same columns and the same number"
            " of posts. They run in turn in one Spark session, after one untimed read of each.",
        ],
    )


def spark_submit(window: tuple[datetime, datetime]) -> list[str]:
    """Returns the command that runs the job over a window, as a person would."""
    start, end = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in window)
    submit = pyspark_folder() / "bin" / "spark-submit"
    return [str(submit), str(_JOB), "--topic", TOPIC, "--from", start, "--to", end]


def _job_seconds(output: str, posts: int) -> float:
    """Returns the seconds that the job says it took. Raises PulsoError unless it read all `posts` posts."""
    found = _READ.search(output)
    if not found or int(found.group(1).replace(",", "")) != posts:
        raise PulsoError(f"candidate_poll did not read {posts:,} posts: {output.strip()[-200:] or 'no output'}")
    return float(found.group(2))
