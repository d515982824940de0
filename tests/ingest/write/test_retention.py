"""Posts live as long as their topic keeps them (`retention_days`)."""

from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic, load_topic
from ingest.queue.posts_queue import PostsQueue
from tests.conftest import make_topic
from tests.support.bluesky import account_is, event, tid
from tests.support.line import LATER, Line

pytestmark = pytest.mark.usefixtures("no_ledger")


class TestRetention:
    def topic(self, settings: Settings, days: int) -> Topic:
        topic = make_topic(settings)
        file = settings.topics_dir / f"{topic.topic}.yaml"
        file.write_text(f"retention_days: {days}\n{file.read_text()}")
        return load_topic(topic.topic, settings.topics_dir)

    def test_posts_live_as_long_as_the_topic_keeps_them(
        self, queue: PostsQueue, session: Session, settings: Settings
    ) -> None:
        line = Line(queue, session, settings, self.topic(settings, 7).topic)
        made = datetime.now(UTC) - timedelta(days=3)
        old = datetime.now(UTC) - timedelta(days=8)
        post_id = f"did:plc:ana/{tid(made)}"
        assert line.work(event({"text": "new"}, made), event({"text": "old"}, old)).keys() == {post_id}
        query = "SELECT TTL({}) AS seconds FROM {}.{} WHERE topic = %s ALLOW FILTERING"
        [post] = session.execute(query.format("author_id", settings.keyspace, "posts"), (line.topic,))
        [words] = session.execute(query.format("words", settings.keyspace, "post_words"), (line.topic,))
        for seconds in (post.seconds, *words.seconds):
            assert seconds / 86_400 == pytest.approx(4, abs=0.1)

    def test_hiding_does_not_prolong_it(self, queue: PostsQueue, session: Session, settings: Settings) -> None:
        line = Line(queue, session, settings, self.topic(settings, 7).topic)
        made = datetime.now(UTC) - timedelta(days=3)
        line.work(event({"text": "new"}, made), account_is("deactivated", made + LATER))
        line.work(account_is("active", made + 2 * LATER))
        query = f"SELECT TTL(author_id) AS seconds FROM {settings.keyspace}.posts WHERE topic = %s ALLOW FILTERING"
        [row] = session.execute(query, (line.topic,))
        assert row.seconds / 86_400 == pytest.approx(4, abs=0.1)
