"""What a BI program may say, judged by its plan."""

import pytest

from readers.bi.statements import LONGEST, Node, listed, refusal, refusal_of_text, views_in
from readers.bi.views import VIEWS


def query(*tables: tuple[str, ...], kind: str = "UnresolvedRelation") -> Node:
    return Node("Project", inner=[Node("Join", inner=[Node(kind, name) for name in tables])])


@pytest.mark.parametrize(
    "name", [("candidate_poll",), ("default", "topic_volume"), ("spark_catalog", "DEFAULT", "CASCADES")]
)
def test_views_are_read_by_any_of_their_names(name: tuple[str, ...]) -> None:
    plan = query(name)
    assert refusal(plan, VIEWS) == ""
    assert views_in(plan, VIEWS) == [name[-1].lower()]


@pytest.mark.parametrize(
    "name",
    [
        ("csv", "/etc/passwd"),
        ("posts",),
        ("pulso_parts", "candidate_poll_1"),
        ("cass", "pulso", "candidate_poll"),
        ("default", "default", "candidate_poll"),
        ("candidate_poll", "candidate_poll"),
        ("global_temp", "candidate_poll"),
    ],
)
def test_nothing_else_is_read(name: tuple[str, ...]) -> None:
    assert "there is no view" in refusal(query(("candidate_poll",), name), VIEWS)


def test_what_a_statement_names_itself_is_read() -> None:
    named = Node(
        "UnresolvedWith", inner=[query(("recent",)), Node("SubqueryAlias", ("Recent",), [query(("cascades",))])]
    )
    assert refusal(named, VIEWS) == ""
    assert "there is no view csv./etc/passwd" in refusal(
        Node("UnresolvedWith", inner=[query(("csv", "/etc/passwd")), Node("SubqueryAlias", ("csv",))]), VIEWS
    )


@pytest.mark.parametrize(
    "kind",
    ["InsertIntoStatement", "CreateTable", "DropTable", "AddJarsCommand", "ScriptTransformation", "CacheTable"],
)
def test_any_other_kind_of_plan_is_refused_wherever_it_stands(kind: str) -> None:
    assert refusal(Node(kind), VIEWS) == f"BI may only read the views ({kind} is refused)"
    assert kind in refusal(Node("Project", inner=[Node("Filter", inner=[Node(kind)])]), VIEWS)


def test_setting_an_option_is_no_part_of_a_query() -> None:
    assert refusal(Node("SetCommand"), VIEWS) == ""
    assert "SetCommand" in refusal(Node("Project", inner=[Node("SetCommand")]), VIEWS)


def test_only_the_database_of_the_views_is_there() -> None:
    assert refusal(Node("ShowTables", inner=[Node("UnresolvedNamespace", ("default",))]), VIEWS) == ""
    assert refusal(Node("ShowTables", inner=[Node("UnresolvedNamespace")]), VIEWS) == ""
    assert "there is no database" in refusal(
        Node("ShowTables", inner=[Node("UnresolvedNamespace", ("pulso_parts",))]), VIEWS
    )


def test_texts_that_spark_would_fill_in_or_that_are_very_long_are_refused() -> None:
    assert "${" in refusal_of_text("SELECT '${env:HOME}'")
    assert "characters" in refusal_of_text("x" * (LONGEST + 1))
    assert refusal_of_text("SELECT '$5', '{}', '東京'") == ""


def test_views_are_listed_by_hives_patterns() -> None:
    assert listed(VIEWS, "").count("'default'") == len(VIEWS)
    assert "('cascades', 'default', false), ('graph_edges'" in listed(VIEWS, "GRAPH_*|cascades")
    assert listed(VIEWS, "x' OR 1").endswith("WHERE false")
