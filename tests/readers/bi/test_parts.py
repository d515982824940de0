"""The files behind the views: brought up to date when asked for, whole, and replaced at one moment."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cassandra.cluster import NoHostAvailable, Session

from conf.errors import PulsoError, StoreDown
from conf.settings import Settings
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic, load_topic
from readers.bi import parts as module
from readers.bi.parts import GRACE, Parts
from readers.bi.views import VIEWS
from tests.conftest import make_topic
from tests.support.stored_graph import some_graph, store
from tests.support.summaries import PRIVATE, run, store_people, store_poll

POLL = CANDIDATE_POLL.name


class Stage:
    """Parts with a clock of their own, and all SQL that they ran. What a view shows is read from its newest files."""

    def __init__(self, session: Session, settings: Settings, folder: Path) -> None:
        self.said, self.now, self.folder = list[str](), 1000.0, folder
        self.parts = Parts(session, settings, folder, self.said.append, lambda: self.now)
        self.parts.begin()

    def refresh(self, *names: str) -> list[str]:
        """Brings views up to date; returns the SQL that was run for it."""
        before = len(self.said)
        self.parts.refresh(names)
        return self.said[before:]

    def shown(self, topic: Topic, table: str = POLL) -> list[dict[str, Any]]:
        """Returns the rows of a topic that the view of a table shows."""
        views = [line for line in self.said if line.startswith(f"CREATE OR REPLACE VIEW default.{table} ")]
        file = self.folder / table / views[-1].rsplit("_", 1)[1] / f"{topic.topic}.parquet"
        return list(pq.read_table(file).to_pylist()) if file.exists() else []


@pytest.fixture
def alone(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a folder of topics that only this test uses: the first question reads all that there are."""
    (tmp_path / "topics").mkdir()
    return settings.model_copy(update={"topics_dir": tmp_path / "topics"})


@pytest.fixture
def topic(alone: Settings) -> Topic:
    return make_topic(alone)


@pytest.fixture
def stage(session: Session, alone: Settings, tmp_path: Path) -> Stage:
    return Stage(session, alone, tmp_path / "parts")


def test_views_are_there_at_once_and_read_nothing_until_somebody_asks(stage: Stage, topic: Topic) -> None:
    assert len(stage.said) == 2 * len(VIEWS)
    assert not list(stage.folder.glob("*/*/*.parquet"))


def test_a_statement_sees_the_run_that_ended_before_it(
    stage: Stage, topic: Topic, session: Session, alone: Settings
) -> None:
    first = store_poll(session, alone, topic)
    stage.refresh(POLL)
    assert {row["run_id"] for row in stage.shown(topic)} == {str(first)}
    second = store_poll(session, alone, topic, posts=5)
    sql = stage.refresh(POLL)
    assert {row["run_id"] for row in stage.shown(topic)} == {str(second)}
    assert {row["posts"] for row in stage.shown(topic)} == {5}
    assert [line.split(" ", 2)[:2] for line in sql] == [["CREATE", "TABLE"], ["CREATE", "OR"]]


def test_nothing_is_read_again_while_nothing_has_ended(
    stage: Stage, topic: Topic, session: Session, alone: Settings
) -> None:
    store_poll(session, alone, topic)
    stage.refresh(POLL)
    run(session, alone, topic, CANDIDATE_POLL.job, "running")
    run(session, alone, topic, CANDIDATE_POLL.job, "failed")
    assert stage.refresh(POLL) == []


def test_other_topics_are_not_read_again(stage: Stage, topic: Topic, session: Session, alone: Settings) -> None:
    store_poll(session, alone, topic)
    stage.refresh(POLL)
    file = next(stage.folder.glob(f"{POLL}/*/{topic.topic}.parquet"))
    other = make_topic(alone)
    store_poll(session, alone, other)
    stage.refresh(POLL)
    assert stage.shown(other)
    assert file.stat().st_nlink == 2
    assert stage.shown(topic)


def test_the_files_of_a_graph_are_of_the_run_that_its_summary_names(
    stage: Stage, topic: Topic, session: Session, alone: Settings
) -> None:
    run(session, alone, topic, "network_graph")
    store(some_graph(), session, alone, topic)
    stage.refresh("graph_edges", "graph_summary")
    summaries = {row["run_id"] for row in stage.shown(topic, "graph_summary")}
    edges = stage.shown(topic, "graph_edges")
    assert edges
    assert {row["run_id"] for row in edges} == summaries
    assert "bucket" not in edges[0]


