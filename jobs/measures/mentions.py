"""Finds the candidates that a post mentions (by alias, hashtag or handle), with Spark's own functions.

The column `folded` of a post was made at ingest by `conf.folding.fold`; the same function is used for the aliases, and
the pattern of `conf.aliases` finds them here and in Python.

Jobs that run together look for the candidates once: the masks of `masks_of` are computed when the posts are read, and
`with_masks` takes them from there.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.digest import digest
from conf.errors import WrongUse
from conf.race import Candidate, Matched, Race
from conf.tables import MATCHED
from conf.topic import Topic
from jobs.framework.literals import evaluated_once
from jobs.framework.window import Window

ANYONE = ""
"""Stands for the race as a whole, in place of a candidate's id."""

COLUMNS = [MATCHED["text"], "hashtags", "mentions", "retweet_of_author", "reply_to_author", "quote_of_author"]
"""The columns of a post that the rules use, if the topic's `match` names only the text."""
BITS = 62
"""The number of candidates that one mask column holds."""

_REFERRED = ("retweet_of_author", "reply_to_author", "quote_of_author")


def further_columns(topic: Topic) -> list[str]:
    """Returns the columns that the rules use beside COLUMNS: none if the topic's `match` names only the text."""
    return [MATCHED[each] for each in topic.match if MATCHED[each] not in COLUMNS]


def require_races(topic: Topic, _: Window) -> None:
    """Raises WrongUse for a topic without races."""
    if not topic.races:
        raise WrongUse(f"topic {topic.topic} has no races", "Add races: with candidates to its file")


def mentions(candidate: Candidate, match: Sequence[Matched] = ("text",)) -> Column:
    """Returns whether a post mentions the candidate; never null. `match` says where aliases are searched."""
    rules = [*_by_alias(candidate, match), *_by_hashtag(candidate), *_by_handle(candidate)]
    return reduce(or_, (F.coalesce(rule, F.lit(False)) for rule in rules))


def mask_columns(races: Sequence[Race]) -> list[str]:
    """Returns the names of the columns that `with_masks` adds: one for every BITS candidates."""
    return [f"mask_{number}" for number in range(-(-len(_candidates(races)) // BITS))]


def masks_of(topic: Topic) -> dict[str, Column]:
    """Returns, by their names, the masks of a topic's candidates, for posts that several jobs read."""
    return dict(zip(_kept_columns(topic.races), _masks(topic.races), strict=True))


def with_masks(
    posts: DataFrame, races: Sequence[Race], kept: Sequence[str], searched: Column | None = None
) -> DataFrame:
    """Returns the `kept` columns of the posts and, as bit masks, which candidates each post mentions.

    Candidates are numbered through all races in the topic's order. Bit i of column n stands for candidate BITS * n + i.
    With `searched`, posts for which it is false mention nobody.
    """
    known = [F.col(name) for name in _kept_columns(races) if name in posts.columns]
    masks = known or _masks(races)
    if searched is not None:
        masks = [F.when(searched, mask).otherwise(F.lit(0).cast("long")) for mask in masks]
    names = mask_columns(races)
    return posts.select(*kept, *(mask.alias(name) for name, mask in zip(names, masks, strict=True)))


def _kept_columns(races: Sequence[Race]) -> list[str]:
    """Returns the names of the masks of posts that are read once. Other races, or other rules, have other names."""
    rules = digest(*([race.method, [one.id for one in race.candidates]] for race in races))
    return [f"{name}_{rules}" for name in mask_columns(races)]


def _masks(races: Sequence[Race]) -> list[Column]:
    flags = [mentions(candidate, race.match) for race, candidate in _candidates(races)]
    masks = []
    for first in range(0, len(flags), BITS):
        bits = [
            F.when(flag, F.lit(1 << bit)).otherwise(F.lit(0)) for bit, flag in enumerate(flags[first : first + BITS])
        ]
        masks.append(evaluated_once(reduce(Column.bitwiseOR, bits).cast("long")))
    return masks


def mentions_anyone(races: Sequence[Race]) -> Column:
    """Returns whether a post with masks mentions any candidate of any race."""
    return reduce(or_, (F.col(name) != 0 for name in mask_columns(races)))


def with_named(posts: DataFrame, races: Sequence[Race], kept: Sequence[str]) -> DataFrame:
    """Returns one row per post and candidate whom it mentions, with the `kept` columns, race and candidate.

    One more row per post and race has ANYONE as its candidate. Posts that mention nobody are left out.
    """
    masked = with_masks(posts, races, kept).where(mentions_anyone(races))
    exploded = masked.select(*kept, F.explode(F.array(*_named(races))).alias("n"))
    return exploded.where(F.col("n").isNotNull()).select(*kept, "n.race", "n.candidate")


def _candidates(races: Sequence[Race]) -> list[tuple[Race, Candidate]]:
    return [(race, candidate) for race in races for candidate in race.candidates]


def _named(races: Sequence[Race]) -> Iterator[Column]:
    """Yields, for each candidate and for ANYONE, a struct if a post with masks mentions the candidate, else null."""
    numbered = list(enumerate(_candidates(races)))
    for number, (race, candidate) in numbered:
        yield _struct_if(_has_bit(number), race.id, candidate.id)
    for race in races:
        own = [_has_bit(number) for number, (other, _) in numbered if other is race]
        yield _struct_if(reduce(or_, own), race.id, ANYONE)


def _has_bit(number: int) -> Column:
    return F.col(f"mask_{number // BITS}").bitwiseAND(F.lit(1 << number % BITS)) != 0


def _struct_if(condition: Column, race_id: str, candidate_id: str) -> Column:
    return F.when(condition, F.struct(F.lit(race_id).alias("race"), F.lit(candidate_id).alias("candidate")))


def _by_alias(candidate: Candidate, match: Sequence[Matched]) -> list[Column]:
    """Returns, for each text that is searched, whether the pattern matches. A search for a part of each alias is first.

    Most posts contain none of them, and a plain search finds that out far faster.
    """
    if not candidate.pattern:
        return []
    return [_holds(F.col(MATCHED[each]), candidate) for each in match]


def _holds(text: Column, candidate: Candidate) -> Column:
    holds_one = reduce(or_, (text.contains(needle) for needle in candidate.needles))
    return holds_one & text.rlike(candidate.pattern)


def _by_hashtag(candidate: Candidate) -> list[Column]:
    return _holds_any("hashtags", candidate.folded_hashtags)


def _by_handle(candidate: Candidate) -> list[Column]:
    handles = candidate.lower_handles
    referred = [F.col(column).isin(handles) for column in _REFERRED] if handles else []
    return [*_holds_any("mentions", handles), *referred]


def _holds_any(column: str, values: Sequence[str]) -> list[Column]:
    """Returns, for each value, whether a list holds it. Spark's arrays_overlap would make a hash set for each post."""
    return [F.array_contains(column, value) for value in values]
