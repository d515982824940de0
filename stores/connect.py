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
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from conf.credentials import cassandra_login, redis_url
from conf.errors import PulsoError, StoreDown, WrongUse
from conf.settings import Settings
from stores.encoded import EncodedRequests
from stores.refused import CHECK_LOGIN, is_login_error, is_tls_error, refusals_told, refuses_writes, words_of

RedisClient = Any
"""A redis.Redis that returns bytes. Its own annotations mix bytes with str, and results with coroutines."""
START_THEM = "Start the embedded engines with `make up`, or point the settings at your own"
CASSANDRA_CERTIFICATE = (
    "PULSO_CASSANDRA_TLS_CA must be the certificate of its authority. Each node's certificate must name the node's "
    "address, and the name in PULSO_CASSANDRA_HOSTS if there is one"
)
REDIS_CERTIFICATE = (
    "It must name the host as PULSO_REDIS_URL does. If its authority is your own, add ?ssl_ca_certs=/path/to/ca.pem to "
    "that address"
)
REQUEST_TIMEOUT = 20.0
SECOND_TRY = 2.0
"""Seconds after which a request that is safe to repeat goes to a second node too: the first may stand still."""
HEARTBEAT = 10.0
"""Seconds between two heartbeats of an idle connection, and how long a node has for its answer."""
ANSWER_TIMEOUT = 15.0
"""Seconds that Redis has for an answer."""
FIRST_RECONNECT, LONGEST_RECONNECT = 1.0, 15.0
"""Seconds between two attempts to reach a node that is down: they double from the first to the longest."""
READS_AGAIN = 2
"""How often a read is sent again when its coordinator timed out waiting for a replica."""


class ReadAgain(RetryPolicy):  # type: ignore[misc]  # it has no types
    """Sends a read whose coordinator timed out to the next node, at most READS_AGAIN times; else as the driver's own.

    Just after a node died its fellows still wait for its answers, so that a scan fails for a moment. A read is safe to
    repeat. The caller's wait stays within REQUEST_TIMEOUT, tries included.
    """

    def on_read_timeout(self, *_args: Any, retry_num: int = 0, **_more: Any) -> tuple[int, int | None]:
        """Returns what to do after a read timed out for the (retry_num + 1)-th time, and at the same consistency."""
        return (self.RETRY_NEXT_HOST, None) if retry_num < READS_AGAIN else (self.RETHROW, None)


@contextmanager
def cassandra_session(settings: Settings) -> Iterator[Session]:
    """Yields a session with the consistency of the settings; closes it at the end of the block.

    Raises StoreDown when Cassandra does not answer, and PulsoError when it refuses the login, when its certificate does
    not fit, when it does not have the data centre of the settings, or when it refuses this user something in the block.
    """
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    cluster = _cluster(settings)
    try:
        try:
            session = cluster.connect()
            # Cassandra sets the write times, unless a statement has its own: this host's clock may be wrong.
            session.use_client_timestamp = False
            session.client_protocol_handler = EncodedRequests
        except (NoHostAvailable, UnresolvableContactPoints, OSError) as error:
            if not is_login_error(error) and (others := _other_data_centres(cluster, settings.cassandra_dc)):
                what = f"Cassandra has no data centre {settings.cassandra_dc}; it has {', '.join(others)}"
                raise PulsoError(what, "Set PULSO_CASSANDRA_DC to the one whose nodes Pulso should ask") from None
            where = ", ".join(f"{host}:{settings.cassandra_port}" for host in settings.cassandra_hosts)
            raise _no_connection("Cassandra", where, error, CASSANDRA_CERTIFICATE) from None
        with refusals_told():
            yield session
    finally:
        cluster.shutdown()


def _cluster(settings: Settings) -> Cluster:
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.cassandra_dc)),
        consistency_level=getattr(ConsistencyLevel, settings.consistency),
        request_timeout=REQUEST_TIMEOUT,
        retry_policy=ReadAgain(),
        speculative_execution_policy=ConstantSpeculativeExecutionPolicy(SECOND_TRY, 1),
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
    """A context that checks the authority and the host's name. Raises WrongUse if the file can't be used."""
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(authority))
    except OSError as error:  # ssl.SSLError is one, too
        what = f"PULSO_CASSANDRA_TLS_CA: {authority} can't be used ({error.strerror or error})"
        raise WrongUse(what, "Give the file with the authority's certificate, in PEM form") from None


def _no_connection(store: str, where: str, error: Exception, certificate: str) -> PulsoError:
    """Returns what to raise: `certificate` is the fix for a certificate that does not fit."""
    why = words_of(error)
    if is_login_error(error):
        return PulsoError(f"{store} at {where} refuses the login ({why.rstrip('.')})", CHECK_LOGIN)
    if is_tls_error(error):
        return PulsoError(f"no encrypted connection to {store} at {where} ({why})", certificate)
    return StoreDown(
        f"{store} does not answer at {where} ({'connection refused' if 'refused' in why.lower() else why})", START_THEM
    )


def redis_client(settings: Settings) -> RedisClient:
    """Returns a client that retries when it loses the connection; its replies are bytes.

    A Redis that can't write its own files, as on a full disk, refuses even PING, but it answers, and can be read.

    Raises StoreDown when Redis does not answer, and PulsoError when it refuses the login, or when its certificate does
    not fit.
    """
    client = redis.Redis.from_url(
        redis_url(settings),
        # Only a lost connection is tried again: a Redis that stands still is told of after one wait, not after four.
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3, (redis.ConnectionError,)),
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=5,
    )
    try:
        client.ping()
    except redis.RedisError as error:
        if refuses_writes(error):
            return client
        raise _no_connection("Redis", "{}:{}".format(*settings.redis_address), error, REDIS_CERTIFICATE) from None
    return client
