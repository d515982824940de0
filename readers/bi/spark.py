"""Spark and its Thrift Server, in a process of Java that has no login to anything and no file but the views'."""

import logging
import os
import shlex
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession

from conf import ROOT
from conf.errors import PulsoError, one_line
from conf.settings import PREFIX
from readers.bi.parser import ParserMaker, Rules, options_of
from readers.bi.statements import FUNCTIONS
from readers.bi.views import PARTS, VIEWS

KEPT = frozenset({"PULSO_HOME", "PULSO_KEYSPACE"})
"""Settings that Java's process may have: `deploy/start/spark-start.sh` reads them."""
TOKENS = ("X_BEARER_TOKEN", "MASTODON_TOKEN")
QUERY_SECONDS, IDLE_SECONDS = 900, 3600
OPTIONS = {
    "spark.app.name": "pulso bi",
    "spark.sql.extensions": "",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.runSQLOnFiles": "false",
    "spark.sql.variable.substitute": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.thriftServer.incrementalCollect": "true",
    "spark.sql.thriftServer.queryTimeout": str(QUERY_SECONDS),
    "spark.scheduler.mode": "FAIR",
}
"""Options of Spark's. Rows go to clients a part at a time, so that a large table does not have to fit in memory."""
HIVE = {
    "hive.server2.thrift.bind.host": "127.0.0.1",
    "hive.server2.thrift.port": "0",
    "hive.server2.authentication": "NONE",
    "hive.server2.enable.doAs": "false",
    "hive.server2.logging.operation.enabled": "false",
    "hive.server2.idle.session.timeout": f"{IDLE_SECONDS}s",
    "hive.server2.idle.operation.timeout": f"{IDLE_SECONDS}s",
    "hive.server2.session.check.interval": "60s",
}


class Server:
    """A Spark session, and a Thrift Server for others at a port of this machine that nobody has to know.

    Raises PulsoError if Spark does not start.
    """

    def __init__(self, folder: Path) -> None:
        _hide_settings()
        os.environ |= {"SPARK_CONF_DIR": str(ROOT / "conf"), "SPARK_LOCAL_DIRS": str(folder)}
        os.environ["PYSPARK_SUBMIT_ARGS"] = shlex.join(_arguments(folder))
        try:
            SparkContext._ensure_initialized()
            self._gateway: Any = SparkContext._gateway
            self.spark = SparkSession.builder.getOrCreate()
            self._jvm: Any = self.spark._jvm
            self._session: Any = self.spark._jsparkSession
            self.sql(f"CREATE DATABASE {PARTS}")
        except Exception as error:
            raise PulsoError(f"Spark did not start ({one_line(error)})", "See the lines above") from None
        self._server: Any = None

    def sql(self, statement: str) -> Any:
        """Runs a statement in the session that may change the views."""
        return self.spark.sql(statement)

    def answers(self) -> None:
        """Asks Spark for a row. Raises an error, or never returns, if it does not work any more."""
        self.sql("SELECT 1").collect()

    def listen(self, refresh: Callable[[Collection[str]], None]) -> int:
        """Starts the Thrift Server for the views; `refresh` is called before each statement. Returns its port."""
        _quiet(self._jvm)
        registry = self._jvm.org.apache.spark.sql.catalyst.analysis.FunctionRegistry.builtin()
        for name in FUNCTIONS:
            registry.dropFunction(self._jvm.org.apache.spark.sql.catalyst.FunctionIdentifier(name))
        ensure_callback_server_started(self._gateway)  # type: ignore[no-untyped-call]
        self._gateway.python_parameters.propagate_java_exceptions = True
        rules = Rules(VIEWS, refresh, options_of(self._session.newSession()))
        self._session.extensions().injectParser(ParserMaker(self._gateway, rules))
        started = self._jvm.org.apache.spark.sql.hive.thriftserver.HiveThriftServer2
        self._server = started.startWithContext(self._session.sqlContext())
        return int(next(part.getPortNumber() for part in self._server.getServices() if _listens(part)))

    def stop(self) -> None:
        """Ends the Thrift Server and Spark, in this order."""
        with suppress(Exception):  # Java may have died
            if self._server is not None:
                self._server.stop()
            self.spark.stop()
            self._gateway.shutdown()

    def kill(self) -> None:
        """Ends Java's process, whatever it does."""
        self._gateway.proc.kill()
        self._gateway.proc.wait()


def _quiet(jvm: Any) -> None:
    """Keeps mistakes in statements out of the server's log: whoever has sent the statement is told."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    level = jvm.org.apache.logging.log4j.Level.OFF
    for name in (
        "org.apache.spark.sql.hive.thriftserver",
        "org.apache.hive",
        "org.apache.thrift",
        "org.apache.hadoop.hive",
    ):
        jvm.org.apache.logging.log4j.core.config.Configurator.setLevel(name, level)


def _listens(service: Any) -> bool:
    """Whether a part of the Thrift Server listens at a port."""
    return "Thrift" in str(service.getClass().getSimpleName())


def _arguments(folder: Path) -> list[str]:
    """Makes Hive's folders, and returns the arguments of Java's process. Everybody can read these: no secret."""
    java = {
        "derby.stream.error.file": folder / "derby.log",
        **{"java.io.tmpdir": folder, **HIVE},
        **{"hive.exec.scratchdir": folder / "scratch", "hive.exec.local.scratchdir": folder / "local"},
        **{"hive.downloaded.resources.dir": folder / "resources", "hive.querylog.location": folder / "log"},
    }
    for name in ("scratch", "local", "resources", "log"):
        (folder / name).mkdir()
    options = {**OPTIONS, "spark.sql.warehouse.dir": str(folder / "warehouse")}
    words = ["--master", "local[*]", "--driver-memory", "1g"]
    words += ["--driver-java-options", " ".join(f'"-D{name}={value}"' for name, value in java.items())]
    for name, value in options.items():
        words += ["--conf", f"{name}={value}"]
    return [*words, "pyspark-shell"]


def _hide_settings() -> None:
    """Takes the settings, and so all passwords, out of the environment that Java's process gets."""
    for name in list(os.environ):
        if (name.upper().startswith(PREFIX) and name not in KEPT) or name in TOKENS:
            del os.environ[name]
