"""The class-data archive: what its class path holds, when it is made again, and what a killed `make setup` leaves."""

import os
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from conf.errors import PulsoError
from deploy.start import archive
from deploy.start.archive import STAMP, Plan, is_whole, provide_archive
from deploy.start.class_path import connectors_jars, is_signed, lay, sparks_jars

QUIET = Console(quiet=True)
BRINGS = ("slf4j-api-2.0.7", "commons-lang3-3.12.0", "paranamer-2.8", "scala-reflect-2.12.18")
"""Some libraries that Spark and the connector both bring."""


def jar(file: Path, *entries: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as content:
        for entry in ("org/One.class", *entries):
            content.writestr(entry, entry)
    return file


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Jars of a Spark and of a connector, in a folder with a space in its name."""
    spark, ivy = tmp_path / "a spark", tmp_path / "ivy"
    for name in (*BRINGS, "scala-collection-compat_2.12-2.7.0", "spark-core_2.12-3.5.9"):
        jar(spark / "jars" / f"{name}.jar")
    jar(spark / "jars" / "janino-3.1.9.jar", "META-INF/DUMMY.SF", "META-INF/DUMMY.DSA", "META-INF/MANIFEST.MF")
    for name in ("org.slf4j_slf4j-api-1.7.26", "org.apache.commons_commons-lang3-3.10", "com.typesafe_config-1.4.1"):
        jar(ivy / f"{name}.jar")
    jar(ivy / "com.datastax.spark_spark-cassandra-connector_2.12-3.5.1.jar")
    jar(ivy / "com.thoughtworks.paranamer_paranamer-2.8.jar")
    jar(ivy / "org.scala-lang_scala-reflect-2.12.19.jar")
    jar(ivy / "org.scala-lang.modules_scala-collection-compat_2.12-2.11.0.jar")
    sparks = sparks_jars(spark)
    connector = connectors_jars(ivy.glob("*.jar"), sparks)
    return Plan("/usr/bin/java", Path("/java"), "17.0.1", spark, "a:b:1", tuple(sparks), tuple(connector))


class Trainer:
    """Stands for the training, which takes 20 seconds: writes a file, and counts how often."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.class_paths: list[list[Path]] = []
        self.then = then

    def __call__(self, plan: Plan, class_path: list[Path], archive: Path, scratch: Path) -> None:
        self.class_paths.append(class_path)
        (scratch / "spark-local").mkdir()
        self.then()
        archive.write_bytes(b"12345")


@pytest.fixture
def home(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for which `plan` holds."""
    monkeypatch.setattr(archive, "made_plan", lambda _: plan)
    return tmp_path / "home"


def provide(home: Path, train: Trainer) -> list[str]:
    """Runs what `make setup` runs, and returns the names of the files in the folder, except the lock."""
    provide_archive(home, QUIET, others=home, train=train)
    return sorted(file.name for file in (home / "spark").iterdir() if file.name != "lock")


def test_sparks_jars_come_first_and_the_connectors_only_where_spark_has_no_such_library(
    plan: Plan, tmp_path: Path
) -> None:
    path = lay(tmp_path / "jars", plan.spark, plan.connector)
    names = [file.name for file in path]
    own = ["com.datastax.spark_spark-cassandra-connector_2.12-3.5.1.jar", "com.typesafe_config-1.4.1.jar"]
    assert names == [*sorted(file.name for file in (plan.spark_home / "jars").iterdir()), *own]
    assert [file for file in path if file.parent == tmp_path / "jars"] == [
        tmp_path / "jars" / name for name in ("janino-3.1.9.jar", *own)
    ]


def test_a_signed_jar_is_laid_without_its_signature(plan: Plan, tmp_path: Path) -> None:
    lay(tmp_path / "jars", plan.spark, plan.connector)
    laid = tmp_path / "jars" / "janino-3.1.9.jar"
    assert is_signed(plan.spark_home / "jars" / laid.name)
    assert not is_signed(laid)
    with zipfile.ZipFile(laid) as content:
        assert content.namelist() == ["org/One.class", "META-INF/MANIFEST.MF"]
        assert content.read("org/One.class") == b"org/One.class"


def test_the_archive_is_made_once_and_again_when_a_jar_or_java_has_changed(
    plan: Plan, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = Trainer()
    assert provide(home, train) == [f"{plan.digest}.jsa", "jars", STAMP]
    provide(home, train)
    assert len(train.class_paths) == 1
    before = plan.digest
    os.utime(plan.spark[0], ns=(1, 1))
    assert plan.digest != before
    assert provide(home, train) == [f"{plan.digest}.jsa", "jars", STAMP]
    newer = replace(plan, java_version="17.0.2")
    monkeypatch.setattr(archive, "made_plan", lambda _: newer)
    assert provide(home, train) == [f"{newer.digest}.jsa", "jars", STAMP]
    assert len(train.class_paths) == 3


@pytest.mark.parametrize("lost", ["{digest}.jsa", "jars/janino-3.1.9.jar", "jars/com.typesafe_config-1.4.1.jar"])
def test_a_lost_or_cut_file_is_made_again(plan: Plan, home: Path, lost: str) -> None:
    provide(home, Trainer())
    file = home / "spark" / lost.format(digest=plan.digest)
    for is_cut in (False, True):
        if is_cut:
            os.truncate(file, 3)
        else:
            file.unlink()
        assert not is_whole(home / "spark", plan)
        train = Trainer()
        provide(home, train)
        assert len(train.class_paths) == 1
        assert is_whole(home / "spark", plan)


def test_after_a_kill_the_next_setup_makes_the_archive_and_removes_what_was_left(plan: Plan, home: Path) -> None:
    folder = home / "spark"
    (folder / "training.killed" / "spark-local").mkdir(parents=True)
    (folder / "training.killed" / "part.jsa").write_bytes(b"123")
    (folder / f"{plan.digest}.jsa").write_bytes(b"of the killed run, after its training and before its stamp")
    (folder / "jars").mkdir()
    (folder / "jars" / ".com.typesafe_config-1.4.1.jar.part").write_bytes(b"1")
    train = Trainer()
    assert provide(home, train) == [f"{plan.digest}.jsa", "jars", STAMP]
    assert len(train.class_paths) == 1
    assert not list((folder / "jars").glob(".*"))
    assert is_whole(folder, plan)


def test_two_setups_at_once_train_once(home: Path) -> None:
    began, train = threading.Event(), Trainer()

    def slowly() -> None:
        began.set()
        time.sleep(0.5)

    train.then = slowly
    first = threading.Thread(target=provide, args=(home, train))
    first.start()
    assert began.wait(30)
    provide(home, train)
    first.join()
    assert len(train.class_paths) == 1


def test_a_second_home_uses_the_archive_of_the_first(home: Path) -> None:
    train = Trainer()
    provide(home, train)
    provide_archive(home.with_name("second"), QUIET, others=home, train=train)
    assert len(train.class_paths) == 1
    assert not home.with_name("second").exists()


def test_a_failed_training_is_told_in_a_line_and_leaves_the_class_path(
    plan: Plan, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise PulsoError("the training ended with code 1", "See its log")

    provide_archive(home, Console(width=500), others=home, train=Trainer(fails))
    said = capsys.readouterr().out.splitlines()[-1]
    stamp = home / "spark" / STAMP
    assert said == (
        "no class-data archive: the training ended with code 1. See its log. Jobs run without it; "
        f"to try again, delete {stamp}"
    )
    assert "pulso_archive=''" in stamp.read_text()
    assert is_whole(home / "spark", plan), "or each `make up` would train again"
