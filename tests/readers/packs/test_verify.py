"""`pack verify`: names what was changed, tells what was deleted since, and believes nothing of the folder."""

import gzip
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate
from ingest.cli import main as ingest
from ingest.queue.posts_queue import PostsQueue
from stores.connect import RedisClient
from tests.conftest import empty_ledger, make_topic
from tests.support.commands import run_command
from tests.support.loading import load
from tests.support.packed import pack, packed
from tests.support.posts import stream_line, tweet

STAYS, GOES = "726760000000000001", "726760000000000002"
"""The ids of posts of a day of their own. A deletion takes a post out of all topics."""


def stored_topic(settings: Settings, session: Session, queue: PostsQueue, post_id: str) -> Topic:
    """Returns a small topic with a post of this id."""
    topic = make_topic(settings)
    lines = [line for chunk in generate(topic, 60, 5) for line in chunk.splitlines()]
    load([*lines, stream_line(tweet(post_id, "one more post"))], topic.topic, queue, session, settings)
    return topic


@pytest.fixture(scope="module")
def whole(
    settings: Settings, session: Session, client: RedisClient, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Topic, Path]:
    """A small topic, and a pack of it that no test changes."""
    empty_ledger(session, settings)
    queue, folder = PostsQueue(client, "test:verify"), tmp_path_factory.mktemp("whole") / "pack"
    topic = stored_topic(settings, session, queue, STAYS)
    assert pack("--topic", topic.topic, "--out", folder) == 0
    return topic, folder


@pytest.fixture
def made(whole: tuple[Topic, Path], tmp_path: Path) -> tuple[Topic, Path]:
    """The topic, and a copy of its pack."""
    return whole[0], shutil.copytree(whole[1], tmp_path / "pack")


def verified(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Runs `pack verify`; returns its exit code and all that it says."""
    code = pack("verify", folder, *options)
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return code, told.out + told.err


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a manifest."""
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    change(manifest)
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))


