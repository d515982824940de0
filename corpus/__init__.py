"""A made-up election corpus as X v2 filtered-stream lines, the same bytes for the same seed.

It stands in for a capture that nobody may pass on: its shapes (who writes how much, how cascades grow, when people
post, how candidates are written) follow published figures, each named in the module that draws it. No account, handle
or text in it is a real person's but for the candidates' names and handles that the topic itself lists.

First the plan is drawn as columns (plan.py: times, authors, subjects, cascades), then the lines are written in order
(lines.py: texts, entities, users).
"""

from collections.abc import Iterator

from conf.errors import WrongUse
from conf.topic import Topic
from corpus.clock import CAMPAIGN
from corpus.lines import Writer
from corpus.plan import plan_of

__all__ = ["CAMPAIGN", "generate"]

LINES_A_CHUNK = 1000


def generate(topic: Topic, posts: int = 170_000, seed: int = 2016) -> Iterator[bytes]:
    """Yields the corpus in chunks of up to 1,000 NDJSON lines, each line with its line feed, sorted by `created_at`.

    The same topic, posts and seed give the same bytes; another number of posts is another corpus. Raises WrongUse
    where `posts` or `seed` is negative.
    """
    if posts < 0 or seed < 0:
        raise WrongUse("posts and seed can't be negative", "Give 0 or more")
    return _chunks(topic, posts, seed)


def _chunks(topic: Topic, posts: int, seed: int) -> Iterator[bytes]:
    writer = Writer(topic, plan_of(topic, posts, seed), seed)
    for start in range(0, posts, LINES_A_CHUNK):
        yield b"".join(writer.lines(start, min(start + LINES_A_CHUNK, posts)))
