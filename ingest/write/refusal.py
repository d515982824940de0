"""An error in one message refuses only that message, unless nearly every message has one."""

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

import redis
import structlog
from cassandra import DriverException, InvalidRequest

from conf.errors import PulsoError, WrongUse, one_line, place_of
from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Message
from ingest.queue.patience import GaveUp
from stores.refused import FAILURES

EXPECTED = (InvalidMessage, PulsoError)
"""Errors that come from the message itself, or from the topic that it names; their text is the reason."""
OF_STORES = (GaveUp, redis.RedisError, DriverException, *FAILURES)
"""Errors that say nothing of the message, InvalidRequest excepted: with that, Cassandra refuses what was sent."""

MOST_IN_A_ROW = 1_000
"""When so many messages in a row were refused, the worker stops."""
MOST_SHARE, LOOKED_AT = 0.95, 10_000
"""When this part of the last messages was refused, the worker stops; so many are looked at."""

log = structlog.get_logger("worker")


class UnusableTopic(WrongUse):
    """A topic's file can't be used here. That says nothing of the messages: the worker ends, and they stay queued."""


class Refusal(NamedTuple):
    """A message that is put into the dead letters, and the reason."""

    message: Message
    reason: str


class Fence:
    """A context manager for the work on one message.

    If an error is raised, the work ends, and the message is added to `refused`: whatever a stranger has posted, it must
    not stop the work on other messages. Only UnusableTopic and the errors OF_STORES are passed on, and what is no
    Exception, such as an interrupt.
    """

    __slots__ = ("_message", "_refused")

    def __init__(self, message: Message, refused: list[Refusal]) -> None:
        self._message, self._refused = message, refused

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        if isinstance(error, (UnusableTopic, *OF_STORES)) and not isinstance(error, InvalidRequest):
            return False
        reason = str(error)
        if not isinstance(error, EXPECTED):  # nobody has thought of this case: the log has where it happened
            reason = one_line(error)
            log.warning("a message can't be processed", message=self._message.id, reason=reason, at=place_of(error))
        self._refused.append(Refusal(self._message, reason))
        return True


class RefusalLimit:
    """Ends the work if nearly every message is refused: then the fault is here or at the source, not in the posts.

    Messages that are not yet read stay in the queue, where a repaired worker finds them.
    """

    def __init__(self) -> None:
        self._batches: deque[tuple[int, int]] = deque()
        self._done = self._refused = self._in_a_row = 0
        self._last = ""

    def count(self, done: int, refused: Sequence[Refusal]) -> None:
        """Counts a batch's messages that were done, and those that were refused. Raises PulsoError at the limit."""
        self._in_a_row = 0 if done else self._in_a_row + len(refused)
        self._batches.append((done, len(refused)))
        self._last = refused[-1].reason if refused else self._last
        self._done += done
        self._refused += len(refused)
        while self._done + self._refused - sum(self._batches[0]) >= LOOKED_AT:
            first = self._batches.popleft()
            self._done -= first[0]
            self._refused -= first[1]
        total = self._done + self._refused
        if self._in_a_row >= MOST_IN_A_ROW or (total >= LOOKED_AT and self._refused >= MOST_SHARE * total):
            raise PulsoError(
                f"{self._refused:,} of the last {total:,} messages were refused, the last one: {self._last}",
                "Nothing is lost: see `.venv/bin/python -m ingest dead-letters list`, mend the cause, and requeue them",
            )
