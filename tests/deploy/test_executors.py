"""requirements-executors.in names what the jobs' functions import on executors, and nothing else."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from conf import ROOT

SPARKS_OWN = {"pyspark", "py4j"}
NOT_SEEN = {
    "igraph": "imported at its first use",
    "async-timeout": "redis imports it on older Pythons",
    "tzdata": "read as data",
}
"""Distributions that an import of the modules does not show."""
IMPORT = """
import importlib, json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
absent = set(json.loads(sys.argv[1]))
sys.meta_path.insert(0, Absent())
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name, module in sys.modules.items() if module})))
"""
"""A script that imports modules without the libraries in its first argument."""


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


def test_the_list_is_enough_for_what_they_import_and_names_nothing_else() -> None:
    packed = {_plain(name) for name in re.findall(r"^([\w.-]+)==", _text("requirements-executors.txt"), re.MULTILINE)}
    tops = packages_distributions()
    absent = [top for top, of in tops.items() if not {_plain(name) for name in of} & (packed | SPARKS_OWN)]
    assert "pandas" in absent
    command = [sys.executable, "-c", IMPORT, json.dumps(absent), *sorted(modules())]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"add it to requirements-executors.in: {done.stderr[-1000:]}"
    seen = {_plain(name) for top in json.loads(done.stdout) for name in tops.get(top, ())}
    asked = {_plain(name) for name in re.findall(r"^([\w-]+)", _text("requirements-executors.in"), re.MULTILINE)}
    assert asked - seen - set(NOT_SEEN) == set(), "no executor imports these"


def _text(file: str) -> str:
    return (ROOT / file).read_text()


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
