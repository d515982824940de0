"""What is expected of frames: each limit of a declaration, at its edges; and how little Spark has to do for it."""

import math
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.errors import PulsoError
from conf.schema import Column, Table
from conf.tables import POSTS
from jobs.framework import counting, expected, quality
from jobs.framework.columns import spark_schema
from jobs.framework.expectations import of_posts, of_rows
from jobs.framework.expected import Checks
from jobs.framework.figures import Outcome
from jobs.framework.job import Rule
from jobs.framework.local import brought, computed, rows_here
from jobs.framework.quality import Quality
from jobs.framework.window import Window

LIMITED = Table(
    name="limited",
    doc="",
    partition=("part",),
    clustering=("number",),
    columns={
        "part": Column("text", ""),
        "number": Column("int", "", nullable=False, least=1),
        "share": Column("double", "", least=0, greatest=1),
        "weight": Column("double", "", least=0),
        "kind": Column("text", "", values=("it's", 'a "quote"')),
        "at": Column("timestamp", "", nullable=False),
        "tags": Column("frozen<list<text>>", "", nullable=False),
    },
)
AT = datetime(2016, 5, 1, 3, tzinfo=UTC)
GOOD = {"part": "p", "number": 1, "share": 0.0, "weight": 0.0, "kind": "it's", "at": AT, "tags": []}


