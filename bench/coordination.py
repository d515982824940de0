"""Coordination: how long it takes beside `candidate_poll`, and with one link that a fifth of the posts have."""

import orjson

from bench.commands import python, run
from bench.lab import Lab
from bench.results import Row, Section, over
from jobs.measures.votes import FEW_POSTS

TITLE = (
    "coordination beside candidate_poll, and with one link that a fifth of the posts share in an hour; transforms alone"
)
SHARED = 5
"""One link is in one post of so many."""
LARGEST, MOST_GROWTH = 2.0, 1.3


def benchmark(lab: Lab) -> Section:
    """Times both transforms over posts that Spark has in memory, in a session without Cassandra."""
    rows, text = list[Row](), list[str]()
    for posts in sorted({lab.plan.posts, lab.plan.month_posts}):
        lab.show(f"coordination, {posts:,} posts")
        sharers = posts // SHARED
        output = run(lab, python("bench.coordination_runs", str(posts), str(sharers), str(lab.plan.rounds))).output
        told = orjson.loads(output[output.index("{") :])
        poll, plain, viral = (
            told["seconds"][name] for name in ("candidate_poll, without", "coordination, without", "coordination, with")
        )
        beside, growth = over(plain, poll), over(viral, plain)
        rows += [
            Row("`candidate_poll`", posts, poll),
            Row("`coordination`", posts, plain, beside),
            Row(f"the same, and one link by {sharers:,} accounts", posts, viral, growth),
        ]
        text.append(
            f"{posts:,} posts: {_told(beside, LARGEST)} beside the poll, {_told(growth, MOST_GROWTH)} grown; "
            f"{told['objects_cut']} objects cut; at most {told['peak_mb']:,} MB in a Python process."
        )
    return Section(TITLE, rows, [f"up to {FEW_POSTS:,} posts are measured by Spark's driver, more by workers.", *text])


def _told(ratios: list[float], most: float) -> str:
    found = max(ratios)
    return f"{found:.2f} x (target at most {most:g}: {'met' if found <= most else 'MISSED'})"
