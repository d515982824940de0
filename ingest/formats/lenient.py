"""Decodes messages of strangers: a part that is broken and optional is left out, and the rest is kept.

A message without fault is decoded once, and costs nothing more. After a fault, the part that the error names is left
out, and the rest is decoded again. If that leaves its holder without what it needs, the holder is left out, and so on.
"""

import re
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
MOST_FAULTS = 400
COARSER_AFTER = 50
"""After so many faults, a part is left out with its holder, after twice as many with the holder of that, and so on."""
_WHERE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)_str`")
_IDS = ("_id", "_ids", "_str")
Path = list[str | int]


class Lenient(Generic[T]):
    """A decoder of one type. An id that is written as a whole number is read as its digits."""

    def __init__(self, type_: type[T]) -> None:
        self._type = type_
        self._decoder = msgspec.json.Decoder(type_)

    def decode(self, payload: bytes) -> T:
        """Returns the message without its broken parts.

        Raises msgspec.ValidationError if a part is broken that is needed, and msgspec.DecodeError if it is no JSON.
        """
        try:
            return self._decoder.decode(payload)
        except msgspec.ValidationError as error:
            return self._without_broken(msgspec.json.decode(payload), error)

    def _without_broken(self, message: Any, first: msgspec.ValidationError) -> T:
        error, before = first, Path()
        for faults in range(MOST_FAULTS):
            path = _path(error)
            if path != before[: len(path)]:
                first = error  # another fault: not one that follows from what was left out before
            if not _mended(message, path, str(error)):
                path = path[: max(1, len(path) - faults // COARSER_AFTER)]
                if not path or not _left_out(message, path):
                    break
            before = path
            try:
                return self._converted(message)
            except msgspec.ValidationError as next_error:
                error = next_error
        raise first

    def _converted(self, message: Any) -> T:
        """Returns the message as the type. The parts that the type leaves undecoded are encoded first, once each."""
        while True:
            try:
                return msgspec.convert(message, self._type)
            except msgspec.ValidationError as error:
                path = _path(error) if str(error).startswith("Expected `raw`") else []
                if not path:
                    raise
                holder = _at(message, path[:-1])
                holder[path[-1]] = msgspec.Raw(msgspec.json.encode(holder[path[-1]]))


def _path(error: msgspec.ValidationError) -> Path:
    found = _WHERE.search(str(error))
    if found and "[...]" in found[1]:  # in a mapping: the error does not say under which key
        return []
    return [name or int(index) for name, index in _STEP.findall(found[1])] if found else []


def _at(message: Any, path: Path) -> Any:
    for step in path:
        message = message[step]
    return message


def _mended(message: Any, path: Path, error: str) -> bool:
    """Mends a number that is not of the type that is asked for, if its meaning is plain; returns whether it was."""
    missing = _MISSING.match(error)
    holder = _at(message, path if missing else path[:-1])
    if missing:
        name, value = missing[1], holder.get(missing[1])
        if _is_whole(value):
            holder[f"{name}_str"] = str(value)
        return _is_whole(value)
    value = _at(message, path)
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if _is_whole(value) and error.startswith("Expected `str") and (name == "id" or name.endswith(_IDS)):
        holder[path[-1]] = str(value)
        return True
    if type(value) is float and error.startswith("Expected `int") and value.is_integer():
        holder[path[-1]] = int(value)
        return True
    return False


def _is_whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _left_out(message: Any, path: Path) -> bool:
    try:
        holder = _at(message, path[:-1])
        del holder[path[-1]]
    except (LookupError, TypeError):
        return False
    return True
