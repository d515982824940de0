"""An error in one message refuses only that message."""

from types import TracebackType
from typing import NamedTuple

from conf.errors import PulsoError
from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Message

REFUSED = (InvalidMessage, PulsoError)
"""Errors that come from the message itself, or from the topic that it names."""


class Refusal(NamedTuple):
    """A message that is put into the dead letters, and the reason."""

    message: Message
    reason: str


class Fence:
    """A context manager for the work on one message.

    If one of the errors REFUSED is raised, the work ends, and the message is added to `refused`.
    """

    __slots__ = ("_message", "_refused")

    def __init__(self, message: Message, refused: list[Refusal]) -> None:
        self._message, self._refused = message, refused

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if isinstance(error, REFUSED):
            self._refused.append(Refusal(self._message, str(error)))
            return True
        return False
