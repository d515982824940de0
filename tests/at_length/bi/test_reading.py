"""BI programs read the figures of the tables: all of one run, and of the run that ended before the statement."""

import threading
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType

from conf.settings import Settings
from conf.tables import CANDIDATE_POLL, JOB_RUNS
from conf.topic import Topic
from readers.bi.views import VIEWS
from readers.packs.summaries import Window, rows_of
from readers.published.tables import columns_of
from readers.published.whole import read_job
from tests.at_length.bi.conftest import TEXT
from tests.at_length.bi.served import Served
from tests.support.stored_graph import END, START, write
from tests.support.summaries import HOUR, row_of

POLL = "SELECT race, candidate, period, posts, share_authors, run_id FROM candidate_poll WHERE topic = '{}'"


def test_the_poll_of_the_view_is_that_of_the_table(
    bi: Served, filled: Topic, session: Session, settings: Settings
) -> None:
    (found,) = bi.ask(POLL.format(filled.topic))
    stored = [
        [row.race, row.candidate, row.period, row.posts, row.share_authors, str(row.run_id)]
        for row in rows_of(Window(session, settings.keyspace, filled, None, None), CANDIDATE_POLL)
    ]
    assert sorted(found) == sorted(stored)
    assert len(found) > 20


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_view_has_the_rows_and_columns_of_its_table(
    bi: Served, filled: Topic, session: Session, settings: Settings, name: str
) -> None:
    count, described = bi.ask(f"SELECT count(*) FROM {name} WHERE topic = '{filled.topic}'", f"DESCRIBE {name}")
    window, table = Window(session, settings.keyspace, filled, None, None), VIEWS[name]
    stored = list[Any]()
    read_job(window, table.job, lambda _, rows: stored.extend(rows), tables=[table])
    assert count == [[len(stored)]]
    assert [[column, doc] for column, _, doc in described] == [
        [column, declared.doc] for column, declared in columns_of(VIEWS[name]).items()
    ]


def test_texts_in_all_scripts_and_lists_arrive_as_they_are(bi: Served, filled: Topic) -> None:
    ((row,),) = bi.ask(f"SELECT text, sources FROM text_families WHERE topic = '{filled.topic}'")
    assert row == [TEXT, '["a","b"]']


def test_sqlalchemy_lists_the_views_and_reads_them(bi: Served, filled: Topic) -> None:
    tables, columns, ((posts,),) = bi.ask(
        f"SELECT sum(posts) FROM candidate_poll WHERE topic = '{filled.topic}' AND period = 'window'", how="sqlalchemy"
    )
    assert tables == sorted(VIEWS)
    assert columns == list(columns_of(CANDIDATE_POLL))
    assert Decimal(posts) == 3 * sum(len(race.candidates) for race in filled.races)


def test_beeline_reads_them(bi: Served, filled: Topic) -> None:
    done = bi.beeline(f"SELECT name, posts FROM candidate_poll WHERE topic='{filled.topic}' AND period='window'")
    names = [candidate.name for race in filled.races for candidate in race.candidates]
    lines = done.stdout.strip().splitlines()
    assert lines[0].endswith("> name,posts"), done.stderr
    assert sorted(lines[1:]) == sorted(f"{name},3" for name in names)


def test_queries_of_bi_programs_are_answered(bi: Served, filled: Topic) -> None:
    where = f"topic = '{filled.topic}'"
    found = bi.ask(
        f"WITH p AS (SELECT * FROM candidate_poll WHERE {where}) SELECT race, max(posts) FROM p GROUP BY 1 ORDER BY 2",
        "SELECT * FROM (SELECT name, rank() OVER (PARTITION BY race ORDER BY posts) r FROM candidate_poll) WHERE r < 3",
        f"SELECT e.src FROM graph_edges e JOIN graph_nodes n ON e.src = n.node WHERE e.{where} LIMIT 5",
        f"SELECT label, flag FROM author_activity LATERAL VIEW explode(bot_flags) f AS flag WHERE {where}",
        f"SELECT count(*) FROM candidate_poll WHERE {where} AND posts >= (SELECT max(posts) FROM candidate_poll)",
        "SHOW TABLES",
        "SHOW TABLES IN default",
        "SHOW SCHEMAS",
        "USE default",
        "SET spark.sql.shuffle.partitions=1",
        "SET -v",
        "SELECT 1",
        "SELECT date_trunc('day', period_end), sum(posts) FROM default.candidate_poll GROUP BY 1 HAVING max(posts) > 0",
        "SHOW TABLES LIKE 'graph_*|CASCADES'",
        "SELECT 'x' AS a UNION SELECT name FROM candidate_poll LIMIT 3",
    )
    assert [(at, answer) for at, answer in enumerate(found) if isinstance(answer, dict)] == []
    assert [row[0] for row in found[13]] == sorted(name for name in VIEWS if name == "cascades" or "graph_" in name)
    assert found[9] == found[10] == []
    assert found[5] == found[6] == [[name, "default", False] for name in sorted(VIEWS)]


def test_a_mistake_is_told_as_spark_tells_it(bi: Served) -> None:
    assert "PARSE_SYNTAX_ERROR" in bi.error("SELEC name FROM candidate_poll")
    assert "UNRESOLVED_COLUMN" in bi.error("SELECT nam FROM candidate_poll")


def swapped(session: Session, settings: Settings, topic: Topic, posts: int) -> str:
    """Publishes a poll as its job does: a running run, each partition in one batch, a run that has ended. Its id."""
    run_id, at = uuid.uuid1(), datetime.now(UTC)
    run = dict.fromkeys(JOB_RUNS.columns) | {"job": CANDIDATE_POLL.job, "topic": topic.topic, "run_id": run_id}
    run |= {"started_at": at, "window_start": START, "window_end": END}
    write(session, settings, JOB_RUNS, iter([run | {"status": "running"}]))
    insert = session.prepare(CANDIDATE_POLL.insert(settings.keyspace))
    hours = [("hour", START + n * HOUR, START + (n + 1) * HOUR) for n in range(3)]
    for race in topic.races:
        for period in ([("window", START, END)], hours):
            batch = BatchStatement(BatchType.UNLOGGED)
            for kind, start, end in period:
                for one in race.candidates:
                    changes = {"race": race.id, "candidate": one.id, "name": one.name, "posts": posts, "period": kind}
                    row = row_of(CANDIDATE_POLL, topic, run_id, **changes, period_start=start, period_end=end)
                    batch.add(insert, list(row.values()))
            session.execute(batch)
    write(session, settings, JOB_RUNS, iter([run | {"status": "succeeded"}]))
    return str(run_id)


def test_a_run_that_is_published_meanwhile_is_seen_whole_or_not_at_all(
    bi: Served, filled: Topic, session: Session, settings: Settings
) -> None:
    stopped, runs = threading.Event(), [swapped(session, settings, filled, 9)]

    def publish() -> None:
        while not stopped.wait(0.3):
            runs.append(swapped(session, settings, filled, 10 + len(runs)))

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        answers = [answer for _ in range(3) for answer in bi.ask(*[POLL.format(filled.topic)] * 6)]
    finally:
        stopped.set()
        publishing.join()
    assert len({len(answer) for answer in answers}) == 1
    seen = [{(row[5], row[3]) for row in answer} for answer in answers]
    assert {len(one) for one in seen} == {1}
    assert len({run for one in seen for run in one}) > 1, "no run was published meanwhile"
    assert bi.ask("SELECT 1", f"SELECT DISTINCT run_id FROM candidate_poll WHERE topic = '{filled.topic}'")[1] == [
        [runs[-1]]
    ]
