"""Reads back a sheet that people have filled in, as spreadsheet programs save it: other separators, codes and marks."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from conf.errors import WrongUse
from conf.lines import SEPARATORS, Lines, hinted_separator
from readers.samples.answers import TOLD, answer
from readers.samples.interval import Answers

COLUMNS = (
    *("number", "right", "text", "text_more", "matched", "rule", "event_at", "post"),
    *("topic", "race", "candidate", "rows", "rule_posts", "posts", "race_posts"),
)
"""The columns of a sheet. People fill in `right`; `rule` and those after `post` say what the sample stands for."""
NEEDED = ("right", "rule", "topic", "race", "candidate", "rows", "rule_posts", "posts", "race_posts")
LONGEST_CELL = 1 << 20
MOST_RULES = 100_000
AGAIN = "Make it again with `readers sample`, and change only the column `right`"


class Constants(NamedTuple):
    """What every row of a sheet says alike: whose posts it has, its rows, and the posts that it stands for."""

    topic: str
    race: str
    candidate: str
    rows: int
    posts: int
    race_posts: int


@dataclass
class Sheet:
    """A sheet's answers: by rule how many posts it has, and the numbers of right, wrong and empty rows."""

    constants: Constants
    rule_posts: dict[str, int] = field(default_factory=dict)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """The number of rows in the file."""
        return self.right.total() + self.wrong.total() + self.empty.total()

    def answers(self, rule: str) -> Answers:
        """Returns a rule's answers."""
        return Answers(self.right[rule], self.right[rule] + self.wrong[rule], self.rule_posts[rule])


def read_sheet(path: Path) -> Sheet:
    """Returns the answers of a sheet, read row by row.

    Raises WrongUse, in one line, for a file that is no sheet, a word that is no answer, and a sheet that was changed so
    that its rows can't be told apart by rule.
    """
    sheet: Sheet | None = None
    for line, row in _rows(path):
        constants = _constants(row, path, line)
        if sheet is None:
            sheet = Sheet(constants)
        elif sheet.constants != constants:
            raise WrongUse(f"{path}, row {line}: is of another sample than the rows before", "Give one sample a file")
        _add(sheet, row, path, line)
    if sheet is None:
        raise WrongUse(f"{path} has no rows", AGAIN)
    known, posts = sum(sheet.rule_posts.values()), sheet.constants.posts
    if known != posts:
        what = f"{path}: its rules have {known:,} posts, but the candidate has {posts:,}: rows or numbers were changed"
        raise WrongUse(what, AGAIN)
    if sheet.rows > sheet.constants.rows:
        raise WrongUse(f"{path} has {sheet.rows:,} rows, the sample had {sheet.constants.rows:,}", AGAIN)
    return sheet


def _add(sheet: Sheet, row: dict[str, str], path: Path, line: int) -> None:
    rule, posts = row["rule"].strip(), _number(row["rule_posts"])
    if not rule or posts is None or sheet.rule_posts.setdefault(rule, posts) != posts:
        raise WrongUse(f"{path}, row {line}: its rule, or the number of the rule's posts, was changed", AGAIN)
    if len(sheet.rule_posts) > MOST_RULES:
        raise WrongUse(f"{path}: has more rules than a sample can have", AGAIN)
    try:
        said = answer(row["right"])
    except KeyError:
        raise WrongUse(f"{path}, row {line}: right: {row['right'][:40]!r} is no answer", f"Write {TOLD}") from None
    (sheet.empty if said is None else sheet.right if said else sheet.wrong)[rule] += 1
    if sheet.right[rule] + sheet.wrong[rule] + sheet.empty[rule] > posts:
        raise WrongUse(f"{path}, row {line}: there are more rows of {rule!r} than it has posts", AGAIN)


def _constants(row: dict[str, str], path: Path, line: int) -> Constants:
    names, numbers = ("topic", "race", "candidate"), ("rows", "posts", "race_posts")
    texts, found = [row[name].strip() for name in names], [_number(row[name]) for name in numbers]
    if not all(texts) or None in found:
        raise WrongUse(f"{path}, row {line}: {', '.join((*names, *numbers))} must be as they were", AGAIN)
    return Constants(*texts, *found)  # type: ignore[arg-type]  # none of them is None


def _number(text: str) -> int | None:
    """Returns a whole number of 1 or more; None for anything else, such as 1,204 or 1.2E+03."""
    text = text.strip().removesuffix(".0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 and int(text) else None


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields each row with its number, as spreadsheets count them; rows without any content are left out."""
    try:
        with _opened(path) as file:
            lines = iter(Lines(file, longest=LONGEST_CELL))
            first = next(lines, "")
            if hinted_separator(first):
                first = next(lines, "")
            names, separator = _header(first, path)
            csv.field_size_limit(LONGEST_CELL)
            reader = csv.reader(lines, delimiter=separator)
            for number, cells in enumerate(reader, 2):
                if any(cell.strip() for cell in cells):
                    yield number, {name: "".join(cells[at : at + 1]) for name, at in names.items()}
    except csv.Error as error:
        raise WrongUse(f"{path} is no CSV ({error})", 'Save it as "CSV UTF-8"') from None


def _opened(path: Path) -> BufferedReader:
    try:
        file = path.open("rb")
        begin = file.peek(4)
    except OSError as error:
        raise WrongUse(f"{path} can't be read ({error.strerror})", "Give a file that `readers sample` made") from None
    if begin.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        file.close()
        raise WrongUse(f"{path} is a workbook", 'Save it as "CSV UTF-8", and give that file')
    return file


def _header(line: str, path: Path) -> tuple[dict[str, int], str]:
    """Returns the place of each needed column, and what separates the cells."""
    for separator in SEPARATORS:
        names = [name.strip().lower() for name in next(csv.reader([line], delimiter=separator), [])]
        if "rule" in names or "right" in names:
            missing = [name for name in NEEDED if names.count(name) != 1]
            if missing:
                raise WrongUse(f"{path}: the column {missing[0]} is missing, or there twice", AGAIN)
            return {name: names.index(name) for name in NEEDED}, separator
    raise WrongUse(f"{path} is no sample: its first line has no columns right and rule", AGAIN)
