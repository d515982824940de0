"""A pack in the layout `pulso`: what it holds, and that it is the whole data set when it is replayed."""

import gzip
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate
from ingest.formats.post import Name
from ingest.queue.notes import Gap, gap_message, through_message
from ingest.queue.posts_queue import PostsQueue
from ingest.write.store import Store
from readers.cli import main
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.bluesky import event
from tests.support.loading import load
from tests.support.mastodon_server import status
from tests.support.packed import FILLED, empty_keyspace, full_line, pack, packed, replayed, rows
from tests.support.posts import stream_line, tweet

NOON = datetime(2016, 5, 1, 12, tzinfo=UTC)
TEXTS = (
    "大統領選挙の投票は日曜日です。期日前投票も忘れずに！🗳️",
    "الانتخابات الرئاسيّة يوم الأحد، لا تنسَ أن تُصوّت \u200f#انتخابات",
    "İSTANBUL'da ışıklar söndü; oyunu ver, şöyle böyle değil ğüşiöç",
    'a & b < c > d &amp; "quotes", back\\slash, tab\tand\nline',
    "e\u0301 is not é; \u202e right to left \u2028 line separator \U0001f468\u200d\U0001f469\u200d\U0001f467",
)
DID = "did:plc:ana"


def lines() -> list[bytes]:
    """Posts of all networks, with every column that a network can fill."""
    made = [
        stream_line(tweet(str(n), text.replace("&", "&amp;").replace("<", "&lt;")))
        for n, text in enumerate(TEXTS, 726_000_000_000_000_000)
    ]
    minute = timedelta(minutes=1)
    made += [event({"text": text, "langs": ["en"]}, NOON + n * minute, DID) for n, text in enumerate(TEXTS)]
    made += [orjson.dumps(status(n, f"<p>{n} votes</p>")) for n in range(3)]
    text = "@bea vote https://t.co/1 #Halalan2016"
    made.append(full_line("726800000000000001", text, "https://a.example/?q=ü"))
    return made


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient) -> Topic:
    """A topic of 1,500 generated posts and those of `lines`, with a name."""
    topic = make_topic(settings)
    made = [line for chunk in generate(topic, 1_500, 3) for line in chunk.splitlines()]
    queue = PostsQueue(client, "test:packs")
    queue.ensure_group()
    load([*made, *lines()], topic.topic, queue, session, settings)
    name = Name(source="bluesky", author_id=DID, handle="ana.example", at=NOON)
    Store(session, settings.keyspace).names.write([name], topic)
    return topic


def manifest_of(folder: Path) -> Any:
    return json.loads((folder / "MANIFEST.json").read_text())


def posts_of(folder: Path) -> list[Any]:
    with gzip.open(folder / "posts.ndjson.gz") as file:
        return [json.loads(line) for line in file]


