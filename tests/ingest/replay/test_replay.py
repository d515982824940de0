"""`python -m ingest replay` as a person runs it: files of every kind, good and bad."""

import gzip
import io
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import zstandard
from cassandra.cluster import Session

from conf import ROOT
from conf.errors import PulsoError
from conf.settings import Settings
from conf.terminal import progress
from conf.topic import Topic
from ingest.cli import main as ingest
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Route
from ingest.queue.posts_queue import PostsQueue
from ingest.queue.publisher import Publisher
from ingest.replay.captures import open_captures
from ingest.replay.of_capture import MOST_LETTERS, MOST_LETTERS_OF_LINE
from ingest.replay.replay import Replay
from ingest.views import WaitView
from tests.conftest import make_topic
from tests.support.bluesky import event
from tests.support.commands import Done, run_command, run_here, start_command
from tests.support.posts import capture, stream_line, tweet, user
from tests.support.stored import stored

GOOD = stream_line(tweet("1"))
THREE = capture(*(stream_line(tweet(str(i))) for i in (1, 2, 3)))


@pytest.fixture
def topic(settings: Settings) -> Topic:
    return make_topic(settings)


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("posts.jsonl", content)
        archive.writestr("notes/README", "about these posts")
    return file.getvalue()


def replay(*arguments: str, stdin: bytes = b"") -> Done:
    done = run_command("ingest", "replay", *arguments, stdin=stdin) if stdin else run_here(ingest, "replay", *arguments)
    assert "Traceback" not in done.stderr
    return done


def test_bad_lines_are_refused_with_file_and_line_and_cost_no_neighbour(
    stream: PostsQueue, topic: Topic, tmp_path: Path, session: Session, settings: Settings
) -> None:
    file = tmp_path / "mixed.jsonl"
    ten_megabytes = b'{"data":{"id":"9","text":"' + b"x" * 10_000_000 + b'"}}'
    lines = [
        GOOD,
        b'{"data": {"id": "4"',  # broken
        stream_line(tweet("5", text=5)),  # a wrong type
        stream_line({"text": "x", "author_id": "1", "created_at": "2016-05-01T12:00:00Z"}),  # no id
        stream_line({"id": "6", "text": "x", "author_id": "1"}),  # no date
        stream_line(tweet("7", text="x" * 30_000)),  # over-long text
        stream_line(tweet("8.5e18")),  # an id that was rounded
        ten_megabytes,
        b"",
        stream_line(tweet("2")),
        b"\xff\xfe\x01",
        stream_line(tweet("3")),
        b'{"limit":{"track":1,"timestamp_ms":"99999999999999999999"}}',  # no calendar of the system has this year
        b'{"data":%b,"includes":{"places":[{"id":"p","geo":{"bbox":[1,2,%b,4]}}]}}'  # no such degrees
        % (orjson.dumps(tweet("4", geo={"place_id": "p"})), b"9" * 400),
    ]
    file.write_bytes(capture(*lines))
    done = replay(str(file), "--topic", topic.topic)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "14 lines read, 4 posts queued, 1 lines without a post, 9 lines refused\n"
    letters = list(DeadLetters(stream).read())
    assert sorted(letter.origin for letter in letters) == sorted(f"{file}:{n}" for n in (2, 3, 4, 5, 6, 7, 8, 11, 13))
    assert all(letter.reason for letter in letters)
    assert run_command("ingest", "work", "--drain").stdout == "4 posts stored, 0 refused\n"
    assert stored(session, settings.keyspace, topic.topic).keys() == {"1", "2", "3", "4"}


def test_posts_updates_and_deletions_of_a_capture_have_their_routes(
    stream: PostsQueue, topic: Topic, tmp_path: Path
) -> None:
    at = datetime(2026, 5, 25, 14, tzinfo=UTC)
    file = tmp_path / "jetstream.jsonl"
    commits = [("create", {"text": "a"}), ("update", {"text": "b"}), ("delete", None)]
    file.write_bytes(capture(*(event(record, at, operation=operation) for operation, record in commits)))
    assert replay(str(file), "--topic", topic.topic).stdout.startswith("3 lines read, 2 posts queued, 1 deletions")
    assert [message.route for message in stream.read("me", 10, 10)] == [Route.POST, Route.UPDATE, Route.DELETION]


