"""Connections to Cassandra, as all parts of Pulso open them."""

import socket

from cassandra.policies import RetryPolicy

from conf.settings import Settings
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
