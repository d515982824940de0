"""The inputs that people reported, in the folder `shared/cases` beside the project, as posts and refusals."""

from pathlib import Path

import pytest

from conf import ROOT
from ingest.formats import DELETIONS, LOSSES, NAMES, Refused, parse, parse_deletion, parse_loss, parse_name, split
from ingest.formats.post import Deletion, InvalidMessage, Lost, Name, Post
from ingest.replay.captures import Capture

CASES = ROOT.parent / "shared" / "cases"
Outcome = Post | Deletion | Name | Lost | str
"""What becomes of one unit; a text is the reason for which it is refused."""


def case(name: str) -> Path:
    """Returns the file whose name begins so; where the folder is missing, the test is skipped."""
    if not CASES.is_dir():
        pytest.skip("no folder of reported inputs (shared/cases) beside the project")
    [path] = CASES.glob(f"{name}_*")
    return path


def outcomes(name: str) -> list[Outcome]:
    """Returns what becomes of each unit of a case."""
    return [outcome for line in by_document(name) for outcome in line]


def by_document(name: str) -> list[list[Outcome]]:
    """Returns, for each document of a case, what becomes of its units."""
    return [outcomes_of(document) for _, document in Capture(str(case(name))).documents()]


def outcomes_of(document: bytes) -> list[Outcome]:
    """Returns what becomes of the units of one document."""
    return [
        part.reason if isinstance(part, Refused) else _outcome(part.format, part.payload) for part in split(document)
    ]


def posts(name: str) -> list[Post]:
    """Returns the posts of a case, all of whose units must be posts."""
    found = outcomes(name)
    assert all(isinstance(each, Post) for each in found), found
    return [each for each in found if isinstance(each, Post)]


def _outcome(format_: str, payload: bytes) -> Outcome:
    try:
        if format_ in DELETIONS:
            return parse_deletion(format_, payload)
        if format_ in NAMES:
            return parse_name(format_, payload)
        return parse_loss(format_, payload) if format_ in LOSSES else parse(format_, payload)
    except InvalidMessage as reason:
        return str(reason)
