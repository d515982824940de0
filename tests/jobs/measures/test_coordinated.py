"""The tables of what was found: what is kept of it, and the numbers of groups."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from conf.instants import instant
from corpus.cells import Cell
from jobs.measures import coordinated as measure
from jobs.measures.ballots import Spans
from jobs.measures.coordinated import Found, coordinated
from jobs.measures.coordination_rows import Known, period_of, rows_of
from tests.support.drawn_actions import ordinary, with_cells

CELLS = [Cell(12, 20, 14, 0.0), Cell(6, 5, 12, 0.0)]


def found(declared: int = -1) -> Found:
    rng = np.random.default_rng(3)
    drawn, _ = with_cells(rng, ordinary(rng, 20_000, 2000, 1500), CELLS)
    names = {"object": [f"o{one}" for one in drawn.object], "account": [f"x:{one}" for one in drawn.account]}
    return coordinated(pa.table({**names, "at_ms": drawn.at_ms, "declared": drawn.account == declared}), 60)


def rows(one: Found, known: Known | None = None) -> dict[str, list[dict[str, Any]]]:
    spans = Spans("window", np.array([0]), np.array([10**12]))
    tables = rows_of([(period_of(spans, "link", 0), one)], known or Known({}, {}, None, {}), "t", 60, "m")
    return {name.removeprefix("coordination_"): table.to_pylist() for name, table in tables.items()}


def test_groups_are_numbered_by_size_and_all_tables_agree() -> None:
    tables = rows(found(), Known({"x:2000": "ana"}, {"x:2000": 7}, frozenset({"x:2001"}), {"o1500": "a text"}))
    assert [(row["group"], row["accounts"], row["pairs"]) for row in tables["groups"]] == [(1, 12, 66), (2, 6, 15)]
    (summary,) = tables["summary"]
    assert (summary["groups"], summary["significant_pairs"]) == (2, len(tables["pairs"])) == (2, 81)
    assert summary["period_start"] == instant(0)
    for group in tables["groups"]:
        members = [row for row in tables["accounts"] if row["group"] == group["group"]]
        objects = [row for row in tables["objects"] if row["group"] == group["group"]]
        assert (len(members), len(objects)) == (group["accounts"], group["objects"])
        assert min(row["first_at"] for row in members) == group["first_at"]
        assert max(row["last_at"] for row in objects) == group["last_at"]
        assert sum(row["pairs"] for row in members) == 2 * group["pairs"]
    assert tables["groups"][0]["share_flagged"] == pytest.approx(1 / 12)
    (ana,) = [row for row in tables["accounts"] if row["author"] == "x:2000"]
    assert (ana["label"], ana["followers"]) == ("ana", 7)
    assert {row["label"] for row in tables["accounts"] if row["author"] == "x:2003"} == {"2003"}


def test_the_surest_pairs_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    every = found()
    monkeypatch.setattr(measure, "MOST_PAIRS", 5)
    few = found()
    assert few.figures == every.figures
    assert few.pairs["q_value"].to_pylist() == sorted(every.pairs["q_value"].to_pylist())[:5]


def test_objects_of_most_accounts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MOST_OBJECTS", 3)
    objects = found().objects
    assert np.bincount(objects["group"].to_numpy()).tolist() == [3, 3]


def test_an_account_that_calls_itself_automated_is_left_out_and_counted() -> None:
    without = found(declared=2000)
    assert without.figures["declared"] == 1
    assert "x:2000" not in without.members["author"].to_pylist()
    assert sorted(without.groups["accounts"].to_pylist()) == [6, 11]
