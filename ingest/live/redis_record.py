"""What Redis holds of a collection: its state, and a mark that is written once, when the record begins.

The state is written with every batch. So after Redis was emptied it is soon there again, and looks complete. The mark
is not. So where it is missing, Redis may have lost messages that no worker had stored yet.
"""

import uuid
from collections.abc import Iterable

import msgspec

from conf.instants import instant
from ingest.live.gap_keeper import OpenGap
from ingest.live.state import LiveKeys, LiveState
from ingest.queue.envelope import Envelope
from ingest.queue.notes import Gap, Mark, gap_message, through_message
from ingest.queue.posts_queue import PostsQueue


class RedisRecord:
    """The record of a topic's collection from one source. Methods raise Redis's errors."""

    def __init__(self, queue: PostsQueue, topic: str, source: str) -> None:
        self._client = queue.client
        self._keys = LiveKeys(queue.stream)
        self._name = f"{topic}|{source}"
        self._marked = False

    def read(self, now_us: int) -> LiveState | None:
        """Returns the state that an earlier run has left; None if there is none, or if Redis was emptied since.

        A state of an earlier release has no record yet, and gets one.
        """
        found = self._client.hget(self._keys.states, self._name)
        state = None if found is None else msgspec.json.decode(found, type=LiveState)
        if state is None or (state.record and not self._has_mark(state)):
            return None
        self._marked = bool(state.record)
        state.record = state.record or new_record()
        if state.gap and state.gap.start_us == 0:  # an earlier release's gap, from 1970 to the first connection
            state.gap = OpenGap(now_us, state.gap.causes, state.gap.reasons, state.gap.lost, first=True)
        return state

    def is_lost(self, state: LiveState) -> bool:
        """Returns whether Redis has lost the record that this process has written."""
        return self._marked and not self._has_mark(state)

    def begin(self, state: LiveState) -> None:
        """Lets a new record begin. Its mark is written with its first notes."""
        state.record, state.notes, self._marked = new_record(), 0, False

    def also(self, state: LiveState) -> list[tuple[str, str, bytes]]:
        """Returns what `PostsQueue.add` sets beside messages: the state and, at first, the mark."""
        mark = [] if self._marked else [(self._keys.records, self._name, state.record.encode())]
        return [(self._keys.states, self._name, msgspec.json.encode(state)), *mark]

    def was_written(self) -> None:
        """Says that what `also` returned is in Redis now."""
        self._marked = True

    def _has_mark(self, state: LiveState) -> bool:
        found: bytes | None = self._client.hget(self._keys.records, self._name)
        return found == state.record.encode()


def gap_notes(state: LiveState, gaps: Iterable[Gap]) -> list[Envelope]:
    """Returns rows of gaps as messages with the next marks, which it counts in the state."""
    marked = [msgspec.structs.replace(gap, mark=_next_mark(state)) for gap in gaps]
    return [gap_message(state.topic, state.source, gap) for gap in marked]


def through_note(state: LiveState, through_us: int) -> Envelope:
    """Returns the time up to which all messages are queued as a message, with the next mark."""
    return through_message(state.topic, state.source, instant(through_us), _next_mark(state))


def _next_mark(state: LiveState) -> Mark:
    state.notes += 1
    return Mark(state.record, state.notes)


def new_record() -> str:
    """Returns the id of a new record."""
    return uuid.uuid4().hex
