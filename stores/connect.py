"""Connects to Cassandra and Redis, at the addresses in the settings; the embedded ones with their own logins."""

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
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from conf.credentials import cassandra_login, redis_url
from conf.errors import PulsoError, StoreDown
from conf.settings import Settings
from stores.refused import CHECK_LOGIN, is_login_error

RedisClient = Any
"""A redis.Redis that returns bytes. Its own annotations mix bytes with str, and results with coroutines."""
START_THEM = "Start the embedded engines with `make up`, or point the settings at your own"
REQUEST_TIMEOUT = 20.0


@contextmanager
def cassandra_session(settings: Settings) -> Iterator[Session]:
    """Yields a session with the consistency of the settings; closes it at the end of the block.

    Raises StoreDown when Cassandra does not answer, and PulsoError when it refuses the login.
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
            where = ", ".join(f"{host}:{settings.cassandra_port}" for host in settings.cassandra_hosts)
            raise StoreDown(f"Cassandra does not answer at {where} ({_cause(error)})", START_THEM) from None
        yield session
    finally:
        cluster.shutdown()


def _cluster(settings: Settings) -> Cluster:
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),
        consistency_level=getattr(ConsistencyLevel, settings.consistency),
        request_timeout=REQUEST_TIMEOUT,
    )
    login = cassandra_login(settings)
    return Cluster(
        list(settings.cassandra_hosts),
        port=settings.cassandra_port,
        auth_provider=PlainTextAuthProvider(login.user, login.password) if login else None,
        ssl_context=_tls(settings.cassandra_tls_ca),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        protocol_version=5,
        connect_timeout=10,
        # Otherwise the end of each request waits up to 40 ms for the answer to its beginning (Nagle's algorithm).
        sockopts=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


def _tls(authority: Path | None) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=str(authority)) if authority else None


def _cause(error: Exception) -> str:
    """Returns the innermost reason, in at most 160 characters."""
    causes = getattr(error, "errors", None)
    text = " ".join(str(next(iter(causes.values())) if isinstance(causes, dict) and causes else error).split())
    return "connection refused" if "refused" in text.lower() else text[:160]


def redis_client(settings: Settings) -> RedisClient:
    """Returns a client that retries when it loses the connection; its replies are bytes.

    Raises StoreDown when Redis does not answer, and PulsoError when it refuses the login.
    """
    client = redis.Redis.from_url(
        redis_url(settings),
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
        socket_timeout=30,
        socket_connect_timeout=5,
    )
    try:
        client.ping()
    except redis.RedisError as error:
        host, port = settings.redis_address
        if is_login_error(error):
            raise PulsoError(f"Redis at {host}:{port} refuses the login ({_cause(error)})", CHECK_LOGIN) from None
        raise StoreDown(f"Redis does not answer at {host}:{port} ({_cause(error)})", START_THEM) from None
    return client
