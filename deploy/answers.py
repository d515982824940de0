"""Asks a server for its version, in the protocol of Redis or Cassandra, to find out whether such a server answers."""

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from cassandra import AuthenticationFailed, ConsistencyLevel
from cassandra.auth import PlainTextAuthenticator
from cassandra.cluster import Cluster
from cassandra.connection import ConnectionException, ConnectionShutdown, DefaultEndPoint, ProtocolVersionUnsupported
from cassandra.protocol import QueryMessage
from redis.backoff import NoBackoff
from redis.retry import Retry

from stores.refused import words_of

SECONDS = 2.0
"""How long a server may take for each reply."""
PROTOCOL = 4
"""The version of Cassandra's native protocol that is used for asking."""
REFUSED = "refuses the login; set PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD"


@dataclass(frozen=True)
class Answer:
    """A server's answer: its version (empty if unknown), and why it can't be used (empty if it can).

    `passing`: the problem is temporary; wait and ask again.
    """

    version: str = ""
    problem: str = ""
    passing: bool = False


@dataclass(frozen=True)
class Login:
    """The login and the certificate authority for a Cassandra; no login if `user` is empty."""

    user: str = ""
    password: str = ""
    tls_ca: Path | None = None


def ask_redis(url: str) -> Answer | None:
    """Sends PING to a Redis. Returns None if no Redis answers there."""
    never = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=never)
    try:
        with client:
            client.ping()
            return Answer(str(client.info("server").get("redis_version", "")))
    except redis.BusyLoadingError:
        return Answer(problem="is still loading its data", passing=True)
    except (redis.AuthenticationError, redis.ResponseError) as error:
        return Answer(problem=f"answers with an error: {str(error).rstrip('.')}")
    except (redis.RedisError, OSError):
        return None


def ask_cassandra(host: str, port: int, login: Login, first: Sequence[str] = ()) -> Answer | None:
    """Connects to a Cassandra and asks for its version, after executing the statements `first`.

    Returns None if no Cassandra answers there. Connecting and each statement take at most SECONDS. All threads and
    connections are closed at the end.
    """
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)  # the driver logs each server that does not answer
    Cluster.connection_class.initialize_reactor()
    try:
        connection = _connect(host, port, login)
    except AuthenticationFailed:
        return Answer(problem=REFUSED)
    except ProtocolVersionUnsupported:
        return Answer(problem=f"refuses the native protocol, version {PROTOCOL}")
    except Exception as error:  # another protocol's bytes can make the driver raise any exception
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Answer(problem=f"has a certificate that does not fit ({words_of(error)})")
        refused = isinstance(error, ConnectionException) and not isinstance(error, ConnectionShutdown)
        return Answer(problem="refuses connections", passing=True) if refused else None
    try:
        return _release(connection, first)
    finally:
        connection.close()


def _connect(host: str, port: int, login: Login) -> Any:
    """Returns an open connection, logged in. Raises whatever the driver raises."""
    context = ssl.create_default_context(cafile=login.tls_ca) if login.tls_ca else None
    return Cluster.connection_class.factory(
        DefaultEndPoint(host, port),
        SECONDS,
        protocol_version=PROTOCOL,
        compression=False,
        ssl_context=context,
        authenticator=PlainTextAuthenticator(login.user, login.password) if login.user else None,
    )


def _release(connection: Any, first: Sequence[str]) -> Answer:
    try:
        for statement in (*first, "SELECT release_version FROM system.local"):
            query = QueryMessage(statement, ConsistencyLevel.ONE)
            result = connection.wait_for_response(query, timeout=SECONDS)
        return Answer(str(result.parsed_rows[0][0]))
    except Exception:  # it answered with an error or without a row, or not in time
        return Answer(problem="cannot read its own version yet", passing=True)
