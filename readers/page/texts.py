"""Texts as the page shows them: strangers' names without tricks, numbers, times in the topic's zone, links to posts."""

import re
from datetime import datetime
from math import floor
from typing import Any
from unicodedata import bidirectional

import pandas as pd
import regex
from rich.cells import cell_len

from conf.plain import one_line
from conf.race import Race
from conf.topic import Topic

LONGEST = 300
"""The most characters of a stranger's text that the page shows."""
_STACKED = regex.compile(r"(\p{M}{4})\p{M}+")
_TAGS = regex.compile("[\U000e0000-\U000e007f]")
_CLUSTER = regex.compile(r"\X")
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._%-]+")
_KEY = re.compile(r"[A-Za-z0-9._~:-]{1,512}")
_ELLIPSIS = dict.fromkeys(("R", "AL"), "…\u200f")
"""After letters that run from right to left it stands at their left, by a mark that is not seen."""
NONE = "–"
WHOLE, SHORT = 36, 8
"""Characters of a run's id: all, or as many as a picture has room for."""


def shown(text: object, most: int = LONGEST) -> str:
    """Returns a stranger's text for the page: one line, no control characters, no overrides of direction.

    At most four marks stand on one letter, and at most `most` characters are kept, followed by an ellipsis.
    """
    if text is None or text is pd.NA:
        return ""
    line = _TAGS.sub("", _STACKED.sub(r"\1", one_line(str(text)[: most * 8])))
    if len(line) <= most:
        return line
    clusters = _CLUSTER.findall(line[: most + 8])
    kept = ""
    for cluster in clusters:
        if len(kept) + len(cluster) > most - 1:
            break
        kept += cluster
    return kept + "…"


def isolated(name: str) -> str:
    """Returns a name for a sentence of plain text, by marks that are not seen if its letters run from right to left.

    Without them, the figures beside it would be drawn into it.
    """
    return f"\u2068{name}\u2069" if any(bidirectional(letter) in _ELLIPSIS for letter in name) else name


def runs_of(rows: pd.DataFrame, length: int = WHOLE) -> str:
    """Returns of which run rows are, in the order of their periods: its id, or how many and that of the last one."""
    ids = rows["run_id"].astype(str)
    last, many = ids.iloc[-1][:length], ids.nunique()
    return f"run {last}" if many == 1 else f"{many:,} runs, the last {last}"


def title_of(named: Topic | Race) -> str:
    """Returns the title of a topic or of a race, else its id."""
    return shown(named.title or (named.topic if isinstance(named, Topic) else named.id), 200)


def sentence(text: str) -> str:
    """Returns a text that begins with a capital letter and ends with a full stop, unless it ends like a sentence."""
    stop = "" if text.endswith((".", "!", "?", "…")) else "."
    return f"{text[:1].upper()}{text[1:]}{stop}" if text else ""


def wrapped(text: str, width: int, lines: int = 2) -> list[str]:
    """Returns a name in at most `lines` lines of at most `width` cells each, for a picture, where nothing wraps.

    A letter of Chinese, Japanese or Korean takes two cells. What is left over ends with an ellipsis.
    """
    found = [""]
    for word in shown(text, LONGEST).split(" "):
        pieces = [word] if cell_len(word) <= width else _CLUSTER.findall(word)
        for number, piece in enumerate(pieces):
            gap = " " if found[-1] and number == 0 else ""
            if cell_len(found[-1] + gap + piece) <= width:
                found[-1] += gap + piece
            else:
                found.append(piece)
    if len(found) > lines:
        last = _CLUSTER.findall(found[lines - 1])
        while last and cell_len("".join(last)) > width - 1:
            last.pop()
        found = [*found[: lines - 1], "".join(last) + _ELLIPSIS.get(bidirectional(last[-1][0]) if last else "", "…")]
    return [line for line in found if line]


def count(value: Any) -> str:
    """Returns a whole number with commas between thousands; a dash where it is unknown."""
    return NONE if value is None or pd.isna(value) else f"{int(value):,}"


def counted(value: Any, word: str) -> str:
    """Returns a number with its word, which takes an s unless the number is 1: `1 post`, `2 posts`."""
    return f"{count(value)} {word}{'' if count(value) == '1' else 's'}"


def per_cent(value: Any, digits: int = 1) -> str:
    """Returns a part of a whole (0..1) in per cent; a dash where it is unknown."""
    return NONE if value is None or pd.isna(value) else f"{float(value):.{digits}%}"


def covered(part: Any) -> str:
    """Returns a coverage (0..1) in per cent, rounded down: 100 % is shown only where nothing is missing."""
    return NONE if part is None or pd.isna(part) else f"{floor(float(part) * 1000 + 1e-9) / 10:.1f}%"


def points(value: Any) -> str:
    """Returns a difference of two shares in percentage points, with its sign."""
    return NONE if value is None or pd.isna(value) else f"{float(value) * 100:+.1f}".replace("-", "−")


def at(value: Any, topic: Topic, form: str = "%-d %b %Y, %H:%M") -> str:
    """Returns an instant in the topic's time zone; the page names the zone once. A dash where it is unknown."""
    if value is None or pd.isna(value):
        return NONE
    instant = pd.Timestamp(value)
    instant = instant.tz_localize("UTC") if instant.tzinfo is None else instant
    return str(instant.tz_convert(topic.zone).strftime(form))


def span(start: Any, end: Any, topic: Topic) -> str:
    """Returns a period in the topic's time zone; a period of whole days by its days."""
    first, last = (pd.Timestamp(each).tz_convert(topic.zone) for each in (start, end))
    if first.time() == last.time() == datetime.min.time():
        last = last - pd.Timedelta(1, "us")
        if first.date() == last.date():
            return str(first.strftime("%-d %b %Y"))
        return f"{first:%-d %b} to {last:%-d %b %Y}" if first.year == last.year else f"{_day(first)} to {_day(last)}"
    if first.date() == last.date():
        return f"{_day(first)}, {first:%H:%M} to {last:%H:%M}"
    return f"{_day(first)}, {first:%H:%M} to {_day(last)}, {last:%H:%M}"


def _day(instant: Any) -> str:
    return f"{instant:%-d %b %Y}"


def duration(seconds: Any) -> str:
    """Returns a length of time in its two largest units: `2 h 5 min`."""
    if seconds is None or pd.isna(seconds):
        return NONE
    whole = round(float(seconds))
    parts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next((i for i, (number, _) in enumerate(parts) if number), 3)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"


def post_link(source: str, post_id: str, server: str) -> str:
    """Returns the address of a post on its own network; empty where the id is not one of that network.

    `server` is the address of the Mastodon server that posts are collected from.
    """
    if source == "x" and post_id.isascii() and post_id.isdecimal():
        return f"https://x.com/i/status/{post_id}"
    if source == "bluesky":
        did, _, key = post_id.partition("/")
        if _DID.fullmatch(did) and _KEY.fullmatch(key):
            return f"https://bsky.app/profile/{did}/post/{key}"
    if source == "mastodon" and post_id.isascii() and post_id.isdecimal() and server.startswith("https://"):
        return f"{server.rstrip('/')}/statuses/{post_id}"
    return ""


def web_link(address: object) -> str:
    """Returns an address that a post has shared if it is one of the web (http or https), else an empty text."""
    text = str(address)
    return text if re.match(r"https?://[^\s/]", text, re.IGNORECASE) and len(text) <= 2000 else ""
