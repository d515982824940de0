"""X's filtered stream, v2. It sends the posts that match the account's rules; each topic has its own rules.

Protocol: https://docs.x.com/x-api/fundamentals/consuming-streaming-data. At this access level, X does not send missed
posts later, so every time without a connection is a gap.
"""

from collections.abc import Mapping
from typing import Any

import orjson
import requests
import structlog

from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import Topic
from ingest.sources.base import Clock, Sink
from ingest.sources.x.api import XApi
from ingest.sources.x.connection import Connection
from ingest.sources.x.errors import Unavailable, disconnect
from ingest.sources.x.pace import BackOffs, ConnectLimit
from ingest.sources.x.rules import tag_of

SILENCE = 30.0
"""Seconds without a byte after which the connection counts as dead; X sends a heartbeat every 20 seconds."""
FIELDS: Mapping[str, str] = {
    "expansions": "author_id,referenced_tweets.id,referenced_tweets.id.author_id,in_reply_to_user_id,geo.place_id,"
    "edit_history_tweet_ids,attachments.media_keys",
    "tweet.fields": "id,text,author_id,created_at,lang,entities,referenced_tweets,in_reply_to_user_id,geo,note_tweet,"
    "edit_history_tweet_ids,conversation_id,source,public_metrics,possibly_sensitive,withheld,"
    "attachments",
    "media.fields": "media_key,type,alt_text",
    "user.fields": "id,username,name,created_at,public_metrics,verified,protected,withheld",
    "place.fields": "id,full_name,country_code,place_type,geo",
}
DATA = b'{"data"'
RULED = b'"matching_rules"'

log = structlog.get_logger("x")


class XStream:
    """Collects a topic's posts over the single connection that an account may have."""

    name = "x"

    def __init__(self, settings: Settings, topic: Topic, clock: Clock | None = None, silence: float = SILENCE) -> None:
        self._api = XApi(settings)
        self._topic = topic.topic
        self._tag = tag_of(topic.topic)
        self._quoted_tag = f'"{self._tag}"'.encode()
        self._clock = clock or Clock()
        self._silence = silence
        self._back_offs = BackOffs(self._clock)
        self._limit = ConnectLimit(self._clock)
        self._has_rules = False

    def run(self, sink: Sink) -> None:
        """Collects until the clock is stopped.

        Raises PulsoError when X has no rules for the topic, and when it refuses the token or the request.
        """
        try:
            self._run(sink)
        finally:
            self._api.close()

    def _run(self, sink: Sink) -> None:
        told = False
        while not self._limit.wait():
            opened, trouble = self._collect(sink)
            if self._clock.stopped or trouble is None:
                return
            if opened or not told:
                sink.closed(trouble.what)
                told = True
            seconds = self._back_offs.seconds(trouble)
            log.warning("connection lost" if opened else "no connection", reason=trouble.what, wait_seconds=seconds)
            if self._clock.wait(seconds):
                return

    def _collect(self, sink: Sink) -> tuple[bool, Unavailable | None]:
        """Collects while the connection lasts; returns whether it was ever up, and the error that ended it.

        The error is None if we ended the connection.
        """
        opened = False
        connection = Connection(self._connect)
        try:
            for line in connection.lines(self._clock):
                if line is None:
                    opened = True
                    sink.opened()
                    log.info("connected", topic=self._topic)
                else:
                    self._take(sink, line)
        except Unavailable as trouble:
            return opened, trouble
        finally:
            connection.close()
        return opened, None

    def _connect(self) -> requests.Response:
        if not self._has_rules:
            self._has_rules = any(rule.tag == self._tag for rule in self._api.rules())
        if not self._has_rules:
            raise PulsoError(
                f"no rules for topic {self._topic} on X",
                f"Run `.venv/bin/python -m ingest rules push --topic {self._topic}`",
            )
        return self._api.stream(FIELDS, self._silence)

    def _take(self, sink: Sink, line: bytes) -> None:
        if line.startswith(DATA):
            self._take_post(sink, line)
        elif not line.strip():
            sink.heard()
        else:
            self._take_other(sink, line)
        self._back_offs.reset()

    def _take_post(self, sink: Sink, line: bytes) -> None:
        """Takes a post, unless only the rules of other topics matched it.

        The search for the tag in quotation marks is safe: inside a JSON string, a quotation mark has a backslash before
        it.
        """
        if self._quoted_tag in line or RULED not in line:
            sink.take(line)
        else:
            sink.heard()

    def _take_other(self, sink: Sink, line: bytes) -> None:
        """Takes a post whose `data` is not the first key; ignores a notice; raises the error for an error message."""
        try:
            found: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if isinstance(found, dict) and "data" in found:
            self._take_post(sink, line)
            return
        if isinstance(found, dict) and ("errors" in found or "title" in found) and (error := disconnect(found)):
            raise error
        log.warning("a message of unknown kind", line=line[:200].decode(errors="replace"))
        sink.heard()


def source(settings: Settings, topic: Topic, clock: Clock) -> XStream:
    """Returns the source, as `make_source` asks for it."""
    return XStream(settings, topic, clock)
