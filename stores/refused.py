"""What errors of Cassandra and Redis mean: some no waiting mends, such as a wrong login; some pass, as a full disk."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from cassandra import AuthenticationFailed, InvalidRequest, OperationTimedOut, RequestExecutionException, Unauthorized
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException

from conf.errors import PulsoError, StoreDown

FAILURES = (NoHostAvailable, OperationTimedOut, RequestExecutionException, ConnectionException)
"""The driver's errors for a Cassandra that is down, or too slow to answer in time."""

LOGIN_ERRORS = (
    *(AuthenticationFailed, Unauthorized),
    *(redis.AuthenticationError, redis.exceptions.AuthorizationError, redis.exceptions.NoPermissionError),
)
CANT_WRITE = ("MISCONF", "READONLY", "NOREPLICAS", "UNBLOCKED")
"""The errors with which Redis refuses writes for a while: it can't write its own files, as on a full disk; it is a
replica, as in a hand-over; it misses its replicas; it has become a replica, or the stream was deleted, while this
waited for messages. Of an error in a script, Redis 6 has the name within the text."""
CHECK_LOGIN = (
    "Check PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD, PULSO_REDIS_URL, and the rights of these users; "
    "the engines of `make up` need the PULSO_HOME that it had"
)
_SAID = re.compile(r'message="(.*)"|\[SSL[^]]*\] (.*?)\.?(?: \(_ssl|$)', re.DOTALL)
_OF_TLS = "[SSL"
"""How Python's errors of TLS begin. Both drivers wrap them in errors of their own, and keep only their text."""


def is_login_error(error: BaseException) -> bool:
    """Returns whether a store has refused this user."""
    causes = _causes(error)
    return bool(causes) and all(isinstance(cause, LOGIN_ERRORS) for cause in causes)


def is_tls_error(error: BaseException) -> bool:
    """Returns whether no encrypted connection came about: a wrong name or authority, or a server without TLS."""
    causes = _causes(error)
    return bool(causes) and all(isinstance(cause, ssl.SSLError) or _OF_TLS in str(cause) for cause in causes)


def is_permanent(error: BaseException) -> bool:
    """Returns whether it is no use to repeat the request that had this error."""
    return is_login_error(error) or isinstance(error, InvalidRequest)


def words_of(error: BaseException) -> str:
    """Returns what went wrong, in at most 160 characters, without the codes that a driver puts around it."""
    causes = _causes(error)
    if not causes and isinstance(error, NoHostAvailable):
        return "no node could be asked"  # the driver says so with an empty list
    text = str(causes[0] if causes else error)
    said = _SAID.search(text)
    return " ".join(((said.group(1) or said.group(2)) if said else text).split())[:160]


def refusal_of(error: Exception) -> PulsoError:
    """Returns what to tell of an error for which `is_login_error` holds."""
    store = "Cassandra" if isinstance(error, NoHostAvailable | AuthenticationFailed | Unauthorized) else "Redis"
    return PulsoError(f"{store} refuses this user: {words_of(error).rstrip('.')}", CHECK_LOGIN)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turns the error of a store that refuses this user something into a PulsoError, at the end of the block."""
    try:
        yield
    except Exception as error:
        if is_login_error(error):
            raise refusal_of(error) from error
        raise


@contextmanager
def silence_told(fix: str, what: str = "Cassandra did not answer") -> Iterator[None]:
    """Turns one of FAILURES in the block into StoreDown, but what is a refusal of this user into that."""
    try:
        with refusals_told():
            yield
    except FAILURES as error:
        raise StoreDown(f"{what} ({words_of(error)})", fix) from None


def refuses_writes(error: BaseException) -> bool:
    """Returns whether Redis can be read and refuses writes, for a reason that passes."""
    if isinstance(error, redis.ReadOnlyError | redis.exceptions.MasterDownError):
        return True
    return isinstance(error, redis.ResponseError) and any(name in str(error) for name in CANT_WRITE)


def _causes(error: BaseException) -> list[BaseException]:
    """The error, or what each host answered, if no host could be used."""
    if not isinstance(error, NoHostAvailable):
        return [error]
    return list(error.errors.values()) if isinstance(error.errors, dict) else []
