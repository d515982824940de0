"""`python -m ingest coverage`: how much of a window was collected, and for which sources a schedule has to wait."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest import cli
from ingest.coverage_cli import judged
from stores.connect import RedisClient
from stores.coverage import Gap, Record

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(hours=1)
BEGAN = START - timedelta(days=1)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def record(through: int, *gaps: Gap) -> Record:
    return Record(gaps, at(through), BEGAN)


def test_what_runs_and_is_not_stored_up_to_the_end_is_waited_for() -> None:
    found = judged({"x": record(40), "bluesky": record(61)}, {"x", "bluesky"}, START, END)
    assert found.waiting_for == ["x"]
    assert found.lines == ["x: stored up to 2026-11-01T00:40:00Z"]


@pytest.mark.parametrize("running", [set[str](), {"bluesky"}])
def test_what_does_not_run_is_not_waited_for(running: set[str]) -> None:
    assert judged({"x": record(40), "bluesky": record(70)}, running, START, END).waiting_for == []


def test_what_cannot_connect_is_not_waited_for_and_its_gap_is_told() -> None:
    found = judged({"x": record(20, Gap(at(20), None, "connection refused"))}, {"x"}, START, END)
    assert found.waiting_for == []
    assert found.part == pytest.approx(1 / 3)
    assert found.lines[0] == "x: not collected 2026-11-01T00:20:00Z to now (connection refused)"


def test_what_has_just_begun_and_has_no_record_yet_is_waited_for() -> None:
    assert judged({}, {"x"}, START, END).waiting_for == ["x"]


def test_only_gaps_of_the_window_are_told() -> None:
    gaps = [Gap(at(-30), at(-10), "earlier"), Gap(at(10), at(25), "a rate limit"), Gap(at(70), None, "later")]
    found = judged({"x": record(90, *gaps)}, set(), START, END)
    assert found.part == 0.75
    assert found.lines == ["x: not collected 2026-11-01T00:10:00Z to 2026-11-01T00:25:00Z (a rate limit)"]
    assert next(found.told()) == "75.0% of this time was collected"


@pytest.mark.usefixtures("stream")
def test_a_topic_that_was_never_collected_live_says_so(
    topic: Topic, session: Session, settings: Settings, client: RedisClient, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["coverage", "--topic", topic.topic, "--from", "2026-11-01", "--to", "2026-11-02"]
    assert cli.main([*asked, "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out) == {"coverage": None, "waiting_for": [], "lines": []}
    assert cli.main(asked) == 0
    assert capsys.readouterr().out == "never collected live: nothing is known of what is missing\n"
    assert cli.main([*asked[:-1], "2026-10-01"]) == 2
    assert "--from 2026-11-01 is not before --to 2026-10-01" in capsys.readouterr().err
