"""Conversations: how long `conversations` takes beside `candidate_poll`, also if one of them has very many replies."""

import orjson

from bench.beside import verdict
from bench.commands import python, run
from bench.lab import Lab
from bench.results import Row, Section, over
from bench.watch import Role, Watch
from jobs.graphs.conversation_posts import FEW_POSTS

TITLE = "conversations beside candidate_poll, and with one conversation of as many replies as posts; transforms alone"
LARGEST = 2.0
"""The job may take at most so many times the time of the poll."""


def benchmark(lab: Lab) -> Section:
    """Times both transforms over posts that Spark has in memory, in a session without Cassandra."""
    rows, text = list[Row](), list[str]()
    for posts in sorted({lab.plan.posts, lab.plan.month_posts}):
        lab.show(f"conversations, {posts:,} posts")
        watch = Watch()
        command = python("bench.conversation_runs", str(posts), str(posts), str(lab.plan.rounds))
        output = run(lab, command, watch=watch).output
        told = orjson.loads(output[output.index("{") :])
        seconds = told["seconds"]
        polls, found = ([seconds[f"{job}, {kind}"] for kind in ("without", "with")] for job in _JOBS)
        beside = [over(*pair) for pair in zip(found, polls, strict=True)]
        rows += [
            Row("`candidate_poll`", posts, polls[0]),
            Row("`conversations`", posts, found[0], beside[0]),
            Row(f"`candidate_poll`, and {posts:,} replies to one post", 2 * posts, polls[1]),
            Row(f"`conversations`, and {posts:,} replies to one post", 2 * posts, found[1], beside[1]),
        ]
        peak = watch.peaks[Role.WORKER] / 1e6
        met = [verdict(ratios, LARGEST) for ratios in beside]
        text.append(
            f"{posts:,} posts: {met[0]} beside the poll, {met[1]} with the replies; "
            f"the largest has {told['largest']['conversations, with']:,}; all Python processes {peak:,.0f} MB."
        )
    return Section(TITLE, rows, [f"up to {FEW_POSTS:,} posts are counted by Spark's driver, more by workers.", *text])


_JOBS = ("candidate_poll", "conversations")
