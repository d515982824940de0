"""The corpus of a run, generated once and read by every benchmark; and a check that a design has stored it."""

from itertools import islice
from pathlib import Path

import orjson
from cassandra.query import SimpleStatement

from bench.commands import python, run
from bench.lab import Lab
from conf.errors import PulsoError
from conf.tables import POSTS
from ingest.formats import Refused, Unit, split

SEED = 2016


def corpus(lab: Lab) -> Path:
    """Returns the file of the corpus; generates it at the first call. A larger plan has a larger one of its own."""
    file = lab.work / f"corpus-{lab.plan.posts}.jsonl"
    if not file.exists():
        lab.show(f"generating {lab.plan.posts:,} posts")
        part = file.with_suffix(".part")
        run(lab, generate_command(lab), to=part)
        part.rename(file)
    return file


def first(lab: Lab, count: int) -> Path:
    """Returns a file of the corpus's first `count` posts; the corpus itself if it has no more."""
    if count >= lab.plan.posts:
        return corpus(lab)
    file = lab.work / f"first-{count}-of-{lab.plan.posts}.jsonl"
    with corpus(lab).open("rb") as lines, file.open("wb") as written:
        written.writelines(islice(lines, count))
    return file


def generate_command(lab: Lab) -> list[str]:
    """Returns the command that writes the corpus."""
    return python("ingest", "generate", "--posts", str(lab.plan.posts), "--seed", str(SEED))


def units(lab: Lab, count: int) -> list[Unit]:
    """Returns the corpus's first `count` posts as units, made in the same way as replay makes them.

    Raises PulsoError where a line is not a post.
    """
    with corpus(lab).open("rb") as lines:
        parts = [part for line in islice(lines, count) for part in split(line)]
    found = [part for part in parts if not isinstance(part, Refused)]
    if len(found) != count:
        raise PulsoError("the generated corpus holds lines that are not posts", "This is a defect in corpus/")
    return found


def check_stored(lab: Lab, count: int, design: str, others: int = 0) -> None:
    """Raises PulsoError unless the keyspace holds the corpus's first `count` posts, and at most `others` others."""
    with corpus(lab).open("rb") as lines:
        expected = {orjson.loads(line)["data"]["id"] for line in islice(lines, count)}
    query = SimpleStatement(f"SELECT post_id FROM {lab.settings.keyspace}.{POSTS.name}", fetch_size=5000)
    found = {row.post_id for row in lab.session.execute(query, timeout=120)}
    kept, more = len(found & expected), len(found - expected)
    if kept < len(expected) or more > others:
        raise PulsoError(
            f"{design} stored {kept:,} of the {len(expected):,} posts, and {more:,} other posts",
            "The figures of this run mean nothing. Run it again; if this happens again, it is a defect in ingest",
        )
