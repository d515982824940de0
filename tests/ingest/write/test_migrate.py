import uuid
from collections.abc import Iterator

import pytest
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import Settings, load_settings
from conf.tables import CANDIDATE_POLL, POSTS, TABLES
from ingest.write.migrate import migrate


@pytest.fixture
def own(settings: Settings, session: Session) -> Iterator[Settings]:
    """Settings with an empty keyspace of the test's own."""
    keyspace = f"m{uuid.uuid4().hex[:10]}"
    yield load_settings(keyspace=keyspace)
    session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")


def columns(session: Session, settings: Settings, table: str) -> dict[str, str]:
    query = "SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"
    return {row.column_name: row.type for row in session.execute(query, (settings.keyspace, table))}


def test_everything_declared_is_made_and_a_second_time_nothing(own: Settings, session: Session) -> None:
    made = list(migrate(session, own))
    assert made[0] == f"made keyspace {own.keyspace}"
    assert {f"made table {table.name}" for table in TABLES} <= set(made)
    assert {"made index posts_author_idx", "made index post_words_idx"} <= set(made)
    assert list(migrate(session, own)) == []
    for table in TABLES:
        assert columns(session, own, table.name) == {name: column.cql for name, column in table.columns.items()}


@pytest.mark.usefixtures("few_tables")
def test_a_new_column_is_added_and_rows_stay(own: Settings, session: Session) -> None:
    list(migrate(session, own))
    session.execute(f"ALTER TABLE {own.keyspace}.posts DROP place")
    session.execute(f"DROP INDEX {own.keyspace}.post_words_idx")
    session.execute(f"ALTER TABLE {own.keyspace}.posts ADD somebodys_own text")
    session.execute(
        f"INSERT INTO {own.keyspace}.posts (topic, day, bucket, source, post_id, somebodys_own) "
        "VALUES ('t', '2016-05-01', 0, 'x', '1', 'kept')"
    )
    assert list(migrate(session, own)) == ["made column posts.place", "made index post_words_idx"]
    row = session.execute(f"SELECT post_id, place, somebodys_own FROM {own.keyspace}.posts").one()
    assert (row.post_id, row.place, row.somebodys_own) == ("1", None, "kept")


@pytest.mark.usefixtures("few_tables")
def test_a_column_of_another_type_is_left_and_told(own: Settings, session: Session) -> None:
    list(migrate(session, own))
    session.execute(f"ALTER TABLE {own.keyspace}.posts DROP place")
    session.execute(f"ALTER TABLE {own.keyspace}.posts ADD place_id int")
    session.execute(f"DROP TABLE {own.keyspace}.topic_layout")
    session.execute(f"CREATE TABLE {own.keyspace}.topic_layout (topic text PRIMARY KEY, timezone text, buckets text)")
    with pytest.raises(PulsoError, match=r"topic_layout\.buckets is text in Cassandra, declared as int"):
        list(migrate(session, own))
    assert columns(session, own, "topic_layout")["buckets"] == "text"


@pytest.mark.usefixtures("few_tables")
def test_tables_with_another_primary_key_are_left_and_told(own: Settings, session: Session) -> None:
    list(migrate(session, own))
    for name in ("author_activity", "graph_edges"):
        session.execute(f"DROP TABLE {own.keyspace}.{name}")
        session.execute(
            f"CREATE TABLE {own.keyspace}.{name} (topic text, bucket int, run_id timeuuid, PRIMARY KEY (topic))"
        )
    with pytest.raises(PulsoError) as raised:
        list(migrate(session, own))
    assert raised.value.what.startswith(f"{own.keyspace}.author_activity, {own.keyspace}.graph_edges: another primary")
    assert f"DROP TABLE {own.keyspace}.graph_edges;" in raised.value.fix
    assert "jobs/author_activity.py, jobs/network_graph.py" in raised.value.fix
    assert set(columns(session, own, "author_activity")) == {"topic", "bucket", "run_id"}


@pytest.mark.usefixtures("few_tables")
def test_a_table_of_posts_with_another_primary_key_is_never_to_be_dropped(own: Settings, session: Session) -> None:
    list(migrate(session, own))
    session.execute(f"DROP TABLE {own.keyspace}.posts")
    session.execute(f"CREATE TABLE {own.keyspace}.posts (topic text PRIMARY KEY)")
    with pytest.raises(PulsoError, match="another PULSO_KEYSPACE") as raised:
        list(migrate(session, own))
    assert "DROP" not in str(raised.value)


def test_every_column_says_what_it_holds() -> None:
    assert all(column.doc for table in TABLES for column in table.columns.values())
    assert all(set(table.key) <= set(table.columns) for table in TABLES)
    assert CANDIDATE_POLL.key == ("topic", "race", "period", "period_start", "period_end", "candidate")
    assert POSTS.key == ("topic", "day", "bucket", "source", "post_id")
