"""The shares of a race's candidates, computed in Spark; the poll and its backtest both use this.

Spark finds the posts that mention a candidate, and brings the posts of each author together. Then Python workers count
whole partitions with NumPy (`ballots.py`): first the votes of the authors of a partition, then, by race and period, the
sums over all partitions. Where a window has only FEW_POSTS, Spark's driver counts them all, with the same functions:
to start Python workers would take longer.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.digest import digest
from conf.race import Race
from conf.tables import AUTHOR_ACTIVITY, COORDINATION_ACCOUNTS, KIND_COLUMNS
from conf.topic import Topic
from jobs.framework.grouped import Grouped
from jobs.framework.inputs import Posts
from jobs.framework.job import Inputs
from jobs.framework.local import arrow_schema, fetched, local_frame
from jobs.framework.published import Published
from jobs.measures import ballots
from jobs.measures.authors import account, flagged
from jobs.measures.ballots import Ballots, Counts, Spans
from jobs.measures.mentions import BITS, COLUMNS, further_columns, masks_of, mentions_anyone, with_masks


def inputs_of_votes(*, ends_with_window: bool = False) -> tuple[Posts, Published, Grouped]:
    """Returns the inputs of a job that counts votes.

    Without a run of author_activity, there is no share without bots; without one of coordination, no share without
    groups. With `ends_with_window`, the windows of these runs must end where the job's does.
    """
    columns, end = ["author", "label", "period", "bot_score"], ends_with_window
    return (
        Posts(["source", "author_id", "kind", "event_at", *COLUMNS], further=further_columns, computed=masks_of),
        Published(AUTHOR_ACTIVITY, columns, optional=True, ends_with_window=end),
        Grouped(ends_with_window=end),
    )


FEW_POSTS = 200_000
"""Up to so many posts of a window are counted by Spark's driver: some 20 MB there, if each mentions a candidate."""
POSTS_A_PART = 250_000
"""More are counted by Python workers in parts of about so many, so that a worker's memory does not grow with them."""
_WHOLE = (*ballots.KEY, *ballots.OF_RACE, "authors", *KIND_COLUMNS)
COUNTED = ", ".join(
    [f"{name} bigint" for name in _WHOLE] + [f"{name} double" for name in ("votes", "deviations", *ballots.VOTES_LEFT)]
)
"""The schema of counts between the two steps."""
SHARES = (
    "race string, period string, period_start timestamp, period_end timestamp, candidate string, name string, "
    + ", ".join(f"{name} bigint" for name in ("posts", *KIND_COLUMNS, "authors"))
    + ", share_posts double, share_authors double, share_authors_low double, share_authors_high double, "
    "share_authors_no_bots double, share_authors_no_groups double, posts_total bigint, authors_total bigint"
)
"""The schema of `race_shares`."""


def methods(topic: Topic, inputs: Inputs) -> dict[str, str]:
    """Returns for each race, by its id, a digest of what its shares depend on.

    These are its rules, the folding and the counting method. If flagged authors are left out, these are also the
    `method` of the run that flagged them (which covers the bot thresholds) and the lowest score with which an author
    counts as flagged. If accounts in groups are left out, it is also the `method` of the run that found the groups.
    """
    more: list[object] = []
    if AUTHOR_ACTIVITY.name in inputs:
        more += [inputs.methods.get(AUTHOR_ACTIVITY.name, ""), topic.bots.flag_at]
    if COORDINATION_ACCOUNTS.name in inputs:
        more.append(inputs.methods.get(COORDINATION_ACCOUNTS.name, ""))
    return {race.id: digest(race.method, *more) if more else race.method for race in topic.races}


def flagged_authors(inputs: Inputs, topic: Topic) -> DataFrame | None:
    """Returns, in `author`, the authors who are left out as bots.

    Returns None if no run of author_activity covers the window.
    """
    activity = inputs.get(AUTHOR_ACTIVITY.name)
    return None if activity is None else flagged(activity, topic)


