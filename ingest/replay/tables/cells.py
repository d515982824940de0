"""Reads single cells: ids, times, numbers, lists. A cell is a text, or what Parquet stores."""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from conf.column_map import FlagCell, TimeCell
from ingest.formats.bluesky import split_uri
from ingest.formats.post import InvalidMessage
from ingest.formats.x_text import POST_LINK
from ingest.formats.x_v11_instants import parse_instant

ROUNDED = (
    "was rounded by a spreadsheet or by pandas, and its last digits are lost. Export it again, and do not save it with "
    "a spreadsheet; there, import this column as text (in pandas: dtype=str)"
)
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+")
_WHOLE = re.compile(r"(\d{1,15})[.,]0+")
_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")
_BETWEEN = re.compile(r"[\s,;|\[\]'\"]+")
_BETWEEN_LINKS = re.compile(r"[\s;|\[\]'\"]+|,(?=\s|https?://)")
_PYTHON = re.compile(r"""'((?:[^'\\]++|\\.)*+)'?|"((?:[^"\\]++|\\.)*+)"?|\b(?:None|True|False|nan|NaN)\b""", re.DOTALL)
"""What Python writes otherwise than JSON: texts, and constants."""
_NAMES = ("tag", "text", "username", "screen_name", "expanded_url", "url", "id")
"""The keys under which the objects of a JSON list have what is asked for."""
_UNIX_DIGITS = {9: 0, 10: 0, 12: 3, 13: 3, 16: 6}
"""How many digits Unix times in seconds, milliseconds or microseconds have, and how many of them are fractions."""
_EXACT = 2**53
"""Above it, a floating-point number does not hold every whole number."""
_TOO_LONG = 19
"""Digits that a number of followers never has."""


def as_text(value: Any) -> str:
    """Returns a cell's text; a cell without a value has an empty one."""
    if type(value) is str:
        return value
    if value is None or (type(value) is float and math.isnan(value)):
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def identifier(value: Any, network: str) -> str:
    """Returns an id as text; empty if the cell is. Raises InvalidMessage for one that a spreadsheet has rounded."""
    if type(value) is float:
        if math.isnan(value):
            return ""
        if not value.is_integer() or abs(value) >= _EXACT:
            raise InvalidMessage(f"{value!r} {ROUNDED}")
        value = int(value)
    text = as_text(value)
    if text.isdecimal() and text.isascii():
        return text
    text = _unprotected(text.strip())
    if _EXPONENT.fullmatch(text):
        raise InvalidMessage(f"{text[:60]!r} {ROUNDED}")
    if whole := _WHOLE.fullmatch(text):
        return whole[1]
    if network == "x" and (link := POST_LINK.match(text)):
        return link[2]
    if network == "bluesky" and text.startswith("at://"):
        return split_uri(text)[0] or text
    return text


def _unprotected(text: str) -> str:
    """Returns a text without the signs by which a spreadsheet keeps it as text: `="12"`, or an apostrophe."""
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[1:].strip('"').strip()
    return text[1:].strip() if text[:1] in ("'", "\u2019") else text


def is_rounded(identifier: str) -> bool:
    """Returns whether an id looks as if a spreadsheet had kept its first 15 digits alone, and put zeros for others."""
    return len(identifier) >= 18 and identifier.isdecimal() and not identifier[15:].strip("0")


def whole_number(value: Any) -> int | None:
    """Returns a number, with or without separators of thousands; None for anything else."""
    if type(value) is int:
        return value
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < 10**_TOO_LONG else None
    text = as_text(value).strip()
    if text.isdecimal():
        return int(text) if len(text) < _TOO_LONG else None
    if whole := _WHOLE.fullmatch(text):
        return int(whole[1])
    bare = re.sub(r"[,.\u202f\u00a0 ](?=\d{3}(?:\D|$))", "", text)
    return int(bare) if bare.isdecimal() and len(bare) < _TOO_LONG else None


def degrees(value: Any) -> float | None:
    """Returns a coordinate in degrees; None for anything else. A decimal comma is read, too."""
    try:
        return float(value) if type(value) in (int, float) else float(as_text(value).strip().replace(",", "."))
    except ValueError:
        return None


