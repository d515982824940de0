"""The classic design of social stream pipelines (2015): one RQ job per post, stored through an object mapper.

It is made as fast as this design allows: the worker has imported everything before it forks, the parser is Pulso's own,
and nothing is logged. The columns are those of Pulso's `posts` without the two that only partition it, and the same two
columns are indexed. Lists are the mapper's own kind, which is not frozen.
"""

import os
from datetime import UTC, datetime
from functools import cache

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Session
from cassandra.cqlengine import columns, connection
from cassandra.cqlengine.management import sync_table
from cassandra.cqlengine.models import Model

from conf.credentials import cassandra_login
from conf.folding import words_of
from conf.schema import INDEX_CLASS
from conf.settings import Settings
from ingest.formats import parse

QUEUE = "posts"
Login = tuple[str, str] | None
"""A user and its password, if Cassandra needs them."""
DERIVED = ("topic", "words")
INDEXED = ("author", "values(words)")


class ClassicPost(Model):  # type: ignore[misc]
    """A post, with its id as key; `hashtags` and the other lists are stored in the mapper's way."""

    __table_name__ = "posts"
    post_id = columns.Text(partition_key=True)
    topic = columns.Text()
    source = columns.Text()
    event_at = columns.DateTime()
    author_id = columns.Text()
    author = columns.Text()
    text = columns.Text()
    lang = columns.Text()
    kind = columns.Text()
    retweet_of = columns.Text()
    retweet_of_author = columns.Text()
    reply_to = columns.Text()
    reply_to_author = columns.Text()
    quote_of = columns.Text()
    quote_of_author = columns.Text()
    folded = columns.Text()
    hashtags = columns.List(columns.Text)
    mentions = columns.List(columns.Text)
    urls = columns.List(columns.Text)
    words = columns.Set(columns.Text)
    place = columns.Text()
    lat = columns.Double()
    lon = columns.Double()
    author_followers = columns.BigInt()
    author_following = columns.BigInt()
    author_created_at = columns.DateTime()
    author_is_bot = columns.Boolean()
    client = columns.Text()
    collected_at = columns.DateTime()


def store(host: str, port: int, login: Login, keyspace: str, topic: str, format_: str, payload: bytes) -> None:
    """The job: parses one post and saves it."""
    connect(host, port, login, keyspace)
    post = parse(format_, payload)
    words = words_of(post.folded) | {f"#{tag}" for tag in post.hashtags}
    taken = {name: getattr(post, name) for name in ClassicPost._columns if name not in DERIVED}
    values = {name: _naive(value) for name, value in taken.items() if value or value == 0}
    ClassicPost.create(topic=topic, words=words, **values)


def only_parse(format_: str, payload: bytes) -> None:
    """The same job without storing: it shows the cost of the queue alone."""
    post = parse(format_, payload)
    words_of(post.folded)


@cache
def connect(host: str, port: int, login: Login, keyspace: str) -> None:
    """Connects the mapper, once per process: a fork cannot use its parent's connection."""
    options = {"port": port, "protocol_version": 5, "connect_timeout": 10}
    provider = PlainTextAuthProvider(*login) if login else None
    connection.setup([host], keyspace, consistency=ConsistencyLevel.LOCAL_QUORUM, auth_provider=provider, **options)


def place(settings: Settings) -> tuple[str, int, Login]:
    """Returns where the mapper connects, and its login."""
    login = cassandra_login(settings)
    return settings.cassandra_hosts[0], settings.cassandra_port, (login.user, login.password) if login else None


def make_table(session: Session, settings: Settings) -> None:
    """Creates the keyspace, table and indexes of the classic design."""
    session.execute(f"CREATE KEYSPACE {settings.keyspace} WITH replication = {settings.replication_cql}")
    os.environ.setdefault("CQLENG_ALLOW_SCHEMA_MANAGEMENT", "1")  # otherwise the mapper prints a warning
    connect(*place(settings), settings.keyspace)
    try:
        sync_table(ClassicPost)
    finally:
        connection.get_cluster().shutdown()
        connection.unregister_connection("default")
        connect.cache_clear()
    for target in INDEXED:
        session.execute(f"CREATE CUSTOM INDEX ON {settings.keyspace}.posts ({target}) USING '{INDEX_CLASS}'")


def _naive(value: object) -> object:
    """Returns a time as the mapper wants it: in UTC, without a time zone; any other value as it is."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
