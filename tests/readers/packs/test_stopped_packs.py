"""A pack that is stopped, killed, or meets a full disk; and memory that does not grow with the posts."""

import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from readers.packs.folder import new_pack
from stores.connect import RedisClient
from stores.packs import PackedFile
from tests.conftest import make_topic
from tests.support.commands import end, run_command, start_command
from tests.support.loading import load
from tests.support.packed import pack
from tests.support.posts import stream_line, tweet

SMALL, LARGE = 2_000, 18_000
"""Posts of two days; the packs of these are compared."""
FILLER = "an everyday word " * 150
"""A text of 2.5 kilobytes: if all posts stood in memory, the large day would take at least 40 MB more."""
MOST_MB = 20
"""What a pack of the larger day may take more, in MB."""
FIRST = datetime(2016, 5, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient) -> Topic:
    """A topic with a small day and a large one."""
    topic = make_topic(settings)
    queue = PostsQueue(client, "test:large-packs")
    queue.ensure_group()

    def lines() -> "list[bytes]":
        made = []
        for day, posts in enumerate((SMALL, LARGE)):
            for number in range(posts):
                at = FIRST + timedelta(days=day, seconds=number)
                milliseconds = int(at.timestamp() * 1000) - 1_288_834_974_657
                post_id = str((milliseconds << 22) + number % 4096)
                made.append(stream_line(tweet(post_id, f"{number} {FILLER}", created_at=at.isoformat())))
        return made

    load(lines(), topic.topic, queue, session, settings)
    return topic


def peak_of(*arguments: str) -> int:
    """Returns the most memory that a pack took, in bytes."""
    done = run_command("bench.peak", sys.executable, "-m", "readers", "pack", *arguments)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def test_a_pack_that_is_finished_stays_whatever_happens_then(tmp_path: Path) -> None:
    def stopped(folder: Path, *, finished: bool) -> None:
        with new_pack(folder) as pack:
            pack.add("b/a", b"x")
            if finished:
                pack.finish(PackedFile(path="a", bytes=1, sha256="", rows=None))
            raise KeyboardInterrupt  # a backup has its snapshot removed then, which takes seconds

    for finished, left in ((True, ["MANIFEST.json", "b", "b/a"]), (False, [])):
        folder = tmp_path / str(finished)
        with pytest.raises(KeyboardInterrupt):
            stopped(folder, finished=finished)
        assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*")) == left


def test_memory_does_not_grow_with_the_posts(topic: Topic, tmp_path: Path) -> None:
    peaks = []
    for day, posts in (("2016-05-01", SMALL), ("2016-05-02", LARGE)):
        after = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
        out = tmp_path / day
        peaks.append(peak_of("--topic", topic.topic, "--from", day, "--to", after, "--out", str(out)))
        assert f'"posts": {posts}' in (out / "MANIFEST.json").read_text()
    assert peaks[1] - peaks[0] < MOST_MB * 1e6, peaks
    assert peaks[1] < 300e6, peaks


def started(topic: Topic, out: Path) -> "subprocess.Popen[bytes]":
    """Starts a pack, and waits until it writes posts."""
    process = start_command("readers", "pack", "--topic", topic.topic, "--out", str(out))
    while not (out / "posts.ndjson.gz").exists():
        assert process.poll() is None, process.communicate()
        psutil.Process(process.pid).cpu_percent(0.01)
    return process


def test_a_killed_pack_is_clearly_unfinished_and_can_be_made_again(topic: Topic, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    process = started(topic, out)
    process.send_signal(signal.SIGKILL)
    process.wait()
    end(process)
    assert not (out / "MANIFEST.json").exists()
    assert "is not finished" in (out / "UNFINISHED").read_text()
    again = run_command("readers", "pack", "--topic", topic.topic, "--out", str(out))
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert f"remove it and run this again: rm -r {out}" in again.stderr
    assert run_command("ingest", "replay", str(out), "--topic", topic.topic).returncode == 1


def test_ctrl_c_leaves_nothing(topic: Topic, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    process = started(topic, out)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told.decode()) == (130, f"stopped; nothing was left in {out}\n")
    assert not out.exists()


def test_a_full_disk_is_one_line(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    (tmp_path / "pack").mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        code = pack("--topic", topic.topic, "--out", tmp_path / "pack")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    told = capsys.readouterr().err
    assert (code, told.count("\n")) == (1, 1), told
    assert "is full" in told
    assert list((tmp_path / "pack").iterdir()) == []


def test_a_folder_that_can_not_be_written_is_one_line(
    topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pack("--topic", topic.topic, "--out", tmp_path / "nowhere" / "pack") == 1
    assert "can't be written: No such file or directory" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert pack("--topic", topic.topic, "--out", tmp_path / "file") == 2
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