@pytest.mark.parametrize(
    "kind", ["plain", "gzip", "zstd", "two zstd frames", "stdin", "gzip on stdin", "zip on stdin", "no last newline"]
)
def test_every_way_to_give_a_capture(stream: PostsQueue, topic: Topic, tmp_path: Path, kind: str) -> None:
    packed = zstandard.ZstdCompressor().compress
    half = THREE.index(b"\n") + 1
    content = {
        "gzip": gzip.compress(THREE),
        "gzip on stdin": gzip.compress(THREE),
        "zstd": packed(THREE),
        "two zstd frames": packed(THREE[:half]) + packed(THREE[half:]),
        "zip on stdin": zipped(THREE),
        "no last newline": THREE.rstrip(),
    }.get(kind, THREE)
    file = tmp_path / "posts"  # no extension: content tells
    file.write_bytes(content)
    from_stdin = "stdin" in kind
    done = replay("-" if from_stdin else str(file), "--topic", topic.topic, stdin=content if from_stdin else b"")
    assert (done.returncode, done.stdout) == (0, "3 lines read, 3 posts queued, 0 lines refused\n"), done.stderr


BOUNDED = """
import resource, sys
from ingest.replay.captures import open_captures
resource.setrlimit(resource.RLIMIT_AS, (700 * 2**20,) * 2)
[capture] = open_captures([sys.argv[1]])
print(sum(len(line) for _, line in capture.documents()), capture.broken, capture.unread)
"""


def test_a_small_file_that_unpacks_to_a_gigabyte_fills_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "bomb.zst"
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    with file.open("wb") as written:
        for _ in range(1024):
            written.write(packer.compress(b'{"x":"' + b"x" * (2**20 - 9) + b'"}\n'))
        written.write(packer.flush())
    assert file.stat().st_size < 200_000
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(file)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == (f"{2**30}  \n", "")


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(THREE * 999), zstandard.ZstdCompressor().compress(THREE * 999)],
    ids=["gzip", "zstd"],
)
def test_a_truncated_file_keeps_what_was_whole_and_says_so(
    stream: PostsQueue, topic: Topic, tmp_path: Path, packed: bytes
) -> None:
    file = tmp_path / "cut.gz"
    file.write_bytes(packed[: len(packed) // 2])
    done = replay(str(file), "--topic", topic.topic)
    assert done.returncode == 1
    assert "posts queued, 1 lines refused" in done.stdout
    assert done.stderr.startswith(f"error: {file} is damaged or truncated after document ")
    (letter,) = DeadLetters(stream).read()
    assert "damaged or truncated" in letter.reason


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["missing.jsonl", "--topic", "TOPIC"], "error: no file missing.jsonl. Check the path\n"),
        ([".", "--topic", "TOPIC"], "error: . is a directory. Give its files: ./*.jsonl\n"),
        (["-", "--topic", "ph2015"], "Did you mean ph2016?\n"),
        (["-"], "Missing option '--topic'"),
        (["--topic", "TOPIC"], "Missing argument"),
        (["-", "--topic", "TOPIC", "--rate", "fast"], "Invalid value"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    stream: PostsQueue, topic: Topic, arguments: list[str], error: str
) -> None:
    done = replay(*(a.replace("TOPIC", topic.topic) for a in arguments))
    assert done.returncode == 2
    assert error in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%PDF-1.7\n", "is a PDF, which is not read"),
        (b"window.YTD.tweets.part0 = [", "is a part of the archive that X gives to an account's owner"),
        (b"{'id': 1}\n" * 200, "is Python's notation, not JSON: write it with json.dumps"),
        (b'{"a": 1}\n' * 5_000, ": none of its 5,000 documents can be read: not a post in a known format"),
        (b'{"id": "1", "action": "delete"}\n\n', ": none of its one document can be read: a compliance row"),
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_one_line_and_fails(
    stream: PostsQueue, topic: Topic, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "odd").write_bytes(content)
    done = replay(str(tmp_path / "odd"), "--topic", topic.topic)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}/odd")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert DeadLetters(stream).count() <= MOST_LETTERS