def test_a_replayed_pack_gives_the_same_tables(
    topic: Topic,
    settings: Settings,
    session: Session,
    client: RedisClient,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    packed(capsys, "--topic", topic.topic, "--out", tmp_path / "pack")
    with empty_keyspace(session, settings) as other:
        queue = PostsQueue(client, other.stream)
        queue.ensure_group()
        done = replayed(tmp_path / "pack", topic.topic, session, other, queue)
        assert done.returncode == 0, done.stderr
        assert "0 lines refused" in done.stdout
        for table in FILLED:
            before = rows(session, settings.keyspace, table, topic.topic)
            assert rows(session, other.keyspace, table, topic.topic) == before != [], table
        texts = {row["text"] for row in rows(session, other.keyspace, "posts", topic.topic)}
        assert texts.issuperset(TEXTS)
        packed(capsys, "--topic", topic.topic, "--out", tmp_path / "again")
    for name in ("posts.ndjson.gz", "names.ndjson.gz", "topic.yaml"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "pack" / name).read_bytes()


def test_versions_of_replayed_posts_keep_their_order(
    settings: Settings, session: Session, client: RedisClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pack does not bring back the text of a post that was edited after it was made."""
    made = status(7, "<p>first</p>")
    queue = PostsQueue(client, "test:packs-versions")
    queue.ensure_group()
    own = make_topic(settings)
    load([orjson.dumps(made)], own.topic, queue, session, settings)
    packed(capsys, "--topic", own.topic, "--out", tmp_path / "pack")
    edited = {**made, "content": "<p>second</p>", "edited_at": "2026-05-25T15:00:00.000Z"}
    load([orjson.dumps(edited)], own.topic, queue, session, settings)
    replayed(tmp_path / "pack", own.topic, session, settings, queue)
    assert [row["text"] for row in rows(session, settings.keyspace, "posts", own.topic)] == ["second"]


def test_the_manifest_says_what_is_there(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed(capsys, "--topic", topic.topic, "--from", "2016-05-01", "--to", "2016-05-02", "--out", tmp_path / "pack")
    manifest = manifest_of(tmp_path / "pack")
    found = posts_of(tmp_path / "pack")
    assert manifest["posts"] == len(found) > 5
    assert {line["event_at"][:10] for line in found} == {"2016-05-01"}
    assert manifest["window"] == ["2016-05-01T00:00:00.000Z", "2016-05-02T00:00:00.000Z"]
    assert manifest["coverage"] is None
    assert "coverage is null" in manifest["notes"][0]
    assert f"{len(found):,} posts, 2016-05-01 00:00 to 2016-05-02 00:00 UTC. Collected" in manifest["cite"]
    assert sum(manifest["by_network"].values()) == len(found)
    [posts] = [file for file in manifest["files"] if file["path"] == "posts.ndjson.gz"]
    assert posts["rows"] == len(found)


def test_only_the_owner_can_read_a_pack(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.umask(0o022)
    packed(capsys, "--topic", topic.topic, "--out", tmp_path / "pack")
    for path in [tmp_path / "pack", *(tmp_path / "pack").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_query_gives_what_search_finds(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed(capsys, "duterte", "--topic", topic.topic, "--out", tmp_path / "pack")
    ids = {post["post_id"] for post in posts_of(tmp_path / "pack")}
    assert main(["search", "duterte", "--topic", topic.topic, "--format", "ndjson"]) == 0
    assert ids == {json.loads(line)["post_id"] for line in capsys.readouterr().out.splitlines()} != set()


def test_gaps_and_coverage_are_told(
    settings: Settings, session: Session, client: RedisClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = make_topic(settings)
    queue = PostsQueue(client, "test:packs-gaps")
    queue.ensure_group()
    load([stream_line(tweet("726000000000000009", "hello"))], topic.topic, queue, session, settings)
    begin = datetime(2016, 5, 1, tzinfo=UTC)
    queue.add([gap_message(topic.topic, "x", Gap(begin + timedelta(hours=6), begin + timedelta(hours=12), "outage"))])
    queue.add([through_message(topic.topic, "x", begin + timedelta(hours=24))])
    load([], topic.topic, queue, session, settings)
    packed(capsys, "--topic", topic.topic, "--from", "2016-05-01", "--to", "2016-05-02", "--out", tmp_path / "pack")
    manifest = manifest_of(tmp_path / "pack")
    assert (manifest["coverage"], manifest["gaps"]) == (0.75, 1)
    assert "up for 75.00% of the window" in manifest["notes"][0]


@pytest.mark.parametrize("name", ["MANIFEST.json", "UNFINISHED", "mine.txt"])
def test_a_folder_that_is_used_is_refused(
    topic: Topic, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("mine")
    assert pack("--topic", topic.topic, "--out", tmp_path) == 2
    said = {"MANIFEST.json": "a pack already", "UNFINISHED": "rm -r ", "mine.txt": "is not empty"}[name]
    assert said in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == [name]
