"""What the page says in words: coverage, commands in messages, the measures of the backtest, times."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from conf.topic import Topic, parse_topic
from readers.graphs.page import _members
from readers.page.address import view_of
from readers.page.app import choices
from readers.page.cluster import _ms
from readers.page.quality import _measure
from readers.page.rendering import banner, told
from readers.page.search import asked_for
from readers.page.texts import covered, title_of
from readers.topics import Topics

RACES = 'races: [{id: r, title: "\u202eR", candidates: [{id: a, name: A, aliases: [a]}]}]'


@pytest.fixture(scope="module")
def topic() -> Topic:
    return parse_topic(f"topic: t\ntimezone: Asia/Manila\n{RACES}\n", "t.yaml")


@pytest.mark.parametrize(
    ("part", "expected"),
    [(1.0, "100.0%"), (0.99999, "99.9%"), (0.81, "81.0%"), (0.9495, "94.9%"), (0.0, "0.0%"), (None, "–")],
)
def test_a_coverage_is_whole_only_where_nothing_is_missing(part: float | None, expected: str) -> None:
    assert covered(part) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no poll of <b>", "No poll of &lt;b&gt;."),
        ("is the disk busy?", "Is the disk busy?"),
        ("Start one: `python -m ingest work`", "Start one: <code>python -m ingest work</code>."),
        (
            "Run SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/a.py --from D --to D",
            "Run <code>SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/a.py --from D --to D</code>. "
            "D is a day, such as 2016-05-09.",
        ),
        ("", ""),
    ],
)
def test_a_message_is_a_sentence_and_its_commands_can_be_copied(text: str, expected: str) -> None:
    assert told(text) == expected


def test_the_message_above_old_figures_says_of_when_they_are() -> None:
    assert "seen last, at 1 May, 10:00. Cassandra is away.</p>" in banner("1 May, 10:00", "Cassandra is away")


def test_the_measures_of_the_backtest_are_words() -> None:
    assert _measure("share_authors:last_week") == "Share of authors, last 7 days"
    assert _measure("share_authors_no_bots:last_day") == "Share of authors, without bots, last day"
    assert _measure("poll:SWS: May") == "Opinion poll: SWS: May"


def test_a_time_without_an_offset_is_one_of_the_topics_zone(topic: Topic) -> None:
    _, span = asked_for(
        view_of(topic, "search", {"q": "a", "from": "2016-05-09", "to": "2016-05-09T12:00Z"}, ("q", "from", "to"))
    )
    assert span.start == datetime(2016, 5, 8, 16, tzinfo=UTC)
    assert span.end == datetime(2016, 5, 9, 12, tzinfo=UTC)


def test_a_title_turns_no_text_around(topic: Topic) -> None:
    assert (title_of(topic), title_of(topic.races[0])) == ("t", "R")


def test_a_time_that_is_too_short_to_measure_is_no_nought() -> None:
    assert [_ms(value) for value in (0.0, 0.02, 12.34)] == ["–", "under 0.1 ms", "12.3 ms"]


def test_a_group_with_a_title_is_not_its_first_member_and_others() -> None:
    assert _members("group 1", 5, has_title=True) == "\u2068group 1\u2069: 5"
    assert _members("@ana", 5, has_title=False) == "\u2068@ana\u2069 and 4 more"
    assert _members("@ana", 1, has_title=False) == "@ana"


def test_topics_are_chosen_by_their_titles(tmp_path: Path) -> None:
    files = {"a": "title: 'It''s <b>' # c", "b": "title: Long\n  and longer", "c": "title: [1", "d": "races: []"}
    files |= {
        "e": "title: İstanbul seçimi",
        "f": "title: Long and longer",
        "g": "title: 2016",
        "h": f"title: {'x' * 99}",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(f"topic: {name}\n{text}\n", encoding="utf-8")
    topics = Topics(tmp_path)
    assert topics.titles()["a"] == "It's <b>"
    found = dict(choices(topics.titles()))
    assert (found["b"], found["f"]) == ("Long and longer (b)", "Long and longer (f)")
    assert [found[name] for name in "cdeg"] == ["c", "d", "İstanbul seçimi", "g"]
    assert len(found["h"]) == 60
    (tmp_path / "a.yaml").write_text("title: Another\n")
    assert topics.titles()["a"] == "Another"
