"""Connections to Cassandra, as all parts of Pulso open them."""

import socket

import pytest
from cassandra.policies import RetryPolicy
from pydantic import SecretStr

from conf.errors import StoreDown
from conf.settings import Settings
from stores import connect
from stores.connect import cassandra_session


def test_requests_to_cassandra_are_sent_at_once(settings: Settings) -> None:
    with cassandra_session(settings) as session:
        connections = [connection for pool in session.get_pools() for connection in pool.get_connections()]
        assert connections
        for connection in connections:
            assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_read_whose_coordinator_timed_out_is_sent_to_two_more_nodes(settings: Settings) -> None:
    with cassandra_session(settings) as session:
        policy = session.cluster.profile_manager.default.retry_policy
    # The driver calls it by these names.
    timed_out = {"consistency": 6, "required_responses": 2, "received_responses": 1, "data_retrieved": False}
    decided = [policy.on_read_timeout(None, retry_num=tries, **timed_out)[0] for tries in range(4)]
    assert decided == [*[RetryPolicy.RETRY_NEXT_HOST] * 2, *[RetryPolicy.RETHROW] * 2]


def test_a_redis_that_gives_no_answer_is_asked_once_and_told_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connect.ANSWER_TIMEOUT <= 15, "so long nobody is told that Redis stands still"
    monkeypatch.setattr(connect, "ANSWER_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        port = frozen.getsockname()[1]
        with pytest.raises(StoreDown, match="Redis does not answer"):
            connect.redis_client(settings.model_copy(update={"redis_url": SecretStr(f"redis://127.0.0.1:{port}/0")}))
        frozen.settimeout(0)
        frozen.accept()
        with pytest.raises(BlockingIOError):
            frozen.accept()