def test_a_limit_notice_becomes_a_gap_with_its_number(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    notice = b'{"limit":{"track":37,"timestamp_ms":"1740823200000"}}\n'
    done = replay("-", "--topic", topic.topic, stdin=notice)
    assert done.stdout == (
        "1 lines read, 0 posts queued, 1 notices of posts that the network left out, 0 lines refused\n"
    )
    run_command("ingest", "work", "--drain")
    rows = session.execute(
        f"SELECT * FROM {settings.keyspace}.collection_gaps WHERE topic = %s AND source = 'x'", (topic.topic,)
    )
    at = datetime(2025, 3, 1, 10)
    assert [(row.gap_start, row.gap_end, row.posts_lost_estimate) for row in rows] == [(at, at, 37)]


def test_a_limit_notice_without_a_time_has_that_of_the_post_before_it(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    notice = b'{"limit":{"track":37}}\n'
    done = replay("-", "--topic", topic.topic, stdin=notice + stream_line(tweet()) + b"\n" + notice)
    assert done.stdout == (
        "3 lines read, 1 posts queued, 1 notices of posts that the network left out, "
        "1 such notices without a time, not kept, 0 lines refused\n"
    )
    run_command("ingest", "work", "--drain")
    rows = session.execute(
        f"SELECT * FROM {settings.keyspace}.collection_gaps WHERE topic = %s AND source = 'x'", (topic.topic,)
    )
    at = datetime(2016, 5, 1, 12)
    assert [(row.gap_start, row.gap_end, row.posts_lost_estimate) for row in rows] == [(at, at, 37)]


def test_what_an_archive_holds_besides_posts_is_named(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    (tmp_path / "z").write_bytes(zipped(THREE))
    done = replay(str(tmp_path / "z"), "--topic", topic.topic)
    assert done.stdout == "3 lines read, 3 posts queued, 0 lines refused\n"
    assert done.stderr == f"{tmp_path}/z/notes/README is text that is not JSON\n"


def test_an_empty_file_is_no_error(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = replay(str(tmp_path / "empty"), "--topic", topic.topic)
    assert (done.returncode, done.stdout) == (0, "0 lines read, 0 posts queued, 0 lines refused\n")


def test_match_keeps_only_what_the_topic_asks_for(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    file = tmp_path / "posts"
    lines = [
        stream_line(tweet("1", text="Si Duterté na")),
        stream_line(tweet("2", text="dutertes")),
        stream_line(tweet("3", text="x", entities={"hashtags": [{"tag": "Halalan2016"}]})),
        stream_line(tweet("4", text="lunch")),
    ]
    file.write_bytes(capture(*lines))
    done = replay(str(file), "--topic", topic.topic, "--match")
    assert (
        done.stdout
        == "4 lines read, 2 posts queued, 2 posts that do not match the topic (2 no match), 0 lines refused\n"
    )


def test_wait_counts_what_was_stored(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    file = tmp_path / "posts"
    file.write_bytes(THREE)
    worker = start_command("ingest", "work")
    try:
        done = replay(str(file), "--topic", topic.topic, "--wait")
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
    assert done.stdout == "3 lines read, 3 posts queued, 0 lines refused, 3 posts stored\n", done.stderr


def test_a_replay_does_not_wait_for_messages_that_redis_has_lost(
    stream: PostsQueue, topic: Topic, tmp_path: Path
) -> None:
    file = tmp_path / "posts"
    file.write_bytes(THREE)
    run = Replay(topic.topic, stream, Publisher(stream))
    [three] = open_captures([str(file)])
    assert list(run.read(three))[-1] == 3
    stream.ack(stream.read("me", 1, 10), "stored")
    stream.client.delete(stream.stream)
    with pytest.raises(PulsoError, match=r"^2 of 3 queued messages are not in Redis any more"):
        list(run.wait())
    assert run.result.stored == 1


def test_requeue_and_drop(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"{\n{]\n")
    replay(str(tmp_path / "bad"), "--topic", topic.topic)
    listed = run_command("ingest", "dead-letters", "list", "--json").stdout.splitlines()
    first = orjson.loads(listed[0])
    assert (first["origin"], first["payload"]) == (f"{tmp_path}/bad:1", "{")
    assert "not valid JSON" in run_command("ingest", "dead-letters", "list").stdout
    assert run_command("ingest", "dead-letters", "requeue", "--all").stdout.startswith("0 requeued, 2 kept")
    assert run_command("ingest", "dead-letters", "drop", first["id"]).stdout == "1 dropped\n"
    assert run_command("ingest", "dead-letters", "drop").returncode == 2
    assert run_command("ingest", "dead-letters", "drop", "9-9").returncode == 2
    assert run_command("ingest", "dead-letters", "drop", "--all").stdout == "1 dropped\n"


def test_letters_of_strangers_are_listed_as_they_stand(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"{[/red] [bold]x[/y]\n")
    replay(str(tmp_path / "bad"), "--topic", topic.topic)
    letter = next(DeadLetters(stream).read())
    stream.client.xadd(
        stream.dead, {**stream.client.xrange(stream.dead)[0][1], "reason": "no post \x1b[31m at://x/[/z]"}
    )
    done = run_command("ingest", "dead-letters", "list")
    assert done.returncode == 0
    assert "{[/red] [bold]x[/y]" in done.stdout
    assert "no post \ufffd[31m at://x/[/z]" in done.stdout
    assert letter.id in done.stdout


def test_status_tells_lag_and_counts(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    (tmp_path / "posts").write_bytes(THREE)
    replay(str(tmp_path / "posts"), "--topic", topic.topic)
    before = orjson.loads(run_command("ingest", "status", "--json").stdout)
    assert (before["backlog"], before["flows"][0]["waiting"]) == (3, 3)
    run_command("ingest", "work", "--drain")
    after = orjson.loads(run_command("ingest", "status", "--json").stdout)
    flow = after["flows"][0]
    assert (after["backlog"], flow["topic"], flow["queued"], flow["stored"]) == (0, topic.topic, 3, 3)
    assert flow["stored_per_second"] > 0
    assert topic.topic in run_command("ingest", "status").stdout


@pytest.mark.parametrize(
    ("command", "setting", "value", "error"),
    [
        (
            ["replay", "-", "--topic", "ph2016"],
            "PULSO_REDIS_URL",
            "redis://127.0.0.1:1/0",
            "Redis does not answer at 127.0.0.1:1",
        ),
        (["work"], "PULSO_CASSANDRA_PORT", "1", "Cassandra does not answer at 127.0.0.1:1"),
        (["migrate"], "PULSO_CASSANDRA_PORT", "1", "Cassandra does not answer at 127.0.0.1:1"),
        (["status"], "PULSO_REDIS_URL", "redis://127.0.0.1:1/0", "Redis does not answer at 127.0.0.1:1"),
    ],
)
def test_an_engine_that_is_down_is_named_with_the_fix(
    stream: PostsQueue, monkeypatch: pytest.MonkeyPatch, command: list[str], setting: str, value: str, error: str
) -> None:
    monkeypatch.setenv(setting, value)
    done = run_command("ingest", *command)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {error}")
    assert "make up" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_worker_without_tables_says_migrate(stream: PostsQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_KEYSPACE", "nothing_here")
    done = run_command("ingest", "work", "--drain")
    assert done.returncode == 1
    assert "Run `.venv/bin/python -m ingest migrate`" in done.stderr


def test_a_topic_file_that_changed_its_time_zone_is_held_back(
    stream: PostsQueue, topic: Topic, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "posts").write_bytes(THREE)
    replay(str(tmp_path / "posts"), "--topic", topic.topic)
    assert run_command("ingest", "work", "--drain").stdout == "3 posts stored, 0 refused\n"
    file = settings.topics_dir / f"{topic.topic}.yaml"
    file.write_text(file.read_text().replace("Asia/Manila", "Asia/Tokyo"))
    replay(str(tmp_path / "posts"), "--topic", topic.topic)
    assert run_command("ingest", "work", "--drain").stdout == "0 posts stored, 3 refused\n"
    assert "stored with timezone: Asia/Manila, but its file now says" in next(DeadLetters(stream).read()).reason
    file.write_text(file.read_text().replace("Asia/Tokyo", "Asia/Manila"))
    assert run_command("ingest", "dead-letters", "requeue", "--all").stdout == "3 requeued\n"
    assert run_command("ingest", "work", "--drain").stdout == "3 posts stored, 0 refused\n"


REAL = {
    "x_v2/streaming_output.jsonl": (8, 7),  # one post stands twice in the file
    "x_v2/streaming_output_with_error.jsonl": (7, 7),
    "x_v2/brexit.jsonl": (100, 100),
    "x_v2/noflat.jsonl": (100, 100),
    "x_v2/withheld.jsonl": (215, 215),
    "x_v2/geo_tweets.jsonl": (2, 2),
    "x_v2/edited.jsonl": (1, 1),
    "x_v2/mentions_tweet.jsonl": (1, 1),
    "x_v2/tweets_compliance.jsonl": (0, 0),
    "x_v11/10-sample.jsonl": (10, 10),
    "x_v11/100-sample.jsonl": (100, 100),
    "bluesky/golden_v1.jsonl": (2, 2),  # a post and a repost; likes, follows and accounts are none
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_capture_is_stored_whole_and_twice_is_the_same(
    stream: PostsQueue, topic: Topic, captures: Path, session: Session, settings: Settings, name: str
) -> None:
    posts, distinct = REAL[name]
    tables = []
    for _ in range(2):
        done = replay(str(captures / name), "--topic", topic.topic)
        assert f"{posts:,} posts queued" in done.stdout
        assert run_command("ingest", "work", "--drain").stdout == f"{posts:,} posts stored, 0 refused\n"
        tables.append(stored(session, settings.keyspace, topic.topic))
    assert len(tables[0]) == distinct
    assert tables[0] == tables[1]


def test_users_are_found_whatever_their_order(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    line = stream_line(tweet("1", author_id="20"), [user(), user("20", "BEA")])
    replay("-", "--topic", topic.topic, stdin=capture(line))
    run_command("ingest", "work", "--drain")
    found = session.execute(
        f"SELECT post_id FROM {settings.keyspace}.posts WHERE author = 'bea' AND topic = %s ALLOW FILTERING",
        (topic.topic,),
    )
    assert [row.post_id for row in found] == ["1"]
    found = session.execute(f"SELECT topic, post_id FROM {settings.keyspace}.post_words WHERE words CONTAINS 'hello'")
    assert [row.post_id for row in found if row.topic == topic.topic] == ["1"]


def test_a_replay_that_waits_says_so_in_a_pipe_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    seconds, working = [0.0], [False]
    with progress() as display:
        view = WaitView(display, display.add_task("t", total=None, note=""), lambda: working[0], lambda: seconds[0])
        for second in range(130):
            seconds[0] = float(second)
            working[0] = second > 70
            view.tell(f"full at {second}")
    hint = "no worker is running: start one with `.venv/bin/python -m ingest work`"
    assert capsys.readouterr().err.splitlines() == [f"full at 5; {hint}", f"full at 65; {hint}", "full at 125"]


@pytest.mark.parametrize(
    ("odd", "refused", "kept", "reason"),
    [
        (b"{}" * 4_000_000, 1, 1, "not valid JSON"),
        (b"[" + b"{},\t" * 2_000_000 + b"{}]", 1, 1, "not valid JSON"),
        (b'{"a":1}' * 5_000, 5_000, MOST_LETTERS_OF_LINE, "not a post in a known format"),
    ],
)
def test_a_line_of_very_many_objects_gives_few_dead_letters_and_costs_no_neighbour(
    stream: PostsQueue, topic: Topic, tmp_path: Path, odd: bytes, refused: int, kept: int, reason: str
) -> None:
    (tmp_path / "odd.jsonl").write_bytes(b"\n".join((GOOD, odd, GOOD)))
    done = replay(str(tmp_path / "odd.jsonl"), "--topic", topic.topic)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{refused + 2:,} lines read, 2 posts queued, {refused:,} lines refused\n"
    letters = list(DeadLetters(stream).read())
    assert len(letters) == kept
    assert reason in letters[0].reason
