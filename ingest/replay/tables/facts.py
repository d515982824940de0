"""Turns the cells of a row into a message for the queue, by a column map."""

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, cast

import msgspec

from conf.column_map import Cell, ColumnMap, FlagCell, TextCell, TimeCell
from conf.folding import bare_handle
from ingest.formats import Refused, Unit, unit_of
from ingest.formats.limits import is_x_id
from ingest.formats.post import InvalidMessage
from ingest.formats.table import Row
from ingest.formats.x_text import RT, unescaped
from ingest.replay.tables import cells as cell

Cells = Sequence[Any]
Read = Callable[[Cells], Any]
_ENCODE = msgspec.json.Encoder().encode
_OTHERS = {"retweet": "retweet_of", "reply": "reply_to", "quote": "quote_of"}
"""The kinds of posts that are about another post, the first that holds first, with the part that names the other."""
_NOTHING = frozenset(("", "0", "-", "nan", "none", "null", "na", "n/a", "<na>", "undefined"))
"""What stands in a cell for no value, in lower case."""


class Facts:
    """Reads the rows of one table, by its map and its header."""

    def __init__(self, map_: ColumnMap, header: Sequence[str]) -> None:
        self._network = map_.network
        self._by_text = map_.reads_retweets_from_text
        self._header = header
        self._clocks: list[cell.Clock] = []
        given = map_.columns.given
        self._raw = {name: self._raw_of(each) for name, each in given.items()}
        self._takes = {name: self._taker(name, each) for name, each in given.items()}
        self._read = {name: _through(self._raw[name], take) for name, take in self._takes.items()}
        self._kinds = [(kind, self._says(kind), f"{other}_author") for kind, other in _OTHERS.items()]
        self._optional = [
            (_FIELD_OF.get(name, name), self._raw[name], self._takes[name], name in _LISTS)
            for name in given
            if name in _OPTIONAL
        ]

    @property
    def took_utc(self) -> bool:
        """Whether a time was read as UTC though neither it nor the map names a zone."""
        return any(clock.saw_no_zone for clock in self._clocks)

    def unit(self, cells: Cells) -> Unit | Refused:
        """Returns a row as a message. Raises InvalidMessage for one without a usable id, author or time."""
        return unit_of(f"table_{self._network}", self._network, _ENCODE(self.row(cells)))

    def row(self, cells: Cells) -> Row:
        """Returns the facts of a row. Raises InvalidMessage for one without a usable id, author or time."""
        read = self._read
        post_id = self.id_of(cells)
        author = read["author"](cells) if "author" in read else None
        row = Row(
            post_id=post_id,
            event_at=read["time"](cells),
            author_id=self._author_id(cells, author, post_id),
            author=author,
            text=read["text"](cells),
        )
        for name, raw, take, is_list in self._optional:
            value = raw(cells)
            if is_list or (value != "" and value is not None):
                setattr(row, name, take(value))
        self._set_kind(row, cells)
        if "lon_lat" in read and (both := read["lon_lat"](cells)):
            row.lon, row.lat = both
        if row.lat == row.lon == 0:  # what some tools write for no place
            row.lat = row.lon = None
        return row

    def id_of(self, cells: Cells) -> str:
        """Returns a row's id. Raises InvalidMessage if it is not usable."""
        return self._needed("id", cells)

    def _needed(self, name: str, cells: Cells) -> str:
        try:
            value: str = self._read[name](cells)
        except InvalidMessage as error:
            raise InvalidMessage(f"{name} {error}") from None
        if not value:
            raise InvalidMessage(f"empty {name}")
        if self._network == "x" and not is_x_id(value):
            raise InvalidMessage(f"{name} {value[:60]!r} is no id of X: those are up to 19 digits")
        return value

    def _author_id(self, cells: Cells, author: str | None, post_id: str) -> str:
        """Returns the author's id. Where the table has handles alone, it is `@` and the handle."""
        if "author_id" in self._read:
            return self._needed("author_id", cells)
        if self._network == "bluesky" and post_id.startswith("did:"):
            return post_id.partition("/")[0]
        name = bare_handle(author or "")
        if not name:
            raise InvalidMessage("empty author")
        return name if name.startswith("did:") else f"@{name}"

    def _set_kind(self, row: Row, cells: Cells) -> None:
        for kind, says, other_author in self._kinds:
            if not says(cells):
                setattr(row, other_author, None)
            elif row.kind is None:
                row.kind = kind
        if row.kind != "retweet" and self._by_text and (prefix := RT.match(row.text)) and prefix[2]:
            row.kind = "retweet"

    def _says(self, kind: str) -> Read:
        """Returns what tells whether a row is of a kind: a column of its own, else an id, else the other's name."""
        if flag := self._read.get(f"is_{kind}"):
            return flag
        told = self._raw.get(_OTHERS[kind]) or self._raw.get(f"{_OTHERS[kind]}_author")
        return (lambda cells: _text_or_none(told(cells)) is not None) if told else (lambda _: False)

    def _raw_of(self, each: Cell) -> Read:
        if each.column is None:
            constant = each.constant
            return lambda _: constant
        return cast(Read, itemgetter(self._header.index(each.column)))

    def _taker(self, name: str, each: Cell) -> Callable[[Any], Any]:
        """Returns what makes one part of a post from its cell."""
        take: Callable[[Any], Any]
        if name in ("id", "author_id"):
            take = partial(cell.identifier, network=self._network)
        elif isinstance(each, TextCell):
            take = _text_reader(each)
        elif isinstance(each, FlagCell):
            take = cell.is_said(each)
        elif isinstance(each, TimeCell):
            clock = cell.Clock(each)
            self._clocks.append(clock)
            take = clock if name == "time" else _if_readable(clock)
        elif name in _IDS:
            take = _if_readable(partial(_other_id, network=self._network))
        else:
            take = _BY_NAME.get(name, _text_or_none)
        return take


