"""The two engines of the settings. An embedded engine is started here; an external engine is only checked."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console

from conf.errors import PulsoError, StoreDown
from conf.settings import Settings
from deploy.cassandra_server import CassandraServer
from deploy.console import make_console, say
from deploy.credentials import forget_address
from deploy.engine import Engine, cassandra_engine, embedded_servers, redis_engine
from deploy.jars import fetch_engine_jars, fetch_spark_packages, has_engine_jars
from deploy.lifecycle import Started, adopt, find, program_of, serves_elsewhere, start, stop, wait_until_answering
from deploy.lock import locked
from deploy.ports import check_ports, check_range, holder, is_free
from deploy.server import Server, size_on_disk
from deploy.status import State, Status

PATIENCE = 180.0
"""Seconds within which an engine must answer after its start."""


class Engines:
    """Cassandra and Redis for one PULSO_HOME. The methods can be called in any order and any number of times.

    `heap` is the size of Cassandra's heap, such as 1G; the default depends on the machine's memory. `options` are more
    options of its JVM. A quiet `console` prints nothing.
    """

    def __init__(
        self,
        settings: Settings,
        heap: str | None = None,
        console: Console | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self._home = settings.home.resolve()
        self._console = console or make_console()
        self._engines = [cassandra_engine(settings, self._home, heap, options), redis_engine(settings, self._home)]
        self._lock = self._home / "run" / "lock"

    def jars(self) -> None:
        """Fetches Cassandra's jars and Spark's packages, unless they exist already.

        Only the download needs the internet. Raises PulsoError if a jar does not have its recorded digest.
        """
        with locked(self._lock, self._console):
            if not has_engine_jars(self._home / "lib"):
                self._refuse_while_cassandra_runs()
            fetch_engine_jars(self._home, self._console)
            fetch_spark_packages(self._home, self._console)

    def up(self, timeout: float = PATIENCE) -> list[Status]:
        """Starts the embedded engines that are not running, both at the same time, and waits until they answer.

        Returns the states of both engines.

        Raises PulsoError when Java or Redis is missing or a port is in use; then nothing is started. Raises StoreDown
        when an external engine does not answer, or when an embedded engine ends or does not answer within `timeout`
        seconds.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):  # somebody else's folder
            self._home.chmod(0o700)  # posts, passwords and logs are nobody else's on this machine
        with locked(self._lock, self._console):
            started = self._start([server for engine in self._engines if (server := self._to_run(engine))])
            try:
                wait_until_answering([one for one in started if not self._already(one)], timeout, self._console)
            except KeyboardInterrupt:
                say(self._console, "the engines are still starting; make down stops them")
                raise
        return self.status()

    def down(self) -> list[int]:
        """Stops what `up` started in this home, and nothing else. Returns the stopped pids. The data stays."""
        if not self._home.is_dir():
            say(self._console, f"nothing runs: {self._home} does not exist")
            return []
        with locked(self._lock, self._console):
            return stop(embedded_servers(self._home), self._console)

    def status(self) -> list[Status]:
        """The states of both engines now. Starts and stops nothing."""
        return [self._status(engine) for engine in self._engines]

    def _to_run(self, engine: Engine) -> Server | None:
        """The server to run for an engine; None if a server of the user's own answers and can be used."""
        server = engine.server
        if server and (find(server) or not (engine.explicit and engine.ask())):
            return server
        answer = engine.ask()
        if answer is None:
            fix = f"Start it, or unset {engine.setting} for the embedded one"
            raise StoreDown(f"{engine.name} at {engine.address} does not answer", fix)
        if problem := answer.problem or engine.shortcoming(answer):
            raise StoreDown(f"{engine.name} at {engine.address} {problem}", f"{engine.setting} names it")
        if server:
            forget_address(self._home, server.login_of, server.address)  # it is not for this one
        say(self._console, f"{engine.name} {answer.version} at {engine.address} is external and answers")
        return None

    def _start(self, servers: list[Server]) -> list[Started]:
        """Returns those that run already, and starts the others after checking that all they need is there."""
        check_range(tuple(port for server in servers for port in server.ports))
        running = [(server, find(server)) for server in servers]
        adopted = [adopt(server, process) for server, process in running if process]
        fresh = [server for server, process in running if not process]
        for server in fresh:
            check_ports(server.ports)
            server.program()
        if any(isinstance(server, CassandraServer) for server in fresh):
            fetch_engine_jars(self._home, self._console)
        return adopted + [start(server) for server in fresh]

    def _already(self, one: Started) -> bool:
        answer = None if one.fresh else one.server.admit()
        if answer is None or answer.problem:
            return False
        name, address = one.server.name, one.server.address
        say(self._console, f"{name} {answer.version} already runs on {address} ({program_of(one.process)})")
        return True

    def _refuse_while_cassandra_runs(self) -> None:
        for server in embedded_servers(self._home):
            if isinstance(server, CassandraServer) and find(server):
                raise PulsoError("Cassandra is running with old jars, which must be replaced", "Run make down first")

    def _status(self, engine: Engine) -> Status:
        server = engine.server
        process = find(server) if server else None
        if server and process:
            return _status_of_ours(server, process)
        answer = engine.ask() if server is None or engine.explicit else None
        if server is None or answer:
            problem = answer.problem or engine.shortcoming(answer) if answer else "does not answer"
            version = answer.version if answer else ""
            return Status(engine.name, State.EXTERNAL, engine.address, version, problem=problem)
        check_range(server.ports)
        port = server.ports[0]
        if is_free(port.host, port.number):
            return Status(engine.name, State.STOPPED, engine.address, data=size_on_disk(server.folder), log=server.log)
        return Status(engine.name, State.TAKEN, engine.address, problem=f"taken by {holder(port.number)}")


def _status_of_ours(server: Server, process: psutil.Process) -> Status:
    elsewhere = serves_elsewhere(server)
    answer = None if elsewhere else server.ask()
    state = State.STARTING if not elsewhere and (answer is None or answer.passing) else State.RUNNING
    version, problem = (answer.version, answer.problem) if answer else ("", elsewhere)
    try:
        since, memory = datetime.fromtimestamp(process.create_time(), UTC), process.memory_info().rss
        program = Path(process.exe())
    except psutil.Error:
        return Status(server.name, State.STOPPED, server.address, log=server.log)
    return Status(
        server.name,
        state,
        server.address,
        version,
        process.pid,
        since,
        memory,
        size_on_disk(server.folder),
        server.log,
        problem,
        program,
        needs_login=server.needs_login,
    )
