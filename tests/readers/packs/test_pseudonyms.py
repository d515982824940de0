"""A pack with pseudonyms, or of ids alone: no account, handle or post id of the store stands anywhere in it."""

import gzip
import json
import random
import re
import stat
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.schema import Table
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, CASCADES, CONVERSATIONS, JOB_RUNS, POSTS, PUBLISHED, TEXT_FAMILIES, TOP_ITEMS
from conf.topic import Topic
from ingest.cli import main as ingest
from ingest.queue.posts_queue import PostsQueue
from readers.packs import disguise, pseudonyms
from readers.packs.pseudonyms import CHANGED, KEPT, Pseudonyms, make_key, read_key, reveals
from readers.packs.summaries import SUMMARIES
from stores.connect import RedisClient
from stores.packs import VERSION_US
from tests.conftest import make_topic
from tests.support.bluesky import event
from tests.support.loading import load
from tests.support.mastodon_server import status
from tests.support.packed import pack, packed
from tests.support.posts import stream_line, tweet, user

NOON = datetime(2016, 5, 1, 12, tzinfo=UTC)
SECRETS = (
    *("zoraida", "bealonso", "carlwhite", "4711001", "4711002", "4711003", "72680000000000001", "72670000000000001"),
    *("did:plc:secretana", "secretana", "mastodora", "zor.example", "carl@mail.example"),
)
"""Names and ids that may not stand in such a pack."""
TEXT = (
    "RT me: @BeaLonso and ＠carlwhite, mail carl@mail.example, https://twitter.com/bealonso/status/72670000000000001 "
    "twitter.com/carlwhite/with_replies https://mastodon.example/@mastodora bsky.app/profile/did:plc:secretana "
    "@zor.example @mastodora@mastodon.example did:plc:secretana zoraida.bsky.social ok https://a.example/news"
)


def lines() -> list[bytes]:
    people = [user("4711001", "Zoraida"), user("4711002", "BeaLonso"), user("4711003", "CarlWhite")]
    links = [
        {"url": "https://t.co/1", "expanded_url": address}
        for address in ("https://x.com/bealonso", "https://a.example/news", "https://mastodon.example/@mastodora")
    ]
    mentions = [{"username": "BeaLonso", "id": "4711002"}, {"username": "CarlWhite", "id": "4711003"}]
    given = {"mentions": mentions, "urls": links}
    made = [
        tweet("72680000000000001", TEXT, author_id="4711001", entities=given, in_reply_to_user_id="4711002",
              conversation_id="72670000000000001",
              referenced_tweets=[{"type": "replied_to", "id": "72670000000000001"}],
              geo={"coordinates": {"type": "Point", "coordinates": [121.1234567, 14.7654321]}}),
        tweet("72680000000000002", "again", author_id="4711001"),
    ]  # fmt: skip
    account = {"acct": "mastodora", "id": "99", "username": "mastodora", "url": "https://mastodon.example/@mastodora"}
    toot = status(1, "<p>hello @mastodora@mastodon.example</p>")
    toot["account"] = {**toot["account"], **account}
    return [
        *(stream_line(data, people) for data in made),
        event({"text": TEXT, "langs": ["en"]}, NOON, "did:plc:secretana"),
        orjson.dumps(toot),
    ]


