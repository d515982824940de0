"""`from readers import poll, trends, replies, groups, graph, cql`: typed frames of what jobs have published."""

import pandas as pd
import pytest
from cassandra.cluster import Session

from conf.errors import PulsoError, WrongUse
from conf.settings import Settings
from conf.tables import COORDINATION_ACCOUNTS, COORDINATION_GROUPS, COORDINATION_SUMMARY, HASHTAG_TRENDS
from conf.topic import Topic
from readers import cql, graph, groups, poll, replies, trends
from tests.conftest import make_topic
from tests.support.stored_graph import START, some_graph, store, write
from tests.support.summaries import FOLLOWERS, LABELS, PRIVATE, row_of, run, store_people, store_poll


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session) -> Topic:
    topic = make_topic(settings)
    store_poll(session, settings, topic)
    run_id = run(session, settings, topic, HASHTAG_TRENDS.job)
    tags = [row_of(HASHTAG_TRENDS, topic, run_id, rank=n, hashtag=tag) for n, tag in enumerate(("halalan", "東京"), 1)]
    write(session, settings, HASHTAG_TRENDS, iter(tags))
    store(some_graph(), session, settings, topic)
    store_people(session, settings, topic)
    run_id = run(session, settings, topic, "coordination")
    for kind, found in (("link", 1), ("text", 0)):
        summary = row_of(COORDINATION_SUMMARY, topic, run_id, kind=kind, groups=found)
        write(session, settings, COORDINATION_SUMMARY, iter([summary]))
    write(session, settings, COORDINATION_GROUPS, iter([row_of(COORDINATION_GROUPS, topic, run_id, kind="link")]))
    people = ({"author": key, "label": LABELS[key], "followers": FOLLOWERS[key]} for key in LABELS)
    rows = (row_of(COORDINATION_ACCOUNTS, topic, run_id, kind="link", bucket=0, **one) for one in people)
    write(session, settings, COORDINATION_ACCOUNTS, rows)
    return topic


def test_a_poll_has_each_race_with_types(topic: Topic) -> None:
    frame = poll(topic.topic)
    assert set(frame["race"]) == {race.id for race in topic.races}
    assert str(frame.dtypes["period_start"]) == "datetime64[ns, UTC]"
    assert {str(frame.dtypes[name]) for name in ("race", "candidate", "period")} == {"category"}
    assert str(frame.dtypes["posts"]) == "Int64"
    assert str(frame.dtypes["coverage"]) == "float64"
    assert frame["coverage"].isna().all()
    hours = poll(topic.topic, "president", "hour", START)
    assert set(hours["race"]) == {"president"}
    assert hours["period_start"].nunique() == 3
    assert len(poll(topic.topic, "president", "hour", end=START + pd.Timedelta(hours=1))) == len(hours) / 3
    assert frame.to_polars()["posts"].sum() == frame["posts"].sum()


def test_trends_are_in_the_order_of_their_ranks(topic: Topic) -> None:
    frame = trends(topic.topic)
    assert list(frame["hashtag"]) == ["halalan", "東京"]
    assert str(frame.dtypes["previous_posts"]) == "Int64"
    assert frame["previous_posts"].isna().all()


def test_replies_and_groups_name_no_private_person(topic: Topic) -> None:
    answered, acted = replies(topic.topic), groups(topic.topic)
    assert list(answered["label"]) == ["BigNews", "an account", "SenGracePOE", "an account"]
    assert list(acted["named"]) == ["BigNews | SenGracePOE"]
    assert (str(acted.dtypes["kind"]), str(acted.dtypes["first_at"])) == ("category", "datetime64[ns, UTC]")
    assert not any(name in answered.to_csv() + acted.to_csv() for name in PRIVATE)
    none = groups(topic.topic, "text")
    assert (len(none), list(none.columns)) == (0, list(acted.columns))
    assert list(map(str, none.dtypes)) == list(map(str, acted.dtypes))


def test_a_graph_is_its_nodes_and_edges(topic: Topic) -> None:
    found = graph(topic.topic)
    weights = {(row.src, row.dst): row.weight for row in found.edges.itertuples()}
    assert weights == some_graph()
    assert set(found.nodes["node"]) == {end for pair in weights for end in pair}
    assert int(found.summary["edges"].iloc[0]) == len(weights)
    assert "bucket" not in found.nodes
    assert str(found.edges.dtypes["first_at"]) == "datetime64[ns, UTC]"


def test_cql_reads_and_only_reads(topic: Topic, settings: Settings) -> None:
    frame = cql(f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE topic = ? ALLOW FILTERING", [topic.topic])
    assert str(frame.dtypes["posts"]) == "Int64"
    assert str(frame.dtypes["run_id"]) == "string"
    assert str(frame.dtypes["period_start"]).endswith("UTC]")
    assert set(frame["topic"]) == {topic.topic}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t: cql("DROP TABLE pulso.posts"), "cql() only reads"),
        (lambda t: cql("SELECT nothing FROM nowhere.at_all"), "Cassandra refuses the query"),
        (lambda t: cql("SELECT FROM"), "Cassandra refuses the query"),
        (lambda t: cql("SELECT * FROM system.local", [1]), "Cassandra refuses the query"),
        (lambda t: graph(t, "retwet"), "Did you mean retweet?"),
        (lambda t: poll(t, "presidnt"), "has no race 'presidnt'"),
        (lambda t: trends(t, "week"), "there is no period 'week'"),
        (lambda t: poll(t, start="x"), "start 'x' is not a date"),
        (lambda t: groups(t, "links"), "Did you mean link?"),
        (lambda t: replies(t, "hour"), "Give day, window"),
    ],
)
def test_a_wrong_argument_is_told_in_a_line(topic: Topic, call: object, told: str) -> None:
    with pytest.raises(WrongUse) as raised:
        call(topic.topic)  # type: ignore[operator]
    assert told in str(raised.value)


def test_what_was_not_published_is_told_with_the_command(settings: Settings, session: Session) -> None:
    topic = make_topic(settings).topic
    for call in (poll, trends, replies, groups, graph):
        with pytest.raises(PulsoError, match="has been published"):
            call(topic)