def frame(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Returns a frame of these rows, with all columns of a table."""
    return spark.createDataFrame(
        [[row[name] for name in table.columns] for row in rows], spark_schema(table, [*table.columns])
    )


def outcomes(checks: Checks) -> list[Outcome]:
    """Returns the outcomes of a frame's checks."""
    run = Quality(uuid.uuid4())
    try:
        run.check("rows", checks)
    except PulsoError:
        assert any(not outcome.success for outcome in run.outcomes)
    return run.outcomes


def failures(spark: SparkSession, *rows: Mapping[str, Any], rules: Sequence[Rule] = ()) -> dict[str, str]:
    """Returns what was observed, by the text of each expectation that these rows of LIMITED break."""
    limited = frame(spark, LIMITED, [{**GOOD, **row} for row in rows])
    found = outcomes(Checks(limited, of_rows(limited, LIMITED, rules)))
    return {outcome.says: outcome.observed for outcome in found if not outcome.success}


def test_rows_at_the_limits_hold(spark: SparkSession) -> None:
    at_most = {"number": 2, "share": 1.0, "weight": math.inf, "kind": 'a "quote"'}
    null = {"number": 3, "part": None, "share": None, "weight": None, "kind": None}
    assert failures(spark, {}, at_most, null) == {}


def test_a_row_beyond_a_limit_breaks_that_expectation_only(spark: SparkSession) -> None:
    broken: list[dict[str, Any]] = [
        {"number": None},
        {"number": 0},
        {"share": -1e-9},
        {"share": 1.0000001},
        {"share": math.nan},
        {"weight": -0.5},
        {"weight": math.nan},
        {"kind": "its"},
        {"at": None},
        {"tags": None},
    ]
    rows = [{"part": f"p{n}", **row} for n, row in enumerate(broken)]
    assert failures(spark, {}, *rows) == {
        "number is not null": "1 of 11 rows, such as [None]",
        "number is at least 1": "1 of 11 rows, such as [0]",
        "share is 0 to 1": "3 of 11 rows, such as [-1e-09, 1.0000001, 'NaN']",
        "weight is at least 0": "2 of 11 rows, such as [-0.5, 'NaN']",
        'kind is one of it\'s, a "quote"': "1 of 11 rows, such as ['its']",
        "at is not null": "1 of 11 rows, such as [None]",
        "tags is not null": "1 of 11 rows, such as [None]",
    }


def test_all_rows_null_and_very_many_broken_rows(spark: SparkSession) -> None:
    rows = [{"number": None, "at": None, "share": 2.0, "part": f"p{n}"} for n in range(2000)]
    assert failures(spark, *rows) == {
        "number is not null": "2,000 of 2,000 rows, such as [None, None, None]",
        "at is not null": "2,000 of 2,000 rows, such as [None, None, None]",
        "share is 0 to 1": "2,000 of 2,000 rows, such as [2.0, 2.0, 2.0]",
    }


def test_a_key_that_several_rows_have(spark: SparkSession) -> None:
    rows = [{"number": n} for n in (1, 2, 2, 2, 3, 3)]
    (observed,) = failures(spark, *rows).values()
    assert observed.startswith("2 rows, such as [{'part': 'p', 'number': ")
    assert "'n': 3" in observed


def test_repeated_keys_among_many_rows(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "HASHES", 3)  # so that there are many lists of hashes, in several partitions
    monkeypatch.setattr(counting, "FEW_ROWS", 0)
    rows = frame(spark, LIMITED, [{**GOOD, "number": n} for n in range(1, 401)])
    assert outcomes_of_key(rows.repartition(5)) == ""
    assert outcomes_of_key(rows.unionByName(rows.where("number IN (7, 300)")).repartition(5)).startswith("2 rows, ")


def outcomes_of_key(rows: DataFrame) -> str:
    """Returns what was observed of the uniqueness of the key of LIMITED."""
    (found,) = (o.observed for o in outcomes(Checks(rows, of_rows(rows, LIMITED, []))) if o.says.endswith("are unique"))
    return found


def test_two_keys_with_the_same_hash_are_two_keys(spark: SparkSession) -> None:
    table = replace(LIMITED, clustering=("kind",))  # a hash leaves nulls out, so these two keys have the same one
    rows = frame(spark, table, [{**GOOD, "part": "it's", "kind": None}, {**GOOD, "part": None, "kind": "it's"}])
    found = outcomes(Checks(rows, of_rows(rows, table, [])))
    assert [outcome.says for outcome in found if not outcome.success] == []


def test_rules_return_the_rows_that_break_them(spark: SparkSession) -> None:
    rules = [
        Rule("shares are small", "share > 0.5", shown="number, share, at"),
        Rule("few rows", "count(*) > 1", shown="part, count(*) AS n", by="part", severity="warning"),
        Rule("numbers are small -- really", "number > 9 -- a comment", shown="*"),
        Rule("no part is heavy", "sum(weight) > 9", shown="part", by="part"),
        Rule("rows of a kind are few", "count(*) > 1", shown="kind, max(number) AS last", by="kind, part"),
        Rule("parts have one kind", "count(DISTINCT kind) > 1", shown="part, min(at) AS first", by="part"),
    ]
    broken_by: list[dict[str, Any]] = [{"share": 0.75}, {"number": 2}, {"part": None, "number": 7, "kind": None}]
    assert failures(spark, *broken_by, rules=rules) == {
        "shares are small": "1 rows, such as [{'number': 1, 'share': 0.75, 'at': '2016-05-01T03:00:00.000Z'}]",
        "few rows": "1 rows, such as [{'part': 'p', 'n': 2}]",
        "rows of a kind are few": "1 rows, such as [{'kind': \"it's\", 'last': 2}]",
    }


def test_a_rule_with_an_error_does_not_hide_the_others(spark: SparkSession) -> None:
    rules = [
        Rule("unknown column", "nothing > 0", shown="number"),
        Rule("raises", "raise_error('boo') IS NULL", shown="*"),
        Rule("holds", "number > 9", shown="*"),
        Rule("broken", "number < 9", shown="number"),
    ]
    found = failures(spark, {}, rules=rules)
    assert found["unknown column"].startswith("could not be checked: [UNRESOLVED_COLUMN")
    assert found["raises"].startswith("could not be checked: ")
    assert "boo" in found["raises"]
    assert found["broken"] == "1 rows, such as [{'number': 1}]"
    assert len(found) == 3


def test_a_column_of_a_wrong_type_cannot_be_checked_and_the_others_can(spark: SparkSession) -> None:
    rows = frame(spark, LIMITED, [{**GOOD, "number": 0}]).withColumn("share", F.array(F.lit(1.0)))
    found = {o.says: o.observed for o in outcomes(Checks(rows, of_rows(rows, LIMITED, []))) if not o.success}
    assert found.pop("share is 0 to 1").startswith("could not be checked: [DATATYPE_MISMATCH")
    assert found == {"number is at least 1": "1 of 1 rows, such as [0]"}


def test_names_with_odd_characters(spark: SparkSession) -> None:
    columns = {"a.b": Column("text", "", nullable=False), "c`d e": Column("int", "", least=1)}
    table = Table(name="odd", doc="", partition=("a.b",), clustering=("c`d e",), columns=columns)
    rows = frame(spark, table, [{"a.b": "x", "c`d e": n} for n in (0, 0, 1)])
    found = {o.says: o.observed for o in outcomes(Checks(rows, of_rows(rows, table, []))) if not o.success}
    assert found == {
        "c`d e is at least 1": "2 of 3 rows, such as [0, 0]",
        "a.b, c`d e are unique": "1 rows, such as [{'a.b': 'x', 'c`d e': 0, 'n': 2}]",
    }


RULES = [
    *(Rule(f"rule {n}", f"number > {n + 9}", shown="number") for n in range(2)),
    *(Rule(f"rule {n}", f"max(number) > {n + 9}", shown="part", by="part") for n in range(2, 5)),
]


def jobs_of(spark: SparkSession, checks: Checks) -> int:
    """Returns how many jobs Spark runs for the checks of a frame."""
    group = uuid.uuid4().hex
    spark.sparkContext.setJobGroup(group, "checks")
    try:
        outcomes(checks)
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", "")
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup(group))


def test_the_number_of_jobs_does_not_depend_on_the_number_of_expectations(spark: SparkSession) -> None:
    rows = frame(spark, LIMITED, [{**GOOD, "number": n} for n in range(1, 6)]).localCheckpoint()
    all_ = of_rows(rows, LIMITED, RULES)
    assert jobs_of(spark, Checks(rows, all_)) == jobs_of(spark, Checks(rows, [all_[0], all_[-1]])) <= 3


