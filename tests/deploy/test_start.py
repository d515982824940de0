"""How `spark-submit` starts: with the class path and the archive of `make setup` where they fit, else as Spark does."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from conf import ROOT
from deploy.ivy import pyspark_folder
from deploy.start.archive import DEFAULT_HOME, STAMP, provide_archive
from tests.support.programs import program
from tests.support.spark_start import JOB, SUBMIT, Start


def test_a_plain_run_gets_the_class_path_and_the_archive(start: Start) -> None:
    words, options = start.run(SUBMIT, "--name", "a b", *JOB, SPARK_SUBMIT_OPTS="-Xint")
    assert words == [SUBMIT, *start.added, "--name", "a b", *JOB]
    assert options.startswith(f'"-XX:SharedArchiveFile={start.archive}" ')
    assert options.endswith(" -Xint"), "the user's options come last, so they win"
    assert start.run("--name", "a b", script="pyspark")[0] == [*start.added, "--name", "a b"]
    assert start.run("org.apache.hive.beeline.BeeLine", *JOB)[0] == ["org.apache.hive.beeline.BeeLine", *JOB]


@pytest.mark.parametrize(
    ("arguments", "fast"),
    [
        (["--master", "local[3]"], True),
        (["--conf", "spark.master=local"], True),
        (["--conf", "spark.driver.memory=4g", "--driver-java-options", "-Xint"], True),
        (["--master", "spark://h:7077"], False),
        (["--master=yarn"], False),
        (["--master", "local-cluster[1,1,1024]"], False),
        (["--conf", "spark.master=spark://h:7077"], False),
        (["-c", "spark.master=k8s://h"], False),
        (["--remote", "sc://h"], False),
        (["--packages", "a:b:1"], False),
        (["--jars=a.jar"], False),
        (["--conf", "spark.jars.packages=a:b:1"], False),
        (["--conf", "spark.jars=a.jar"], False),
        (["--driver-class-path", "a.jar"], False),
        (["--conf", "spark.driver.extraClassPath=a.jar"], False),
        (["--properties-file", "a.conf"], False),
    ],
)
def test_a_cluster_and_packages_of_the_users_own_start_as_spark_starts_them(
    start: Start, arguments: list[str], fast: bool
) -> None:
    assert start.is_fast(*arguments, *JOB) is fast


@pytest.mark.parametrize(
    ("line", "fast"),
    [
        ("spark.driver.memory 8g", True),
        ("spark.master=local[4]", True),
        ("spark.master  spark://h:7077", False),
        ("spark.master=spark://h:7077", False),
        ("spark.jars.packages: com.datastax.spark:spark-cassandra-connector_2.12:3.6.0", False),
        ("spark.jars a.jar", False),
        ("spark.driver.extraClassPath a.jar", False),
    ],
)
def test_what_the_user_writes_in_the_settings_counts(start: Start, line: str, fast: bool) -> None:
    start.defaults(f"{(start.conf / 'spark-defaults.conf').read_text()}{line}")
    assert start.is_fast(*JOB) is fast


def test_it_starts_as_spark_does_without_what_the_stamp_names(start: Start) -> None:
    assert start.is_fast(*JOB)
    assert not start.is_fast(*JOB, JAVA_HOME="/opt/java")
    assert not start.is_fast(*JOB, SPARK_HOME=str(start.home))
    assert not start.is_fast(*JOB, PULSO_HOME=str(start.home / "none"))
    later = (start.home / "spark" / STAMP).stat().st_mtime + 10
    os.utime(start.jars[0], (later, later))
    assert not start.is_fast(*JOB), "Spark's jars were replaced"
    os.utime(start.jars[0], (0, 0))
    start.jars[1].unlink()
    assert not start.is_fast(*JOB)
    (start.home / "spark" / STAMP).unlink()
    assert not start.is_fast(*JOB)


def test_without_a_whole_archive_only_the_class_path_is_used(start: Start) -> None:
    os.truncate(start.archive, 4)
    words, options = start.run(SUBMIT, *JOB)
    assert words == [SUBMIT, *start.added, *JOB]
    assert "SharedArchiveFile" not in options
    start.archive.unlink()
    assert start.run(SUBMIT, *JOB) == (words, options)


def test_the_wheels_java_needs_its_own_archive_too(start: Start) -> None:
    base = start.archive.with_suffix(".base.jsa")
    start.stamp(base=base, base_size=3)
    assert "SharedArchiveFile" not in start.run(SUBMIT, *JOB)[1]
    base.write_bytes(b"123")
    assert start.is_fast(*JOB)


def test_the_compilers_are_tuned_in_local_mode_and_never_with_a_second_collector(start: Start) -> None:
    tuned, collector = "-XX:Tier", "-XX:+UseParallelGC"
    for arguments in ([], ["--packages", "a:b:1"], ["--master", "local[2]"]):
        assert tuned in start.run(SUBMIT, *arguments, *JOB)[1]
        assert collector in start.run(SUBMIT, *arguments, *JOB)[1]
    assert start.run(SUBMIT, "--master", "yarn", *JOB)[1] == ""
    assert collector not in start.run(SUBMIT, "--driver-java-options", "-XX:+UseG1GC -Xint", *JOB)[1]
    assert start.run(SUBMIT, *JOB, SPARK_SUBMIT_OPTS="-XX:+UseSerialGC")[1].count("GC") == 1
    start.defaults(f"{(start.conf / 'spark-defaults.conf').read_text()}spark.driver.extraJavaOptions -XX:+UseZGC")
    assert collector not in start.run(SUBMIT, *JOB)[1]


def test_a_local_spark_can_be_reached_from_this_machine_only(start: Start) -> None:
    start.run(SUBMIT, *JOB)
    assert start.address == "127.0.0.1"
    start.run(SUBMIT, *JOB, SPARK_LOCAL_IP="10.0.0.1")
    assert start.address == "10.0.0.1"
    start.run(SUBMIT, "--master", "yarn", *JOB)
    assert start.address == ""


def test_on_a_cluster_the_path_of_the_drivers_python_stays_with_the_driver(start: Start) -> None:
    own = program(start.folder / "clone" / ".venv" / "bin", "python", "exit 1")
    cluster = ["--master", "spark://h:7077"]
    drivers = ["--conf", f"spark.pyspark.driver.python={own}"]
    for given in (cluster, ["--conf", "spark.master=spark://h:7077"], ["--master=yarn", "--deploy-mode", "client"]):
        words, _ = start.run(SUBMIT, *given, *JOB)
        assert (words, start.python) == ([SUBMIT, *drivers, *given, *JOB], "")
    assert start.run(SUBMIT, *cluster, *JOB, PYSPARK_PYTHON=str(own))[0] == [SUBMIT, *drivers, *cluster, *JOB]
    assert start.python == ""
    start.run(SUBMIT, *cluster, *JOB, PYSPARK_PYTHON="/opt/python3.11")
    assert start.python == "/opt/python3.11", "the user names the executors' Python"
    there = ["--master", "yarn", "--deploy-mode", "cluster"]
    assert start.run(SUBMIT, *there, *JOB)[0] == [SUBMIT, *there, *JOB], "the driver is on the cluster, too"
    named = [*cluster, "--conf", "spark.pyspark.driver.python=/opt/python"]
    assert start.run(SUBMIT, *named, *JOB)[0] == [SUBMIT, *named, *JOB]
    start.run(SUBMIT, *JOB)
    assert start.python == str(own)


def test_the_home_is_found_in_a_dotenv_file_and_in_the_projects_folder(start: Start) -> None:
    assert not start.is_fast(*JOB, PULSO_HOME="")
    (start.folder / ".env").write_text(f'PULSO_KEYSPACE=x\nPULSO_HOME="{start.home}"')
    assert start.is_fast(*JOB, PULSO_HOME="")
    (start.folder / ".env").unlink()
    (start.folder / "clone" / ".pulso").symlink_to(start.home)
    assert start.is_fast(*JOB, PULSO_HOME="")
    assert start.is_fast(*JOB, PULSO_HOME=str(start.folder / "another"))


def test_the_launcher_is_hurried_unless_the_user_has_options_for_it(start: Start) -> None:
    start.run(SUBMIT, *JOB)
    assert "-Xbootclasspath" not in start.launcher, "Spark's folder has a space in its name"
    start.run(SUBMIT, *JOB, SPARK_HOME=str(pyspark_folder()))
    assert re.search(r"-Xbootclasspath/a:\S+/spark-launcher_\S+\.jar$", start.launcher)
    start.run(SUBMIT, *JOB, SPARK_LAUNCHER_OPTS="-Xmx64m")
    assert start.launcher == "-Xmx64m"


SCRIPT = """\
import os
import psutil
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
found = spark._jvm.java.lang.Class.forName("com.datastax.spark.connector.CassandraSparkExtensions", False,
    spark._jvm.java.lang.Thread.currentThread().getContextClassLoader())
