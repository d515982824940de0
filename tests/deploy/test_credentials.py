"""The file with the logins of the embedded engines: how it is made, kept and printed."""

import os
from pathlib import Path

import pytest

from conf.credentials import read_credentials
from deploy.cli import main
from deploy.credentials import forget_address, keep_login, write_private


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PULSO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PULSO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def test_each_engine_keeps_a_long_password_of_its_own(tmp_path: Path) -> None:
    cassandra = keep_login(tmp_path, "cassandra", "127.0.0.1:9042")
    redis = keep_login(tmp_path, "redis", "127.0.0.1:6379")
    assert cassandra.password != redis.password
    assert len(cassandra.password) == len(redis.password) == 32
    moved = keep_login(tmp_path, "cassandra", "127.0.0.1:9142")
    assert (moved.password, moved.address) == (cassandra.password, "127.0.0.1:9142")
    kept = read_credentials(tmp_path)
    assert (kept.cassandra, kept.redis) == (moved, redis)


def test_a_private_file_is_its_owners_alone_whatever_it_was_before(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("old")
    file.chmod(0o666)
    before = os.umask(0)
    try:
        keep_login(tmp_path / "home", "redis", "127.0.0.1:6379")
        write_private(file, "new")
    finally:
        os.umask(before)
    assert file.read_text() == "new"
    assert [path.stat().st_mode & 0o777 for path in (file, tmp_path / "home" / "credentials")] == [0o600, 0o600]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["credentials", "home"]


def test_a_login_is_kept_but_not_for_the_address_of_another_server(tmp_path: Path) -> None:
    login = keep_login(tmp_path, "redis", "127.0.0.1:6379")
    forget_address(tmp_path, "redis", "127.0.0.1:6380")
    assert read_credentials(tmp_path).redis == login
    forget_address(tmp_path, "redis", "127.0.0.1:6379")
    assert read_credentials(tmp_path).redis == login.model_copy(update={"address": ""})
    assert keep_login(tmp_path, "redis", "127.0.0.1:6379") == login


def test_credentials_are_printed_as_settings_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    assert main(["credentials"]) == 1
    assert f"{home} has no logins of embedded engines. Run make up" in capsys.readouterr().err
    cassandra = keep_login(home, "cassandra", "127.0.0.1:9142").password
    redis = keep_login(home, "redis", "127.0.0.1:6380").password
    assert main(["credentials"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "PULSO_CASSANDRA_HOSTS=127.0.0.1",
        "PULSO_CASSANDRA_PORT=9142",
        "PULSO_CASSANDRA_USER=pulso",
        f"PULSO_CASSANDRA_PASSWORD={cassandra}",
        f"PULSO_REDIS_URL=redis://:{redis}@127.0.0.1:6380/0",
    ]
    assert "these are secrets" in told.err