def insert(session: Session, settings: Settings, table: Table, **values: Any) -> None:
    statement = session.prepare(table.insert(settings.keyspace))
    session.execute(statement, [values.get(name, UNSET_VALUE) for name in table.columns])


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient) -> Topic:
    """A topic with posts and summaries that name the same few people."""
    topic = make_topic(settings)
    queue = PostsQueue(client, "test:pseudonyms")
    queue.ensure_group()
    load(lines(), topic.topic, queue, session, settings)
    run = {"run_id": uuid.uuid1(), "computed_at": NOON}
    period = {"topic": topic.topic, "period": "window", "period_start": NOON, "period_end": NOON + timedelta(hours=1)}
    row = {**period, **run, "posts": 2, "authors": 1, "originals": 1, "first_at": NOON}
    for rank, (kind, item, label) in enumerate(
        [("mentioned", "x:4711002", "bealonso"), ("retweeted", "x:@carlwhite", "carlwhite"), ("word", "vote", "vote"),
         ("link", "https://x.com/bealonso", "https://x.com/bealonso"), ("host", "a.example", "a.example")], 1
    ):  # fmt: skip
        insert(session, settings, TOP_ITEMS, **row, kind=kind, rank=rank, item=item, label=label)
    insert(session, settings, TEXT_FAMILIES, **row, rank=1, family="f", text=TEXT, post_id="72680000000000001",
           source="x", texts=1, sources=["x"], last_at=NOON, half_life_seconds=1.0, large_bands=0,
           links=["https://x.com/bealonso", "https://a.example/1"])  # fmt: skip
    insert(session, settings, CASCADES, **row, rank=1, source="x", post_id="72670000000000001", author="x:4711002",
           label="bealonso", retweets=1, retweeters=1, quotes=0, depth=1, last_at=NOON, duration_seconds=1.0,
           half_life_seconds=1.0)  # fmt: skip
    insert(session, settings, CONVERSATIONS, **row, rank=1, source="x", root="72670000000000001", author="x:4711002",
           label="bealonso", depth=1, widest=1, shape="star", last_at=NOON, half_life_seconds=1.0)  # fmt: skip
    activity = {"bucket": 0, "author": "x:4711001", "label": "zoraida", "bot_score": 0.0, "mentions_received": 0}
    insert(session, settings, AUTHOR_ACTIVITY, **{**row, **activity, "bot_flags": ["many_posts"]})
    insert(session, settings, PUBLISHED, **{**period, **run}, table_name="author_activity", part="", published_at=NOON)
    insert(session, settings, JOB_RUNS, job="cascades", topic=topic.topic, started_at=NOON, run_id=run["run_id"],
           status="failed", window_start=NOON, window_end=NOON + timedelta(hours=1), error="of zoraida")  # fmt: skip
    return topic


