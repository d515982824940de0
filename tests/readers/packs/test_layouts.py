"""The layouts of other tools: read back by `replay`, and by twarc-csv itself, which a test installs for itself."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from readers.output import FORMULA
from readers.packs.tcat import COLUMNS
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.readers.packs.test_pulso_packs import NOON, TEXTS
from tests.support.bluesky import event
from tests.support.loading import load
from tests.support.packed import empty_keyspace, full_line, packed, replayed, rows
from tests.support.posts import stream_line, tweet
from tests.support.tables import header_of

TWARC_CSV = ("twarc-csv==0.7.2", "setuptools<81", "pandas<3")
"""It and what it needs, of which it does not know."""
SAME = ("post_id", "event_at", "author_id", "author", "text", "kind", "lang", "hashtags", "mentions", "urls")
"""The columns that come back from every layout."""
OF_V2 = (
    *("retweet_of", "retweet_of_author", "reply_to", "root", "quote_of", "place", "lat", "lon", "client", "folded"),
)
OF_ACCOUNTS = ("author_followers", "author_following", "author_created_at")


def lines() -> list[bytes]:
    made = []
    for number, text in enumerate(TEXTS, 726_800_000_000_000_000):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        made.append(stream_line(tweet(str(number), escaped)))
    link = "https://a.example/?q=1&r=2"
    return [*made, full_line("726800000000000100", "=SUM(1) @Bea vote #Halalan2016 https://t.co/1", link)]


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient) -> Topic:
    """A topic with posts of X, and one of Bluesky."""
    topic = make_topic(settings)
    made = [line for chunk in generate(topic, 400, 11) for line in chunk.splitlines()]
    queue = PostsQueue(client, "test:layouts")
    queue.ensure_group()
    load([*made, *lines(), event({"text": "skeet"}, NOON)], topic.topic, queue, session, settings)
    return topic


@pytest.fixture(scope="module")
def twarc_csv(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Returns the command of twarc-csv from PyPI, in an environment of its own; skips the test without a network."""
    folder = tmp_path_factory.mktemp("twarc")
    python = folder / "venv" / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", str(folder / "venv")],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TWARC_CSV],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
        if done.returncode:
            pytest.skip(f"{TWARC_CSV[0]} can't be installed from PyPI, which this test needs: {done.stderr[-200:]}")
    return [str(python.parent / "twarc2"), "--bearer-token", "none", "csv"]


def plain(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in columns}


def of_x(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in found if row["source"] == "x"]


@pytest.mark.parametrize("layout", ["twarc", "tcat"])
def test_replay_reads_the_layouts_of_other_tools(
    topic: Topic,
    settings: Settings,
    session: Session,
    client: RedisClient,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    layout: str,
) -> None:
    packed(capsys, "--topic", topic.topic, "--layout", layout, "--out", tmp_path / "pack")
    manifest = orjson.loads((tmp_path / "pack" / "MANIFEST.json").read_bytes())
    assert manifest["left_out"] == {"posts of other networks than X, which this layout can't hold": 1}
    assert manifest["by_network"] == {"x": 406}
    columns = (*SAME, *OF_ACCOUNTS, *(OF_V2 if layout == "twarc" else ("retweet_of_author", "reply_to", "client")))
    with empty_keyspace(session, settings) as other:
        queue = PostsQueue(client, other.stream)
        queue.ensure_group()
        done = replayed(tmp_path / "pack", topic.topic, session, other, queue)
        assert done.returncode == 0, done.stderr
        before = {row["post_id"]: row for row in of_x(rows(session, settings.keyspace, "posts", topic.topic))}
        after = {row["post_id"]: row for row in rows(session, other.keyspace, "posts", topic.topic)}
    assert after.keys() == before.keys()
    for post_id, row in after.items():
        known = plain(before[post_id], columns)
        if layout == "tcat":
            known["event_at"] = known["event_at"].replace(microsecond=0)
            if known["text"].startswith(FORMULA) and known["kind"] != "retweet":  # the text of one begins with RT
                known["text"] = f"'{known['text']}"
            if known["kind"] == "retweet":  # its text is read again, whatever its lists say
                assert {*(known.pop("mentions") or ())} <= {*(row["mentions"] or ())}, post_id
        assert plain(row, tuple(known)) == known, post_id


def test_a_tcat_pack_has_the_columns_of_tcat(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(COLUMNS) == header_of("tcat")
    packed(capsys, "--topic", topic.topic, "--layout", "tcat", "--out", tmp_path / "pack")
    text = (tmp_path / "pack" / "posts.csv").read_bytes().decode()
    found = {row["id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert found["726800000000000100"]["text"].startswith("'=SUM(1) @Bea vote")
    assert {row["text"] for row in found.values()}.issuperset(TEXTS)


def test_twarc_csv_reads_a_twarc_pack(
    topic: Topic, twarc_csv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed(capsys, "--topic", topic.topic, "--layout", "twarc", "--out", tmp_path / "pack")
    out = tmp_path / "posts.csv"
    done = subprocess.run(
        [*twarc_csv, "--hide-progress", str(tmp_path / "pack" / "posts.jsonl"), str(out)],
        capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {row["id"]: row for row in csv.DictReader(io.StringIO(out.read_bytes().decode()))}
    lines_ = [orjson.loads(line) for line in (tmp_path / "pack" / "posts.jsonl").read_bytes().splitlines()]
    assert found.keys() == {line["data"]["id"] for line in lines_}
    for line in lines_:
        row, data = found[line["data"]["id"]], line["data"]
        assert (row["author_id"], row["created_at"]) == (data["author_id"], data["created_at"])
        assert row["author.username"] == line["includes"]["users"][0]["username"]
    assert {row["lang"] for row in found.values()} > {"en"}
    retweets = [row for row in found.values() if row["referenced_tweets.retweeted.id"]]
    assert retweets
    assert all(row["retweeted_username"] or row["text"] for row in retweets)
