"""Stores a month of posts under the benchmarks' topic, once; the benchmarks of search and of checks read it."""

from bench.commands import python, run
from bench.lab import Lab
from ingest.write.migrate import migrate

KEYSPACE = "bench_month"


def stored_month(lab: Lab) -> tuple[Lab, str]:
    """Returns the lab with the month stored, now or before, and the text that storing printed ("" if it was before)."""
    own = lab.in_keyspace(KEYSPACE)
    if KEYSPACE in lab.session.cluster.metadata.keyspaces:
        return own, ""
    for _ in migrate(own.session, own.settings):
        pass
    lab.show(f"storing {lab.plan.month_posts:,} posts of a month")
    return own, run(own, python("bench.month", str(lab.plan.month_posts))).output
