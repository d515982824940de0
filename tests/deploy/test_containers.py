"""The engines as the main process of a container: their configuration, their users, and what a slip is told."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml

from conf.errors import WrongUse
from conf.settings import load_settings
from deploy.containers.foreground import ring_node
from deploy.node import Place
from deploy.users import users_acl
from tests.support.commands import end, run_command, start_command
from tests.support.engine_set import HOME
from tests.support.ports import LOCAL, free_port

PASSWORDS = {"REDIS_INGEST_PASSWORD": "of-ingest", "REDIS_OPERATOR_PASSWORD": "of-operator"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A Redis as compose runs it: its port, and its process."""
    port = free_port()
    process = start_command(
        "deploy",
        "redis",
        "--address",
        LOCAL,
        "--memory",
        "64mb",
        PULSO_HOME=str(tmp_path),
        PULSO_REDIS_URL=f"redis://{LOCAL}:{port}/0",
        **PASSWORDS,
    )
    yield port, process
    end(process)


def _client(port: int, user: str, password: str) -> redis.Redis:
    return redis.Redis(host=LOCAL, port=port, username=user, password=password)


def _answering(port: int, user: str, password: str) -> redis.Redis:
    until = time.monotonic() + 30
    while True:
        try:
            client = _client(port, user, password)
            client.ping()
            return client
        except redis.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_redis_lets_in_its_users_and_nobody_else(running: tuple[int, "subprocess.Popen[bytes]"]) -> None:
    port, process = running
    with _answering(port, "pulso_operator", "of-operator") as operator:
        assert operator.config_get("appendonly") == {"appendonly": "yes"}
        assert operator.config_get("maxmemory") == {"maxmemory": str(64 * 2**20)}
        assert operator.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        default = operator.acl_getuser("default")
        assert "off" in default["flags"]
        assert "nopass" not in default["flags"]
    with _client(port, "pulso_ingest", "of-ingest") as ingest:
        ingest.xadd("pulso:posts", {"m": "1"})
        with pytest.raises(redis.ResponseError):
            ingest.config_get("maxmemory")
    for user, password in (("default", ""), ("pulso_ingest", "of-operator")):
        with _client(port, user, password) as client, pytest.raises((redis.AuthenticationError, redis.ResponseError)):
            client.ping()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def test_the_engine_has_none_of_our_passwords(running: tuple[int, "subprocess.Popen[bytes]"]) -> None:
    port, process = running
    _answering(port, "pulso_operator", "of-operator").close()
    told = Path(f"/proc/{process.pid}/environ").read_bytes() + Path(f"/proc/{process.pid}/cmdline").read_bytes()
    assert b"redis-server" in told
    assert not [password for password in PASSWORDS.values() if password.encode() in told]


def test_a_redis_without_a_password_does_not_start(tmp_path: Path) -> None:
    done = run_command("deploy", "redis", PULSO_HOME=str(tmp_path), REDIS_INGEST_PASSWORD="x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "the password of Redis's user pulso_operator is empty" in done.stderr


def test_no_password_is_in_the_file_of_users() -> None:
    users = users_acl({"pulso_ingest": "of-ingest", "pulso_operator": "of-operator"})
    assert "of-" not in users
    assert "SHA256" not in users


@pytest.mark.usefixtures("settings")
def test_a_node_of_a_ring_has_doors_and_a_rack_and_takes_its_time(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, cassandra_port=9042, cassandra_user="pulso", cassandra_password="long")
    (tmp_path / "lib").symlink_to(HOME / "lib")
    server = ring_node(settings, LOCAL, ("127.0.0.1", "127.0.0.2"), Place("dc1", "rack2"), "768M")
    server.render()
    config = yaml.safe_load(server.config.read_text())
    assert config["authenticator"] == "PasswordAuthenticator"
    assert config["endpoint_snitch"] == "GossipingPropertyFileSnitch"
    assert config["seed_provider"][0]["parameters"] == [{"seeds": "127.0.0.1:7000,127.0.0.2:7000"}]
    assert (server.folder / "cassandra-rackdc.properties").read_text() == "dc=dc1\nrack=rack2\n"
    options = (server.folder / "jvm.options").read_text()
    assert "ring_delay_ms" not in options
    assert "bcrypt" not in options
    assert not (tmp_path / "credentials").exists()


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("address", "user", "fix"),
    [("192.0.2.1", "pulso", "is no IPv4 address of this host"), (LOCAL, None, "needs PULSO_CASSANDRA_USER")],
)
def test_a_node_that_can_not_be_is_said(tmp_path: Path, address: str, user: str | None, fix: str) -> None:
    settings = load_settings(home=tmp_path, cassandra_user=user, cassandra_password="long")
    (tmp_path / "lib").symlink_to(HOME / "lib")
    with pytest.raises(WrongUse, match=fix):
        ring_node(settings, address, (LOCAL,), Place()).render()
