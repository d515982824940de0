"""An error in one message refuses only that message."""

import traceback
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import redis
import structlog
from cassandra import DriverException, InvalidRequest

from conf.errors import PulsoError
from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Message
from ingest.queue.patience import GaveUp
from stores.execute import FAILURES

EXPECTED = (InvalidMessage, PulsoError)
"""Errors that come from the message itself, or from the topic that it names; their text is the reason."""
OF_STORES = (GaveUp, redis.RedisError, DriverException, *FAILURES)
"""Errors that say nothing of the message, InvalidRequest excepted: with that, Cassandra refuses what was sent."""

log = structlog.get_logger("worker")


class Refusal(NamedTuple):
    """A message that is put into the dead letters, and the reason."""

    message: Message
    reason: str


class Fence:
    """A context manager for the work on one message.

    If an error is raised, the work ends, and the message is added to `refused`: whatever a stranger has posted, it must
    not stop the work on other messages. Only the errors OF_STORES are passed on, and what is no Exception, such as an
    interrupt.
    """

    __slots__ = ("_message", "_refused")

    def __init__(self, message: Message, refused: list[Refusal]) -> None:
        self._message, self._refused = message, refused

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        if isinstance(error, OF_STORES) and not isinstance(error, InvalidRequest):
            return False
        reason = str(error)
        if not isinstance(error, EXPECTED):  # nobody has thought of this case: the log has where it happened
            reason = f"{type(error).__name__}: {' '.join(reason.split())}"[:300]
            log.warning("a message can't be processed", message=self._message.id, reason=reason, at=_place_of(error))
        self._refused.append(Refusal(self._message, reason))
        return True


def _place_of(error: Exception) -> str:
    """Returns the file and the line that raised an error. A whole traceback for each odd post would flood the log."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
