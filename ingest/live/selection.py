"""Selects the messages of a source to be queued, and sets their routes: how a worker handles them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from ingest.formats import DELETIONS, LOSSES, NAMES, Refused, Unit, parse, split
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.formats.post import Post
from ingest.live.matching import TopicMatcher
from ingest.live.state import LiveState
from ingest.queue.envelope import Envelope, Route, as_parsed, envelope_of

SELECTING = ("x",)
"""Sources that filter by the topic's rules themselves, so every message from them is wanted."""

ASKED_FOR = "asked for"
"""Stands for the posts that the topic asks for, beside the reasons for which others are left out."""

FILLING = ("bluesky", "mastodon")
"""Sources that fetch what was missed. They notice by themselves that they stood still, and connect anew."""


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
        self._counts: Counter[str] = Counter()

    def of(self, line: bytes) -> Iterator[Envelope | Rejected]:
        """Yields the parts of a message that the topic asks for, and those that can't be read.

        From a network that sends everything, most messages yield nothing.
        """
        for part in split(line):
            if isinstance(part, Refused):
                yield Rejected(self._envelope(Unit("", self._source, part.payload)), part.reason)
            elif part.format in DELETIONS or part.format in NAMES or part.format in LOSSES:
                yield self._envelope(part)
            elif self._matcher is None:
                self._counts[ASKED_FOR] += 1
                yield self._envelope(part)
            else:
                yield from self._matched(self._matcher, part)

    def take_counts(self) -> Counter[str]:
        """Returns how many posts came since the last call: ASKED_FOR, or left out, by reason (`TopicMatcher.left_out`).

        Reposts count in neither: only a worker knows whether their post is stored.
        """
        counts, self._counts = self._counts, Counter()
        return counts

    def count_in(self, state: LiveState) -> None:
        """Adds the counts since the last call to a state."""
        counts = self.take_counts()
        state.asked_for += counts.pop(ASKED_FOR, 0)
        for reason, count in counts.items():
            state.left_out[reason] = state.left_out.get(reason, 0) + count

    def _matched(self, matcher: TopicMatcher, unit: Unit) -> Iterator[Envelope | Rejected]:
        envelope = self._envelope(unit)
        try:
            post = parse(unit.format, unit.payload)
            route = self._route_of(post, matcher)
        except MALFORMED as error:
            yield Rejected(envelope, reason_of(error))
            return
        if route:
            yield as_parsed(envelope, post, route)

    def _route_of(self, post: Post, matcher: TopicMatcher) -> Route | None:
        """How a post is routed; None for one that is left out."""
        if post.source == "bluesky" and post.retweet_of:
            return Route.REPOST
        reason = matcher.left_out(post)
        self._counts[reason or ASKED_FOR] += 1
        if reason is None:
            return Route.UPDATE if post.is_update else Route.POST
        return Route.UPDATE_IF_STORED if post.is_update else None

    def _envelope(self, unit: Unit) -> Envelope:
        return replace(envelope_of(self._topic, unit, origin="live"), source=self._source)
