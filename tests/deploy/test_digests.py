"""Jars are compared with their recorded digests, once, before they are used."""

import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from conf.errors import PulsoError
from deploy import jars
from deploy.digests import DIGESTS, check_digests, record_digests
from deploy.jars import fetch_engine_jars, spark_packages

QUIET = Console(quiet=True)


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A folder with the jars of an earlier fetch, of before digests."""
    folder = tmp_path / "first"
    folder.mkdir()
    for name in ("one.jar", "two.jar"):
        (folder / name).write_bytes(name.encode())
    stamp = {"wanted": jars.engine_artifacts(), "files": {"one.jar": 7, "two.jar": 7}}
    (folder / jars.STAMP).write_text(json.dumps(stamp))
    return folder


@pytest.fixture
def digests(first: Path, tmp_path: Path) -> Path:
    """The recorded digests of these jars."""
    file = tmp_path / "jars.sha256"
    assert record_digests(first.glob("*.jar"), file) == 2
    return file


def test_a_changed_byte_is_found_before_the_jars_are_used(first: Path, digests: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (first / "two.jar").write_bytes(b"twO.jar")
    with pytest.raises(PulsoError, match=r"^two\.jar is not the file whose digest is in jars\.sha256\. .* make setup"):
        fetch_engine_jars(second, QUIET, others=first, digests=digests)
    assert list(second.iterdir()) == [], "what is wrong is not kept"


def test_jars_of_an_earlier_release_are_compared_where_they_are(first: Path, digests: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(first, home / "lib")
    (home / "lib" / "one.jar").write_bytes(b"onE.jar")
    with pytest.raises(PulsoError, match="is not the file"):
        fetch_engine_jars(home, QUIET, digests=digests)


def test_jars_are_compared_once(first: Path, digests: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(first, home / "lib")
    fetch_engine_jars(home, QUIET, digests=digests)
    (home / "lib" / "one.jar").write_bytes(b"onE.jar")
    fetch_engine_jars(home, QUIET, digests=digests)  # it is not read again at each start
    digests.write_text(digests.read_text() + f"{'0' * 64}  three.jar\n")
    with pytest.raises(PulsoError, match="is not the file"):
        fetch_engine_jars(home, QUIET, digests=digests)


def test_a_jar_without_a_digest_is_refused(first: Path, digests: Path) -> None:
    (first / "three.jar").touch()
    with pytest.raises(PulsoError, match=r"three\.jar has no digest in jars\.sha256\. .* jars --record"):
        check_digests(first.glob("*.jar"), digests)


def test_the_jars_of_the_pinned_versions_have_digests() -> None:
    names = {line.split()[1] for line in DIGESTS.read_text().splitlines()}
    engine = [f"{artifact}-{version}.jar" for _, artifact, version in map(_parts, jars.engine_artifacts())]
    spark = [
        f"{group}_{artifact}-{version}.jar" for group, artifact, version in map(_parts, spark_packages().split(","))
    ]
    assert {*engine, *spark} <= names


def _parts(coordinates: str) -> list[str]:
    return coordinates.split(":")
