"""What is wrong with one message refuses that message, and no other."""

from types import TracebackType
from typing import NamedTuple

from conf.errors import PulsoError
from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Message

REFUSED = (InvalidMessage, PulsoError)
"""Errors that are the message's own fault, or that of the topic it names."""


class Refusal(NamedTuple):
    """A message that goes to the dead letters, and why."""

    message: Message
    reason: str


class Fence:
    """Around the work on one message: an error of REFUSED ends that work, and adds the message to `refused`."""

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
