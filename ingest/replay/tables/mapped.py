"""Finds the map of a table: the one that was given, or the ready map that its header tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conf.column_map import ColumnMap, load_map, ready_names, told_map
from conf.errors import WrongUse
from conf.nearest import nearest

HELP = 'Write a map of its columns and give it with --columns MAP.yaml: see "From a table" in the README'
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Mapped:
    """A map with the header that it fits, and the separator with which the header was read."""

    map: ColumnMap
    separator: str
    header: list[str]
    title: str


def given_map(file: str, headers: Mapping[str, list[str]], columns: str) -> Mapped:
    """Returns a map that was asked for, with the header that has most of its columns.

    Raises WrongUse if a column is missing: for a map in a file any column, for a ready map one that is required.
    """
    map_ = load_map(columns)
    separator = max(headers, key=lambda each: (len({*map_.names} & {*headers[each]}), len(headers[each])))
    header = headers[separator]
    if columns in ready_names():
        return _checked(file, Mapped(_ready(file, map_, header, columns), separator, header, columns))
    for name in map_.names:
        if name not in header:
            raise WrongUse(f"{columns}: {file} has no column {name!r}", _nearest(name, header))
    return _checked(file, Mapped(map_, separator, header, columns))


def found_map(file: str, headers: Mapping[str, list[str]]) -> Mapped | None:
    """Returns the ready map that a header tells; None if there is none."""
    told = {separator: name for separator, header in headers.items() if (name := told_map(header))}
    if not told:
        return None
    separator = max(told, key=lambda each: len(headers[each]))
    name, header = told[separator], headers[separator]
    map_ = _ready(file, load_map(name), header, name)
    return _checked(file, Mapped(map_, separator, header, f"{name} (told by its columns)"))


def unknown(file: str, headers: Mapping[str, list[str]]) -> WrongUse:
    """Returns the error about a table whose header no ready map knows."""
    header = max(headers.values(), key=len)
    return WrongUse(f"{file} is a table that no ready map ({', '.join(ready_names())}) fits; {_listed(header)}", HELP)


def lacking(mapped: Mapped) -> list[str]:
    """Returns, in words, what the map or the table lacks, and what follows from it."""
    given = mapped.map.columns.given
    unknown_kinds = [
        kinds
        for kinds, names in (
            ("retweets", ("is_retweet", "retweet_of", "retweet_of_author")),
            ("replies", ("is_reply", "reply_to", "reply_to_author")),
            ("quotes", ("is_quote", "quote_of", "quote_of_author")),
        )
        if not any(name in given for name in names) and (kinds != "retweets" or not mapped.map.reads_retweets_from_text)
    ]
    told = [f"no column tells {' or '.join(unknown_kinds)}: they count as other posts do"] if unknown_kinds else []
    if not {"is_retweet", "retweet_of", "retweet_of_author"} & given.keys() and mapped.map.reads_retweets_from_text:
        told.append("no column tells retweets: a text that begins with RT @name: is one")
    if "author_id" not in given and mapped.map.network != "bluesky":
        told.append("no column has the authors' ids: an account is its handle, and a new handle is a new account")
    from_text = [name for name in ("hashtags", "mentions") if name not in given]
    if from_text:
        told.append(f"no column has {' or '.join(from_text)}: the text tells them")
    return told


def _ready(file: str, map_: ColumnMap, header: Sequence[str], name: str) -> ColumnMap:
    try:
        return map_.without_missing(header)
    except WrongUse as error:
        raise WrongUse(f"{file} is not what {name} asks for: {error.what}", f"I{_listed(header)[1:]}") from None


def _checked(file: str, mapped: Mapped) -> Mapped:
    twice = [name for name in mapped.map.names if mapped.header.count(name) > 1]
    if twice:
        raise WrongUse(f"{file} has {mapped.header.count(twice[0])} columns {twice[0]!r}", "Rename all but one of them")
    return mapped


def _nearest(name: str, header: Sequence[str]) -> str:
    close = nearest(name, header)
    return f"Did you mean {close!r}?" if close else f"I{_listed(header)[1:]}"


def _listed(header: Sequence[str]) -> str:
    more = f" and {len(header) - _MOST_NAMES} more" if len(header) > _MOST_NAMES else ""
    return f"its columns are {', '.join(header[:_MOST_NAMES])}{more}"
