"""The health of both stores, in one value. For the command `ingest cluster`, the page and the metrics alike."""

from datetime import UTC, datetime

from cassandra.cluster import Session

from conf.errors import PulsoError, WrongUse
from conf.settings import Settings
from stores.connect import RedisClient, cassandra_session, redis_client
from stores.health.judge import troubles, warnings
from stores.health.nodes import read_cassandra
from stores.health.redis_state import read_redis
from stores.health.state import Cassandra, Health, Redis
from stores.refused import FAILURES, words_of


def read_health(settings: Settings, session: Session | None = None, client: RedisClient | None = None) -> Health:
    """Returns the health of both stores. What is wrong with the way to one is told in it, and the other is still read.

    Connects by itself where no session or client is given. Raises WrongUse for a setting that is wrong.
    """
    return _health(_cassandra(settings, session), _redis(settings, client))


def read_without_cassandra(settings: Settings, problem: str) -> Health:
    """Returns the health where it is known already that Cassandra does not answer, and why; only Redis is asked."""
    return _health(Cassandra(problem=problem), _redis(settings, None))


def _health(cassandra: Cassandra, redis: Redis) -> Health:
    now = datetime.now(UTC)
    return Health(now, cassandra, redis, tuple(troubles(cassandra, redis)), tuple(warnings(cassandra, redis, now)))


def _cassandra(settings: Settings, session: Session | None) -> Cassandra:
    try:
        if session is not None:
            return read_cassandra(session, settings)
        with cassandra_session(settings) as own:
            return read_cassandra(own, settings)
    except WrongUse:
        raise
    except PulsoError as error:
        return Cassandra(problem=str(error))
    except FAILURES as error:
        return Cassandra(problem=f"it does not answer ({words_of(error)})")


def _redis(settings: Settings, client: RedisClient | None) -> Redis:
    try:
        if client is not None:
            return read_redis(client, settings)
        own = redis_client(settings)
    except PulsoError as error:
        return Redis(problem=str(error))
    try:
        return read_redis(own, settings)
    finally:
        own.close()
