"""Stores posts for a side, with that side's own code, once; and counts the posts of a window."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bench.commands import python, run, running
from bench.corpus import SEED
from bench.jobs.sides import Side
from bench.lab import TOPIC, Lab
from bench.pulso import waits
from conf.tables import COORDINATION_SUMMARY, POSTS, PUBLISHED
from jobs.framework.window import Window

Interval = tuple[datetime, datetime]


def month(side: Side, posts: int) -> Lab:
    """Returns the side's lab with the last month of a campaign stored: `posts` posts of 30 days."""
    return _once(side, f"month_{posts}", lambda lab: _store_month(lab, posts))


def month_without_words(side: Side, posts: int) -> Lab:
    """As `month`, without the words by which posts are found: no job reads them, and to store them takes longest."""
    return _once(side, f"wordless_month_{posts}", lambda lab: _store_month(lab, posts, "PULSO_WORD_INDEX=off"))


def campaign(side: Side, posts: int) -> Lab:
    """Returns the side's lab with a whole campaign stored: `posts` posts of 90 days, by way of Redis."""
    return _once(side, f"campaign_{posts}", lambda lab: _replay_campaign(lab, posts))


def month_lines(lab: Lab, posts: int) -> Path:
    """Returns a file with the lines of the posts that `month` stores; writes it at the first call."""
    file = lab.work / f"month-{posts}.jsonl"
    if not file.exists():
        lab.show(f"jobs: writing {posts:,} posts of a month")
        part = file.with_suffix(".part")
        run(lab, python("bench.month", str(posts), str(part)))
        part.rename(file)
    return file


def posts_within(lab: Lab, interval: Interval) -> int:
    """Returns the number of posts that are stored in a half-open interval."""
    start, end = interval
    query = lab.session.prepare(
        f"SELECT event_at FROM {lab.settings.keyspace}.{POSTS.name} WHERE topic = ? AND day = ? AND bucket = ?"
    )
    partitions = [
        (day, bucket) for day in Window(start, end, lab.topic.zone).days() for bucket in range(lab.topic.buckets)
    ]
    found = (row.event_at for key in partitions for row in lab.session.execute(query, (TOPIC, *key), timeout=120))
    bounds = [at.replace(tzinfo=None) for at in interval]
    return sum(bounds[0] <= at < bounds[1] for at in found)


def _once(side: Side, what: str, store: Callable[[Lab], None]) -> Lab:
    """Returns the side's lab with a keyspace of its own for `what`.

    Stores the posts if that has not been done. What a killed run has left is stored again.
    """
    own = side.lab.in_keyspace(f"bench_{side.name}_{what}")
    stamp = own.work / f"{own.settings.keyspace}.stored"
    if not stamp.exists():
        own.drop()
        own.show(f"jobs: storing {what.replace('_', ', ')}, {side.name}")
    run(own, python("ingest", "migrate"))  # what an older commit kept may lack a column
    if not stamp.exists():
        store(own)
        stamp.touch()
    _forget_results(own)
    return own


def _forget_results(lab: Lab) -> None:
    """Empties the tables that name results: a poll reads the accounts that other jobs flag, where these have run."""
    known = lab.session.cluster.metadata.keyspaces[lab.settings.keyspace].tables
    for table in (PUBLISHED, COORDINATION_SUMMARY):
        if table.name in known:
            lab.session.execute(f"TRUNCATE {lab.settings.keyspace}.{table.name}", timeout=120)


def _store_month(lab: Lab, posts: int, *settings: str) -> None:
    run(lab, ["env", *settings, *python("bench.month", str(posts))])


def _replay_campaign(lab: Lab, posts: int) -> None:
    file = lab.work / f"{lab.settings.keyspace}.jsonl"
    run(lab, python("ingest", "generate", "--posts", str(posts), "--seed", str(SEED)), to=file)
    with running(lab, python("ingest", "work"), ready=lambda: waits(lab)):
        run(lab, python("ingest", "replay", str(file), "--topic", TOPIC, "--wait"))
    file.unlink()