def two_degrees(value: Any) -> list[float]:
    """Returns longitude and latitude, from a list or a text such as `[2.35, 48.85]`; an empty list for another."""
    cells = value if isinstance(value, list) else _NUMBERS.findall(as_text(value))
    found = [number for each in cells[:3] if (number := degrees(each)) is not None]
    return found if len(cells) == len(found) == 2 else []


def several(value: Any, *, links: bool = False) -> list[str]:
    """Returns the values of a list: of a JSON list, or of a text with commas, semicolons, bars or spaces between."""
    if type(value) is str:
        if value in ("", "[]"):
            return []
        if value[0] == "[":
            value = _decoded(value)
        if type(value) is str:
            return [part for part in (_BETWEEN_LINKS if links else _BETWEEN).split(value) if part]
    if not isinstance(value, list):
        return []
    return [name for item in value if (name := _named(item))]


def _decoded(text: str) -> Any:
    """Returns a list in JSON, or of objects in Python's notation, in which pandas writes them; else the text.

    Of objects that are neither, nothing is returned: their signs are no values.
    """
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(text)
    if "{" not in text:
        return text
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(_PYTHON.sub(_in_json, text))
    return []


def _in_json(found: "re.Match[str]") -> str:
    return "null" if found.lastindex is None else msgspec.json.encode(found[found.lastindex]).decode()


def _named(item: Any) -> str:
    if isinstance(item, dict):
        item = next((item[key] for key in _NAMES if item.get(key)), "")
    return as_text(item).strip()


def is_said(cell: FlagCell) -> Callable[[Any], bool]:
    """Returns what tells whether a cell says yes."""
    yes = {word.casefold() for word in cell.when}
    return lambda value: value if type(value) is bool else as_text(value).strip().casefold() in yes


class Clock:
    """Reads the times of one column. `saw_no_zone` says that it had to take a zone that nobody named."""

    def __init__(self, cell: TimeCell) -> None:
        self._format = cell.format
        self._zone: tzinfo | None = None
        if cell.zone:
            self._zone = UTC if cell.zone == "UTC" else ZoneInfo(cell.zone)
        self.saw_no_zone = False

    def __call__(self, value: Any) -> datetime:
        """Returns a cell's time in UTC. Raises InvalidMessage if it can't be read."""
        at = self._read(value)
        if at.tzinfo is None:
            self.saw_no_zone = self.saw_no_zone or self._zone is None
            at = at.replace(tzinfo=self._zone or UTC)
        try:
            return at if at.tzinfo is UTC else at.astimezone(UTC)
        except (OverflowError, ValueError):
            raise InvalidMessage(f"time {as_text(value)[:60]!r} is out of range") from None

    def _read(self, value: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - its zone is the map's
        text = as_text(value).strip()
        try:
            if self._format is None:
                return _self_explaining(text)
            if self._format in ("unix", "unix_ms"):
                return _unix(float(text) / (1000 if self._format == "unix_ms" else 1))
            return datetime.strptime(text, self._format)  # noqa: DTZ007 - its zone is the map's
        except (ValueError, OverflowError, OSError):
            pass
        if not text:
            raise InvalidMessage("empty time")
        if self._format is None:
            raise InvalidMessage(
                f"time {text[:60]!r} does not say what is day and what is month; give its format in the map, such as "
                "time: {column: NAME, format: '%d/%m/%Y %H:%M', zone: Europe/Paris}"
            )
        raise InvalidMessage(f"time {text[:60]!r} is not in the map's format {self._format!r}")


def _self_explaining(text: str) -> datetime:
    if text.isdecimal() and len(text) in _UNIX_DIGITS:
        return _unix(int(text) / 10 ** _UNIX_DIGITS[len(text)])
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if text.endswith((" UTC", " GMT")):
        return datetime.fromisoformat(text[:-4]).replace(tzinfo=UTC)
    if text[:1].isalpha():
        try:
            return parse_instant(text)
        except InvalidMessage as error:
            raise ValueError from error
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")


def _unix(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
