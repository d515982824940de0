"""Where a topic's `match` says so, names in link cards, polls and image descriptions count; end to end."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import MATCHED
from conf.topic import Topic
from ingest.formats import Unit, parse, split
from ingest.live.matching import TopicMatcher
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_hashtags import JOB as HASHTAGS
from jobs.candidate_poll import JOB
from jobs.framework.inputs import posts_of
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from readers.search.search import posts_frame, search_posts
from tests.conftest import make_topic
from tests.support.bluesky import account_is, event
from tests.support.line import AT, Line
from tests.support.mastodon_server import status

RACES = """races:
  - id: r
    candidates:
      - {id: rivera, name: Rivera, aliases: [rivera, grace poe]}
      - {id: cruz, name: Cruz, aliases: [cruz]}
"""
CARD = {"external": {"uri": "https://example.org/rivera", "title": "Rivéra wins", "description": "the count"}}
ALT = {"images": [{"alt": "Rivera on a stage"}]}
HALVES = {"images": [{"alt": "grace"}, {"alt": "poe"}]}
WINDOW = ("2026-05-24T16:00Z", "2026-05-26T16:00Z")


def post(author: str, text: str = "look", embed: object = None) -> bytes:
    return event({"text": text, "embed": embed}, AT, did=f"did:plc:{author}")


LINES = (
    post("a", "Rivera!"),
    post("b", embed=CARD),
    post("c", embed=ALT),
    post("d", embed=HALVES),
    post("e", "cruz"),
)


def topic_of(settings: Settings, match: str) -> Topic:
    return make_topic(settings, f"{match}\n{RACES}")


@pytest.mark.parametrize(
    ("match", "columns", "counted"),
    [
        ("", [], 1),
        ("match: text", [], 1),
        ("match: [text, cards]", ["folded_cards"], 2),
        ("match: [text, alt]", ["folded_alt"], 2),
        ("match: [text, cards, alt]", ["folded_cards", "folded_alt"], 3),
        ("match: [cards]", ["folded_cards"], 1),
    ],
)
def test_aliases_count_where_the_topic_says(
    queue: PostsQueue,
    session: Session,
    settings: Settings,
    spark: SparkSession,
    match: str,
    columns: list[str],
    counted: int,
) -> None:
    topic = topic_of(settings, match)
    Line(queue, session, settings, topic.topic).work(*LINES)
    for job in (JOB, HASHTAGS):  # what the topic does not match by is not read
        read = posts_of(job).columns_of(topic)
        assert [name for name in read if name in (*MATCHED.values(), "text_more") and name != "folded"] == columns
    run_job(JOB, spark, session, settings, topic, parse_window(*WINDOW, topic.zone))
    query = f"SELECT candidate, posts FROM {settings.keyspace}.candidate_poll WHERE topic = %s AND race = 'r'"
    rows = session.execute(f"{query} AND period = 'window'", (topic.topic,))
    assert {row.candidate: row.posts for row in rows} == {
        "rivera": counted,
        "cruz": 0 if match == "match: [cards]" else 1,
    }


def test_the_default_changes_no_method_and_another_match_does(settings: Settings) -> None:
    plain, same, more = (topic_of(settings, m).races[0].method for m in ("", "match: [text]", "match: [text, alt]"))
    assert plain == same != more


def test_live_collection_asks_for_what_counts(settings: Settings) -> None:
    [unit] = split(LINES[2])
    assert isinstance(unit, Unit)
    described = parse(unit.format, unit.payload)
    collect = "match: [text, alt]\n"
    more, plain = topic_of(settings, collect), topic_of(settings, "")
    keywords = plain.collect.model_copy(update={"keywords": ("rivera",)})
    wants = [TopicMatcher(t.model_copy(update={"collect": keywords})).wants(described) for t in (more, plain)]
    assert wants == [True, False]


def found(session: Session, settings: Settings, topic: Topic, query: str) -> list[dict[str, Any]]:
    frame = posts_frame(search_posts(session, settings.keyspace, topic, query))
    return list(frame.to_dict("records"))


def test_search_finds_the_words_and_gives_them(queue: PostsQueue, session: Session, settings: Settings) -> None:
    topic = topic_of(settings, "")
    line = Line(queue, session, settings, topic.topic)
    line.work(*LINES)
    assert {row["author"][-1] for row in found(session, settings, topic, "rivera")} == {"a", "b", "c"}
    [wins] = found(session, settings, topic, '"rivera wins"')
    assert wins["text_more"] == "Rivéra wins\nthe count"
    assert found(session, settings, topic, '"grace poe"') == []
    later = AT + timedelta(seconds=30)
    line.work(account_is("deactivated", later, "did:plc:b"))
    assert found(session, settings, topic, '"rivera wins"') == []
    line.work(account_is("active", 2 * (later - AT) + AT, "did:plc:b"))
    assert found(session, settings, topic, '"rivera wins"') == [wins]


def test_an_edit_takes_them_away(queue: PostsQueue, session: Session, settings: Settings) -> None:
    topic = topic_of(settings, "")
    line = Line(queue, session, settings, topic.topic)
    described = status(1, media_attachments=[{"description": "Rivera on a stage"}])
    [row] = line.work(mastodon("update", described)).values()
    assert (row.text_more, row.folded_alt) == ("Rivera on a stage", "rivera on a stage")
    edited = {**described, "media_attachments": [], "edited_at": "2026-05-25T14:10:00.000Z"}
    [row] = line.work(mastodon("status.update", edited)).values()
    assert (row.text_more, row.folded_alt, row.folded) == (None, None, "hello")
    assert list(line.words().values()) == [{"hello"}]


def mastodon(event_: str, payload: dict[str, Any]) -> bytes:
    return orjson.dumps({"event": event_, "server": "example.social", "payload": payload})