def contents(folder: Path) -> dict[str, str]:
    """Returns all that stands in a pack, in lower case, by file."""
    found = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        text = repr(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else raw.decode()
        found[path.name] = text.lower()
    return found


@pytest.mark.parametrize("options", ["--posts=ids", "--posts=pseudonyms", "--posts=pseudonyms --layout=twarc",
                                     "--posts=pseudonyms --layout=tcat"])  # fmt: skip
def test_no_name_and_no_id_stands_in_the_pack(
    topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str
) -> None:
    packed(capsys, "--topic", topic.topic, "--out", tmp_path / "pack", *options.split())
    found = contents(tmp_path / "pack")
    ids = "ids" in options
    assert ("author_activity.parquet" in found) != ids
    for name, text in found.items():
        told = {secret for secret in SECRETS if secret in text}
        assert not told or (ids and name.endswith(".txt")), (name, told)
    assert "zoraida" in contents_of_a_full_pack(topic, tmp_path, capsys)


def contents_of_a_full_pack(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    packed(capsys, "--topic", topic.topic, "--out", tmp_path / "full")
    return "".join(contents(tmp_path / "full").values())


def test_ids_are_one_a_line(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed(capsys, "--topic", topic.topic, "--posts", "ids", "--out", tmp_path / "pack")
    assert (tmp_path / "pack" / "ids" / "x-2016-05-01.txt").read_text() == "72680000000000001\n72680000000000002\n"


def test_an_account_has_one_pseudonym_in_posts_and_summaries(
    topic: Topic, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed(capsys, "--topic", topic.topic, "--posts", "pseudonyms", "--out", tmp_path / "pack")
    with gzip.open(tmp_path / "pack" / "posts.ndjson.gz") as file:
        posts = [json.loads(line) for line in file]
    x = [post for post in posts if post["source"] == "x"]
    assert x[0]["author_id"] == x[1]["author_id"]
    assert {post["author"] for post in x} == {x[0]["author"]}
    assert x[0]["mentions"][0] == x[0]["reply_to_author"]
    assert f"@{x[0]['mentions'][0]}" in x[0]["text"]
    (conversation,) = pq.read_table(tmp_path / "pack" / "summaries" / "conversations.parquet").to_pylist()
    assert conversation["root"] == x[0]["root"] == x[0]["reply_to"]
    assert (conversation["shape"], conversation["label"]) == ("star", x[0]["reply_to_author"])
    assert x[0]["urls"] == ["https://a.example/news"]
    assert x[0]["text"].endswith(" ok https://a.example/news")
    activity = pq.read_table(tmp_path / "pack" / "summaries" / "author_activity.parquet").to_pylist()
    assert activity[0]["author"] == f"x:{x[0]['author_id']}"
    assert activity[0]["label"] == x[0]["author"]
    key = read_key(settings.home)
    assert key is not None
    assert Pseudonyms(key).account("x", "4711001") == x[0]["author_id"]
    assert {"lat", "lon", "folded", "accounts", "place", "collected_at"}.isdisjoint(x[0])


def test_such_packs_are_not_replayed(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for contents_ in ("ids", "pseudonyms"):
        packed(capsys, "--topic", topic.topic, "--posts", contents_, "--out", tmp_path / contents_)
        assert ingest(["replay", str(tmp_path / contents_), "--topic", topic.topic]) == 2
        assert "it can't be replayed. Make one with --posts full" in capsys.readouterr().err
    assert ingest(["replay", str(tmp_path / "pseudonyms" / "posts.ndjson.gz"), "--topic", topic.topic]) == 1
    assert "only packs made with --posts full are replayed" in capsys.readouterr().err


def test_wrong_use_is_told(topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--topic", topic.topic, "--out", tmp_path / "pack")
    assert pack("@zoraida", *out, "--posts", "pseudonyms") == 2
    assert "can't hide the author" in capsys.readouterr().err
    assert pack(*out, "--posts", "ids", "--layout", "twarc") == 2
    assert not (tmp_path / "pack").exists()


class TestKey:
    def test_it_is_made_once_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        assert read_key(home) is None
        key = make_key(home)
        assert make_key(home) == key
        assert len(key) == 32
        assert make_key(tmp_path / "other") != key
        [file] = list(home.iterdir())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_a_key_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        make_key(tmp_path)
        (tmp_path / pseudonyms.KEY_FILE).chmod(0o640)
        with pytest.raises(Exception, match="chmod 600"):
            make_key(tmp_path)

    def test_a_file_that_is_no_key_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / pseudonyms.KEY_FILE).touch(0o600)
        with pytest.raises(Exception, match="is no key"):
            make_key(tmp_path)
        (tmp_path / pseudonyms.KEY_FILE).unlink()
        (tmp_path / pseudonyms.KEY_FILE).symlink_to(tmp_path / "nowhere")
        with pytest.raises(Exception, match="ordinary file"):
            make_key(tmp_path)


HANDLE = re.compile(r"[\w.+-]*[@＠][\w.@＠-]*\w")
"""What is hidden, as one pattern: it is right, and takes minutes for a long text without spaces."""


def test_what_stands_around_an_at_is_hidden_as_one_pattern_would() -> None:
    made, drawn = Pseudonyms(b"k" * 32), random.Random(2016)
    for _ in range(5_000):
        text = "".join(drawn.choices("ab名.@+-_＠ ,", k=drawn.randrange(1, 14)))
        assert made.text("x", text) == HANDLE.sub(lambda found: made._in_text("x", found[0]), text), text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("名" * 300_000, "名" * 300_000),
        ("名." * 150_000, "名." * 150_000),
        ("see " + "名" * 300_000 + ".bsky.social now", "see … now"),
        ("a." * 150_000 + "x.com/ana now", "… now"),
        ("@" * 300_000, "@" * 300_000),
        ("-@" * 150_000 + "+a", "-@" * 150_000 + "+a"),
        ("@+" * 150_000, "@+" * 150_000),
        ("did:" * 75_000, "…"),
        ("netflix.com/title and ana.bsky.social, .bsky.social", "… and …, .bsky.social"),
    ],
    ids=range(9),
)
def test_a_long_text_is_gone_through_once(text: str, hidden: str) -> None:
    """Each of these would take hours if it were gone through from each of its letters."""
    assert Pseudonyms(b"k" * 32).text("bluesky", text) == hidden


def test_every_column_of_posts_is_thought_of() -> None:
    left_out = set(POSTS.columns) - CHANGED.keys() - KEPT
    assert left_out == {
        *("topic", "day", "bucket", "folded", "folded_cards", "folded_alt", "accounts", "media", "place", "lat", "lon"),
        "collected_at",
    }
    assert VERSION_US not in KEPT


def test_every_text_of_summaries_is_thought_of() -> None:
    columns = [item for table in SUMMARIES for item in table.columns.items()]
    texts = {name for name, column in columns if column.cql not in disguise.NO_TEXT}
    assert texts <= disguise.KEPT_TEXTS | disguise.CHANGED.keys()
    assert not disguise.KEPT_TEXTS & disguise.CHANGED.keys()


@pytest.mark.parametrize(
    ("address", "does"),
    [
        ("https://x.com/a", True),
        ("HTTPS://Mobile.Twitter.com/a", True),
        ("https://t.co/abc", True),
        ("https://bsky.app/profile/a", True),
        ("https://social.example/@a/1", True),
        ("https://social.example/%40a", True),
        ("https://netflix.com/a", False),
        ("https://x.com.example/a", False),
        ("https://a.example/x.com", False),
    ],
)
def test_addresses_that_name_somebody(address: str, does: bool) -> None:
    assert reveals(address) == does
