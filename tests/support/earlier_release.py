"""A keyspace as release 0.2.0 made it: `words` is a column of `posts`, with an index, and there is no `post_words`."""

from collections.abc import Iterable

from cassandra.cluster import Session
from cassandra.query import BoundStatement, PreparedStatement

from conf.schema import bound
from conf.settings import Settings
from conf.tables import POST_WORDS, POSTS, TOPIC_LAYOUT
from conf.topic import Topic
from ingest.formats.post import Post
from ingest.write.migrate import migrate
from ingest.write.rows import Row, row_of
from ingest.write.stored_posts import BEYOND
from stores.encoding import bigint
from stores.execute import execute_all
from stores.layout import record_layout
from tests.support.encoded import values_in


def make_tables(session: Session, settings: Settings) -> None:
    """Makes the keyspace with the tables of that release."""
    list(migrate(session, settings))
    posts = f"{settings.keyspace}.{POSTS.name}"
    session.execute(f"DROP TABLE {settings.keyspace}.{POST_WORDS.name}")
    session.execute(f"ALTER TABLE {posts} ADD words set<text>")
    session.execute(f"CREATE CUSTOM INDEX posts_words_idx ON {posts} (values(words)) USING 'StorageAttachedIndex'")


def store(session: Session, settings: Settings, topic: Topic, posts: Iterable[Post], time: int = 1000) -> None:
    """Stores posts as that release's worker did, with the write time `time` in µs."""
    record_layout(session, settings.keyspace, topic)
    session.execute(f"DELETE days_noted FROM {settings.keyspace}.{TOPIC_LAYOUT.name} WHERE topic = %s", (topic.topic,))
    names = (*POSTS.columns, "words")
    marks = ", ".join("?" for _ in names)
    cql = f"INSERT INTO {settings.keyspace}.{POSTS.name} ({', '.join(names)}) VALUES ({marks}) USING TIMESTAMP ?"
    insert = session.prepare(cql)
    execute_all(session, (_bound(insert, row_of(post, topic), time) for post in posts), timeout=30)


def _bound(insert: PreparedStatement, row: Row, time: int) -> BoundStatement:
    statement = BoundStatement(insert)
    statement.values = [*values_in(row.posts), values_in(row.words)[-1], bigint(time)]
    return statement


def delete(session: Session, settings: Settings, topic: Topic, post: Post) -> None:
    """Deletes a post as that release's worker did."""
    statement = session.prepare(POSTS.delete(settings.keyspace, bound(POSTS.key)))
    session.execute(statement, (BEYOND, *row_of(post, topic).key))
