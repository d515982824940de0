"""`readers search`: what is found, in which order, and as what; held to a scan of everything that is stored."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from cassandra.cluster import Session
from rich.console import Console

from conf.errors import PulsoError, WrongUse
from conf.folding import search_words, words_of
from conf.partitions import bucket_of
from conf.plain import one_line, printable
from conf.settings import Settings
from conf.topic import Topic
from corpus import CAMPAIGN, generate
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from ingest.queue.posts_queue import PostsQueue
from readers.cli import main
from readers.output import write_pages
from readers.search.post_reads import Span, snowflake
from readers.search.query import parse_query
from readers.search.search import PAGE_ROWS, PostSearch, posts_frame
from readers.search.search_view import emphasised, hits, print_posts
from readers.search.statements import COLUMNS
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.commands import Done, run_command
from tests.support.loading import load
from tests.support.posts import stream_line, tweet, user

POSTS = 6000
MONTH = (CAMPAIGN[1] - timedelta(days=30), CAMPAIGN[1])
DAY_OF_FEW = datetime(2016, 5, 1, 12, tzinfo=UTC)
"""When the posts of tests with few posts were made."""
LAST_DAY = datetime(2016, 5, 7, 16, tzinfo=UTC)


@dataclass(frozen=True)
class Corpus:
    """What is stored under a topic, as it was parsed, and a search in it."""

    topic: Topic
    posts: list[Post]
    search: PostSearch

    def scan(self, query: str, span: Span = Span(), **filters: Any) -> list[str]:  # noqa: B008
        """The ids that a look at every post gives, newest first."""
        asked = parse_query(query, **filters)
        found = [
            post
            for post in self.posts
            if search_words([post.folded], post.hashtags) >= set(asked.terms)
            and asked.holds(post.folded)
            and asked.author in (None, post.author)
            and asked.kind in (None, post.kind)
            and span.holds(post.event_at)
        ]
        return [p.post_id for p in sorted(found, key=lambda p: (p.event_at, p.source, p.post_id), reverse=True)]

    def found(self, query: str, span: Span = Span(), limit: int | None = None, **filters: Any) -> list[str]:  # noqa: B008
        return list(posts_frame(self.search.pages(parse_query(query, **filters), span, limit))["post_id"])


Stores = Callable[[Topic, Sequence[bytes]], Corpus]


@pytest.fixture(scope="module")
def store(session: Session, settings: Settings, client: RedisClient) -> Stores:
    """Stores lines under a topic by the real path."""
    queue = PostsQueue(client, "test:search")
    queue.ensure_group()

    def stored(topic: Topic, lines: Sequence[bytes]) -> Corpus:
        posts = [parse(u.format, u.payload) for line in lines for u in split(line) if isinstance(u, Unit)]
        assert load(lines, topic.topic, queue, session, settings) == len(posts)
        return Corpus(topic, posts, PostSearch(session, settings.keyspace, topic))

    return stored


@pytest.fixture(scope="module")
def corpus(store: Stores, settings: Settings) -> Corpus:
    """A campaign of 6,000 posts in 90 days, the last day as busy as a fifth of them makes it."""
    topic = make_topic(settings)
    lines = [line for chunk in generate(topic, POSTS, 7) for line in chunk.splitlines()]
    busy = [orjson.loads(line) for line in lines[:1200]]
    for number, line in enumerate(busy):
        at = LAST_DAY + timedelta(seconds=70 * number)
        line["data"].update(id=str(int(snowflake(at)) + number), created_at=at.isoformat())
    return store(topic, [*lines, *map(orjson.dumps, busy)])


@pytest.fixture
def few(store: Stores, settings: Settings) -> Any:
    """Stores a few posts under a topic of their own: texts, or whole lines."""

    def stored(*posts: str | bytes) -> Corpus:
        lines = [p if isinstance(p, bytes) else stream_line(tweet(str(n), p)) for n, p in enumerate(posts, 1)]
        return store(make_topic(settings), lines)

    return stored


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("duterte", {}),
        ("ang", {}),
        ("grace poe", {}),
        ('"grace poe" ang', {}),
        ("#halalan2016", {}),
        ("duterte", {"kind": "retweet"}),
        ("duterte ang", {"kind": "original"}),
        ("nobodywritesthis", {}),
        ("", {"kind": "quote"}),
    ],
)
def test_search_finds_what_a_scan_finds_in_the_same_order(corpus: Corpus, query: str, filters: dict[str, Any]) -> None:
    window = Span(*MONTH)
    assert corpus.found(query, window, **filters) == corpus.scan(query, window, **filters)
    assert corpus.found(query, **filters) == corpus.scan(query, **filters)


def test_a_rare_word_and_an_author_are_found_whatever_the_window(corpus: Corpus) -> None:
    words = pd.Series([w for post in corpus.posts for w in words_of(post.folded)]).value_counts()
    rare = words[words <= 3].index[0]
    busiest = pd.Series([post.author for post in corpus.posts]).value_counts().index[0]
    for query in (rare, f"@{busiest}", f"@{busiest} ang"):
        assert corpus.found(query) == corpus.scan(query) != [], query
        assert corpus.found(query, Span(*MONTH)) == corpus.scan(query, Span(*MONTH)), query


def test_the_first_page_is_the_newest_posts(corpus: Corpus) -> None:
    for query in ("ang", "duterte", "roxas", "#halalan2016"):
        assert corpus.found(query, limit=50) == corpus.scan(query)[:50]


def test_a_window_is_half_open_and_may_cut_a_busy_day(corpus: Corpus) -> None:
    for start, end in ((3, 21), (20, 20.5)):
        window = Span(*(LAST_DAY + timedelta(hours=hour) for hour in (start, end)))
        assert corpus.found("ang", window) == corpus.scan("ang", window) != []
    at = corpus.posts[-1].event_at
    one = Span(at, at + timedelta(milliseconds=1))
    assert corpus.found("", one, kind=corpus.posts[-1].kind)
    assert not corpus.found("", Span(at - timedelta(milliseconds=1), at), kind=corpus.posts[-1].kind)


def test_pages_are_read_as_they_are_asked_for(corpus: Corpus) -> None:
    days = list[int]()
    pages = corpus.search.pages("ang", on_day=lambda done, _: days.append(done))
    first = next(pages)
    assert 0 < len(first) <= PAGE_ROWS
    assert len(days) <= 1


def test_without_patience_the_newest_days_are_searched_and_the_others_are_told(corpus: Corpus) -> None:
    query, span = parse_query("", kind="quote"), Span(*MONTH)
    whole, cut = (corpus.search.first(query, span, POSTS, patience) for patience in (600.0, 0.0))
    assert (whole.unread, [row.post_id for row in whole.rows]) == (0, corpus.scan("", span, kind="quote"))
    assert cut.unread == 28  # of 30 days
    assert 0 < len(cut.rows) < len(whole.rows)
    oldest = min(row.day for row in cut.rows)
    assert [row.post_id for row in cut.rows] == [row.post_id for row in whole.rows if row.day >= oldest]
    assert corpus.search.first(query, span, 3, 0.0).unread == 0  # a page is full


def test_folding_is_that_of_candidate_matching(few: Any) -> None:
    corpus = few("Si Noynóy na!", "#NOYNOY2016 noynoyed", "ＮＯＹＮＯＹ")
    assert corpus.found("Noynóy") == ["3", "1"]
    assert corpus.found("NOYNOY2016") == ["2"]


def test_a_phrase_stands_as_an_alias_would(few: Any) -> None:
    texts = ["Grace  @ana Poé!", "grace and poe", "Disgrace Poe", "Grace Poem", "grace https://x.ph/a poe"]
    corpus = few(*texts)
    assert sorted(corpus.found('"grace poe"')) == ["1", "5"]
    assert sorted(corpus.found("grace poe")) == ["1", "2", "5"]
    assert sorted(corpus.found('"Grace @bea POE"')) == ["1", "5"]


def test_scripts_without_spaces_are_found_within_a_run(few: Any) -> None:
    corpus = few("总统选举结果 poe", "การเลือกตั้งวันนี้", "选举", "no more")
    assert corpus.found("选举") == ["3", "1"]
    assert corpus.found("选举 poe") == ["1"]
    assert corpus.found("เลือกตั้ง") == ["2"]


def test_search_finds_a_name_where_a_candidate_is_counted(few: Any) -> None:
    korean = ["이재명이 앞선다", "이재명은 오늘", "더이재명"]
    arabic = ["ومحمد مرسي قال", "محمد هنا", "رسالة للسيسي", "بالسيسي", "سيسي"]
    latin = ["KILIÇDAROĞLU", "Kilicdaroglu", "Beto O’Rourke", "o'rourke"]
    corpus = few(*korean, *arabic, *latin, "@abc_123さんと高市早苗の討論")
    assert sorted(corpus.found("이재명")) == ["1", "2"]
    assert sorted(corpus.found("محمد")) == ["4", "5"]
    assert corpus.found('"محمد مرسي"') == ["4"]
    assert sorted(corpus.found("السيسي")) == ["6", "7"]
    assert sorted(corpus.found("Kılıçdaroğlu")) == ["10", "9"]
    assert sorted(corpus.found("O`Rourke")) == ["11", "12"]
    assert corpus.found("高市早苗") == ["13"]
    assert corpus.found("abc_123") == []


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("大統領選挙の結果、ロドリゴ・ドゥテルテ氏が当選", ["選挙", "ドゥテルテ", "#選挙速報"]),
        ("فاز المرشّح في الانتخابات الرئاسية", ["الانتخابات", "المرشّح", '"الانتخابات الرئاسية"', "#الانتخابات"]),
        (
            "İSTANBUL'da seçim: Işıl oy kullandı, IĞDIR'da şölen",
            ["istanbul", "İSTANBUL", "Işıl", "seçim", "şölen", "#Seçim"],
        ),
    ],
    ids=["Japanese", "Arabic", "Turkish"],
)
def test_text_in_other_scripts_is_found(few: Any, text: str, queries: list[str]) -> None:
    tag = next(query[1:] for query in queries if query[0] == "#")
    corpus = few("hello", stream_line(tweet("7", text, entities={"hashtags": [{"tag": tag}]})))
    for query in queries:
        assert corpus.found(query) == corpus.scan(query) == ["7"], query


@pytest.mark.parametrize("span", [Span(), Span(DAY_OF_FEW, DAY_OF_FEW + timedelta(days=1))], ids=["all", "a day"])
def test_words_without_their_post_and_words_of_another_text_are_not_believed(
    few: Any, session: Session, settings: Settings, span: Span
) -> None:
    corpus = few("old text", "old text too", "old and new")
    assert corpus.found("old", span) == ["3", "2", "1"]
    posts, layout = f"{settings.keyspace}.posts", (corpus.topic.topic, corpus.topic.day_of(DAY_OF_FEW))
    where = "topic = %s AND day = %s AND bucket = %s AND source = 'x' AND post_id = %s"
    gone, changed = ((*layout, bucket_of(post_id, corpus.topic.buckets), post_id) for post_id in ("1", "2"))
    session.execute(f"DELETE FROM {posts} WHERE {where}", gone)  # its words stay
    session.execute(f"UPDATE {posts} SET text = 'new text', folded = 'new text' WHERE {where}", changed)
    assert corpus.found("old", span) == ["3"]
    assert corpus.found("old @ana", span) == ["3"]
    assert corpus.found("old text", span) == []


def test_a_hashtag_is_not_its_word(few: Any) -> None:
    tagged = stream_line(tweet("9", "vote #Poe", entities={"hashtags": [{"tag": "Poe"}]}))
    corpus = few("vote poe", tagged)
    assert corpus.found("#POE") == ["9"]
    assert corpus.found("poe") == ["9", "1"]


def test_posts_whose_ids_tell_no_time_are_found_on_a_busy_day(few: Any) -> None:
    at = datetime(2016, 5, 1, 12, tzinfo=UTC)
    lines = [stream_line(tweet(str(n), "hello", created_at=f"{at + timedelta(seconds=n):%FT%TZ}")) for n in range(400)]
    corpus = few(*lines)
    assert corpus.found("hello") == corpus.scan("hello") == [str(n) for n in range(399, -1, -1)]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "the query is empty"),
        ("?!", "holds no letter or digit"),
        ("https://x.ph/a", "URLs and handles are not among the words"),
        ('poe "grace', "a quotation mark is missing"),
        ("@ana @bea", "a post has only one author"),
        ("#", "the hashtag '#' holds no letter"),
    ],
)
def test_a_query_that_asks_for_nothing_is_refused(query: str, error: str) -> None:
    with pytest.raises(WrongUse, match=error):
        parse_query(query)


def test_hits_are_emphasised_where_they_stand_in_the_text() -> None:
    line = "@poe says: ﬁnally Gracé Poe, and grace"
    query = parse_query('"grace poe" finally')
    assert [line[start:end] for start, end in hits(line, query)] == ["ﬁnally", "Gracé Poe"]
    marked = "1\ufe0f\u20e3poe\u0301 `Poe` \u0600poe é\r\npoe"  # each with its marks, and none across them
    found = [marked[start:end] for start, end in hits(marked, parse_query("poe"))]
    assert found == ["poe\u0301", "Poe", "\u0600poe", "poe"]
    far = emphasised("x" * 300 + " poe wins", parse_query("poe"), 60)
    assert far.plain.startswith("…")
    assert [far.plain[span.start : span.end] for span in far.spans] == ["poe"]


def test_nothing_in_a_post_reaches_the_terminal_as_control(few: Any) -> None:
    evil = "long " * 60 + "\x1b]0;owned\x07 \x9b31mred \u202edlrow [bold]poe[/] a\nb"
    corpus = few(evil)
    out = io.StringIO()
    frame = posts_frame(corpus.search.pages("poe"))
    print_posts(frame, parse_query("poe"), corpus.topic, Console(file=out, width=120, force_terminal=False))
    assert not set("\x1b\x07\x9b\u202e") & set(out.getvalue())
    assert "[bold]poe[/] a b" in out.getvalue()
    assert "2016-05-01 20:00:00   ana                original   …" in out.getvalue()
    assert one_line("a\r\n b") == "a b"
    assert printable("a\tb\n\x1b") == "a\tb\n\ufffd"


def test_formats_hold_the_same_posts(corpus: Corpus, tmp_path: Path) -> None:
    expected = corpus.scan("duterte", Span(*MONTH))
    files = {name: tmp_path / name for name in ("csv", "ndjson", "parquet")}
    for name, file in files.items():
        assert write_pages(corpus.search.pages("duterte", Span(*MONTH)), name, file) == len(expected)
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text())))
    objects = [orjson.loads(line) for line in files["ndjson"].read_bytes().splitlines()]
    frame = pd.read_parquet(files["parquet"])
    assert [r["post_id"] for r in rows] == [o["post_id"] for o in objects] == list(frame["post_id"]) == expected
    assert list(rows[0]) == list(objects[0]) == list(frame.columns) == list(COLUMNS)
    assert [o["text"] for o in objects] == list(frame["text"])
    assert rows[0]["event_at"][:23] == objects[0]["event_at"][:23]
    assert [list(tags) if tags is not None else None for tags in frame["hashtags"]] == [o["hashtags"] for o in objects]


def test_a_spreadsheet_takes_no_text_for_a_formula(few: Any, tmp_path: Path) -> None:
    corpus = few('=HYPERLINK("http://x") poe')
    write_pages(corpus.search.pages("poe"), "csv", tmp_path / "posts.csv")
    write_pages(corpus.search.pages("poe"), "ndjson", tmp_path / "posts.ndjson")
    assert next(csv.DictReader(io.StringIO((tmp_path / "posts.csv").read_text())))["text"].startswith("'=HYPERLINK")
    assert orjson.loads((tmp_path / "posts.ndjson").read_bytes())["text"].startswith("=HYPERLINK")


def run(topic: Topic, *arguments: str) -> Done:
    done = run_command("readers", "search", "--topic", topic.topic, *arguments)
    assert "Traceback" not in done.stderr
    return done


def test_a_person_sees_the_posts_in_the_topics_time(few: Any) -> None:
    corpus = few(stream_line(tweet("7", "Si Noynóy", created_at="2016-05-01T16:30:00.000Z"), [user("10", "Ana")]))
    done = run(corpus.topic, "noynoy", "@ana")
    assert done.returncode == 0
    assert "2016-05-02 00:30:00" in done.stdout
    assert "Si Noynóy" in done.stdout


def test_no_post_is_no_failure(corpus: Corpus) -> None:
    done = run(corpus.topic, "nobodywritesthis", "--format", "csv")
    assert done.returncode == 0
    assert done.stdout == ",".join(COLUMNS) + "\n"
    assert done.stderr == f"no posts found in {corpus.topic.topic}\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "the query is empty"),
        (["poe", "--kind", "rant"], "Invalid value for '--kind'"),
        (["poe", "--from", "2016-05-02", "--to", "2016-05-01"], "is not before --to"),
        (["poe", "--out", "posts.txt"], "Give --format csv"),
    ],
)
def test_what_goes_wrong_is_one_line(
    corpus: Corpus, arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "--topic", corpus.topic.topic, *arguments]) == 2
    said = capsys.readouterr().err
    assert error in said
    assert said.count("\n") == 1


def test_cassandra_down_is_one_line(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", "1")
    done = run(corpus.topic, "poe")
    assert done.returncode == 1
    assert "Cassandra does not answer at 127.0.0.1:1" in done.stderr
    assert "make up" in done.stderr


def test_tables_that_are_not_there_name_the_mend(corpus: Corpus, session: Session) -> None:
    with pytest.raises(PulsoError, match="python -m ingest migrate"):
        list(PostSearch(session, "system", corpus.topic).pages("poe"))
