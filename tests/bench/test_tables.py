"""The benchmark of tables: each tool's table has the posts of the corpus, and tells itself."""

from pathlib import Path

from bench.tables import tables_of
from conf import ROOT
from conf.topic import load_topic
from corpus import generate
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from ingest.replay.captures import open_captures
from ingest.replay.tables.table import open_table
from tests.support.tables import TOOLS

POSTS = 300


def post_of(part: object) -> Post:
    assert isinstance(part, Unit)
    return parse(part.format, part.payload)


def test_each_table_has_the_posts_of_the_corpus(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_bytes(b"".join(generate(load_topic("ph2016", ROOT / "conf" / "topics"), POSTS, 3)))
    expected = [post_of(part) for line in lines.read_bytes().splitlines() for part in split(line)]
    files = tables_of(lines, tmp_path)
    assert list(files) == list(TOOLS)
    for tool, file in files.items():
        [capture] = open_captures([str(file)])
        table = open_table(capture, None)
        assert table is not None
        assert table.mapped.title.startswith(tool)
        found = [post_of(part) for _, part in table.parts()]
        assert [(post.post_id, post.author, post.kind) for post in found] == [
            (post.post_id, post.author, post.kind) for post in expected
        ]