_IDS = ("root", *(f"{other}{suffix}" for other in _OTHERS.values() for suffix in ("", "_author_id")))
_LISTS = ("hashtags", "mentions")
"""Lists of which an empty cell says that there are none."""
_BY_NAME: dict[str, Callable[[Any], Any]] = {
    "hashtags": cell.several,
    "mentions": cell.several,
    "urls": partial(cell.several, links=True),
    "edit_history": cell.several,
    "lat": cell.degrees,
    "lon": cell.degrees,
    "lon_lat": cell.two_degrees,
    "author_followers": cell.whole_number,
    "author_following": cell.whole_number,
}
"""What reads parts that are more than a text."""
_FIELD_OF = {"language": "lang", "edit_history": "earlier"}
_OPTIONAL = {field.name for field in msgspec.structs.fields(Row)} - {"author_id", "author", "text"} | {*_FIELD_OF}
"""The parts of a map that are set in a Row where they are given."""


def _through(raw: Read, take: Callable[[Any], Any]) -> Read:
    return lambda cells: take(raw(cells))


def _text_or_none(value: Any) -> str | None:
    text = cell.as_text(value).strip()
    return None if len(text) < 10 and text.lower() in _NOTHING else text


def _other_id(value: Any, network: str) -> str | None:
    """Returns the id of another post; None for none, and for one that is no id of its network."""
    found = _text_or_none(cell.identifier(value, network))
    return found if found is None or network != "x" or is_x_id(found) else None


def _if_readable(take: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Returns what reads an optional part: None if the cell is empty or broken."""

    def read(value: Any) -> Any:
        if value in ("", None):
            return None
        try:
            return take(value)
        except InvalidMessage:
            return None

    return read


def _text_reader(each: TextCell) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = cell.as_text(value)
        if each.escaped_newlines and "\\n" in text:
            text = text.replace("\\n", "\n")
        return unescaped(text) if each.html_entities else text

    return read
