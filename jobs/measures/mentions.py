"""Finds the candidates that a post mentions (by alias, hashtag or handle), with Spark's own functions.

The column `folded` of a post was made at ingest by `conf.folding.fold`; the same function is used for the aliases.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.topic import Candidate, Race

ANYONE = ""
"""Stands for the race as a whole, in place of a candidate's id."""

COLUMNS = ["folded", "hashtags", "mentions", "retweet_of_author", "reply_to_author", "quote_of_author"]
"""The columns of a post that the rules use."""

_REFERRED = ("retweet_of_author", "reply_to_author", "quote_of_author")


def mentions(candidate: Candidate) -> Column:
    """Returns whether a post mentions the candidate; never null."""
    rules = [*_by_alias(candidate), *_by_hashtag(candidate), *_by_handle(candidate)]
    return reduce(or_, (F.coalesce(rule, F.lit(False)) for rule in rules))


def with_named(posts: DataFrame, races: Sequence[Race], kept: Sequence[str]) -> DataFrame:
    """Returns one row per post and candidate whom it mentions, with the `kept` columns, race and candidate.

    One more row per post and race has ANYONE as its candidate. Posts that mention nobody are left out.

    Each rule is evaluated into a column of its own before the rows are made. Otherwise Spark would evaluate it again
    wherever it is used.
    """
    names = {(race.id, c.id): f"_{i}_{j}" for i, race in enumerate(races) for j, c in enumerate(race.candidates)}
    flags = [mentions(c).alias(names[race.id, c.id]) for race in races for c in race.candidates]
    flagged = posts.select(*kept, *flags).where(reduce(or_, map(F.col, names.values())))
    named = [_named(flag, race_id, candidate_id) for (race_id, candidate_id), flag in names.items()]
    anyone = [[flag for (race_id, _), flag in names.items() if race_id == race.id] for race in races]
    named += [_named(reduce(or_, map(F.col, some)), r.id, ANYONE) for r, some in zip(races, anyone, strict=True)]
    exploded = flagged.select(*kept, F.explode(F.array(*named)).alias("n"))
    return exploded.where(F.col("n").isNotNull()).select(*kept, "n.race", "n.candidate")


def _named(flag: Column | str, race_id: str, candidate_id: str) -> Column:
    condition = F.col(flag) if isinstance(flag, str) else flag
    return F.when(condition, F.struct(F.lit(race_id).alias("race"), F.lit(candidate_id).alias("candidate")))


def _by_alias(candidate: Candidate) -> list[Column]:
    """Returns whether the pattern matches. A plain search for each alias comes first.

    Most posts contain none of the aliases, and a plain search finds that out far faster.
    """
    if not candidate.pattern:
        return []
    holds_one = reduce(or_, (F.col("folded").contains(alias) for alias in candidate.folded_aliases))
    return [holds_one & F.col("folded").rlike(candidate.pattern)]


def _by_hashtag(candidate: Candidate) -> list[Column]:
    tags = candidate.folded_hashtags
    return [F.arrays_overlap(F.col("hashtags"), F.array(*map(F.lit, tags)))] if tags else []


def _by_handle(candidate: Candidate) -> list[Column]:
    handles = candidate.lower_handles
    if not handles:
        return []
    mentioned = F.arrays_overlap(F.col("mentions"), F.array(*map(F.lit, handles)))
    return [mentioned, *(F.col(column).isin(handles) for column in _REFERRED)]
