"""What is read while a job's runs go on: whole, between two runs, or not at all."""

from collections.abc import Iterator
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import CANDIDATE_POLL
from readers.packs.summaries import Window
from readers.partitions import Replaced
from readers.published import whole
from readers.published.whole import read_job
from tests.conftest import make_topic
from tests.support.summaries import run, store_poll


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "TRIES", 5)


@pytest.fixture
def window(settings: Settings, session: Session) -> Window:
    topic = make_topic(settings)
    store_poll(session, settings, topic)
    return Window(session, settings.keyspace, topic, None, None)


def read(window: Window, settings: Settings, during: Any) -> list[int]:
    """Reads the poll; calls `during` with the number of each read, after its rows. Returns the rows of each."""
    counts: list[int] = []

    def take(_table: Any, found: Iterator[Any]) -> None:
        counts.append(len(list(found)))
        during(len(counts))

    read_job(window, CANDIDATE_POLL.job, take, wait=0)
    return counts


def test_it_is_read_again_if_a_run_began(window: Window, settings: Settings) -> None:
    began = lambda read: read == 1 and run(window.session, settings, window.topic, "candidate_poll")  # noqa: E731
    assert len(read(window, settings, began)) == 2


def test_it_is_read_again_while_a_run_that_goes_on_replaces_rows(window: Window, settings: Settings) -> None:
    run_id = run(window.session, settings, window.topic, "candidate_poll", "running")

    def replace_a_row(read: int) -> None:
        table = f"{settings.keyspace}.{CANDIDATE_POLL.name}"
        key = f"topic = '{window.topic.topic}' AND race = 'president' AND period = 'window'"
        [first, *_] = window.session.execute(f"SELECT * FROM {table} WHERE {key}").all()
        values = {name: getattr(first, name) for name in CANDIDATE_POLL.columns}
        names, marks = ", ".join(values), ", ".join("%s" for _ in values)
        new = values | {"run_id": run_id, "candidate": f"c{min(read, 2)}"}
        window.session.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(new.values()))

    replace_a_row(0)
    counts = read(window, settings, replace_a_row)
    assert counts[0] < counts[1] < counts[2] == counts[3], "it was killed: two reads in turn found the same"
    assert len(counts) == 4


def test_it_gives_up_with_a_line_if_runs_never_end(window: Window, settings: Settings) -> None:
    with pytest.raises(Replaced, match="was replaced by a later run"):
        read(window, settings, lambda _: run(window.session, settings, window.topic, "candidate_poll"))