def test_a_pack_that_nobody_changed_is_right(made: tuple[Topic, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verified(made[1], capsys)
    assert (code, "all 61 posts are still stored" in said) == (0, True), said


def test_one_byte_changed_is_named(made: tuple[Topic, Path], capsys: pytest.CaptureFixture[str]) -> None:
    files = [path for path in made[1].rglob("*") if path.is_file() and path.name != "MANIFEST.json"]
    assert len(files) >= 2
    for path in files:
        whole = path.read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            code, said = verified(made[1], capsys)
            assert (code, f"changed: {path.name}: its content was changed" in said) == (1, True), said
        path.write_bytes(whole)
    assert verified(made[1], capsys)[0] == 0


def test_what_is_missing_or_too_long_or_more_is_named(
    made: tuple[Topic, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with (made[1] / "topic.yaml").open("ab") as file:
        file.write(b"\n")
    (made[1] / "posts.ndjson.gz").unlink()
    (made[1] / "more\x1b[31m.txt").write_text("x")
    code, said = verified(made[1], capsys)
    assert code == 1
    assert "changed: topic.yaml: has " in said
    assert "changed: posts.ndjson.gz: is missing" in said
    assert "not of the pack: more\ufffd[31m.txt" in said


@pytest.mark.parametrize("options", ["", "--posts=ids", "--posts=pseudonyms", "--layout=twarc", "--layout=tcat"])
def test_a_post_that_was_deleted_since_is_told(
    session: Session,
    settings: Settings,
    stream: PostsQueue,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: str,
) -> None:
    topic = stored_topic(settings, session, stream, GOES).topic
    packed(capsys, "--topic", topic, "--out", tmp_path / "other", *options.split())
    assert verified(tmp_path / "other", capsys)[0] == 0
    assert ingest(["forget", "--source", "x", "--post", GOES]) == 0
    load([], topic, stream, session, settings)
    capsys.readouterr()
    code, said = verified(tmp_path / "other", capsys)
    gone = [line for line in said.splitlines() if line.startswith("gone: ")]
    assert code == 1
    assert "1 posts of the pack are not stored any more" in said
    if "pseudonyms" in options:
        assert len(gone) == 1
        assert GOES not in said
    else:
        assert gone == [f"gone: 2016-05-01 x {GOES}"]
    assert verified(tmp_path / "other", capsys, "--files")[0] == 0


def test_where_the_topic_was_never_stored_deletions_are_not_told(
    made: tuple[Topic, Path], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(made[1], lambda manifest: manifest.update(topic=make_topic(settings).topic))
    code, said = verified(made[1], capsys)
    assert (code, "deletions can't be told" in said) == (1, True)
    rewrite(made[1], lambda manifest: manifest.update(topic="../../etc/passwd"))
    code, said = verified(made[1], capsys)
    assert (code, "there is no topic" in said) == (1, True)


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a/../../secret", "a\\b", "", ".", "a//b", "a/b/c/d", "a\nb", "ä"]
)
def test_a_manifest_can_not_lead_out_of_the_folder(
    made: tuple[Topic, Path], capsys: pytest.CaptureFixture[str], path: str
) -> None:
    rewrite(made[1], lambda manifest: manifest["files"].append({"path": path, "bytes": 1, "sha256": "0" * 64}))
    code, said = verified(made[1], capsys)
    assert (code, "names a file that is not in the pack" in said) == (1, True), said


@pytest.mark.parametrize("kind", ["link", "folder of a link", "pipe", "folder"])
def test_only_ordinary_files_are_opened(
    made: tuple[Topic, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_text("x")
    place = made[1] / "odd"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(secret / "file" if kind == "link" else secret)
    path = "odd/file" if kind == "folder of a link" else "odd"
    rewrite(made[1], lambda manifest: manifest["files"].append({"path": path, "bytes": 1, "sha256": "0" * 64}))
    code, said = verified(made[1], capsys)
    assert (code, f"changed: {path}: is no ordinary file" in said) == (1, True), said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "can't be read"),
        (b"[]", "can't be read"),
        (b"\xff\xfe", "can't be read"),
        (b'{"form": 1}', "can't be read"),
        (b'{"form": 99}', "has the form 99, not 1"),
        (b'{"form": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "can't be read"),
        (b" " * (16 * 1024 * 1024 + 1), "has more than 16,777,216 bytes"),
    ],
    ids=["empty", "array", "bytes", "few", "newer", "deep", "huge"],
)
def test_a_bad_manifest_is_one_line(
    made: tuple[Topic, Path], capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    (made[1] / "MANIFEST.json").write_bytes(content)
    code, said = verified(made[1], capsys)
    assert (code, told in said, said.count("\n")) == (1, True, 1), said
    assert ingest(["replay", str(made[1]), "--topic", made[0].topic]) == 1
    assert told in capsys.readouterr().err


def test_a_link_in_place_of_the_manifest_is_not_followed(
    made: tuple[Topic, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made[1] / "MANIFEST.json").rename(tmp_path / "elsewhere.json")
    (made[1] / "MANIFEST.json").symlink_to(tmp_path / "elsewhere.json")
    code, said = verified(made[1], capsys)
    assert (code, "It must be an ordinary file" in said) == (1, True)


@pytest.mark.parametrize(
    "posts",
    [b"no gzip", gzip.compress(b"no json\n"), gzip.compress(b'{"pulso_x":1}\n'), gzip.compress(b'{"pulso_x":1')[:-4]],
    ids=["no gzip", "no JSON", "no line of a pack", "cut off"],
)
def test_posts_that_can_not_be_read_are_one_line(
    made: tuple[Topic, Path], capsys: pytest.CaptureFixture[str], posts: bytes
) -> None:
    replace_posts(made[1], posts)
    code, said = verified(made[1], capsys)
    assert (code, "the posts of the pack" in said, "can't be read" in said) == (1, True, True), said


def test_posts_that_grow_without_end_take_no_memory(made: tuple[Topic, Path]) -> None:
    replace_posts(made[1], gzip.compress(b" " * 300_000_000))
    done = run_command("bench.peak", sys.executable, "-m", "readers", "pack", "verify", str(made[1]))
    assert done.returncode == 1, done.stderr
    assert "a line has more than 8,388,608 bytes" in done.stderr
    assert int(done.stdout.split()[-1]) < 250e6


def replace_posts(folder: Path, posts: bytes) -> None:
    """Gives a pack other posts, with a manifest that fits."""
    (folder / "posts.ndjson.gz").write_bytes(posts)

    def fit(manifest: dict[str, Any]) -> None:
        for file in manifest["files"]:
            if file["path"] == "posts.ndjson.gz":
                file.update(bytes=len(posts), sha256=hashlib.sha256(posts).hexdigest())

    rewrite(folder, fit)


@pytest.mark.parametrize("words", [["verify"], ["verify", "a", "b"], ["duterte"], []])
def test_wrong_use_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert pack(*words) == 2
    assert "pack verify DIR" in capsys.readouterr().err


def test_a_folder_that_is_no_pack_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pack("verify", tmp_path) == 2
    assert "is no pack" in capsys.readouterr().err
    (tmp_path / "UNFINISHED").write_text("")
    assert pack("verify", tmp_path) == 1
    assert "is not finished" in capsys.readouterr().err
    assert pack("verify", tmp_path / "nowhere") == 2
