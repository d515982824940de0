"""Errors of Cassandra and Redis that no waiting mends: a wrong login, or a user without the right."""

import redis
from cassandra import AuthenticationFailed, InvalidRequest, Unauthorized
from cassandra.cluster import NoHostAvailable

LOGIN_ERRORS = (
    *(AuthenticationFailed, Unauthorized),
    *(redis.AuthenticationError, redis.exceptions.AuthorizationError, redis.exceptions.NoPermissionError),
)
CHECK_LOGIN = (
    "Check PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD, PULSO_REDIS_URL, and the rights of these users; "
    "the engines of `make up` need the PULSO_HOME that it had"
)


def is_login_error(error: BaseException) -> bool:
    """Returns whether a store has refused this user."""
    if isinstance(error, NoHostAvailable):
        causes = list(error.errors.values()) if isinstance(error.errors, dict) else []
        return bool(causes) and all(map(is_login_error, causes))
    return isinstance(error, LOGIN_ERRORS)


def is_permanent(error: BaseException) -> bool:
    """Returns whether it is no use to repeat the request that had this error."""
    return is_login_error(error) or isinstance(error, InvalidRequest)
