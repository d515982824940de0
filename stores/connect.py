"""Connects to Cassandra and Redis, at the addresses in the settings."""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from cassandra import ConsistencyLevel, UnresolvableContactPoints
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    TokenAwarePolicy,
)
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from conf.errors import PulsoError, StoreDown
from conf.settings import Settings
from stores.refused import CHECK_LOGIN, is_failing_disk, is_login_error

RedisClient = Any
"""A redis.Redis that returns bytes. Its own annotations mix bytes with str, and results with coroutines."""
START_THEM = "Start the embedded engines with `make up`, or point the settings at your own"
REQUEST_TIMEOUT = 20.0
SECOND_TRY = 2.0
"""Seconds after which a request that is safe to repeat goes to a second node too: the first may stand still."""
HEARTBEAT = 10.0
"""Seconds between two heartbeats of an idle connection, and how long a node has for its answer."""
FIRST_RECONNECT, LONGEST_RECONNECT = 1.0, 15.0
"""Seconds between two attempts to reach a node that is down: they double from the first to the longest."""


@contextmanager
def cassandra_session(settings: Settings) -> Iterator[Session]:
    """Yields a session with the consistency of the settings; closes it at the end of the block.

    Raises StoreDown when Cassandra does not answer, and PulsoError when it refuses the login or does not have the data
    centre of the settings.
    """
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    cluster = _cluster(settings)
    try:
        try:
            session = cluster.connect()
            # Cassandra sets the write times, unless a statement has its own: this host's clock may be wrong.
            session.use_client_timestamp = False
        except (NoHostAvailable, UnresolvableContactPoints, OSError) as error:
            if is_login_error(error):
                raise PulsoError(f"Cassandra refuses the login ({_cause(error)})", CHECK_LOGIN) from None
            if others := _other_data_centres(cluster, settings.cassandra_dc):
                what = f"Cassandra has no data centre {settings.cassandra_dc}; it has {', '.join(others)}"
                raise PulsoError(what, "Set PULSO_CASSANDRA_DC to the one whose nodes Pulso should ask") from None
            where = ", ".join(f"{host}:{settings.cassandra_port}" for host in settings.cassandra_hosts)
            raise StoreDown(f"Cassandra does not answer at {where} ({_cause(error)})", START_THEM) from None
        yield session
    finally:
        cluster.shutdown()


def _cluster(settings: Settings) -> Cluster:
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.cassandra_dc)),
        consistency_level=getattr(ConsistencyLevel, settings.consistency),
        request_timeout=REQUEST_TIMEOUT,
        speculative_execution_policy=ConstantSpeculativeExecutionPolicy(SECOND_TRY, 1),
    )
    auth = None
    if settings.cassandra_user and settings.cassandra_password:
        auth = PlainTextAuthProvider(settings.cassandra_user, settings.cassandra_password.get_secret_value())
    return Cluster(
        list(settings.cassandra_hosts),
        port=settings.cassandra_port,
        auth_provider=auth,
        ssl_context=_tls(settings.cassandra_tls_ca),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        protocol_version=5,
        connect_timeout=10,
        # A node that stands still is noticed within two heartbeats, and one that is back, however long it was away,
        # within the longest wait. The driver's own policy waits up to ten minutes, and gives up in the end.
        idle_heartbeat_interval=HEARTBEAT,
        idle_heartbeat_timeout=HEARTBEAT,
        reconnection_policy=ExponentialReconnectionPolicy(FIRST_RECONNECT, LONGEST_RECONNECT, max_attempts=None),
        # Otherwise the end of each request waits up to 40 ms for the answer to its beginning (Nagle's algorithm).
        sockopts=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


def _other_data_centres(cluster: Cluster, name: str) -> list[str]:
    """Returns the data centres that the nodes are in, if that of this name is not one of them."""
    found = {host.datacenter for host in cluster.metadata.all_hosts() if host.datacenter}
    return sorted(found) if name and name not in found else []


def _tls(authority: Path | None) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=str(authority)) if authority else None


def _cause(error: Exception) -> str:
    """Returns the innermost reason, in at most 160 characters."""
    causes = getattr(error, "errors", None)
    text = " ".join(str(next(iter(causes.values())) if isinstance(causes, dict) and causes else error).split())
    return "connection refused" if "refused" in text.lower() else text[:160]


def redis_client(settings: Settings) -> RedisClient:
    """Returns a client that retries when it loses the connection; its replies are bytes.

    A Redis that can't write its own files, as on a full disk, refuses even PING, but it answers, and can be read.

    Raises StoreDown when Redis does not answer, and PulsoError when it refuses the login.
    """
    client = redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
        socket_timeout=30,
        socket_connect_timeout=5,
    )
    try:
        client.ping()
    except redis.RedisError as error:
        if is_failing_disk(error):
            return client
        host, port = settings.redis_address
        if is_login_error(error):
            raise PulsoError(f"Redis at {host}:{port} refuses the login ({_cause(error)})", CHECK_LOGIN) from None
        raise StoreDown(f"Redis does not answer at {host}:{port} ({_cause(error)})", START_THEM) from None
    return client
