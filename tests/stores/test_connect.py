"""Connections to Cassandra, as all parts of Pulso open them."""

import socket

from conf.settings import Settings
from stores.connect import cassandra_session


def test_requests_to_cassandra_are_sent_at_once(settings: Settings) -> None:
    with cassandra_session(settings) as session:
        connections = [connection for pool in session.get_pools() for connection in pool.get_connections()]
        assert connections
        for connection in connections:
            assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
