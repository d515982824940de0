"""Posts that were stored without their words (PULSO_WORD_INDEX=off) are found all the same, and it is said."""

from datetime import UTC, datetime

from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue
from readers.search.post_reads import Span
from readers.search.query import parse_query
from readers.search.search import PostSearch, posts_frame
from stores.wordless import wordless_days
from tests.support.commands import run_command
from tests.support.line import compliance, x_post
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored, stored_words

FIRST, SECOND = datetime(2016, 5, 1, 12, tzinfo=UTC), datetime(2016, 5, 3, 12, tzinfo=UTC)


def put(stream: PostsQueue, topic: Topic, *lines: bytes, index: str, format_: str = "x_v2") -> None:
    stream.add([Envelope(topic.topic, "x", format_, line) for line in lines])
    done = run_command("ingest", "work", "--drain", PULSO_WORD_INDEX=index)
    assert done.returncode == 0, done.stderr


def line(post_id: str, at: datetime, text: str) -> bytes:
    return stream_line(tweet(post_id, created_at=at.isoformat(), text=text))


def test_a_search_over_days_with_and_without_words_finds_all_and_says_why_it_is_slow(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(stream, topic, line("1", FIRST, "kape at gatas"), line("2", FIRST, "tsaa"), index="off")
    assert stored_words(session, settings.keyspace, topic.topic) == {}
    put(stream, topic, line("3", SECOND, "kape muna"), line("4", FIRST, "kape pa"), index="on")
    assert set(stored_words(session, settings.keyspace, topic.topic)) == {"3", "4"}
    assert wordless_days(session, settings.keyspace, topic.topic) == {FIRST.date()}

    search = PostSearch(session, settings.keyspace, topic)
    assert list(posts_frame(search.pages("kape"))["post_id"]) == ["3", "4", "1"]
    assert list(posts_frame(search.pages(parse_query("kape", author="ana")))["post_id"]) == ["3", "4", "1"]
    later = Span(SECOND)
    assert list(posts_frame(search.pages("kape", later))["post_id"]) == ["3"]
    assert search.wordless(parse_query("kape"), Span()) == [FIRST.date()]
    assert search.wordless(parse_query("kape"), later) == []

    told = run_command("readers", "search", "kape", "--topic", topic.topic)
    assert "kape at gatas" in told.stdout
    assert told.stderr.count("\n") == 1, told.stderr
    assert "posts of 2016-05-01 are stored without their words (PULSO_WORD_INDEX=off)" in told.stderr
    quick = run_command("readers", "search", "kape", "--topic", topic.topic, "--from", "2016-05-03")
    assert (quick.stdout.count("kape"), quick.stderr) == (1, "")


def test_a_deletion_without_the_index_leaves_no_words_of_a_post_that_had_them(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(stream, topic, x_post(text="kape"), index="on")
    assert stored_words(session, settings.keyspace, topic.topic)
    put(stream, topic, compliance(), index="off", format_="x_compliance")
    assert stored(session, settings.keyspace, topic.topic) == {}
    assert stored_words(session, settings.keyspace, topic.topic) == {}