def grouped_authors(inputs: Inputs) -> DataFrame | None:
    """Returns, in `author`, the authors who are left out since they are in groups that act together.

    Returns None if no run of coordination covers the window.
    """
    accounts = inputs.get(COORDINATION_ACCOUNTS.name)
    return None if accounts is None else accounts.groupBy("author").agg(F.count(F.lit(1))).select("author")


def parts_of(inputs: Inputs) -> int | None:
    """Returns in how many parts workers count the posts: 0 if the driver can count them, None if Spark must say."""
    if inputs.posts is None:
        return None
    return 0 if inputs.posts <= FEW_POSTS else math.ceil(inputs.posts / POSTS_A_PART)


def race_shares(
    posts: DataFrame,
    races: Sequence[Race],
    flagged: DataFrame | None,
    spans: Sequence[Spans],
    parts: int | None = None,
    grouped: DataFrame | None = None,
) -> DataFrame:
    """Returns one row per race, period and candidate, also for candidates whom nobody mentioned, as in SHARES.

    `flagged` has, in its column `author`, the authors who are left out of the share without bots; it is None if no run
    of author_activity covers the window. `grouped` has those who are left out of the share without groups; it is None
    if no run of coordination covers the window. `spans` are the periods in which posts count. A period in which nobody
    mentions anyone in the race has no rows. `parts` is that of `parts_of`. If it is 0, the posts that mention a
    candidate come to the driver, by a Spark action.
    """
    of_races = [[(candidate.id, candidate.name) for candidate in race.candidates] for race in races]
    plan = _Plan([race.id for race in races], of_races, list(spans), flagged is not None, grouped is not None)
    found = matched(posts, races, flagged, grouped)
    if parts == 0:
        return _counted_here(found, plan)
    by_voter = found.repartition("voter") if parts is None else found.repartition(parts, "voter")
    counts = by_voter.mapInArrow(partial(_count, plan), COUNTED)
    return counts.repartition(*ballots.KEY[:3]).mapInArrow(partial(_share, plan), SHARES)


def _counted_here(found: DataFrame, plan: "_Plan") -> DataFrame:
    """Returns the shares from all posts that `matched` found, counted in this process."""
    counts = _count(plan, fetched(found).to_batches())
    shares = pa.Table.from_batches(_share(plan, list(counts)), arrow_schema(SHARES))
    return local_frame(found.sparkSession, shares, SHARES)


def matched(
    posts: DataFrame, races: Sequence[Race], flagged: DataFrame | None, grouped: DataFrame | None = None
) -> DataFrame:
    """Returns the posts that mention a candidate: voter (network and author id), at_us, kind (a number), masks, marked.

    `marked` says that the bot rules flag the post's author, and `together` that the author is in a group that acts
    together.
    """
    numbers = [F.when(F.col("kind") == kind, F.lit(n)) for n, kind in enumerate(KIND_COLUMNS.values())]
    voters = posts.select(
        "*",
        account().alias("voter"),
        F.unix_micros("event_at").alias("at_us"),
        F.coalesce(*numbers, F.lit(-1)).alias("kind_number"),
    )
    masked = with_masks(voters, races, ["voter", "at_us", "kind_number"])
    return with_marks(with_marks(masked.where(mentions_anyone(races)), flagged), grouped, "together")


def with_marks(voters: DataFrame, accounts: DataFrame | None, name: str = "marked") -> DataFrame:
    """Adds a boolean column: whether `accounts` has, in `author`, the post's voter."""
    if accounts is None:
        return voters.withColumn(name, F.lit(False))
    listed = F.broadcast(accounts.select(F.col("author").alias("listed_account")))
    return voters.join(listed, on=F.col("voter") == F.col("listed_account"), how="left").select(
        *voters.columns, F.col("listed_account").isNotNull().alias(name)
    )


@dataclass(frozen=True)
class _Plan:
    """What the Python workers need: the races, their candidates (id and name), the periods, and what is known."""

    races: list[str]
    candidates: list[list[tuple[str, str]]]
    spans: list[Spans]
    flags: bool
    groups: bool


