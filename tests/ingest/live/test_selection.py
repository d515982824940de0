"""What of a network that sends everything goes onto the queue, and by which route."""

from datetime import UTC, datetime, timedelta

import pytest

from conf.topic import Collect, Topic
from ingest.formats import PARSED, parse
from ingest.live.matching import TopicMatcher
from ingest.live.selection import Rejected, Selection
from ingest.queue.envelope import Envelope, Route
from tests.support.bluesky import REPOST, event, tid

AT = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
TOPIC = Topic(topic="t", collect=Collect(keywords=("duterte",)))
SUBJECT = {"subject": {"uri": f"at://did:plc:ana/app.bsky.feed.post/{tid(AT)}", "cid": "c"}}


def post(text: str) -> bytes:
    return event({"text": text}, AT)


def update(text: str) -> bytes:
    return event({"text": text}, AT + timedelta(seconds=9), rkey=tid(AT), operation="update")


def selected(line: bytes) -> list[Envelope | Rejected]:
    return list(Selection("t", "bluesky", TopicMatcher(TOPIC)).of(line))


@pytest.mark.parametrize(
    ("line", "format_", "route"),
    [
        (post("said Duterte"), "parsed_bluesky", Route.POST),
        (update("said Duterte"), "parsed_bluesky", Route.UPDATE),
        (update("never mind"), "parsed_bluesky", Route.UPDATE_IF_STORED),
        (event(SUBJECT, AT, collection=REPOST), "parsed_bluesky", Route.REPOST),
        (event(None, AT, rkey=tid(AT), operation="delete"), "bluesky_delete", Route.DELETION),
    ],
)
def test_each_kind_of_message_has_its_route(line: bytes, format_: str, route: Route) -> None:
    [found] = selected(line)
    assert isinstance(found, Envelope)
    payload = found.payload if format_ in PARSED else line
    assert found == Envelope("t", "bluesky", format_, payload, "live", route=route)
    assert format_ not in PARSED or parse(format_, payload) == parse("bluesky", line)


def test_a_post_that_the_topic_does_not_ask_for_is_left_out() -> None:
    assert selected(post("never mind")) == []


def test_what_can_not_be_read_is_rejected_with_its_payload() -> None:
    [rejected] = selected(b"{")
    assert isinstance(rejected, Rejected)
    assert rejected.envelope == Envelope("t", "bluesky", "", b"{", "live")
