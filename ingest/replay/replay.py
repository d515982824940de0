"""Replay: reads captures and queues their posts, as live collection does."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from conf.errors import PulsoError
from ingest.formats import BLANK, Refused, Unit, parse, parse_deletion, parse_loss, parse_name, split
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.formats.post import Deletion, Lost, Name, Post
from ingest.formats.request import Request
from ingest.live.matching import TopicMatcher, told_left_out
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Route, as_parsed, envelope_of
from ingest.queue.notes import gap_message, left_out
from ingest.queue.patience import REDIS_PASSING, Patience
from ingest.queue.posts_queue import PostsQueue
from ingest.queue.publisher import Publisher
from ingest.replay.captures import Capture
from ingest.replay.of_capture import OfCapture
from ingest.replay.tables.table import Table

_UNKNOWN_SOURCE = "file"
COMPLIANCE, USER_COMPLIANCE = "x_compliance", "x_compliance_user"
EVERY_TOPIC = "*"
"""The topic of a message that is about every topic: a deletion from a compliance file."""
_PARSERS: Mapping[str, Callable[[str, bytes], Deletion | Lost | Name | Post]] = {
    Route.DELETION: parse_deletion,
    Route.NOTE: parse_loss,
    Route.NAME: parse_name,
}
"""What reads a message, by its route; all others are posts."""


@dataclass
class ReplayResult:
    """What a replay did, in numbers.

    `unmatched` counts the posts that do not match the topic, by reason. `without_post` is the number of lines such as
    heartbeats and notices, `refused` of documents and posts that can't be read, `names` of notices of an account's
    handle, `losses` of notices that posts were left out, `untimed` of those whose time nothing tells. `stored`,
    `taken_back`, `expired`, `deleted` and `refused_by_worker` are known after `wait` has ended. `broken` says what is
    wrong with damaged captures, `useless` which captures hold nothing that can be read, and why.
    """

    lines: int = 0
    queued: int = 0
    deletions: int = 0
    names: int = 0
    unmatched: Counter[str] = field(default_factory=Counter)
    without_post: int = 0
    losses: int = 0
    untimed: int = 0
    refused: int = 0
    stored: int | None = None
    deleted: int | None = None
    taken_back: int = 0
    expired: int = 0
    refused_by_worker: int = 0
    broken: list[str] = field(default_factory=list)
    useless: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line for a person."""
        has_posts = bool(self.queued or not self.deletions)
        why = told_left_out(self.unmatched)
        parts = (
            (True, self.lines, "lines read"),
            (has_posts, self.queued, "posts queued"),
            (self.deletions, self.deletions, "deletions queued"),
            (self.names, self.names, "handles queued"),
            (self.unmatched, self.unmatched.total(), f"posts that do not match the topic ({why})"),
            (self.losses, self.losses, "notices of posts that the network left out"),
            (self.untimed, self.untimed, "such notices without a time, not kept"),
            (self.without_post, self.without_post, "lines without a post"),
            (True, self.refused, "lines refused"),
            (self.stored is not None and has_posts, self.stored, "posts stored"),
            (self.deleted is not None and self.deletions, self.deleted, "deletions applied"),
            (self.taken_back, self.taken_back, "posts not stored since they were taken back"),
            (self.expired, self.expired, "posts older than the topic's retention_days"),
            (self.refused_by_worker, self.refused_by_worker, "posts refused by the worker"),
        )
        return ", ".join(f"{number:,} {what}" for told, number, what in parts if told)