def test_of_rows_that_the_driver_has_one_query_counts_all(spark: SparkSession) -> None:
    good = brought(frame(spark, LIMITED, [{**GOOD, "number": n} for n in range(1, 6)]))
    assert (rows_here(good), jobs_of(spark, Checks(good, of_rows(good, LIMITED, RULES)))) == (5, 1)
    none = computed(good.where("false"))
    assert (rows_here(none), jobs_of(spark, Checks(none, of_rows(none, LIMITED, RULES)))) == (0, 0)

    broken: list[dict[str, Any]] = [
        {"number": 0},
        {"number": 11},
        {"number": 11, "share": 2.0},
        {"number": 12, "kind": "its"},
    ]
    rows = frame(spark, LIMITED, [{**GOOD, **row} for row in broken]).localCheckpoint()
    for rules in (RULES, [*RULES, Rule("unknown column", "nothing > 0", shown="number")]):
        found, expected = (outcomes(Checks(of, of_rows(of, LIMITED, rules))) for of in (brought(rows), rows))
        told = [[(o.says, o.success, o.observed[:60]) for o in each] for each in (found, expected)]
        assert told[0] == told[1]
        assert len([outcome for outcome in found if not outcome.success]) == 4 + len(rules) - 2


def test_a_frame_without_rows_is_not_judged(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def imported() -> None:
        raise AssertionError("Great Expectations is not needed here")

    monkeypatch.setattr(quality, "_judge", imported)
    rows = frame(spark, LIMITED, []).localCheckpoint()
    checks = Checks(rows, of_rows(rows, LIMITED, RULES))
    assert jobs_of(spark, checks) <= 2
    found = outcomes(checks)
    assert all(outcome.success and outcome.observed == "" for outcome in found)
    assert [outcome.says for outcome in found] == [each.says for each in checks.expected]


def test_frames_checked_at_the_same_time(spark: SparkSession) -> None:
    def check(number: int) -> list[str]:
        return list(failures(spark, {"number": number}).values())

    numbers = [1, 0, 2, -1, 3, -2]
    with ThreadPoolExecutor(len(numbers)) as pool:
        found = list(pool.map(check, numbers))
    assert found == [[] if n >= 1 else [f"1 of 1 rows, such as [{n}]"] for n in numbers]


POST = {
    **dict.fromkeys(POSTS.columns),
    **{"topic": "t", "day": date(2016, 5, 1), "bucket": 0, "source": "x", "event_at": AT, "author_id": "1"},
    **{"kind": "original"},
}
DAY = Window(datetime(2016, 4, 30, 16, tzinfo=UTC), datetime(2016, 5, 1, 16, tzinfo=UTC), ZoneInfo("Asia/Manila"))
COLUMNS = ("topic", "day", "bucket", "source", "post_id", "event_at", "author_id", "kind")


def broken_posts(spark: SparkSession, *rows: Mapping[str, Any]) -> dict[str, str]:
    """Returns what was observed, by the text of each expectation that these posts break."""
    values = [[{**POST, "post_id": str(n), **row}[name] for name in COLUMNS] for n, row in enumerate(rows)]
    posts = spark.createDataFrame(values, spark_schema(POSTS, COLUMNS))
    return {o.says: o.observed for o in outcomes(Checks(posts, of_posts(posts, DAY))) if not o.success}


def test_a_post_is_stored_under_its_day_in_the_topics_time_zone(spark: SparkSession) -> None:
    first, last = datetime(2016, 4, 30, 16, tzinfo=UTC), datetime(2016, 5, 1, 15, 59, 59, 999999, tzinfo=UTC)
    assert broken_posts(spark, {"event_at": first}, {"event_at": last}) == {}
    next_day = datetime(2016, 5, 1, 16, tzinfo=UTC)
    says = "event_at falls on the day under which the post is stored"
    assert broken_posts(spark, {"event_at": next_day}) == {says: "1 of 1 rows, such as [['2016-05-01', '2016-05-02']]"}


def test_one_post_in_a_thousand_may_have_no_event_time(spark: SparkSession) -> None:
    undated: dict[str, Any] = {"event_at": None}
    assert broken_posts(spark, undated, *[{}] * 999) == {}
    says = "at least 99.9% of posts have event_at"
    assert broken_posts(spark, undated, *[{}] * 998) == {says: "1 of 999 rows, such as [None]"}


def test_a_post_under_two_days(spark: SparkSession) -> None:
    twice = {"post_id": "7"}
    assert broken_posts(spark, twice, {**twice, "source": "bluesky"}) == {}
    says = "a post is stored under one day only"
    assert broken_posts(spark, twice, twice) == {says: "1 rows, such as [{'source': 'x', 'post_id': '7', 'n': 2}]"}
