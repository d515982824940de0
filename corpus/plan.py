"""The plan of a corpus, made before the texts.

It has a row per post: time, author, candidates, and the post that it refers to.
"""

from dataclasses import dataclass

from conf.topic import Topic
from corpus.authors import Cast, cast_of, posts_of, reach_of
from corpus.cascades import Cascades, cascades_of
from corpus.clock import WORKERS, campaign_part, snowflakes
from corpus.draws import Floats, Ints, stream
from corpus.leanings import mood_of, subjects
from corpus.voices import lures_of


@dataclass(frozen=True)
class Plan:
    """The posts in columns, sorted by time, and the accounts.

    `cast` and `reach` are the accounts and how widely each is read. `ms` is a post's time in milliseconds since 1970,
    `ids` its id, `author` the number of its account. `subject` and `second` are the numbers of the candidates that it
    is about (-1: none). `cascades` says which post it refers to.
    """

    cast: Cast
    reach: Floats
    ms: Ints
    ids: Ints
    author: Ints
    subject: Ints
    second: Ints
    cascades: Cascades


def plan_of(topic: Topic, posts: int, seed: int, workers: tuple[int, int] = WORKERS) -> Plan:
    """Draws the plan of a corpus; `workers` is the half-open range of the worker numbers in the posts' ids."""
    cast = cast_of(topic, posts, lures_of(topic))
    ms, author = posts_of(cast, posts, stream(seed, "authors"))
    reach = reach_of(cast, stream(seed, "reach"))
    mood = mood_of(topic, stream(seed, "mood"))
    subject, second = subjects(mood, cast, author, campaign_part(ms), stream(seed, "subjects"))
    cascades = cascades_of(cast, ms, author, subject, reach, stream(seed, "cascades"))
    return Plan(cast, reach, ms, snowflakes(ms, stream(seed, "ids"), workers), author, subject, second, cascades)
