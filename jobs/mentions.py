"""Which candidates a post mentions: DESIGN 5, rules a to c, in Spark's own functions.

`folded` was made at ingest by `conf.folding.fold`; the aliases' patterns are folded by the same function.
"""

from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

from conf.topic import Candidate, Race

ANYONE = ""
"""Stands for the race as a whole, beside the candidates' ids."""

COLUMNS = ["folded", "hashtags", "mentions", "retweet_of_author", "reply_to_author", "quote_of_author"]
"""What of a post the rules look at."""

_REFERRED = ("retweet_of_author", "reply_to_author", "quote_of_author")


def mentions(candidate: Candidate) -> Column:
    """Whether a post mentions the candidate; never null."""
    rules = [*_by_alias(candidate), *_by_hashtag(candidate), *_by_handle(candidate)]
    return reduce(or_, (F.coalesce(rule, F.lit(False)) for rule in rules))


def mentioned_in(race: Race) -> Column:
    """An array of (race, candidate): each candidate mentioned, and ANYONE once when there is any."""
    ids = F.array_compact(F.array(*[F.when(mentions(c), F.lit(c.id)) for c in race.candidates]))
    with_anyone = F.when(F.size(ids) > 0, F.concat(ids, F.array(F.lit(ANYONE)))).otherwise(ids)
    return F.transform(with_anyone, lambda c: F.struct(F.lit(race.id).alias("race"), c.alias("candidate")))


def _by_alias(candidate: Candidate) -> list[Column]:
    return [F.col("folded").rlike(candidate.pattern)] if candidate.pattern else []


def _by_hashtag(candidate: Candidate) -> list[Column]:
    tags = candidate.folded_hashtags
    return [F.arrays_overlap(F.col("hashtags"), F.array(*map(F.lit, tags)))] if tags else []


def _by_handle(candidate: Candidate) -> list[Column]:
    handles = candidate.lower_handles
    if not handles:
        return []
    mentioned = F.arrays_overlap(F.col("mentions"), F.array(*map(F.lit, handles)))
    return [mentioned, *(F.col(column).isin(handles) for column in _REFERRED)]
