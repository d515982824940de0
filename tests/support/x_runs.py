"""Runs X's stream against a local server."""

from typing import Any

import orjson

from conf.settings import load_settings
from conf.topic import Collect, Topic
from ingest.sources.base import Clock
from ingest.sources.x.stream import XStream
from tests.support.posts import stream_line, tweet, user
from tests.support.source_doubles import PATIENCE, FakeClock, Notes
from tests.support.x_server import TOKEN, Script, XServer

TOPIC = Topic(topic="t", collect=Collect(keywords=("ana",)))


def line(post_id: str = "1", tag: str | None = "pulso:t", text: str = "ana") -> bytes:
    """Returns a stream line that matched another topic's rule and one with `tag`; with None, it names no rules."""
    content: dict[str, Any] = orjson.loads(stream_line(tweet(post_id, text), [user()]))
    if tag is not None:
        content["matching_rules"] = [{"id": "7", "tag": "pulso:other"}, {"id": "8", "tag": tag}]
    return orjson.dumps(content)


def stream_of(server: XServer, clock: Clock, silence: float = PATIENCE) -> XStream:
    """Returns a stream from this server, which gets a rule for the topic if it has no rules."""
    if not server.rules.rules:
        server.rules.have(("ana", "pulso:t"))
    return XStream(load_settings(x_api=server.address, X_BEARER_TOKEN=TOKEN), TOPIC, clock, silence)


def run(*scripts: Script, waits: int, silence: float = PATIENCE) -> tuple[Notes, list[float], XServer]:
    """Runs a stream against scripts until it has waited `waits` times; returns its notes, its waits and the server."""
    clock, notes = FakeClock(waits), Notes()
    with XServer(*scripts) as server:
        stream_of(server, clock, silence).run(notes)
    return notes, clock.waits, server
