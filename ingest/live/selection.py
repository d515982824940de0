"""Selects the messages of a source that go onto the queue, and their formats."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.formats import DELETIONS, Refused, Unit, parse, split
from ingest.formats.post import InvalidMessage
from ingest.live.matching import TopicMatcher
from ingest.queue.posts_queue import Envelope
from ingest.write.changes import ONLY_STORED, REPOST

SELECTING = ("x",)
"""Sources that filter by the topic's own rules, so that every message they send is wanted."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that can't be read; it goes to the dead letters."""

    envelope: Envelope
    reason: str


class Selection:
    """Applies a topic's `collect` part to the messages of one source."""

    def __init__(self, topic: str, source: str, matcher: TopicMatcher) -> None:
        self._topic, self._source = topic, source
        self._matcher = None if source in SELECTING else matcher

    def of(self, line: bytes) -> Iterator[Envelope | Rejected]:
        """Yields the parts of a message that the topic asks for, and those that can't be read.

        For a network that sends everything, most messages have none.
        """
        for part in split(line):
            if isinstance(part, Refused):
                yield Rejected(self._envelope("", part.payload), part.reason)
            elif self._matcher is None or part.format in DELETIONS:
                yield self._envelope(part.format, part.payload)
            else:
                yield from self._matched(self._matcher, part)

    def _matched(self, matcher: TopicMatcher, unit: Unit) -> Iterator[Envelope | Rejected]:
        try:
            post = parse(unit.format, unit.payload)
        except InvalidMessage as error:
            yield Rejected(self._envelope(unit.format, unit.payload), str(error))
            return
        if unit.format == "bluesky" and post.retweet_of:
            yield self._envelope(REPOST, unit.payload)
        elif matcher.wants(post):
            yield self._envelope(unit.format, unit.payload)
        elif post.is_update:
            yield self._envelope(unit.format + ONLY_STORED, unit.payload)

    def _envelope(self, format_: str, payload: bytes) -> Envelope:
        return Envelope(self._topic, self._source, format_, payload, origin="live")
