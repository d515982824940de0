"""Asks a server whether it answers in its protocol, and which version it is."""

import logging
import ssl
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

SECONDS = 2.0
"""How long a server may take for each reply."""
PROTOCOL = 4
"""The version of the native protocol that is asked for."""


@dataclass(frozen=True)
class Answer:
    """What a server said: its version if it told, and what keeps it from serving us, if anything does.

    `passing` says that the problem goes by waiting.
    """

    version: str = ""
    problem: str = ""
    passing: bool = False


@dataclass(frozen=True)
class Login:
    """How to be let in to a Cassandra; nothing of it for the embedded one."""

    user: str = ""
    password: str = ""
    tls_ca: Path | None = None


def ask_redis(url: str) -> Answer | None:
    """PINGs a Redis; None if nothing there speaks Redis."""
    never = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=never)
    try:
        with client:
            client.ping()
            return Answer(str(client.info("server").get("redis_version", "")))
    except redis.BusyLoadingError:
        return Answer(problem="still loads its data", passing=True)
    except (redis.AuthenticationError, redis.ResponseError) as error:
        return Answer(problem=f"says: {str(error).rstrip('.')}")
    except (redis.RedisError, OSError):
        return None


def ask_cassandra(host: str, port: int, login: Login) -> Answer | None:
    """Connects and asks for the release; None if nothing there speaks CQL. Each step takes SECONDS at most."""
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)  # it logs each server that does not answer
    Cluster.connection_class.initialize_reactor()
    try:
        connection = _connect(host, port, login)
    except AuthenticationFailed:
        return Answer(problem="refuses the login; set PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD")
    except ProtocolVersionUnsupported:
        return Answer(problem=f"refuses the native protocol, version {PROTOCOL}")
    except Exception as error:  # bytes of another protocol make the driver raise anything
        refused = isinstance(error, ConnectionException) and not isinstance(error, ConnectionShutdown)
        return Answer(problem="refuses connections", passing=True) if refused else None
    try:
        return _release(connection)
    finally:
        connection.close()


def _connect(host: str, port: int, login: Login) -> Any:
    """A connection of the driver, past the login. Raises what the driver raises."""
    context = ssl.create_default_context(cafile=login.tls_ca) if login.tls_ca else None
    if context:
        context.check_hostname = False
    return Cluster.connection_class.factory(
        DefaultEndPoint(host, port),
        SECONDS,
        protocol_version=PROTOCOL,
        compression=False,
        ssl_context=context,
        authenticator=PlainTextAuthenticator(login.user, login.password) if login.user else None,
    )


def _release(connection: Any) -> Answer:
    query = QueryMessage("SELECT release_version FROM system.local", ConsistencyLevel.ONE)
    try:
        return Answer(str(connection.wait_for_response(query, timeout=SECONDS).parsed_rows[0][0]))
    except Exception:  # an error that it answers with, no row, or no answer in time
        return Answer(problem="cannot read its own version yet", passing=True)
