"""requirements-executors.in names what the jobs' functions import on executors, and nothing else."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from conf import ROOT

OWN = {"conf", "stores", "jobs"}
SPARKS_OWN = {"pyspark", "py4j"}
NOT_SEEN = {
    "igraph": "imported at its first use",
    "async-timeout": "redis imports it on older Pythons",
    "tzdata": "read as data",
    "hiredis": "redis uses it where it is there",
}
"""Distributions that an import of the modules does not show, or that are not needed."""
IMPORT = """
import importlib, json, sys
sys.modules["hiredis"] = None
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name, module in sys.modules.items() if module})))
"""


def modules() -> set[str]:
    """The modules whose functions run in Python on executors: those that are given to mapInArrow."""
    found = set()
    for file in (ROOT / "jobs").rglob("*.py"):
        tree = ast.parse(file.read_text())
        own = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        imported = {
            alias.asname or alias.name: node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        found |= {imported.get(name) or own for name in _given(tree)}
    return found


def _given(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mapInArrow":
            first = node.args[0]
            if isinstance(first, ast.Call):  # partial(function, …)
                first = first.args[0]
            assert isinstance(first, ast.Name), ast.unparse(node)
            yield first.id


def test_every_python_function_of_executors_is_seen() -> None:
    others = re.compile(r"\b(pandas_udf|F\.udf|mapInPandas|applyIn(Pandas|Arrow)|mapPartitions|foreachPartition)\b")
    code = {file: file.read_text() for file in (ROOT / "jobs").rglob("*.py")}
    assert [str(file) for file, text in code.items() if others.search(text)] == [], "take it into modules()"
    assert len(modules()) >= 5


def test_the_list_is_what_they_import() -> None:
    command = [sys.executable, "-c", IMPORT, *sorted(modules())]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    tops = set(json.loads(done.stdout)) - OWN - SPARKS_OWN - set(sys.stdlib_module_names)
    distributions = packages_distributions()
    seen = {_plain(name) for top in tops for name in distributions.get(top, ())}
    packed = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements-executors.txt").read_text(), re.MULTILINE))
    assert seen - packed - set(NOT_SEEN) == set(), "executors would lack these: add them to requirements-executors.in"
    asked = {_plain(name) for name in re.findall(r"^([\w-]+)", _asked(), re.MULTILINE)}
    assert asked - seen - set(NOT_SEEN) == set(), "no executor imports these"


def _asked() -> str:
    return Path(ROOT / "requirements-executors.in").read_text()


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
