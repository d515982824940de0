"""Stores a month of posts under the benchmarks' topic, once; the benchmarks of search and of checks read it."""

from bench.commands import python, run
from bench.lab import Lab
from ingest.write.migrate import migrate

KEYSPACE = "bench_month"
OF_JOBS = "bench_now_month_{}"
"""The keyspace in which `jobs` stores a month of so many posts; it is there after a run with --keep."""


def stored_month(lab: Lab) -> tuple[Lab, str]:
    """Returns the lab with the month stored, now or before, and the text that storing printed ("" if it was before)."""
    known = lab.session.cluster.metadata.keyspaces
    keyspace = next((name for name in (KEYSPACE, OF_JOBS.format(lab.plan.month_posts)) if name in known), None)
    own = lab.in_keyspace(keyspace or KEYSPACE)
    for _ in migrate(own.session, own.settings):  # also one that was stored before a table was new
        pass
    if keyspace:
        return own, ""
    lab.show(f"storing {lab.plan.month_posts:,} posts of a month")
    return own, run(own, python("bench.month", str(lab.plan.month_posts))).output
