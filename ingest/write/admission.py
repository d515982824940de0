"""Makes rows of posts, except of those that are not to be stored: taken back, or older than the topic keeps posts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.formats.post import Post
from ingest.queue.envelope import Message
from ingest.write.refusal import Fence, Refusal
from ingest.write.rows import Write, row_of
from ingest.write.stored_posts import StoredPosts
from ingest.write.taken_back import STORED, TakenBack, Verdict
from ingest.write.topics import TopicBook
from ingest.write.withdrawals import Withdrawals


@dataclass(slots=True)
class Admitted:
    """The writes of some posts, and what becomes of the other messages.

    `verdicts` has, for each write, its post and the verdict under which it is made; they hold for `version`.
    """

    version: bytes | None = None
    writes: list[Write] = field(default_factory=list)
    verdicts: list[tuple[Post, Verdict]] = field(default_factory=list)
    left_out: dict[str, list[Message]] = field(default_factory=lambda: {"taken_back": [], "expired": []})
    refused: list[Refusal] = field(default_factory=list)


class Admission:
    """Decides how posts are stored, with their `words` or without them.

    Every method raises the stores' errors while one is down; repeat it then.
    """

    def __init__(
        self,
        stored: StoredPosts,
        topics: TopicBook,
        taken_back: TakenBack,
        withdrawals: Withdrawals,
        now: Callable[[], float] = time.time,
        *,
        words: bool = True,
    ) -> None:
        self._words = words
        self._stored, self._topics = stored, topics
        self._taken_back, self._withdrawals = taken_back, withdrawals
        self._now = now

    def of(self, posts: Sequence[tuple[Message, Post]]) -> Admitted:
        """Returns the writes of posts. The first post of a topic or a day makes this ask Cassandra for its layout."""
        admitted = Admitted()
        admitted.version, verdicts = self._taken_back.verdicts([post for _, post in posts])
        for (message, post), verdict in zip(posts, verdicts, strict=True):
            with Fence(message, admitted.refused):
                if message.taken_over and verdict != STORED:
                    self._settle_left(message, post, verdict)
                if verdict.gone:
                    admitted.left_out["taken_back"].append(message)
                else:
                    self._add(admitted, message, post, verdict)
        return admitted

    def _settle_left(self, message: Message, post: Post, verdict: Verdict) -> None:
        """Corrects what a worker has stored that died before it asked again."""
        row = row_of(post, self._topics.get(message.topic), self._topics.buckets_of, words=False)
        self._withdrawals.settle((found, verdict) for found in self._stored.at(row.key))

    def settle(self, admitted: Admitted, written: Sequence[Write]) -> None:
        """Asks again, once the posts are written, if anything was noted meanwhile; corrects what no longer holds."""
        while self._taken_back.has_changed(admitted.version):
            admitted.version, verdicts = self._taken_back.verdicts([post for post, _ in admitted.verdicts])
            stored = {write.message.id for write in written}
            for number, (write, verdict) in enumerate(zip(admitted.writes, verdicts, strict=True)):
                post, before = admitted.verdicts[number]
                if verdict != before and write.message.id in stored:
                    self._withdrawals.settle((found, verdict) for found in self._stored.at(write.row.key))
                admitted.verdicts[number] = post, verdict

    def _add(self, admitted: Admitted, message: Message, post: Post, verdict: Verdict) -> None:
        topic = self._topics.get(message.topic)
        ttl = topic.seconds_left(post.event_at, self._now())
        if ttl is not None and ttl <= 0:
            admitted.left_out["expired"].append(message)
            return
        for column in verdict.without:
            setattr(post, column, None)
        time_us = post.version_time or message.write_time
        row = row_of(post, topic, self._topics.buckets_of, words=self._words)
        admitted.writes.append(Write(message, row, time_us, ttl or 0, verdict.hidden))
        admitted.verdicts.append((post, verdict))
