"""Which login a command takes: that of the settings, else the kept one, and that only for its own address."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from conf.credentials import Credential, Credentials, cassandra_login, read_credentials, redis_url
from conf.errors import PulsoError
from conf.settings import DEFAULTS, Settings

KEPT = Credentials(
    cassandra=Credential(user="pulso", password="c-secret", address="127.0.0.1:9142"),
    redis=Credential(user="default", password="r-secret", address="127.0.0.1:6380"),
)
HERE = {"cassandra_port": 9142, "redis_url": SecretStr("redis://127.0.0.1:6380/2?health_check_interval=9")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that name the embedded engines whose logins are kept."""
    (tmp_path / "credentials").write_text(KEPT.model_dump_json())
    return DEFAULTS.model_copy(update={"home": tmp_path, **HERE})


def changed(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update=values)


def test_a_command_takes_the_kept_logins_of_its_embedded_engines(settings: Settings) -> None:
    assert cassandra_login(settings) == KEPT.cassandra
    assert redis_url(settings) == "redis://:r-secret@127.0.0.1:6380/2?health_check_interval=9"
    by_name = changed(settings, cassandra_hosts=("localhost",), redis_url=SecretStr("redis://LOCALHOST:6380"))
    assert cassandra_login(by_name) == KEPT.cassandra
    assert redis_url(by_name) == "redis://:r-secret@LOCALHOST:6380"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"cassandra_port": 9042, "redis_url": SecretStr("redis://127.0.0.1:6379/0")},
        {"cassandra_hosts": ("127.0.0.2",), "redis_url": SecretStr("redis://127.0.0.2:6380/0")},
        {"cassandra_hosts": ("192.0.2.1",), "redis_url": SecretStr("redis://192.0.2.1:6380/0")},
        {"cassandra_hosts": ("127.0.0.1", "127.0.0.2"), "redis_url": SecretStr("rediss://127.0.0.1:6380/0")},
        {"cassandra_tls_ca": Path("ca.pem"), "redis_url": SecretStr("unix:///tmp/redis.sock")},
        {"cassandra_hosts": ("::1",), "redis_url": SecretStr("redis://[::1]:6380/0")},
        {"home": Path("/no/such/home")},
    ],
)
def test_no_other_server_gets_a_kept_login(settings: Settings, elsewhere: dict[str, object]) -> None:
    other = changed(settings, **elsewhere)
    assert cassandra_login(other) is None
    assert redis_url(other) == other.redis_url.get_secret_value()


def test_a_login_of_the_settings_is_used_as_it_is(settings: Settings) -> None:
    address = "redis://ann:own@127.0.0.1:6380/0"
    own = changed(settings, cassandra_user="ann", cassandra_password=SecretStr("own"), redis_url=SecretStr(address))
    assert cassandra_login(own) == Credential(user="ann", password="own")
    assert redis_url(own) == address


@pytest.mark.parametrize("text", ["", "half {", '{"redis": {"password": "r-secret"}}'])
def test_a_damaged_file_is_an_error_without_a_secret(settings: Settings, text: str) -> None:
    (settings.home / "credentials").write_text(text)
    with pytest.raises(PulsoError, match=r"credentials is damaged\. Put back the file that `make up` wrote") as caught:
        cassandra_login(settings)
    assert "r-secret" not in str(caught.value)


def test_passwords_are_not_shown(settings: Settings) -> None:
    assert "secret" not in repr(read_credentials(settings.home))
