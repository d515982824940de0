"""The start of `spark-submit` without Spark: what conf/spark-env.sh makes of its arguments."""

import subprocess
from pathlib import Path

from conf import ROOT
from deploy.start.archive import STAMP
from tests.support.programs import program

SUBMIT = "org.apache.spark.deploy.SparkSubmit"
JOB = ["jobs/x.py", "--from", "2016-01-01"]
NO_PAGE = ["--conf", "spark.ui.enabled=false"]
"""What a job over a short window gets, besides."""


class Start:
    """A stamp in a folder with a space in its name, and a script that stands where `bin/spark-class` stands."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "a home"
        self.spark, self.conf = folder / "a spark", folder / "clone" / "conf"
        self.java = program(folder / "java" / "bin", "java", "exit 1")
        self.jars = [self.spark / "jars" / "one.jar", self.home / "spark" / "jars" / "two.jar"]
        self.archive = self.home / "spark" / "d1.jsa"
        for file in (*self.jars, self.archive, self.spark / "jars" / "spark-launcher_2.12-3.5.9.jar"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"12345")
        self.stamp()
        self.conf.mkdir(parents=True)
        self.defaults((ROOT / "conf" / "spark-defaults.conf").read_text())
        (self.conf / "spark-env.sh").symlink_to(ROOT / "conf" / "spark-env.sh")
        (self.conf.parent / "deploy").symlink_to(ROOT / "deploy")
        self.folder = folder

    def stamp(self, **others: object) -> None:
        """Writes the stamp, as `make setup` does."""
        path = ":".join(map(str, self.jars))
        values: dict[str, object] = {
            "java": self.java,
            "spark_home": self.spark,
            "archive": self.archive,
            "class_path": path,
        }
        values |= {"archive_size": 5, "base": "", "base_size": 0, **others}
        values["packages"] = "com.datastax.spark:spark-cassandra-connector_2.12:3.5.1"
        (self.home / "spark" / STAMP).write_text("".join(f"pulso_{name}='{text}'\n" for name, text in values.items()))

    def defaults(self, text: str) -> None:
        """Writes Spark's settings."""
        (self.conf / "spark-defaults.conf").write_text(text)

    def run(self, *arguments: str, script: str = "spark-class", **variables: str) -> tuple[list[str], str]:
        """The arguments after conf/spark-env.sh was sourced, and SPARK_SUBMIT_OPTS."""
        file = self.folder / "bin" / script
        say = 'printf "%s\\n" "$@" "PYTHON $PYSPARK_PYTHON" '
        say += '"IP $SPARK_LOCAL_IP" "OPTS $SPARK_SUBMIT_OPTS" "LAUNCHER $SPARK_LAUNCHER_OPTS"'
        say += "; set | grep ^pulso_"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'. "$SPARK_CONF_DIR/spark-env.sh"\n{say}\n')
        env = {
            "PATH": "/usr/bin:/bin",
            "JAVA_HOME": str(self.java.parent.parent),
            "SPARK_HOME": str(self.spark),
            "SPARK_CONF_DIR": str(self.conf),
            "PULSO_HOME": str(self.home),
            **variables,
        }
        command = ["/bin/bash", str(file), *arguments]
        done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        *words, python, address, options, launcher = done.stdout.splitlines()
        self.python = python.removeprefix("PYTHON ")
        self.address = address.removeprefix("IP ")
        self.launcher = launcher.removeprefix("LAUNCHER ")
        return words, options.removeprefix("OPTS ")

    @property
    def added(self) -> list[str]:
        """What a fast start adds to the arguments."""
        path = f"spark.driver.extraClassPath={':'.join(map(str, self.jars))}"
        return ["--conf", path, "--conf", "spark.jars.packages="]

    def is_fast(self, *arguments: str, **variables: str) -> bool:
        words, options = self.run(SUBMIT, *arguments, **variables)
        if words == [SUBMIT, *arguments]:
            assert "SharedArchiveFile" not in options
            return False
        assert words == [SUBMIT, *self.added, *arguments]
        assert f'"-XX:SharedArchiveFile={self.archive}"' in options
        return True
