"""A graph that a later run replaces while it is read is never given out, and an export begins anew."""

import uuid
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import GRAPH_SUMMARY
from conf.topic import Topic
from readers.cli import main
from readers.graphs.stored import StoredGraph, stored_graph
from readers.partitions import Replaced


def summary_says(session: Session, settings: Settings, topic: Topic, run_id: Any) -> None:
    """Makes the graph's summary name another run, as the publication of a later run does."""
    table = f"{settings.keyspace}.{GRAPH_SUMMARY.name}"
    where = " AND ".join(f"{name} = %s" for name in GRAPH_SUMMARY.key)
    key = ("topic", "graph", "period", "period_start", "period_end")
    row = session.execute(
        f"SELECT {', '.join(key)} FROM {table} WHERE topic = %s AND graph = 'retweet' AND period = 'window'",
        (topic.topic,),
    ).one()
    session.execute(f"UPDATE {table} SET run_id = %s WHERE {where}", (run_id, *row))


def test_a_graph_that_is_replaced_while_it_is_read_is_never_given_out(
    made: Any, session: Session, settings: Settings, topic: Topic
) -> None:
    graph = stored_graph(session, settings.keyspace, topic, "retweet")
    rows = graph.edges("src")
    next(rows)
    summary_says(session, settings, topic, uuid.uuid1())
    with pytest.raises(Replaced, match=r"the retweet graph of .* was replaced by a later run while it was being read"):
        list(rows)
    summary_says(session, settings, topic, graph.summary.run_id)
    assert list(graph.edges("src"))


def test_an_export_begins_anew_when_the_graph_is_replaced_and_leaves_no_part_of_a_file(
    made: Any, session: Session, settings: Settings, topic: Topic, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    graph = stored_graph(session, settings.keyspace, topic, "retweet")
    checks = iter([Replaced("it"), Replaced("it")])
    original = StoredGraph._check_still_named

    def check(self: StoredGraph) -> None:
        for error in checks:
            raise error
        original(self)

    monkeypatch.setattr(StoredGraph, "_check_still_named", check)
    out = tmp_path / "g.gexf"
    assert main(["export", "--topic", topic.topic, "--graph", "retweet", "--out", str(out)]) == 0
    assert len(nx.read_gexf(out)) == graph.summary.nodes
    out.unlink()
    monkeypatch.setattr(StoredGraph, "_check_still_named", lambda _: check_always())
    assert main(["export", "--topic", topic.topic, "--graph", "retweet", "--out", str(out)]) == 1
    assert "replaced by a later run while it was being read. Run the command again" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def check_always() -> None:
    raise Replaced("the graph")
