"""The report of the benchmarks: each run puts its own section into it."""

from pathlib import Path

from bench.results import INTRODUCTION, Row, Section, verdict, write_section

ORDER = ["ingest", "poll", "graphs"]


def section(seconds: float) -> Section:
    return Section("what it is: about", [Row("a thing", 1000, [seconds, 4.0, 5.0], [2.0])], [f"said of {seconds}"])


def test_a_section_takes_its_own_place_and_leaves_the_others(tmp_path: Path) -> None:
    report = tmp_path / "RESULTS.md"
    for name, seconds in (("graphs", 1.0), ("ingest", 2.0), ("graphs", 3.0)):
        write_section(report, ORDER, name, section(seconds), [f"Date: {seconds}"])
    introduction, ingest, graphs = report.read_text(encoding="utf-8").split("\n\n## ")
    assert introduction == INTRODUCTION
    assert ingest.startswith("ingest: what it is: about\n\n| what |")
    assert graphs.startswith("graphs: what it is: about\n\n| what |")
    assert "| a thing | 1,000 | 4.00 (2.00 to 5.00) | 250 | 2.0 x |" in ingest
    assert graphs.endswith("\n- said of 3.0\n- Date: 3.0\n")
    assert list(tmp_path.iterdir()) == [report]


def test_a_figure_is_not_rounded_into_its_target() -> None:
    assert verdict("a over b:", 0.897, 0.9) == "Target a over b: at least 0.9: MISSED, 0.897."
    assert verdict("a over b:", 312.4, 300) == "Target a over b: at least 300: met, 312."
    assert Row("a", 10, [1.0], [0.897]).cells()[-1].startswith("0.90")
    assert Row("a", 10, [1.0], [3.14]).cells()[-1].startswith("3.1")
