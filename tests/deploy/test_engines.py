"""The embedded engines: configuration, errors, servers of the user's own, and one real set, killed and started again.

The last test starts a real Cassandra and Redis of its own and takes some 40 s (a minute more where no jars are cached).
"""

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from rich.console import Console

from conf.credentials import read_credentials
from conf.errors import PulsoError, StoreDown, WrongUse
from conf.settings import Settings, load_settings
from deploy import lifecycle, ports
from deploy.answers import Login, ask_cassandra, ask_redis
from deploy.cli import main
from deploy.engines import Engines
from deploy.node import JMX_OFFSET, STORAGE_OFFSET, make_node, render
from deploy.ports import Port, check_range
from deploy.process import is_alive, process_of_command, recorded_process, start_detached, wait_ended, write_pid_file
from deploy.redis_server import RedisServer, find_redis, redis_server_version
from deploy.status import State
from tests.support.cql_server import cql_server
from tests.support.kept_word import read, write
from tests.support.ports import LOCAL, free_port
from tests.support.programs import fake
from tests.support.quick import QUICK

QUIET = Console(quiet=True)
SECONDS = 30


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PULSO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PULSO_HOME", str(tmp_path / "a home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for engines of the test's own, also in the environment: free ports, a home with a space in its name."""
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", str(free_port(STORAGE_OFFSET, JMX_OFFSET)))
    monkeypatch.setenv("PULSO_REDIS_URL", f"redis://{LOCAL}:{free_port()}/0")
    return load_settings()


@pytest.fixture
def processes() -> Iterator[list[psutil.Process]]:
    """The processes that a test appends are killed when it ends, even if it fails."""
    started: list[psutil.Process] = []
    yield started
    for process in started:
        if is_alive(process):
            process.kill()
            assert wait_ended(process, SECONDS)


@pytest.fixture
def cql_stub() -> Iterator[int]:
    """The port of a Cassandra that is not ours."""
    with cql_server() as port:
        yield port


class ShellServer(RedisServer):
    """A server that is a shell script and never answers."""

    executable = "sh"
    script = ""

    @property
    def arguments(self) -> list[str]:
        return ["-c", self.script]

    def program(self) -> str:
        return "/bin/sh"

    def ask(self) -> None:
        return None


def shell_server(home: Path, script: str) -> ShellServer:
    server = ShellServer(home, LOCAL, free_port(), f"redis://{LOCAL}")
    server.script = script
    return server


def test_storage_and_jmx_ports_follow_from_the_cql_port(tmp_path: Path) -> None:
    ports = [[port.number for port in make_node(tmp_path, LOCAL, cql).ports] for cql in (9042, 9142)]
    assert ports == [[9042, 7000, 7199], [9142, 7100, 7299]]


def test_a_heap_that_is_no_size_and_ports_that_cannot_be_are_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="Write a size such as 1G"):
        make_node(tmp_path, LOCAL, 9042, heap="much")
    with pytest.raises(WrongUse, match="storage would be 958, outside 1024"):
        check_range(make_node(tmp_path, LOCAL, 3000).ports)
    with pytest.raises(WrongUse, match="Redis would be 7000, the same as for Cassandra's storage"):
        check_range((*make_node(tmp_path, LOCAL, 9042).ports, Port("Redis", LOCAL, 7000, "move it")))


def test_cassandra_is_configured_within_its_home_whatever_its_name(tmp_path: Path) -> None:
    home = tmp_path / 'a "home"'
    (home / "lib").mkdir(parents=True)
    (home / "lib" / "jamm-9.9.9.jar").touch()
    node = make_node(home, "127.0.1.2", 9142, "768M")
    render(node)
    rendered = yaml.safe_load((node.folder / "cassandra.yaml").read_text())
    assert rendered["data_file_directories"] == [str(home / "cassandra" / "data")]
    assert rendered["seed_provider"][0]["parameters"] == [{"seeds": "127.0.1.2:7100"}]
    assert (rendered["rpc_address"], rendered["native_transport_port"]) == ("127.0.1.2", 9142)
    options = (node.folder / "jvm.options").read_text().splitlines()
    assert {"-Xms768M", "-Xmx768M", "-Dcassandra.jmx.local.port=7299"} <= set(options)
    assert f'-javaagent:"{tmp_path}/a \\"home\\"/lib/jamm-9.9.9.jar"' in options
    assert not [option for option in options if "$" in option]