def test_old_files_stay_for_queries_that_read_them_and_then_go(
    stage: Stage, topic: Topic, session: Session, alone: Settings
) -> None:
    for _ in range(2):
        store_poll(session, alone, topic)
        stage.refresh(POLL)
    old, new = sorted(int(folder.name) for folder in (stage.folder / POLL).iterdir() if list(folder.iterdir()))
    stage.now += GRACE
    assert f"DROP TABLE IF EXISTS pulso_parts.{POLL}_{old}" in stage.refresh(POLL)
    assert [folder.name for folder in (stage.folder / POLL).iterdir()] == [str(new)]


def test_a_topic_whose_file_is_gone_or_broken_leaves_the_others(
    stage: Stage, topic: Topic, session: Session, alone: Settings
) -> None:
    store_poll(session, alone, topic)
    broken = alone.topics_dir / "broken-here.yaml"
    broken.write_text("topic: [")
    try:
        stage.refresh(POLL)
    finally:
        broken.unlink()
    assert stage.shown(topic)
    (alone.topics_dir / f"{topic.topic}.yaml").unlink()
    stage.refresh(POLL)
    assert not stage.shown(topic)


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [NoHostAvailable("down", {}), OSError(28, "No space left on device")])
def test_what_can_not_be_read_leaves_the_view_as_it_was(
    stage: Stage,
    topic: Topic,
    session: Session,
    alone: Settings,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    first = store_poll(session, alone, topic)
    stage.refresh(POLL)
    folders = sorted((stage.folder / POLL).iterdir())
    store_poll(session, alone, topic)
    with monkeypatch.context() as patched:
        patched.setattr(module, "read_job", failing(error))
        with pytest.raises(StoreDown if isinstance(error, NoHostAvailable) else PulsoError) as told:
            stage.refresh(POLL)
    assert "\n" not in str(told.value)
    assert {row["run_id"] for row in stage.shown(topic)} == {str(first)}
    assert sorted((stage.folder / POLL).iterdir()) == folders
    stage.refresh(POLL)
    assert {row["run_id"] for row in stage.shown(topic)} != {str(first)}


def test_statements_that_wait_for_one_another_share_an_answer_that_was_asked_for_after_them(
    session: Session, alone: Settings, topic: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, parsed, found = list[set[str]](), list[str](), module.ended_runs
    asking, go_on, came = threading.Event(), threading.Event(), threading.Semaphore(0)

    class Names(tuple[str, ...]):
        """Names of views that tell when a statement has come with them."""

        def __iter__(self) -> Iterator[str]:
            came.release()
            return super().__iter__()

    def counted(*given: Any) -> Any:
        asked.append({*given[-1]})
        asking.set()
        assert go_on.wait(20)
        return found(*given)

    def counted_load(name: str, folder: Path) -> Topic:
        parsed.append(name)
        return load_topic(name, folder)

    monkeypatch.setattr(module, "ended_runs", counted)
    monkeypatch.setattr("readers.topics.load_topic", counted_load)
    other = make_topic(alone)
    parts = Parts(session, alone, tmp_path / "parts", lambda _: None)
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(parts.refresh, [POLL])
        assert asking.wait(20)
        waiting = [threads.submit(parts.refresh, Names([POLL])) for _ in range(5)]
        assert all(came.acquire(timeout=20) for _ in waiting)
        go_on.set()
        for one in (first, *waiting):
            one.result()
    assert asked == [{topic.topic, other.topic}] * 2, "what came after the first question needs one of its own"
    parts.refresh([POLL])
    assert len(asked) == 3
    assert sorted(parsed) == sorted([topic.topic, other.topic]), "a file is parsed again only after a change"


def test_private_persons_are_not_named(stage: Stage, topic: Topic, session: Session, alone: Settings) -> None:
    store_people(session, alone, topic)
    tables = ("conversations", "coordination_accounts", "coordination_pairs")
    stage.refresh(*tables)
    for table in tables:
        rows = [{**row, "run_id": "", "computed_at": ""} for row in stage.shown(topic, table)]
        assert len(rows) == 4
        assert not [secret for secret in PRIVATE if secret in str(rows)]