def _count(plan: _Plan, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Counts the votes of a partition's authors."""
    batches = [batch for batch in arrived if batch.num_rows]
    if not batches:
        return
    masks, of_posts = _ballots(pa.Table.from_batches(batches))
    first = 0
    for number, candidates in enumerate(plan.candidates):
        own = Ballots(mentioned=_bits(masks, first, len(candidates)), **of_posts)
        first += len(candidates)
        for kind, spans in enumerate(plan.spans):
            yield _batch(ballots.count(own, spans, tuple(KIND_COLUMNS), number, kind), COUNTED)


def _ballots(posts: pa.Table) -> tuple[list[ballots.Ints], dict[str, Any]]:
    """Returns the masks of the posts that mention anyone, and their other columns as Ballots has them."""
    voter = posts["voter"].combine_chunks().dictionary_encode()
    codes = voter.indices.to_numpy()
    flagged, grouped = np.zeros((2, len(voter.dictionary)), np.bool_)
    flagged[codes[posts["marked"].to_numpy()]] = True
    grouped[codes[posts["together"].to_numpy()]] = True
    masks = [posts[name].to_numpy() for name in posts.column_names if name.startswith("mask_")]
    at_us = posts["at_us"].to_numpy()
    order = np.lexsort((at_us, codes))
    order = order[np.logical_or.reduce([mask[order] != 0 for mask in masks])]
    kind = posts["kind_number"].to_numpy()[order]
    return [mask[order] for mask in masks], {
        "voter": codes[order],
        "at_us": at_us[order],
        "kind": kind,
        "flagged": flagged,
        "grouped": grouped,
    }


def _bits(masks: Sequence[ballots.Ints], first: int, count: int) -> ballots.Bools:
    """Returns a column per candidate, from number `first`: whether each post mentions the candidate."""
    columns = [masks[number // BITS] >> (number % BITS) & 1 for number in range(first, first + count)]
    return np.stack(columns, axis=1).astype(np.bool_)


def _share(plan: _Plan, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Adds up the counts of some races and periods, and computes the shares."""
    batches = [batch for batch in arrived if batch.num_rows]
    if not batches:
        return
    table = pa.Table.from_batches(batches)
    counts = ballots.merged({name: table[name].to_numpy() for name in table.column_names})
    yield _batch({**_labels(plan, counts), **_figures(plan, counts)}, SHARES)


def _labels(plan: _Plan, counts: Counts) -> dict[str, Any]:
    keys = list(zip(*(counts[name].tolist() for name in ballots.KEY), strict=True))
    return {
        "race": [plan.races[race] for race, *_ in keys],
        "period": [plan.spans[kind].period for _, kind, *_ in keys],
        "period_start": [int(plan.spans[kind].starts[place]) for _, kind, place, _ in keys],
        "period_end": [int(plan.spans[kind].ends[place]) for _, kind, place, _ in keys],
        "candidate": [plan.candidates[race][number][0] for race, *_, number in keys],
        "name": [plan.candidates[race][number][1] for race, *_, number in keys],
    }


def _figures(plan: _Plan, counts: Counts) -> dict[str, Any]:
    posts = np.add.reduce([counts[name] for name in KIND_COLUMNS])
    share, half = ballots.share_authors(counts), ballots.interval_half_width(counts)
    unknown = np.full(len(share), np.nan)
    return {
        "posts": posts,
        **{name: counts[name] for name in (*KIND_COLUMNS, "authors", "posts_total", "authors_total")},
        "share_posts": ballots.share_posts(counts, posts),
        "share_authors": share,
        "share_authors_low": np.maximum(share - half, 0.0),
        "share_authors_high": np.minimum(share + half, 1.0),
        "share_authors_no_bots": ballots.share_authors_no_bots(counts) if plan.flags else unknown,
        "share_authors_no_groups": ballots.share_authors_no_groups(counts) if plan.groups else unknown,
    }


def _batch(columns: Mapping[str, Any], schema: str) -> pa.RecordBatch:
    """Returns columns as Arrow has them, in the order of a schema; NaN becomes null."""
    wanted = arrow_schema(schema)
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True, safe=False) for field in wanted]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)
