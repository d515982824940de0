"""Compliance files: their deletions are applied, and a row that is none is refused."""

from pathlib import Path

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from tests.support.commands import run_command
from tests.support.line import compliance
from tests.support.posts import capture, stream_line, tweet
from tests.support.stored import stored


def run(*arguments: str) -> str:
    done = run_command("ingest", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_real_compliance_file_is_applied(
    captures: Path, session: Session, settings: Settings, stream: PostsQueue, topic: Topic, tmp_path: Path
) -> None:
    file = captures / "x_v2" / "tweets_compliance.jsonl"
    rows = [orjson.loads(line) for line in file.read_bytes().split()]
    posts = tmp_path / "posts.jsonl"
    posts.write_bytes(capture(*(stream_line(tweet(row["id"], created_at=row["created_at"])) for row in rows)))
    run("replay", str(posts), "--topic", topic.topic)
    run("work", "--drain")
    assert len(stored(session, settings.keyspace, topic.topic)) == len(rows) > 1
    assert f"{len(rows)} deletions queued, 0 lines refused" in run("comply", str(file))
    assert run("work", "--drain") == f"0 posts stored, 0 refused, {len(rows)} deletions applied\n"
    assert stored(session, settings.keyspace, topic.topic) == {}


@pytest.mark.parametrize("row", [b"{", b'{"id":"1"}', b'{"id":"1","action":"sing"}', b'{"action":"delete"}'])
def test_a_row_that_is_none_is_refused_and_costs_no_neighbour(stream: PostsQueue, tmp_path: Path, row: bytes) -> None:
    file = tmp_path / "compliance.jsonl"
    file.write_bytes(capture(row, compliance()))
    assert run("comply", str(file)) == "2 lines read, 1 deletions queued, 1 lines refused\n"
