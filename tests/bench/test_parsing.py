"""The benchmark of parsing: the same posts in each format, and the process that parses them."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from bench.parsing import side
from bench.parsing.changes import differing, read
from bench.parsing.lines import lines_of
from conf import ROOT
from conf.topic import load_topic
from corpus import generate
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from tests.support.posts import stream_line, tweet

POSTS = 250
CORPUS = b"".join(generate(load_topic("ph2016", ROOT / "conf" / "topics"), POSTS, 3)).splitlines()
LINES = lines_of(CORPUS)


def posts_of(name: str) -> list[Post]:
    units = [unit for line in LINES[name] for unit in split(line)]
    assert all(isinstance(unit, Unit) for unit in units)
    return [parse(unit.format, unit.payload) for unit in units if isinstance(unit, Unit)]


@pytest.mark.parametrize("name", LINES)
def test_each_format_has_the_posts_of_the_corpus(name: str) -> None:
    expected, found = posts_of("X v2 line"), posts_of(name)
    assert [post.event_at.replace(microsecond=0) for post in found] == [
        post.event_at.replace(microsecond=0) for post in expected
    ]
    assert sum(bool(post.hashtags) for post in found) > POSTS / 10
    if name.startswith("X"):  # a page knows more retweeted posts than each of its lines, and v1.1 fewer
        assert [(post.post_id, post.author) for post in found] == [(post.post_id, post.author) for post in expected]
        same = [one.text == other.text for one, other in zip(found, expected, strict=True)]
        assert sum(same) > 0.95 * POSTS


def test_a_side_tells_its_seconds_and_how_many_posts_it_has_parsed(tmp_path: Path) -> None:
    file = tmp_path / "lines.json"
    file.write_bytes(orjson.dumps({"X v2 page": [line.decode() for line in LINES["X v2 page"]]}))
    told = subprocess.run(
        [sys.executable, str(Path(side.__file__)), str(file)],
        input="2 X v2 page\n",
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert float(told[0]) > 0
    assert told[1] == str(POSTS)


def test_what_became_otherwise_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(stream_line(tweet("1", "Rivera\u2019s day", author_id="5")) + b"\nno JSON\n")
    found = read(ROOT, tmp_path)
    assert found.keys() == {"a.jsonl 1", "a.jsonl:2#1"}
    now = found["a.jsonl 1"]
    assert (now["folded"], now["kind"], now["counts"]) == ("rivera's day", "original", [])
    assert list(differing("a.jsonl 1", now, now)) == []
    rows = differing("a.jsonl 1", now | {"folded": "rivera\u2019s day"}, now | {"media": ["image 3_1"]})
    assert [row[1:] for row in rows] == [
        ("folded", "rivera\u2019s day", "rivera's day", "folding: one form of more letters and signs"),
        ("media", "", "['image 3_1']", "images and videos are named"),
    ]
