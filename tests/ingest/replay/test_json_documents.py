"""JSON documents in text of every layout; broken ones cost none of their neighbours. No engine is needed."""

import io
import random

import orjson
import pytest

from ingest.formats.detect import LONGEST_LINE
from ingest.replay.json_documents import json_documents
from ingest.replay.part import Part


def found(text: bytes) -> list[tuple[str, bytes]]:
    part = Part("f", io.BytesIO(text))
    return [(place, document.strip()) for place, document in json_documents(part) if document.strip()]


def values(text: bytes) -> list[object]:
    made = []
    for _, document in found(text):
        try:
            made.append(orjson.loads(document))
        except orjson.JSONDecodeError:
            made.append("broken")
    return made


A, B, C = {"a": 'x"}{ \\'}, {"b": [1, {"c": "[]{"}]}, {"text": "…\u2028 {"}
ALL = [A, B, C]
INDENTED = orjson.OPT_INDENT_2


@pytest.mark.parametrize(
    "text",
    [
        b"\n".join(map(orjson.dumps, ALL)),
        b"\r\n".join(map(orjson.dumps, ALL)) + b"\r\n\r\n",
        b"".join(map(orjson.dumps, ALL)),
        b" ".join(map(orjson.dumps, ALL)) + b"\n",
        b"\n".join(orjson.dumps(each, option=INDENTED) for each in ALL),
        b"".join(orjson.dumps(each, option=INDENTED) for each in ALL),
        orjson.dumps(ALL),
        orjson.dumps(ALL, option=INDENTED),
        orjson.dumps([[A, B], [C]]),
        orjson.dumps([A, B]) + b"\n" + orjson.dumps([C]),
        b"[" + b",\n".join(map(orjson.dumps, ALL)) + b"]\n",
        b"[\n" + b"\n,\n".join(map(orjson.dumps, ALL)) + b"\n]\n",
        b",\n".join(map(orjson.dumps, ALL)),
        b"".join(b"\x1e" + orjson.dumps(each) + b"\n" for each in ALL),
        b"\xef\xbb\xbf" + orjson.dumps(A) + b"\n\xef\xbb\xbf" + orjson.dumps(B) + b"\n\0\0\0" + orjson.dumps(C),
        orjson.dumps(A) + b"\n" + orjson.dumps(B, option=INDENTED) + b"\n" + orjson.dumps([C]),
        b'{"a":\n"x\\"}{ \\\\"\n}\n{"b": [1\n, {"c": "[]{"}\n]}' + orjson.dumps(C),
        orjson.dumps(ALL, option=INDENTED).replace(b"  ", b""),
    ],
)
def test_documents_are_found_in_every_layout(text: bytes) -> None:
    assert values(text) == ALL


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (b'{"data": {"id": "4"\n{"a":1}\n', ["broken", {"a": 1}]),
        (b'{"data": {"text": "cut\n{"a":1}\n', ["broken", {"a": 1}]),
        (b'{"data": {"id":\n{"a":1}\n{"b":2}\n', ["broken", {"a": 1}, {"b": 2}]),
        (b'{"data": [{"id": 1},\n{"a":1}\n{"b":2}\n', ["broken", {"a": 1}, {"b": 2}]),
        (b'{"a":1}\nhello\n{"b":2}\n', [{"a": 1}, "broken", {"b": 2}]),
        (b'{"a":1}\n"x {\n{"b":2}\n', [{"a": 1}, "broken", {"b": 2}]),
        (b'{"a":1}}\n{"b":2}]\n', [{"a": 1}, "broken", {"b": 2}]),
        (b'[1, 2]\n{"b":2}', ["broken", {"b": 2}]),
        (b'{"a":1}\n{"b": 2, "c"', [{"a": 1}, "broken"]),
        (b'{"a":1}\nlog {"b":2}\n', [{"a": 1}, "broken", {"b": 2}]),
    ],
)
def test_a_broken_document_costs_no_neighbour(text: bytes, made: list[object]) -> None:
    assert values(text) == made


def test_a_place_is_the_line_where_a_document_begins() -> None:
    text = b'{"a":1}\n\n[{"b":1},{"b":2},\n{\n"c":1}]{"d":1}\n{"e":1}'
    assert [place for place, _ in found(text)] == ["1", "3", "3#2", "4", "5", "6"]


def test_of_a_document_that_is_too_long_the_start_is_kept_and_the_next_one_is_found() -> None:
    for open_, close in ((b'{"x":"', b'"}\n'), (b'[{"x":"', b'"},\n'), (b'{\n"x":[["', b'"]]}')):
        long, short = found(open_ + b"x" * (3 * LONGEST_LINE) + close + b'{"a":1}')
        assert (len(long[1]), short[1]) == (LONGEST_LINE + 1, b'{"a":1}')


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_cut_or_changed_no_document_after_the_next_line_is_lost(seed: int) -> None:
    draws = random.Random(seed)
    last = b'\n{"last":1}\n{"last":2}\n'
    for _ in range(2_000):
        text = bytearray(orjson.dumps(ALL, option=draws.choice((None, INDENTED))))
        for _ in range(draws.randint(1, 4)):
            at = draws.randrange(len(text))
            text[at : at + draws.randint(0, 3)] = draws.choice(
                (b"", b"{", b"}", b'"', b"\\", b"[", b"]", b"\n", b"\xff")
            )
        assert values(bytes(text) + last)[-1] == {"last": 2}, bytes(text)
