from pathlib import Path

import pytest

from conf.errors import WrongUse
from conf.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "PULSO_CASSANDRA_PORT",
        "PULSO_REDIS_URL",
        "PULSO_KEYSPACE",
        "PULSO_TOPICS_DIR",
        "PULSO_HOME",
        "PULSO_STREAM",
    ):
        monkeypatch.delenv(name, raising=False)


def test_defaults_fit_the_embedded_engines() -> None:
    settings = load_settings()
    assert settings.cassandra_hosts == ("127.0.0.1",)
    assert settings.cassandra_port == 9042
    assert settings.redis_address == ("127.0.0.1", 6379)
    assert settings.cassandra_is_local
    assert settings.redis_is_local


def test_an_unknown_name_is_refused_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_KEYSPCE", "x")
    with pytest.raises(WrongUse, match=r"unknown setting PULSO_KEYSPCE\. Did you mean PULSO_KEYSPACE?"):
        load_settings()


def test_an_unknown_name_in_dotenv_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PULSO_REDIS=redis://127.0.0.1/0\n")
    with pytest.raises(WrongUse, match="unknown setting PULSO_REDIS"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULSO_CASSANDRA_PORT", "many"),
        ("PULSO_CASSANDRA_PORT", "70000"),
        ("PULSO_KEYSPACE", "Drop Table"),
        ("PULSO_REPLICATION", "three"),
        ("PULSO_CONSISTENCY", "SOME"),
        ("PULSO_REDIS_URL", "http://127.0.0.1"),
        ("PULSO_CASSANDRA_HOSTS", ","),
    ],
)
def test_a_bad_value_names_its_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongUse, match=f"bad value for {name}"):
        load_settings()


def test_a_name_with_nothing_behind_it_is_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULSO_PAGE_PASSWORD", "")
    monkeypatch.setenv("PULSO_HOME", "")
    (tmp_path / ".env").write_text("PULSO_CASSANDRA_TLS_CA=\nPULSO_CASSANDRA_PORT=\nPULSO_TOPICS_DIR=\n")
    assert load_settings() == Settings(_env_file=None)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_REDIS_URL", "redis://user:hunter2@127.0.0.1:6379/0")
    monkeypatch.setenv("X_BEARER_TOKEN", "hunter3")
    shown = repr(load_settings())
    assert "hunter" not in shown


@pytest.mark.parametrize(
    ("value", "cql"),
    [
        ("1", "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}"),
        ("dc1:3,dc2:2", "{'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2}"),
    ],
)
def test_replication_is_a_factor_or_data_centres(monkeypatch: pytest.MonkeyPatch, value: str, cql: str) -> None:
    monkeypatch.setenv("PULSO_REPLICATION", value)
    assert load_settings().replication_cql == cql
