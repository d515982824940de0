"""A server of BI as users start it, and programs that ask it: PyHive, SQLAlchemy, and Hive's own beeline."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conf import ROOT
from deploy.java import find_java
from deploy.superset import ENVIRONMENT
from tests.support.commands import end, start_command

CLIENT = Path(__file__).with_name("client.py")
PATIENCE = 240.0
_ADDRESS = re.compile(r"jdbc:hive2://[^:]+:(\d+)/default")


@dataclass
class Served:
    """A server that runs: its port, its process, and what it has said."""

    port: int
    process: "subprocess.Popen[bytes]"
    said: list[str]
    password: str = ""

    def ask(self, *statements: str, how: str = "pyhive", password: str | None = None) -> list[Any]:
        """Returns what each statement brought: rows, or `{"error": …}`. Fails if there is no connection."""
        given = self.password if password is None else password
        command = [str(ENVIRONMENT / "bin" / "python"), str(CLIENT), str(self.port), given, how]
        done = subprocess.run(
            command, input=json.dumps(statements), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return list(json.loads(done.stdout))

    def error(self, statement: str) -> str:
        """Returns the error of a statement; fails if it has none."""
        (found,) = self.ask(statement)
        assert isinstance(found, dict), f"{statement}: {found}"
        return str(found["error"])

    def beeline(self, statement: str) -> "subprocess.CompletedProcess[str]":
        """Runs a statement by beeline, as comma-separated values."""
        import pyspark  # noqa: PLC0415 - only to find its jars

        jars = Path(pyspark.__file__).parent / "jars"
        words = ["-u", f"jdbc:hive2://127.0.0.1:{self.port}/default", "-n", "ana", "-p", self.password or "x"]
        words += ["--outputformat=csv2", "--silent=true", "-e", statement]
        command = [find_java(), "-cp", f"{jars}/*", "org.apache.hive.beeline.BeeLine", *words]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )


@contextmanager
def served(*arguments: str, **environment: str) -> Iterator[Served]:
    """Starts `readers bi` at a free port, and yields it once it listens; kills it at the end if it still runs."""
    process = start_command("readers", "bi", "--port", "0", *arguments, **environment)
    said, listens = list[str](), threading.Event()
    assert process.stderr is not None

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.decode())
            if _ADDRESS.search(said[-1]):
                listens.set()
        listens.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert listens.wait(PATIENCE), "".join(said)
        found = [match for line in said if (match := _ADDRESS.search(line))]
        assert found, "".join(said)
        yield Served(int(found[0].group(1)), process, said, environment.get("PULSO_BI_PASSWORD", ""))
    finally:
        process.kill()
        process.wait()
        reader.join()
        end(process)


def other_home() -> str:
    """Returns a PULSO_HOME that knows the logins of the tests' engines: from one home, one server serves at a time."""
    home = ROOT / ".pulso-test" / "other"
    home.mkdir(exist_ok=True)
    (home / "credentials").write_bytes((ROOT / ".pulso-test" / "credentials").read_bytes())
    return str(home)


def children(pid: int) -> list[int]:
    """Returns the processes that a process has started, and theirs."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [more for child in found for more in children(child)]


def missing() -> str:
    """Returns why these tests can't run; empty if they can."""
    return "" if (ENVIRONMENT / "bin" / "python").is_file() else f"no {ENVIRONMENT.name}: make setup-superset"