class Replay:
    """Reads captures, splits their lines into posts, and queues the posts.

    Lines that can't be parsed are put into the dead letters.

    A post is parsed here so that the summary can say what was refused, and queued as it was parsed.
    """

    def __init__(
        self, topic: str, queue: PostsQueue, publisher: Publisher, matcher: TopicMatcher | None = None
    ) -> None:
        self.id = uuid.uuid4().hex
        self.result = ReplayResult()
        self._topic = topic
        self._publisher = publisher
        self._dead_letters = DeadLetters(queue)
        self._queue = queue
        self._matcher = matcher
        self._refused: list[tuple[Envelope, str]] = []
        self._of_capture = OfCapture()
        self._patiently = Patience(REDIS_PASSING)

    def read(self, capture: Capture) -> Iterator[int]:
        """Replays a capture; after each line, yields how many posts are queued so far."""
        for origin, document in capture.documents():
            self.result.lines += 1
            self._take(document, origin)
            yield self.result.queued
        self._end(capture)

    def read_table(self, table: Table) -> Iterator[int]:
        """Replays a table; after each row, yields how many posts are queued so far."""
        for origin, part in table.parts():
            self.result.lines += 1
            if part is None:
                self.result.without_post += 1
            elif isinstance(part, Refused):
                self._refuse(part, origin)
            else:
                self._queue_unit(part, origin)
            yield self.result.queued
        self._end(table.capture)

    def comply(self, capture: Capture, format_: str = COMPLIANCE) -> Iterator[int]:
        """Queues the rows of a compliance file; after each line, yields how many are queued so far."""
        for origin, document in capture.documents():
            self.result.lines += 1
            if row := document.strip():
                unit = Unit(format_, "x", row)
                envelope = envelope_of(self._topic, unit, origin, self.id)
                if self._parsed(envelope):
                    self._of_capture.useful = True
                    self._queue_deletion(envelope)
            yield self.result.deletions
        self._end(capture)

    def forget(self, source: str, *, post_id: str | None = None, author: str | None = None) -> None:
        """Queues a person's request to have a post, or all posts of an account, forgotten."""
        payload = msgspec.json.encode(Request(source, post_id, author))
        self._queue_deletion(envelope_of(self._topic, Unit("forget", source, payload), "a person's request", self.id))

    def _end(self, capture: Capture) -> None:
        of_capture, self._of_capture = self._of_capture, OfCapture()
        if capture.broken:
            self._refuse(Refused(capture.broken, b""), capture.shown)
            self.result.broken.append(capture.broken)
        elif capture.unread:
            self.result.useless.append(capture.unread)
        elif of_capture.refused and not of_capture.useful:
            number = f"{of_capture.refused:,} documents" if of_capture.refused > 1 else "one document"
            self.result.useless.append(f"{capture.shown}: none of its {number} can be read: {of_capture.first}")
        self.flush()

    def _queue_deletion(self, envelope: Envelope) -> None:
        self._publisher.put(envelope)
        self.result.deletions += 1

    def flush(self) -> None:
        """Sends all buffered messages to the queue, and all buffered dead letters to theirs."""
        self._publisher.flush()
        self._keep_refused()

    @property
    def is_held_back(self) -> bool:
        """Whether Redis takes nothing, so that `flush` would wait."""
        return self._publisher.is_held_back

    def told_of_stop(self) -> str:
        """Returns one line for a person who has stopped the replay: what was read, and what of it is not queued."""
        left = self._publisher.waiting
        return self.result.summary() + (f"; {left:,} of them are not in the queue" if left else "")

    @property
    def messages(self) -> int:
        """Posts, deletions, handles and notices queued."""
        return self.result.queued + self.result.deletions + self.result.names + self.result.losses

    def wait(self, sleep: Callable[[float], None] = time.sleep) -> Iterator[int]:
        """Yields how many of the queued messages workers have acked, until they have acked all.

        Raises PulsoError if Redis has lost some, since nobody can ever ack these.
        """
        while True:
            is_empty = not self._patiently(self._queue.backlog)  # asked first: then all acks are counted below
            outcome = self._patiently(lambda: self._queue.replay_outcome(self.id))
            self.result.stored = outcome.get("stored", 0)
            self.result.deleted = outcome.get("deleted", 0)
            self.result.taken_back, self.result.expired = outcome.get("taken_back", 0), outcome.get("expired", 0)
            self.result.refused_by_worker = outcome.get("dead", 0)
            done = sum(outcome.values())
            yield done
            if done >= self.messages:
                return
            if is_empty:
                lost = f"{self.messages - done:,} of {self.messages:,} queued messages"
                raise PulsoError(
                    f"{lost} are not in Redis any more, and no worker has told of them: it may have been emptied",
                    "Run this again: nothing is stored twice",
                )
            sleep(0.1)

    def _take(self, line: bytes, origin: str) -> None:
        parts = split(line)
        if not parts:
            self.result.without_post += 1
            self._of_capture.useful |= bool(line.strip(BLANK))
        for part in parts:
            if isinstance(part, Refused):
                self._refuse(part, origin)
            else:
                self._queue_unit(part, origin)

    def _queue_unit(self, unit: Unit, origin: str) -> None:
        envelope = envelope_of(self._topic, unit, origin, self.id)
        match self._parsed(envelope):
            case Post() as post:
                self._queue_post(envelope, post)
            case Deletion():
                self._queue_deletion(envelope)
            case Lost() as lost:
                self._queue_loss(envelope, lost)
            case Name():
                self._publisher.put(envelope)
                self.result.names += 1
            case None:
                return
        self._of_capture.take_post()

    def _parsed(self, envelope: Envelope) -> Deletion | Lost | Name | Post | None:
        """Returns what a message says; refuses it, and returns None, if it can't be read, whatever the error."""
        try:
            return _PARSERS.get(envelope.route, parse)(envelope.format, envelope.payload)
        except MALFORMED as error:
            self._refuse_envelope(envelope, reason_of(error))
            return None

    def _queue_loss(self, envelope: Envelope, lost: Lost) -> None:
        """Queues a notice of posts left out. One that says no time has that of the post before it in the stream."""
        at = lost.at or self._of_capture.post_at
        if at is None:
            self.result.untimed += 1
            return
        gap = gap_message(self._topic, envelope.source, left_out(at, lost.posts))
        self._publisher.put(replace(gap, origin=envelope.origin, replay=envelope.replay))
        self.result.losses += 1

    def _queue_post(self, envelope: Envelope, post: Post) -> None:
        self._of_capture.post_at = post.event_at
        if self._matcher and (reason := self._matcher.left_out(post)):
            self.result.unmatched[reason] += 1
            return
        self._publisher.put(as_parsed(envelope, post, Route.UPDATE if post.is_update else Route.POST))
        self.result.queued += 1

    def _refuse(self, part: Refused, origin: str) -> None:
        unit = Unit("", _UNKNOWN_SOURCE, part.payload)
        self._refuse_envelope(envelope_of(self._topic, unit, origin, self.id), part.reason)

    def _refuse_envelope(self, envelope: Envelope, reason: str) -> None:
        self.result.refused += 1
        if self._of_capture.take_refusal(envelope.origin, reason):
            self._refused.append((envelope, reason))
        if len(self._refused) >= 100:
            self._keep_refused()

    def _keep_refused(self) -> None:
        self._patiently(lambda: self._dead_letters.add(self._refused))
        self._refused = []
