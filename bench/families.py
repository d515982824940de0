"""Families: how long `text_families` takes beside `candidate_poll`, and with one text that very many accounts post."""

import orjson

from bench.commands import python, run
from bench.lab import Lab
from bench.results import Row, Section, over
from jobs.measures.votes import FEW_POSTS

TITLE = "text_families beside candidate_poll, and with one text that a fifth of the posts repeat; transforms alone"
COPIED = 5
"""One text is in one post of so many."""
LARGEST, MOST_GROWTH = 1.0, 1.2


def benchmark(lab: Lab) -> Section:
    """Times both transforms over posts that Spark has in memory, in a session without Cassandra."""
    rows, text = list[Row](), list[str]()
    for posts in sorted({lab.plan.posts, lab.plan.month_posts}):
        lab.show(f"families, {posts:,} posts")
        copies = posts // COPIED
        output = run(lab, python("bench.family_runs", str(posts), str(copies), str(lab.plan.rounds))).output
        seconds = orjson.loads(output[output.index("{") :])["seconds"]
        poll, families, flooded = (
            seconds[name] for name in ("candidate_poll, without", "text_families, without", "text_families, with")
        )
        beside, growth = over(families, poll), over(flooded, families)
        rows += [
            Row("`candidate_poll`", posts, poll),
            Row("`text_families`", posts, families, beside),
            Row(f"the same, and one text {copies:,} times", posts + copies, flooded, growth),
        ]
        text.append(f"{posts:,} posts: {_told(beside, LARGEST)} beside the poll, {_told(growth, MOST_GROWTH)} grown.")
    return Section(TITLE, rows, [f"up to {FEW_POSTS:,} posts are counted by Spark's driver, more by workers.", *text])


def _told(ratios: list[float], most: float) -> str:
    found = max(ratios)
    return f"{found:.2f} x (target at most {most:g}: {'met' if found <= most else 'MISSED'})"