@pytest.mark.parametrize(
    ("heap", "buffer", "cells", "rest"),
    [("2G", "128MiB", "64MiB", "256MiB"), ("768M", "48MiB", "24MiB", "96MiB"), ("100M", "16MiB", "16MiB", "64MiB")],
)
def test_indexes_and_memtables_take_a_small_part_of_the_heap(
    tmp_path: Path, heap: str, buffer: str, cells: str, rest: str
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "jamm-9.9.9.jar").touch()
    node = make_node(tmp_path, LOCAL, 9142, heap)
    render(node)
    rendered = yaml.safe_load((node.folder / "cassandra.yaml").read_text())
    assert rendered["sai_options"] == {"segment_write_buffer_size": buffer}
    assert rendered["memtable_allocation_type"] == "offheap_objects"
    assert (rendered["memtable_offheap_space"], rendered["memtable_heap_space"]) == (cells, rest)


def test_the_password_of_a_redis_address_is_asked_for_and_only_the_owner_can_read_it(tmp_path: Path) -> None:
    RedisServer(tmp_path, LOCAL, 7777, "redis://ann:p%20w@127.0.0.1:7777/0").render()
    config = tmp_path / "redis" / "redis.conf"
    assert config.stat().st_mode & 0o077 == 0
    assert 'user default off\nuser ann on ">p w" ~* &* +@all' in config.read_text()


def test_the_newest_redis_is_taken_and_of_two_equal_ones_that_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    version = redis_server_version(find_redis())
    assert len(version) == 3
    on_path = tmp_path / "bin" / "redis-server"
    monkeypatch.setenv("PATH", f"{on_path.parent}:/bin")
    for known, taken in [((6, 0, 16), False), ((*version[:2], version[2] - 1), False), (version, True), ((7, 4), True)]:
        fake(on_path.parent, "redis-server", f"Redis server v={'.'.join(map(str, known))} sha=0:0")
        assert (find_redis() == str(on_path)) is taken, known


def test_data_of_a_newer_redis_is_not_given_to_one_that_would_start_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    server = RedisServer(tmp_path, LOCAL, 7777, f"redis://{LOCAL}:7777/0")
    assert server.program() == find_redis()
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)
    with pytest.raises(PulsoError, match=r"no redis-server of version 7\.0 or later: .* is 6\.2\.\d+; one that new"):
        server.program()
    newer = fake(tmp_path / "bin", "redis-server", "Redis server v=7.2.4 sha=0:0")
    monkeypatch.setenv("PATH", f"{newer.parent}:/bin")
    assert server.program() == str(newer)


def test_a_recycled_pid_is_not_taken_for_ours(tmp_path: Path) -> None:
    pid_file, me = tmp_path / "some.pid", psutil.Process()
    write_pid_file(pid_file, me)
    assert recorded_process(pid_file) == me
    pid_file.write_text(json.dumps({"pid": me.pid, "started": me.create_time() - 100}))
    assert recorded_process(pid_file) is None
    pid_file.write_text("half")
    assert recorded_process(pid_file) is None


def test_a_process_without_a_pid_file_is_found_by_its_command(tmp_path: Path, processes: list[psutil.Process]) -> None:
    process = start_detached(["/bin/sleep", "61.5"], tmp_path, tmp_path / "output")
    processes.append(process)
    assert process_of_command("sleep", ["61.5"]) == process
    assert process_of_command("sleep", ["61"]) is None
    assert process.cwd() == str(tmp_path)
    assert os.getsid(process.pid) != os.getsid(0)


def test_a_server_that_ends_while_starting_is_said_at_once_with_what_it_said(tmp_path: Path) -> None:
    server = shell_server(tmp_path, "echo no such option >&2; sleep 0.3; exit 3")
    with pytest.raises(StoreDown, match=r"ended while starting: no such option. See .*redis-output\.log"):
        lifecycle.wait_until_answering([lifecycle.start(server)], SECONDS, QUIET)
    assert not server.pid_file.exists()


