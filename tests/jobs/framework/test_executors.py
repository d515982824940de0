"""What executors get of the settings: Cassandra's login and the certificate's name, and no other secret."""

import pickle
from pathlib import Path

import pytest
from pydantic import SecretStr

from conf.settings import Settings
from deploy.credentials import keep_login
from jobs.framework.executors import AUTHORITY, found_here, is_local, settings_for_executors

CLUSTER = "spark://h:7077"


@pytest.mark.parametrize(
    ("master", "local"),
    [("local", True), ("local[*]", True), ("local[2,3]", True), ("local-cluster[2,1,1024]", False), (CLUSTER, False)],
)
def test_executors_are_the_drivers_own_only_in_local_mode(master: str, local: bool) -> None:
    assert is_local(master) is local


def test_no_other_secret_leaves_the_driver(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        cassandra_user="jobs",
        cassandra_password=SecretStr("pw-cassandra"),
        redis_url=SecretStr("redis://:pw-redis@h:6379/0"),
        X_BEARER_TOKEN=SecretStr("pw-x"),
        MASTODON_TOKEN=SecretStr("pw-mastodon"),
    )
    sent = pickle.dumps(settings_for_executors(settings, CLUSTER))
    assert b"pw-cassandra" in sent
    assert not any(secret in sent for secret in (b"pw-redis", b"pw-x", b"pw-mastodon"))
    assert pickle.loads(sent).keyspace == settings.keyspace


def test_the_login_of_the_embedded_cassandra_is_looked_up_where_its_file_is(tmp_path: Path) -> None:
    here = Settings(home=tmp_path, cassandra_hosts=("127.0.0.1",), cassandra_port=9042)
    login = keep_login(tmp_path, "cassandra", "127.0.0.1:9042")
    sent = settings_for_executors(here, CLUSTER)
    assert sent.cassandra_password is not None
    assert (sent.cassandra_user, sent.cassandra_password.get_secret_value()) == (login.user, login.password)
    assert settings_for_executors(Settings(home=tmp_path / "none"), CLUSTER).cassandra_user is None


def test_a_path_of_the_drivers_becomes_the_name_of_the_file_that_spark_sends() -> None:
    settings = Settings(cassandra_tls_ca=Path("/etc/pulso/ca.pem"))
    assert settings_for_executors(settings, CLUSTER).cassandra_tls_ca == Path(AUTHORITY)
    here = settings_for_executors(settings, "local[*]")
    assert found_here(here).cassandra_tls_ca == Path("/etc/pulso/ca.pem")
