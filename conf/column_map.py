"""A column map: which column of a table holds the id of a post, its time, its author, and so on.

A ready map is a file of `conf/column_maps`. It is told by the header of the table: it fits if all its `told_by` are
there.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from conf.errors import WrongUse
from conf.nearest import did_you_mean
from conf.part import Part
from conf.yaml_part import parse_yaml, yaml_text
from conf.zone import Zone

READY = Path(__file__).parent / "column_maps"


class Cell(Part):
    """Where a value stands: in a column, or it is the same constant for every row."""

    column: str | None = Field(None, min_length=1)
    constant: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | Part) else {"column": value}

    @model_validator(mode="after")
    def _one_of_them(self) -> "Cell":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give the column's name, or {constant: VALUE}")
        return self


class TextCell(Cell):
    """The text. `html_entities`: it has `&amp;` for `&`; `escaped_newlines`: it has `\\n` for a new line."""

    html_entities: bool = False
    escaped_newlines: bool = False


class TimeCell(Cell):
    """A time. Without `format` it is ISO 8601, a Unix time or X's own; `zone` is that of times that name none."""

    format: str | None = None
    zone: Zone | None = None

    @field_validator("format")
    @classmethod
    def _is_a_date(cls, value: str | None) -> str | None:
        if value is None or value in ("unix", "unix_ms") or all(sign in value for sign in ("%d", "%Y")):
            return value
        if "%" in value and any(sign in value for sign in ("%y", "%c", "%x", "%D", "%F", "%s", "%j", "%G")):
            return value
        raise ValueError("must be unix, unix_ms, or a date such as '%d/%m/%Y %H:%M'")


class FlagCell(Cell):
    """Yes or no. Yes is any of `when`; without it: yes, true, 1, y, t."""

    when: tuple[str, ...] = ("yes", "true", "1", "y", "t")


class Columns(Part):
    """The columns of a table. `id`, `time` and `text` are required, and `author_id` or `author`."""

    id: Cell
    time: TimeCell
    text: TextCell
    author_id: Cell | None = None
    author: Cell | None = None
    language: Cell | None = None
    is_retweet: FlagCell | None = None
    is_reply: FlagCell | None = None
    is_quote: FlagCell | None = None
    retweet_of: Cell | None = None
    retweet_of_author: Cell | None = None
    retweet_of_author_id: Cell | None = None
    reply_to: Cell | None = None
    reply_to_author: Cell | None = None
    reply_to_author_id: Cell | None = None
    root: Cell | None = None
    quote_of: Cell | None = None
    quote_of_author: Cell | None = None
    quote_of_author_id: Cell | None = None
    hashtags: Cell | None = None
    mentions: Cell | None = None
    urls: Cell | None = None
    place: Cell | None = None
    lat: Cell | None = None
    lon: Cell | None = None
    lon_lat: Cell | None = None
    author_followers: Cell | None = None
    author_following: Cell | None = None
    author_created_at: TimeCell | None = None
    collected_at: TimeCell | None = None
    client: Cell | None = None
    edit_history: Cell | None = None

    @model_validator(mode="after")
    def _knows_who(self) -> "Columns":
        if self.author_id is None and self.author is None:
            raise ValueError("has neither author_id nor author; say which column tells who wrote the post")
        return self

    @property
    def given(self) -> dict[str, Cell]:
        """The parts of a post that the map says something about."""
        return {name: cell for name in type(self).model_fields if (cell := getattr(self, name)) is not None}


class ColumnMap(Part):
    """A map. `rt_means_retweet`: a text that begins with `RT @name:` is a retweet.

    That is so, too, if it is left out and no column tells retweets. `encoding` and `separator` are those of a CSV file;
    left out, they are found out.
    """

    network: Literal["x", "bluesky", "mastodon"]
    columns: Columns
    told_by: tuple[str, ...] = ()
    rt_means_retweet: bool | None = None
    encoding: str | None = None
    separator: str | None = Field(None, min_length=1, max_length=1)

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                b"\0\0\0\0".decode(value, "replace")
        except LookupError:
            raise ValueError("no such encoding; give one such as utf-8, cp1252 or cp932") from None
        return value

    @property
    def names(self) -> list[str]:
        """The columns that the map names."""
        return [cell.column for cell in self.columns.given.values() if cell.column is not None]

    @property
    def reads_retweets_from_text(self) -> bool:
        """Whether `RT @name:` at the beginning of a text makes it a retweet."""
        told = any((self.columns.retweet_of, self.columns.retweet_of_author, self.columns.is_retweet))
        return self.network == "x" and (not told if self.rt_means_retweet is None else self.rt_means_retweet)

    def without_missing(self, header: Sequence[str]) -> "ColumnMap":
        """Returns the map without the optional columns that a table does not have.

        A ready map names the columns of all versions of a tool. Raises WrongUse if a required column is missing.
        """
        left = {name: cell for name, cell in self.columns.given.items() if cell.column is None or cell.column in header}
        for name in ("id", "time", "text"):
            if name not in left:
                raise WrongUse(f"the table has no column {getattr(self.columns, name).column!r}")
        if "author_id" not in left and "author" not in left:
            raise WrongUse("the table has no column that tells who wrote a post")
        gone = dict.fromkeys(self.columns.given.keys() - left.keys())
        return self.model_copy(update={"columns": self.columns.model_copy(update=gone)})


_PARTS = (ColumnMap, Columns, TextCell, TimeCell, FlagCell)


def load_map(name: str) -> ColumnMap:
    """Returns a ready map by its name, or the map in a file.

    Raises WrongUse if there is none, or if it is not valid; then the error names the file, the line, the key, the fix.
    """
    if name in ready_names():
        return _parsed(READY / f"{name}.yaml")
    path = Path(name)
    if not path.is_file():
        fix = did_you_mean(name, ready_names(), f"Ready maps: {', '.join(ready_names())}")
        raise WrongUse(f"no column map {name!r}: neither a file nor a ready map", fix)
    return _map_in(path)


def _map_in(path: Path) -> ColumnMap:
    return parse_yaml(ColumnMap, yaml_text(path), str(path), _PARTS, "column map", all_texts=True)


_parsed = cache(_map_in)
"""The ready maps are read once, however many tables there are."""


@cache
def ready_names() -> list[str]:
    """Returns the names of the ready maps."""
    return sorted(path.stem for path in READY.glob("*.yaml"))


def told_map(header: Sequence[str]) -> str | None:
    """Returns the name of the ready map that a header tells, the one that asks for most columns; None if none fits."""
    fitting = [(len(told), name) for name in ready_names() if (told := load_map(name).told_by) and {*told} <= {*header}]
    return max(fitting)[1] if fitting else None
