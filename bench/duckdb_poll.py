"""`python -m bench.duckdb_poll LINES OUT START END`: the poll of `candidate_poll` by DuckDB, from a file of NDJSON.

LINES is a file of X v2 stream lines, as `ingest generate` writes them. OUT is the Parquet file of the result. The rules
are those of the topic `ph2016`. The query is in `duckdb_poll.sql`. It folds only what generated texts hold: accents,
full-width and bold letters.
"""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.parquet as pq

from conf import ROOT
from conf.errors import PulsoError, exit_code_of
from conf.folding import fold
from conf.race import Candidate
from conf.topic import Topic, load_topic

TOPIC = "ph2016"
QUERY = Path(__file__).with_suffix(".sql")
Z_95 = 1.959963984540054
COUNTS = ("posts", "originals", "retweets", "replies", "quotes", "authors", "posts_total", "authors_total")
SHARES = ("share_posts", "share_authors", "share_authors_low", "share_authors_high")
KEY = ("race", "period", "period_start", "period_end", "candidate")
ENTITIES = "STRUCT(hashtags STRUCT(tag VARCHAR)[], mentions STRUCT(username VARCHAR)[])"
EDGE = r"[^\p{L}\p{Nd}_]"
"""What may stand next to an alias, if not the end of the text."""
ANYONE = 1000
"""The race with the number n stands, as a whole, under the number ANYONE + n."""
_STYLED = {
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},
    **{chr(0x1D5D4 + n): chr(ord("A") + n) for n in range(26)},
    **{chr(0x1D5EE + n): chr(ord("a") + n) for n in range(26)},
}
"""Full-width signs and bold letters, which no function of DuckDB changes, with the plain ones."""
Figures = dict[tuple[Any, ...], dict[str, Any]]


def poll(lines: Path, out: Path, topic: Topic, start: datetime, end: datetime) -> None:
    """Writes the poll of all races over the half-open window into `out`."""
    query = Template(QUERY.read_text(encoding="utf-8"))
    with duckdb.connect() as connection:
        connection.execute(query.substitute(_parts(lines, out, topic, start, end)))


def figures(out: Path) -> Figures:
    """Returns the rows of a result, by race, period, start, end and candidate."""
    found = Figures()
    for row in pq.read_table(out).to_pylist():
        at = {name: row[name].replace(tzinfo=UTC) for name in ("period_start", "period_end")}
        found[tuple({**row, **at}[name] for name in KEY)] = {name: row[name] for name in (*COUNTS, *SHARES)}
    return found


def _parts(lines: Path, out: Path, topic: Topic, start: datetime, end: datetime) -> dict[str, str]:
    """Returns the texts that replace the names in the query."""
    candidates = [(race.id, candidate) for race in topic.races for candidate in race.candidates]
    of_race = {race.id: [f"m{n}" for n, (of, _) in enumerate(candidates) if of == race.id] for race in topic.races}
    numbers = [f"CASE WHEN m{n} THEN {n} END" for n in range(len(candidates))]
    numbers += [f"CASE WHEN {' OR '.join(some)} THEN {ANYONE + n} END" for n, some in enumerate(of_race.values())]
    rows = [f"({n}, {_text(race)}, {_text(one.id)})" for n, (race, one) in enumerate(candidates)]
    rows += [f"({ANYONE + n}, {_text(race)}, '')" for n, race in enumerate(of_race)]
    offset = _offset(start, end, topic.zone).total_seconds()
    return {
        "file": _text(str(lines)),
        "out": _text(str(out)),
        "start": _instant(start),
        "end": _instant(end),
        "styled": _text("".join(_STYLED)),
        "plain": _text("".join(_STYLED.values())),
        "entities": ENTITIES,
        "candidates": ", ".join(rows),
        "offset": f"INTERVAL '{offset:.0f} seconds'",
        "hint": _text(_words([alias for _, one in candidates for alias in one.needles])),
        "flags": ", ".join(f"{_mentions(one)} AS m{n}" for n, (_, one) in enumerate(candidates)),
        "numbers": f"[{', '.join(numbers)}]",
        "anyone": " OR ".join(f"m{n}" for n in range(len(candidates))),
        "z": repr(Z_95),
    }


def _mentions(candidate: Candidate) -> str:
    """Returns the condition under which a post mentions the candidate."""
    conditions = []
    if aliases := sorted({fold(alias) for alias in candidate.aliases}):
        pattern = _text(f"(?:^|{EDGE})(?:{_words(aliases)})(?:{EDGE}|$)")
        conditions.append(f"CASE WHEN hint THEN regexp_matches(text, {pattern}) ELSE false END")
    if tags := candidate.folded_hashtags:
        conditions.append(f"list_has_any(tags, {_list(tags)})")
    if handles := candidate.lower_handles:
        conditions.append(f"list_has_any(handles, {_list(handles)})")
    return f"({' OR '.join(conditions)})"


def _words(aliases: list[str]) -> str:
    """Returns a pattern of any of the aliases, with any white space between their words; "" of none."""
    return "|".join(r"\s+".join(map(re.escape, alias.split())) for alias in aliases)


def _offset(start: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    """Returns how far the zone's time is ahead of UTC. Raises PulsoError if that changes in the window."""
    hours = int((end - start) / timedelta(hours=1)) + 1
    offsets = {(start + timedelta(hours=n)).astimezone(zone).utcoffset() for n in range(hours)}
    if len(offsets) > 1:
        raise PulsoError(f"the clocks of {zone} change in the window", "The query takes every day to have 24 hours")
    return offsets.pop() or timedelta()


def _instant(at: datetime) -> str:
    return f"TIMESTAMP '{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def _list(values: list[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    return f"'{value.replace(chr(39), chr(39) * 2)}'"


def main(lines: str, out: str, start: str, end: str) -> None:
    """Computes the poll of a window, whose ends are ISO times with a zone."""
    topic = load_topic(TOPIC, ROOT / "conf" / "topics")
    poll(Path(lines), Path(out), topic, datetime.fromisoformat(start), datetime.fromisoformat(end))


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(*sys.argv[1:])))
