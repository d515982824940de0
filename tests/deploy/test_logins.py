"""The logins of real embedded engines: who gets in and who doesn't, upgrades, lost logins, where passwords are seen.

Its engines start five times, which takes a minute or two. That they come up again with the same login after a kill is
tested in test_engines.py.
"""

import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from conf import ROOT
from conf.credentials import Credential, read_credentials
from conf.settings import Settings, load_settings
from deploy import cassandra_server, redis_server
from deploy.answers import REFUSED, Login, ask_cassandra, ask_redis
from deploy.cassandra_login import WELL_KNOWN
from deploy.cli import main
from deploy.credentials import keep_login
from deploy.engines import Engines
from deploy.java import find_java
from deploy.node import JMX_OFFSET, STORAGE_OFFSET, Node, render
from deploy.process import is_alive, start_detached, wait_ended
from deploy.redis_server import find_redis
from deploy.status import LOGIN, State
from tests.support.commands import run_command
from tests.support.cql_server import cql_server
from tests.support.engine_set import HOME
from tests.support.kept_word import read, write
from tests.support.ports import LOCAL, free_port
from tests.support.quick import QUICK

QUIET = Console(quiet=True)
SECONDS = 30


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings for engines of the test's own, also in the environment."""
    for name in [name for name in os.environ if name.startswith("PULSO_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    if (HOME / "lib").is_dir():
        (home / "lib").symlink_to(HOME / "lib")
    monkeypatch.setenv("PULSO_HOME", str(home))
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", str(free_port(STORAGE_OFFSET, JMX_OFFSET)))
    monkeypatch.setenv("PULSO_REDIS_URL", f"redis://{LOCAL}:{free_port()}/0")
    monkeypatch.chdir(tmp_path)
    return load_settings()


def engines_of(settings: Settings) -> Engines:
    return Engines(settings, heap="1G", console=QUIET, options=QUICK)


@pytest.fixture
def engines(settings: Settings) -> Iterator[Engines]:
    """Those engines, stopped at the end."""
    engines = engines_of(settings)
    yield engines
    engines.down()


def passwords(home: Path) -> list[str]:
    kept = read_credentials(home)
    assert kept.cassandra
    assert kept.redis
    return [kept.cassandra.password, kept.redis.password]


def nodetool(settings: Settings, *login: str) -> "subprocess.CompletedProcess[str]":
    folder, port = settings.home / "cassandra", settings.cassandra_port - JMX_OFFSET
    words = [f"@{folder / 'classpath.options'}", "org.apache.cassandra.tools.NodeTool", "-p", str(port), *login]
    return subprocess.run([find_java(), *words, "status"], capture_output=True, text=True, check=False, cwd=folder)


def refusal_between_nodes(settings: Settings) -> str:
    """Connects to the port between nodes over TLS, without a certificate; returns how that ends."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = (LOCAL, settings.cassandra_port - STORAGE_OFFSET)
    try:
        with socket.create_connection(address, SECONDS) as plain, context.wrap_socket(plain) as stranger:
            return f"answered {stranger.recv(1)!r}"
    except ssl.SSLError as error:
        return str(error)


def a_lost_file_is_said_with_a_fix_that_keeps_the_data(
    settings: Settings, engines: Engines, capsys: pytest.CaptureFixture[str]
) -> None:
    engines.down()
    (settings.home / "credentials").unlink()
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cassandra_server, "LOGIN_SECONDS", 0.5)
        assert main(["up", "--heap", "1G"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    logins = settings.home / "cassandra" / "data" / "system_auth"
    assert f"refuses the login: put back the {settings.home / 'credentials'}" in error
    assert f"or run make down, delete {logins}, and run make up" in error

    engines.down()
    subprocess.run(["rm", "-r", str(logins)], check=True)
    engines.up()
    assert read(settings) == ("before", b"before")
    answer: Any = ask_cassandra(LOCAL, settings.cassandra_port, WELL_KNOWN)
    assert answer.problem == REFUSED


def test_only_who_has_the_login_gets_in_and_a_lost_one_is_said_with_a_fix(
    settings: Settings, engines: Engines, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home, url = settings.home, settings.redis_url.get_secret_value()
    assert [(one.state, one.needs_login) for one in engines.up()] == [(State.RUNNING, True)] * 2
    before = passwords(home)

    for nobody in (Login(), WELL_KNOWN, Login("pulso", "guess")):
        answer = ask_cassandra(LOCAL, settings.cassandra_port, nobody)
        assert answer is not None
        assert answer.problem == REFUSED, nobody
    for address in (url, url.replace("redis://", "redis://:guess@")):
        answer = ask_redis(address)
        assert answer is not None
        assert answer.problem.startswith("answers with an error: "), address
    assert re.search(r"certificate.required|bad.certificate|handshake.failure", refusal_between_nodes(settings), re.I)
    assert nodetool(settings).returncode != 0
    allowed = nodetool(settings, "-u", "pulso", "-pwf", str(home / "cassandra" / "jmx.password"))
    assert "UN  127.0.0.1" in allowed.stdout, allowed.stderr

    write(settings, "before")
    for arguments in (["migrate"], ["status"], ["work", "--drain"]):
        done = run_command("ingest", *arguments)
        assert done.returncode == 0, done.stderr
    assert run_command("readers", "runs", "--topic", "ph2016").returncode == 0
    for argument in ("migrate", "status"):
        stranger = run_command("ingest", argument, PULSO_HOME=str(tmp_path / "another"))
        assert stranger.returncode == 1
        assert "refuses the login" in stranger.stderr
        assert "the engines of `make up` need the PULSO_HOME that it had" in stranger.stderr
        assert stranger.stderr.count("\n") == 1

    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert LOGIN.partition(";")[0] in told
    seen = [*(line for process in psutil.process_iter() for line in command_line(process)), told, allowed.stdout]
    seen += [log.read_text(errors="replace") for log in (home / "logs").rglob("*") if log.is_file()]
    assert not [text for text in seen for password in before if password in text]
    holders = {file for file in home.rglob("*") if file.suffix in {".conf", ".password", ""} and holds(file, before)}
    assert {file.name for file in holders} >= {"credentials", "redis.conf", "jmx.password"}
    assert {file.stat().st_mode & 0o077 for file in holders} == {0}
    a_lost_file_is_said_with_a_fix_that_keeps_the_data(settings, engines, capsys)


def command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def holds(file: Path, secrets: list[str]) -> bool:
    return file.is_file() and any(secret in file.read_text(errors="replace") for secret in secrets)


def open_node(node: Node, _login: Credential) -> None:
    render(node)


@contextmanager
def without_logins() -> Iterator[None]:
    """Engines that are started in the block are as those of release 0.2.0, without logins."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (cassandra_server, redis_server):
            patch.setattr(module, "keep_login", lambda *_: Credential(user="", password=""))
        patch.setattr(cassandra_server, "render", open_node)
        yield


def test_data_of_a_release_without_logins_comes_up_with_one(
    settings: Settings, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without_logins():
        engines.up()
        write(settings, "old")
    assert not (settings.home / "credentials").exists()
    assert [one.needs_login for one in engines.up()] == [False, False], "those that run are left as they are"
    assert read(settings) == ("old", b"old")
    engines.down()

    monkeypatch.setenv("PULSO_CASSANDRA_USER", "ann")
    monkeypatch.setenv("PULSO_CASSANDRA_PASSWORD", "it's hers")
    assert all(one.needs_login for one in engines_of(load_settings()).up())
    assert read(load_settings()) == read(settings) == ("old", b"old")
    for refused in (Login(), WELL_KNOWN, Login("ann", "its hers")):
        answer: Any = ask_cassandra(LOCAL, settings.cassandra_port, refused)
        assert answer.problem == REFUSED, refused


def test_a_server_of_ones_own_at_the_address_of_an_embedded_one_does_not_get_its_login(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host, port = settings.redis_address
    keep_login(settings.home, "redis", f"{host}:{port}")
    options = ["--port", str(port), "--bind", host, "--save", "", "--appendonly", "no"]
    process = start_detached([find_redis(), *options], tmp_path, tmp_path / "redis.out")
    try:
        while ask_redis(settings.redis_url.get_secret_value()) is None:
            assert is_alive(process)
        with cql_server() as cassandra:
            monkeypatch.setenv("PULSO_CASSANDRA_PORT", str(cassandra))
            keep_login(settings.home, "cassandra", f"{LOCAL}:{cassandra}")
            assert main(["up"]) == 0
        kept = read_credentials(settings.home)
        assert [one and one.address for one in (kept.cassandra, kept.redis)] == ["", ""]
        assert run_command("ingest", "status").returncode == 0
    finally:
        process.kill()
        assert wait_ended(process, SECONDS)


def test_a_local_spark_gets_the_login_and_java_has_it_not_on_its_command_line(settings: Settings) -> None:
    keep_login(settings.home, "cassandra", f"{LOCAL}:{settings.cassandra_port}")
    code = (
        "import psutil\n"
        "from conf.settings import load_settings\n"
        "from jobs.framework.spark import spark_session\n"
        "spark = spark_session('test', load_settings())\n"
        "print(spark.conf.get('spark.cassandra.auth.password'))\n"
        "print([one.cmdline() for one in psutil.Process().children(recursive=True)])\n"
        "spark.stop()\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "SPARK_CONF_DIR": str(ROOT / "conf")}
    command = [str(ROOT / ".venv/bin/python"), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stderr
    password, lines = done.stdout.splitlines()[-2:]
    kept = read_credentials(settings.home).cassandra
    assert kept
    assert password == kept.password
    assert "java" in lines
    assert password not in lines
    assert password not in done.stderr
