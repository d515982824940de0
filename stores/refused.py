"""What errors of Cassandra and Redis mean: some no waiting mends, such as a wrong login; some pass, as a full disk."""

import redis
from cassandra import AuthenticationFailed, InvalidRequest, Unauthorized
from cassandra.cluster import NoHostAvailable

LOGIN_ERRORS = (
    *(AuthenticationFailed, Unauthorized),
    *(redis.AuthenticationError, redis.exceptions.AuthorizationError, redis.exceptions.NoPermissionError),
)
CANT_WRITE = "MISCONF"
"""The error with which Redis refuses writes while it can't write its own files, as on a full disk."""
CHECK_LOGIN = "Check PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD, PULSO_REDIS_URL, and the rights of these users"


def is_login_error(error: BaseException) -> bool:
    """Returns whether a store has refused this user."""
    if isinstance(error, NoHostAvailable):
        causes = list(error.errors.values()) if isinstance(error.errors, dict) else []
        return bool(causes) and all(map(is_login_error, causes))
    return isinstance(error, LOGIN_ERRORS)


def is_permanent(error: BaseException) -> bool:
    """Returns whether it is no use to repeat the request that had this error."""
    return is_login_error(error) or isinstance(error, InvalidRequest)


def is_failing_disk(error: BaseException) -> bool:
    """Returns whether Redis refuses writes since it can't write its own files; it takes them again when it can."""
    return isinstance(error, redis.ResponseError) and CANT_WRITE in str(error)
