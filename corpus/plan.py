"""The plan of a corpus, made before the texts.

It has a row per post: time, author, candidates, and the post that it refers to.
"""

from dataclasses import dataclass

import numpy as np

from conf.topic import Topic
from corpus.authors import Cast, cast_of, posts_of, reach_of
from corpus.cascades import NO_POST, Cascades, cascades_of
from corpus.clock import WORKERS, campaign_part, snowflakes
from corpus.draws import Flags, Floats, Ints, stream
from corpus.leanings import mood_of, subjects
from corpus.pile_ons import Rows, planted
from corpus.voices import lures_of


@dataclass(frozen=True)
class Plan:
    """The posts in columns, sorted by time, and the accounts.

    `cast` and `reach` are the accounts and how widely each is read. `ms` is a post's time in milliseconds since 1970,
    `ids` its id, `author` the number of its account. `subject` and `second` are the numbers of the candidates that it
    is about (-1: none). `cascades` says which post it refers to. A `lookalike` has the name of its subject, but means
    somebody or something else. `pile_on` is the number of the post under which a post was planted (-1: none).
    """

    cast: Cast
    reach: Floats
    ms: Ints
    ids: Ints
    author: Ints
    subject: Ints
    second: Ints
    cascades: Cascades
    lookalike: Flags
    pile_on: Ints


def plan_of(
    topic: Topic,
    posts: int,
    seed: int,
    workers: tuple[int, int] = WORKERS,
    lookalikes: float = 0.0,
    pile_ons: int = 0,
) -> Plan:
    """Draws the plan of a corpus; `workers` is the half-open range of the worker numbers in the posts' ids.

    `lookalikes` is the share of look-alikes among people's posts about one candidate, 0..1. `pile_ons` is how many are
    planted.
    """
    cast = cast_of(topic, posts, lures_of(topic))
    ms, author = posts_of(cast, posts, stream(seed, "authors"))
    reach = reach_of(cast, stream(seed, "reach"))
    mood = mood_of(topic, stream(seed, "mood"))
    subject, second = subjects(mood, cast, author, campaign_part(ms), stream(seed, "subjects"))
    cascades = cascades_of(cast, ms, author, subject, reach, stream(seed, "cascades"))
    rows = Rows(ms, author, subject, second, cascades, np.full(posts, NO_POST))
    ms, author, subject, second, cascades, pile_on = planted(cast, rows, pile_ons, stream(seed, "pile_ons"))
    ids = snowflakes(ms, stream(seed, "ids"), workers)
    about_one = (author >= cast.first_person) & (subject >= 0) & (second < 0)
    lookalike = about_one & (stream(seed, "lookalikes").random(posts) < lookalikes)
    return Plan(cast, reach, ms, ids, author, subject, second, cascades, lookalike, pile_on)
