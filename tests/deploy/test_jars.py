"""Cassandra's jars: when they are complete, and where they come from."""

import json
from pathlib import Path

from rich.console import Console

from deploy import jars

QUIET = Console(quiet=True)


def test_jars_are_complete_only_when_all_that_the_stamp_lists_are_there(tmp_path: Path) -> None:
    lib = tmp_path / "done" / "lib"
    lib.mkdir(parents=True)
    (lib / "one.jar").write_bytes(b"12345")
    assert not jars.has_engine_jars(lib)
    stamp = {"wanted": jars.engine_artifacts(), "files": {"one.jar": 5}}
    (lib / jars.STAMP).write_text(json.dumps(stamp))
    assert jars.has_engine_jars(lib)
    (lib / "one.jar").write_bytes(b"123")
    assert not jars.has_engine_jars(lib)
    (lib / jars.STAMP).write_text(json.dumps({**stamp, "wanted": ["a:b:1"], "files": {"one.jar": 3}}))
    assert not jars.has_engine_jars(lib)


def test_a_half_finished_retrieve_is_redone_and_a_second_home_takes_the_jars_of_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second / "lib", second / "lib.part-killed"):
        folder.mkdir(parents=True)
    (first / "one.jar").write_bytes(b"12345")
    (first / jars.STAMP).write_text(json.dumps({"wanted": jars.engine_artifacts(), "files": {"one.jar": 5}}))
    (second / "lib" / "left.jar").touch()
    jars.fetch_engine_jars(second, QUIET, others=first, digests=None)
    assert [path.name for path in second.iterdir()] == ["lib"]
    assert sorted(path.name for path in (second / "lib").iterdir()) == [jars.STAMP, "one.jar"]
