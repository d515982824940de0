"""`python -m ingest replay` of tables as a person runs it, end to end."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.posts_queue import PostsQueue
from tests.conftest import make_topic
from tests.ingest.replay.tables.test_tools import PAGE
from tests.support.commands import Done, run_command
from tests.support.stored import stored
from tests.support.tables import TOOLS, csv_of, flattened, table_of

HEADER = ["id", "conversation_id", "created_at", "author_id", "text"]
AT = "2025-03-01T10:00:00.000Z"
MAP = "network: x\ncolumns: {id: No, time: {column: When, zone: UTC}, author: Who, text: What}\n"


@pytest.fixture
def topic(settings: Settings) -> Topic:
    return make_topic(settings)


def replay(*arguments: str, stdin: bytes = b"") -> Done:
    done = run_command("ingest", "replay", *arguments, stdin=stdin)
    assert "Traceback" not in done.stderr
    return done


def test_a_table_is_stored_like_any_capture(
    stream: PostsQueue, topic: Topic, tmp_path: Path, session: Session, settings: Settings
) -> None:
    posts = flattened(PAGE)
    files = []
    for tool in TOOLS:
        file = tmp_path / f"{tool}.csv"
        file.write_text(table_of(tool, posts))
        files.append(str(file))
    done = replay(*files, "--topic", topic.topic)
    assert (done.returncode, done.stdout) == (0, "28 lines read, 28 posts queued, 0 lines refused\n"), done.stderr
    assert [line for line in done.stderr.splitlines() if "told by its columns" in line] == [
        f"{file}: read as {tool} (told by its columns)" for file, tool in zip(files, TOOLS, strict=True)
    ]
    assert run_command("ingest", "work", "--drain").stdout == "28 posts stored, 0 refused\n"
    rows = stored(session, settings.keyspace, topic.topic)
    assert sorted(row.kind for row in rows.values()) == sorted(
        ["original", "retweet", "reply", "quote", "reply", "original", "original"]
    )
    assert rows["1895000000000000202"].retweet_of_author == "ben_k"
    assert rows["1895000000000000205"].reply_to_author == "cai"


def test_a_row_that_cannot_be_read_is_a_dead_letter_with_file_row_and_reason(
    stream: PostsQueue, topic: Topic, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv"
    rows = [
        ["1895000000000000221", "1895000000000000221", AT, "501", "Rivera, leads\nnow"],
        ["1.895E+18", "1.895E+18", AT, "5.01E+02", "Rivera"],
        ["1895000000000000222", "", "yesterday", "501", "Rivera"],
        ["1895000000000000223", "", AT, "501", "x" * 30_000],
        ["", "", "", "", ""],
        ["1895000000000000224", "", AT, "501", "last"],
    ]
    file.write_text(csv_of(HEADER, rows) + '1895000000000000225,,"never closed\n')
    done = replay(str(file), "--topic", topic.topic)
    assert done.returncode == 0
    assert done.stdout == "7 lines read, 2 posts queued, 1 lines without a post, 4 lines refused\n"
    letters = {letter.origin: letter for letter in DeadLetters(stream).read()}
    told = {origin.removeprefix(f"{file}:"): letter.reason for origin, letter in letters.items()}
    assert told.keys() == {"3 (line 4)", "4 (line 5)", "5 (line 6)", "8 (line 9)"}
    assert "rounded by a spreadsheet" in told["3 (line 4)"]
    assert "time 'yesterday'" in told["4 (line 5)"]
    assert "over-long text" in told["5 (line 6)"]
    assert told["8 (line 9)"] == "a quote is not closed"
    assert letters[f"{file}:3 (line 4)"].payload.startswith(b"1.895E+18,1.895E+18,")
    assert (
        DeadLetters(stream).requeue(letters.values())[0] == 1
    )  # the over-long text; of the others only the row is kept


def test_a_table_comes_through_a_pipe_or_compressed(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    content = csv_of(HEADER, [[str(n), "", AT, "501", "Rivera"] for n in range(1, 2001)]).encode()
    for name, given, stdin in (
        ("-", content, True),
        ("-", gzip.compress(content), True),
        ("posts.csv.gz", gzip.compress(content), False),
    ):
        file = name if stdin else str(tmp_path / name)
        if not stdin:
            Path(file).write_bytes(given)
        done = replay(file, "--topic", topic.topic, stdin=given if stdin else b"")
        assert done.stdout == "2,000 lines read, 2,000 posts queued, 0 lines refused\n", done.stderr


def test_a_table_that_ends_inside_its_compression_exits_1(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv.gz"
    rows = [[str(n), "", AT, str(n * 7919 % 100_003), f"Rivera {n * 104_729 % 1_000_003}"] for n in range(1, 40_001)]
    file.write_bytes(gzip.compress(csv_of(HEADER, rows).encode())[:-2000])
    done = replay(str(file), "--topic", topic.topic)
    assert done.returncode == 1
    assert f"{file} is damaged or truncated after row" in done.stderr


def test_the_own_map_and_parquet(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    map_file, file = tmp_path / "map.yaml", tmp_path / "posts.parquet"
    map_file.write_text(MAP)
    pq.write_table(pa.table({"No": [1, 2], "When": [AT, AT], "Who": ["ana", "ben"], "What": ["a", "b"]}), file)
    done = replay(str(file), "--columns", str(map_file), "--topic", topic.topic)
    assert (done.returncode, done.stdout) == (0, "2 lines read, 2 posts queued, 0 lines refused\n"), done.stderr


def test_wrong_use_queues_nothing(stream: PostsQueue, topic: Topic, tmp_path: Path) -> None:
    good, bad, map_file = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "map.yaml"
    good.write_text(csv_of(HEADER, [["1", "", AT, "501", "Rivera"]]))
    bad.write_text("No,When,Who,Whta\n1,2025-03-01,ana,hello\n")
    map_file.write_text(MAP)
    unknown = replay(str(good), str(bad), "--topic", topic.topic)
    assert (unknown.returncode, stream.backlog()) == (2, 0)
    assert unknown.stderr.splitlines()[-1].endswith('with --columns MAP.yaml: see "From a table" in the README')
    misspelt = replay(str(bad), "--columns", str(map_file), "--topic", topic.topic)
    assert (misspelt.returncode, stream.backlog()) == (2, 0)
    assert misspelt.stderr == f"error: {map_file}: {bad} has no column 'What'. Did you mean 'Whta'?\n"
