"""A second store beside the tests' own, and what both hold: to replay a pack into an empty keyspace."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings, load_settings
from ingest.queue.posts_queue import PostsQueue
from ingest.write.migrate import migrate
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from readers.cli import main
from tests.support.commands import Done, run_command
from tests.support.few_tables import few_tables
from tests.support.posts import stream_line, tweet, user

FILLED = ("posts", "post_words", "account_names", "untimed_days", "topic_layout", "day_layout")
"""The tables that a replayed pack fills."""
Rows = list[dict[str, Any]]


def full_line(post_id: str, text: str, link: str) -> bytes:
    """Returns a reply that has all that X tells. Its text has `@Bea` in any case, `#Halalan2016` and https://t.co/1."""

    def named(part: str, **told: str) -> list[dict[str, Any]]:
        start = text.lower().index(part.lower())
        return [{**told, "start": start, "end": start + len(part)}]

    full = tweet(
        post_id,
        text,
        entities={
            "mentions": named("@Bea", username="Bea", id="11"),
            "hashtags": named("#Halalan2016", tag="Halalan2016"),
            "urls": named("https://t.co/1", url="https://t.co/1", expanded_url=link),
        },
        in_reply_to_user_id="11",
        conversation_id="726700000000000000",
        referenced_tweets=[{"type": "replied_to", "id": "726700000000000001"}],
        geo={"place_id": "p", "coordinates": {"type": "Point", "coordinates": [121.0001, 14.5999999]}},
        source="Twitter Web Client",
    )
    author = {**user("10", "Ana"), "created_at": "2010-01-02T03:04:05.000Z"}
    return stream_line(full, [author, user("11", "Bea")], places=[{"id": "p", "full_name": "Manila, Philippines"}])


@contextmanager
def empty_keyspace(session: Session, settings: Settings, *, of_jobs: bool = False) -> Iterator[Settings]:
    """Yields the settings of a keyspace and a queue of its own; drops the keyspace at the end.

    It has all tables of jobs only with `of_jobs`.
    """
    name = f"pack_{uuid.uuid4().hex[:8]}"
    other = load_settings(keyspace=name, stream=f"test:{name}")
    with nullcontext() if of_jobs else few_tables():
        list(migrate(session, other))
    yield other
    session.execute(f"DROP KEYSPACE {name}", timeout=60)


def rows(session: Session, keyspace: str, table: str, topic: str, without: Sequence[str] = ()) -> Rows:
    """Returns all rows of a topic in a table, in one order, without some columns."""
    found = session.execute(f"SELECT * FROM {keyspace}.{table} WHERE topic = %s ALLOW FILTERING", (topic,), timeout=60)
    plain = [{name: value for name, value in row._asdict().items() if name not in without} for row in found]
    return sorted(plain, key=repr)


def replayed(folder: Path, topic: str, session: Session, settings: Settings, queue: PostsQueue) -> Done:
    """Replays a pack as a person does, and stores it; returns what the replay said."""
    variables = {"PULSO_KEYSPACE": settings.keyspace, "PULSO_STREAM": queue.stream}
    done = run_command("ingest", "replay", str(folder), "--topic", topic, **variables)  # type: ignore[arg-type]
    Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings)).run(drain=True)
    return done


def pack(*arguments: str | Path) -> int:
    """Runs `readers pack` in this process; returns its exit code."""
    return main(["pack", *map(str, arguments)])


def packed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> None:
    """Runs `readers pack` in this process; it must succeed."""
    code = pack(*arguments)
    told = capsys.readouterr()
    assert code == 0, told.err