def test_a_server_that_does_not_answer_in_time_is_said_and_stopped_by_force_if_need_be(
    tmp_path: Path, processes: list[psutil.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = shell_server(tmp_path, "trap '' TERM; echo busy; exec sleep 62")
    started = lifecycle.start(server)
    processes.append(started.process)
    with pytest.raises(StoreDown, match="did not answer within 1 s: busy"):
        lifecycle.wait_until_answering([started], 1, QUIET)
    monkeypatch.setattr(lifecycle, "GRACE", 0.2)
    assert lifecycle.stop([server], QUIET) == [started.process.pid]
    assert not is_alive(started.process)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize("offset", [0, STORAGE_OFFSET, JMX_OFFSET])
def test_a_taken_port_is_named_with_its_holder_and_the_setting(
    settings: Settings, offset: int, capsys: pytest.CaptureFixture[str]
) -> None:
    port = settings.cassandra_port - offset
    with socket.create_server((LOCAL, port)):
        assert main(["up"]) == 1
    said = one_line(capsys)
    assert f"port {port} (" in said
    assert f"(pid {os.getpid()})" in said
    assert "PULSO_CASSANDRA_PORT" in said
    assert not (settings.home / "run" / "cassandra.pid").exists()


def test_a_port_that_is_too_low_ends_the_command_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", "3000")
    assert main(["status"]) == 2
    assert "storage would be 958" in one_line(capsys)


def test_servers_of_ones_own_are_used_and_neither_started_nor_stopped(
    tmp_path: Path,
    settings: Settings,
    cql_stub: int,
    processes: list[psutil.Process],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", str(cql_stub))
    host, port = settings.redis_address
    options = ["--port", str(port), "--bind", host, "--save", "", "--appendonly", "no"]
    processes.append(start_detached([find_redis(), *options], tmp_path, tmp_path / "redis.out"))
    while ask_redis(settings.redis_url.get_secret_value()) is None:
        assert is_alive(processes[0])
    assert ask_cassandra(host, port, Login()) is None, "it speaks another protocol"
    assert ask_redis(f"redis://{LOCAL}:{cql_stub}/0") is None, "it speaks another protocol"
    assert main(["up"]) == 0
    assert main(["down"]) == 0
    assert is_alive(processes[0])
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["engine"], one["state"], one["pid"]) for one in told] == [
        ("Cassandra", "external", None),
        ("Redis", "external", None),
    ]
    assert told[0]["version"] == "9.9.9"
    assert not list((settings.home / "run").glob("*.pid"))


def test_another_machines_engine_is_never_started_only_missed(
    settings: Settings, cql_stub: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", str(cql_stub))
    monkeypatch.setenv("PULSO_REDIS_URL", settings.redis_url.get_secret_value().replace("redis://", "rediss://"))
    assert main(["up"]) == 1
    assert "does not answer. Start it, or unset PULSO_REDIS_URL" in one_line(capsys)


def test_a_real_set_of_engines_survives_kill_9_and_stops_alone(
    settings: Settings, processes: list[psutil.Process]
) -> None:
    engines = Engines(settings, heap="1G", console=QUIET, options=QUICK)

    def up() -> list[int]:
        pids = [one.pid for one in engines.up() if one.pid and one.state is State.RUNNING]
        processes.extend(psutil.Process(pid) for pid in pids)
        assert len(pids) == 2
        return pids

    first = up()
    write(settings, "before")
    login = read_credentials(settings.home)
    assert login.cassandra
    assert up() == first, "up twice starts nothing"
    for process in processes:
        process.kill()
    assert all(wait_ended(process, SECONDS) for process in processes)
    assert [one.state for one in engines.status()] == [State.STOPPED, State.STOPPED]
    assert settings.home.stat().st_mode & 0o777 == 0o700
    (settings.home / "run" / "redis.pid").unlink()

    second = up()
    assert read(settings) == ("before", b"before")
    assert read_credentials(settings.home) == login

    (settings.home / "run" / "cassandra.pid").unlink()
    elsewhere = Engines(load_settings(cassandra_hosts=("192.0.2.1",)), console=QUIET)
    assert elsewhere.down() == second, "found without its pid file, whatever the settings say by now"
    assert engines.down() == []
    assert "Reason: DRAIN" in (settings.home / "logs" / "cassandra" / "system.log").read_text()


def test_a_port_that_a_killed_process_still_holds_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_listener", lambda _number: None)  # as of a process that is seen no more
    port = Port("Cassandra's storage", LOCAL, free_port(), "set another")
    with socket.create_server((LOCAL, port.number)) as held:
        threading.Timer(0.5, held.close).start()
        ports.check_ports((port,))
    monkeypatch.setattr(ports, "DYING_SECONDS", 0.3)
    with socket.create_server((LOCAL, port.number)), pytest.raises(PulsoError, match="taken by another process"):
        ports.check_ports((port,))


def test_a_dying_process_is_waited_for_five_seconds() -> None:
    assert ports.DYING_SECONDS == 5.0
