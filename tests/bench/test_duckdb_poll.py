"""The benchmark's query in DuckDB returns the figures of the poll, so that the two can be compared."""

from datetime import datetime

import pytest
import yaml

from bench.duckdb_poll import COUNTS, SHARES, Figures, figures, poll
from conf.topic import load_topic
from corpus import generate
from tests.conftest import SHIPPED_TOPICS
from tests.support import independent_poll
from tests.support.independent_poll import Seen
from tests.support.posts import stream_line, tweet, user

START, END = (datetime.fromisoformat(value) for value in ("2016-02-20T05:30Z", "2016-05-07T11:15Z"))


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """A corpus, and posts whose handles look like aliases, which the corpus does not hold."""
    texts = ("@roxas hello", "hello@roxas", "@poe: @binay", "＠roxas hello", "see https://t.co/@poe", "rock&amp;roxas")
    own = [stream_line(tweet(str(n), text=text, author_id=str(n)), [user(str(n))]) for n, text in enumerate(texts, 1)]
    corpus = b"".join(generate(load_topic("ph2016", SHIPPED_TOPICS), 6000, 11)).splitlines(keepends=True)
    return [*corpus, *(line + b"\n" for line in own)]


@pytest.fixture(scope="module")
def found(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Figures:
    folder = tmp_path_factory.mktemp("duckdb")
    file, out = folder / "lines.jsonl", folder / "poll's.parquet"
    file.write_bytes(b"".join(lines))
    poll(file, out, load_topic("ph2016", SHIPPED_TOPICS), START, END)
    return figures(out)


@pytest.mark.parametrize("race", [0, 1])
def test_duckdb_returns_the_figures_of_the_poll(lines: list[bytes], found: Figures, race: int) -> None:
    rules = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"][race]
    expected = independent_poll.poll(map(Seen, lines), rules, START, END, "Asia/Manila")
    own = {key[1:]: row for key, row in found.items() if key[0] == rules["id"]}
    assert {period for period, *_ in expected} == {"hour", "day", "window"}
    assert own.keys() == expected.keys()
    for key, row in expected.items():
        for name in (*COUNTS, *SHARES):
            figure = None if row[name] is None else pytest.approx(row[name], rel=0, abs=1e-9)
            assert own[key][name] == figure, (key, name)
