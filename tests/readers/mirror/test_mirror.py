"""Mirrored days: `posts` reads them only while they are what Cassandra holds, whatever happened since."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import TAKEN_BACK
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from readers import posts
from readers.cli import main
from readers.mirror.days import folder_of
from readers.notebook.frame import Frame
from readers.whole_days.stored_posts import COLUMNS
from stores.changed_days import EVERY, state_of
from tests.support.bluesky import account_is, event, tid
from tests.support.commands import run_command
from tests.support.line import AT, LATER, OTHER, OWN, X_ID, Line, other, own, x_notice, x_post
from tests.support.stored_posts import drawn_posts, store_posts

DAY = timedelta(days=1)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> Settings:
    """The settings, with a folder of files that only this test uses. The engines' logins stay."""
    for name, value in _login(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PULSO_HOME", str(tmp_path))
    return settings.model_copy(update={"home": tmp_path})


def _login(settings: Settings) -> dict[str, str]:
    from conf.credentials import cassandra_login  # noqa: PLC0415

    login = cassandra_login(settings)
    return {"PULSO_CASSANDRA_USER": login.user, "PULSO_CASSANDRA_PASSWORD": login.password} if login else {}


@pytest.fixture
def line(queue: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Line:
    """Messages of a topic; nothing is taken back, nor brought back, by what another test said."""
    session.execute(f"TRUNCATE {settings.keyspace}.{TAKEN_BACK.name}", timeout=60)
    return Line(queue, session, settings, topic.topic)


def mirrored(topic: Topic, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["mirror", "--topic", topic.topic]) == 0
    return capsys.readouterr().err.split(";")[0]


def read(topic: Topic) -> tuple[set[str], dict[str, int]]:
    frame = posts(topic.topic)
    assert not frame["post_id"].duplicated().any()
    return set(frame["post_id"]), frame.attrs["read_from"]


def test_frames_from_files_are_those_from_the_table(
    topic: Topic, home: Settings, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    number = store_posts(session, home, drawn_posts(topic, 1_000, seed=5))
    from_table = posts(topic.topic, columns=COLUMNS)
    assert mirrored(topic, capsys) == f"3 days written ({number:,} posts), 0 unchanged, 0 removed"
    from_files = posts(topic.topic, columns=COLUMNS)
    assert from_files.attrs["read_from"] == {"mirror": number}
    assert posts(topic.topic, mirror=False).attrs["read_from"] == {"cassandra": number}
    sorted_ = [Frame(frame.sort_values("post_id", ignore_index=True)) for frame in (from_table, from_files)]
    assert [str(kind) for kind in from_files.dtypes] == [str(kind) for kind in from_table.dtypes]
    assert sorted_[0].to_arrow().to_pylist() == sorted_[1].to_arrow().to_pylist()
    assert mirrored(topic, capsys) == "0 days written (0 posts), 3 unchanged, 0 removed"
    start = from_table["event_at"].sort_values().iloc[300].to_pydatetime()
    cut = posts(topic.topic, start, start + timedelta(hours=30))
    assert set(cut["post_id"]) == set(posts(topic.topic, start, start + timedelta(hours=30), mirror=False)["post_id"])
    assert cut.attrs["read_from"].keys() == {"mirror"}
    for path in (folder_of(home, topic), *folder_of(home, topic).glob("*.parquet")):
        assert path.stat().st_mode & 0o077 == 0, "only the owner reads posts"


CHANGES: dict[str, tuple[list[bytes], set[str]]] = {
    "a deletion": ([event(None, AT + LATER, rkey=tid(AT), operation="delete")], {OTHER, X_ID}),
    "a deletion on X": ([x_notice()], {OWN, OTHER}),
    "an account that is hidden": ([account_is("suspended", AT + LATER)], {OTHER, X_ID}),
    "an account that is deleted": ([account_is("deleted", AT + LATER)], {OTHER, X_ID}),
    "an edit": ([event({"text": "now right"}, AT + LATER, rkey=tid(AT), operation="update")], {OWN, OTHER, X_ID}),
    "a late post": ([event({"text": "late"}, AT, did="did:plc:cem")], {OWN, OTHER, X_ID, f"did:plc:cem/{tid(AT)}"}),
}


@pytest.mark.parametrize("change", [*CHANGES])
def test_after_a_change_no_frame_has_what_was_before(
    topic: Topic, home: Settings, line: Line, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    messages, left = CHANGES[change]
    line.work(own("before"), other(), x_post())
    mirrored(topic, capsys)
    assert read(topic) == ({OWN, OTHER, X_ID}, {"mirror": 3})
    line.work(*messages)
    assert read(topic) == (left, {"cassandra": len(left)})
    assert "before" not in set(posts(topic.topic)["text"]) or OWN in left
    if change == "an edit":
        assert "before" not in set(posts(topic.topic)["text"])
    assert mirrored(topic, capsys).startswith("1 days written")
    assert read(topic) == (left, {"mirror": len(left)})
    if change == "an account that is hidden":
        line.work(account_is("active", AT + 2 * LATER))
        assert read(topic) == ({OWN, OTHER, X_ID}, {"cassandra": 3})


def test_a_deletion_whose_worker_died_before_it_was_counted_is_counted_by_the_next_one(
    topic: Topic, home: Settings, line: Line, queue: PostsQueue, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    line.work(own(), other())
    mirrored(topic, capsys)
    line.put(event(None, AT + LATER, rkey=tid(AT), operation="delete"))
    dies = line.make_worker()
    dies._store.stored.changed.settle = _die  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        dies.run(drain=True)
    assert line.rows().keys() == {OTHER}, "it was deleted, and not counted"
    before = state_of(session, home.keyspace, EVERY)
    line.make_worker().run(drain=True)
    assert state_of(session, home.keyspace, EVERY) > before
    assert read(topic) == ({OTHER}, {"cassandra": 1})


def _die() -> None:
    raise SystemExit


def test_a_file_of_another_table_or_that_is_damaged_is_not_used(
    topic: Topic, home: Settings, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    number = store_posts(session, home, drawn_posts(topic, 300, seed=6, days=1))
    mirrored(topic, capsys)
    [file] = folder_of(home, topic).glob("*.parquet")
    whole, group = file.read_bytes(), pq.read_metadata(file).row_group(0)
    for damaged in (whole[: len(whole) // 2], b""):
        file.write_bytes(damaged)
        assert read(topic)[1] == {"cassandra": number}
    file.write_bytes(whole)
    expected, noticed = dict(posts(topic.topic)[["post_id", "text"]].fillna("").values), 0
    text = next(group.column(n) for n in range(group.num_columns) if group.column(n).path_in_schema == "text")
    begins = text.dictionary_page_offset or text.data_page_offset
    for at in range(begins, begins + text.total_compressed_size, text.total_compressed_size // 8):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        found = posts(topic.topic)
        texts = dict(found[["post_id", "text"]].fillna("").values)
        assert texts == expected, "what a page's statistics say may be wrong, but no text is"
        noticed += found.attrs["read_from"] == {"cassandra": number}
    assert noticed >= 4
    file.unlink(missing_ok=True)
    assert mirrored(topic, capsys).startswith("1 days written")
    rows = pq.read_table(file)
    pq.write_table(rows.replace_schema_metadata(rows.schema.metadata | {b"pulso.table": b"another one's"}), file)
    assert read(topic)[1] == {"cassandra": number}


def test_posts_whose_retention_has_ended_are_in_no_frame(
    topic: Topic, home: Settings, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    lasting = store_posts(session, home, drawn_posts(topic, 50, seed=1, days=1))
    expiring = ({**row, "post_id": f"short{row['post_id']}"} for row in drawn_posts(topic, 50, seed=2, days=1))
    store_posts(session, home, expiring, ttl=4)
    mirrored(topic, capsys)
    assert len(read(topic)[0]) in (100, lasting)
    _wait_until(datetime.now(UTC) + timedelta(seconds=5))
    assert read(topic) == ({f"{n:08d}" for n in range(50)}, {"mirror": lasting})


def _wait_until(at: datetime) -> None:
    """Waits for a time: only time ends a retention."""
    import time  # noqa: PLC0415

    time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))


def test_today_is_not_kept_and_a_day_without_posts_is_removed(
    topic: Topic, home: Settings, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    def today() -> Iterator[dict[str, Any]]:
        now = datetime.now(UTC)
        for row in drawn_posts(topic, 5, seed=8, days=1):
            yield {**row, "event_at": now, "day": topic.day_of(now)}

    store_posts(session, home, today())
    assert mirrored(topic, capsys) == "0 days written (0 posts), 0 unchanged, 0 removed"
    assert read(topic)[1] == {"cassandra": 5}
    stale = folder_of(home, topic) / "2016-05-02.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(stale)
    assert mirrored(topic, capsys).endswith("1 removed")
    assert not stale.exists()


def test_a_topic_without_posts_has_nothing_to_keep(topic: Topic, home: Settings) -> None:
    done = run_command("readers", "mirror", "--topic", topic.topic, PULSO_HOME=str(home.home))
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert f"in {folder_of(home, topic)}" in done.stderr