packages = spark.conf.get("spark.jars.packages")
listens = [c.laddr.ip for c in psutil.Process(os.getppid()).net_connections("inet") if c.status == psutil.CONN_LISTEN]
assert listens and all(address.endswith("127.0.0.1") for address in listens), listens
print(spark.range(10).selectExpr("sum(id)").first()[0], found.getSimpleName(), repr(packages))
"""


@pytest.fixture(scope="module")
def trained() -> Path:
    """The folder of the archive that `make setup` has made for this project."""
    provide_archive(DEFAULT_HOME, Console(quiet=True))
    return DEFAULT_HOME / "spark"


def submitted(home: Path, folder: Path, *arguments: str) -> tuple[str, str, int]:
    """Runs a real job. Returns its stdout and stderr, and how many classes came from the archive."""
    (folder / "job.py").write_text(SCRIPT)
    log = folder / "classes.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULSO_", "SPARK_", "PYSPARK_"))}
    env = {
        **kept,
        "SPARK_HOME": str(pyspark_folder()),
        "SPARK_CONF_DIR": str(ROOT / "conf"),
        "PULSO_HOME": str(home),
        "SPARK_SUBMIT_OPTS": f'"-Xlog:class+load:file={log}" -XX:TieredStopAtLevel=1',
    }
    command = [str(pyspark_folder() / "bin" / "spark-submit"), str(folder / "job.py"), *arguments]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr, log.read_text().count("shared objects file (top)")


def copied(trained: Path, home: Path, archive: bytes, lost: str = "") -> None:
    """Writes a home whose stamp names this archive, and a jar that is not there."""
    (home / "spark").mkdir(parents=True)
    (home / "spark" / "own.jsa").write_bytes(archive)
    text = (trained / STAMP).read_text()
    text = re.sub(r"pulso_archive=.*", f"pulso_archive='{home}/spark/own.jsa'", text)
    (home / "spark" / STAMP).write_text(text.replace(lost, "/none.jar") if lost else text)


def test_a_job_uses_the_archive_and_says_nothing_of_it(trained: Path, tmp_path: Path) -> None:
    said, told, archived = submitted(
        DEFAULT_HOME, tmp_path, "--topic", "t", "--from", "2016-01-01", "--to", "2016-12-31"
    )
    assert said == "45 CassandraSparkExtensions ''\n"
    assert told == ""
    assert archived > 8000


def test_a_job_runs_and_is_quiet_when_the_archive_is_cut(trained: Path, tmp_path: Path) -> None:
    whole = next(trained.glob("*[0-9a-f].jsa")).read_bytes()
    copied(trained, tmp_path / "a home", whole[: len(whole) // 2])
    assert submitted(tmp_path / "a home", tmp_path) == ("45 CassandraSparkExtensions ''\n", "", 0)


def test_a_job_resolves_its_packages_when_a_jar_of_the_class_path_is_gone(trained: Path, tmp_path: Path) -> None:
    lost = next(iter(trained.glob("jars/*spark-cassandra-connector_*.jar")))
    copied(trained, tmp_path / "a home", b"", str(lost))
    said, told, archived = submitted(tmp_path / "a home", tmp_path)
    assert said.splitlines()[-1] == (
        "45 CassandraSparkExtensions 'com.datastax.spark:spark-cassandra-connector_2.12:3.5.1'"
    )
    assert "Exception" not in told
    assert archived == 0
