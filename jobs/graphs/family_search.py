"""Finds families in Spark, of more wordings than one process should hold: partition by partition, in Python workers.

First the wordings that agree in a band are brought together, then those of each component. `families.py` compares them.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from jobs.graphs.components import roots
from jobs.graphs.scratch import Scratch, partitioned
from jobs.measures.families import groups_of, led
from jobs.measures.family_rows import in_order
from jobs.measures.pair_sets import PairSets
from jobs.measures.wordings import Ints, Wordings, bands_of, worded

FIRST = ("at_us", "source", "post_id")
"""The earliest post of a wording, by which wordings are ordered."""
_SIGNED = pa.schema(
    {
        "wording": pa.int64(),
        "at_us": pa.int64(),
        "source": pa.string(),
        "post_id": pa.string(),
        "posts": pa.int64(),
        "pairs": pa.binary(),
        "bands": pa.list_(pa.int64()),
    }
)
Batches = Iterable[pa.RecordBatch]


def with_wording(posts: DataFrame) -> DataFrame:
    """Returns the posts whose text is long enough, with `wording`, a hash of the words of `folded` in order."""
    columns = ", ".join(f"{name} {kind}" for name, kind in posts.dtypes)
    return posts.mapInArrow(_with_wording, f"{columns}, wording bigint")


def families_of(posts: DataFrame, scratch: Scratch, largest: int) -> DataFrame:
    """Returns, for the wordings of families of at least two posts: wording, family and large_bands.

    `family` is the wording that leads the family. `large_bands` is the number of the wording's bands in which it was
    in a group that was too large to compare all of it. Triggers Spark actions.
    """
    distinct = scratch.cut(_distinct(posts))
    grouped = scratch.cut(_grouped(distinct, largest))
    links = scratch.cut(_links(grouped, distinct))
    with partitioned(posts.sparkSession, links.count()):
        pairs = scratch.cut(links.repartition("greater"))
        root = scratch.cut(roots(pairs, scratch))
    leaders = _leaders(root, distinct)
    large = grouped.where("large").groupBy("wording").agg(F.count_distinct("band").alias("large_bands"))
    known = (
        distinct.select("wording", "posts")
        .join(leaders, on="wording", how="left")
        .join(large, on="wording", how="left")
    )
    family = F.coalesce("family", "wording").alias("family")
    found = known.select("wording", "posts", family, F.coalesce("large_bands", F.lit(0)).alias("large_bands"))
    several = F.sum("posts").over(Over.partitionBy("family")) > 1
    return found.select("*", several.alias("several")).where("several").select("wording", "family", "large_bands")


def _distinct(posts: DataFrame) -> DataFrame:
    """Returns one row per wording: wording, its first post, the number of its posts, its pairs and its bands."""
    schema = (
        "wording bigint, at_us bigint, source string, post_id string, posts bigint, pairs binary, bands array<bigint>"
    )
    signed = posts.select(*FIRST, "folded").mapInArrow(_signed, schema)
    first = F.min(F.struct(*FIRST)).alias("first")
    by_wording = signed.groupBy("wording").agg(
        first, F.sum("posts").alias("posts"), F.first("pairs").alias("pairs"), F.first("bands").alias("bands")
    )
    return by_wording.select("wording", "first.*", "posts", "pairs", "bands")


def _grouped(distinct: DataFrame, largest: int) -> DataFrame:
    """Returns the wordings that agree in a band with others: band, slice, large and wording.

    A large group is cut into slices, of which each has the earliest wording of the group; each is compared with it.
    """
    by_band = distinct.select("wording", *FIRST, F.explode("bands").alias("band")).repartition("band")
    return by_band.mapInArrow(partial(_groups, largest), "band bigint, slice int, large boolean, wording bigint")


def _links(grouped: DataFrame, distinct: DataFrame) -> DataFrame:
    """Returns greater and lesser: pairs of wordings that are alike, the one with the greater number first."""
    members = grouped.join(distinct.select("wording", *FIRST, "pairs"), on="wording", how="inner")
    found = members.repartition("band", "slice").mapInArrow(_linked, "greater bigint, lesser bigint")
    return found.distinct()


def _leaders(root: DataFrame, distinct: DataFrame) -> DataFrame:
    """Returns wording and family for the wordings of components of several."""
    members = root.select(F.col("id").alias("wording"), "root")
    first = root.select(F.col("root").alias("wording"), "root").distinct()
    of_component = members.unionByName(first).join(
        distinct.select("wording", *FIRST, "pairs"), on="wording", how="inner"
    )
    return of_component.repartition("root").mapInArrow(_led, "wording bigint, family bigint")


def _with_wording(arrived: Batches) -> Iterator[pa.RecordBatch]:
    for batch in arrived:
        posts = worded(pa.Table.from_batches([batch]))
        number, found = posts.number, posts.distinct
        yield from posts.table.append_column("wording", pa.array(found.key[number])).to_batches()


def _signed(arrived: Batches) -> Iterator[pa.RecordBatch]:
    """Yields, batch by batch, each wording once, with its first post."""
    for batch in arrived:
        posts = worded(in_order(pa.Table.from_batches([batch])))
        _, first, count = np.unique(posts.number, return_index=True, return_counts=True)
        found, raw, ends = posts.distinct, posts.distinct.pairs.tobytes(), posts.distinct.starts * 8
        earliest = posts.table.take(pa.array(first))
        columns = {
            "wording": found.key,
            **{name: earliest[name].combine_chunks() for name in FIRST},
            "posts": count,
            "pairs": [raw[start:end] for start, end in pairwise(ends.tolist())],
            "bands": list(bands_of(found).view(np.int64)),
        }
        yield pa.RecordBatch.from_pydict(columns, _SIGNED)


def _rows(arrived: Batches) -> pa.Table | None:
    """Returns the rows of a partition, in the order of their first posts; None if there are none."""
    batches = [batch for batch in arrived if batch.num_rows]
    return in_order(pa.Table.from_batches(batches)) if batches else None


def _groups(largest: int, arrived: Batches) -> Iterator[pa.RecordBatch]:
    """Yields the groups of the bands of a partition. A row's number is that of its wording, in the order of time."""
    rows = _rows(arrived)
    if rows is None:
        return
    band, wording = rows["band"].to_numpy(), rows["wording"].to_numpy()
    found = groups_of(band.view(np.uint64), np.arange(len(band)), largest)
    first = np.flatnonzero(np.diff(found.group, prepend=-1))
    sizes = np.diff(first, append=len(found.group))
    place = np.arange(len(found.group)) - np.repeat(first, sizes)
    large = np.isin(found.group, found.once)
    part = np.where(large, np.maximum(place - 1, 0) // (largest - 1), 0)
    heads = first[large[first]]
    more = part[(first + sizes - 1)[large[first]]]  # slices after the group's first one: they need its earliest, too
    at = np.concatenate([np.arange(len(part)), np.repeat(heads, more)])
    parts = np.concatenate([part, *[np.arange(1, count + 1) for count in more]]).astype(np.int32)
    member = found.member[at]
    names = ["band", "slice", "large", "wording"]
    yield pa.RecordBatch.from_arrays([pa.array(x) for x in (band[member], parts, large[at], wording[member])], names)


def _wordings(rows: pa.Table) -> tuple[Ints, Ints, PairSets]:
    """Returns the number of each row's wording, the wordings by number, in the order of time, and their sets."""
    wording = rows["wording"].to_numpy()
    known, first, same = np.unique(wording, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    stored = rows["pairs"].take(pa.array(first[order])).to_pylist()
    starts = np.concatenate([[0], np.cumsum([len(one) // 8 for one in stored])])
    pairs = np.frombuffer(b"".join(stored), np.uint64)
    return number[same], known[order], PairSets(Wordings(known[order], known[order], pairs, starts))


def _linked(arrived: Batches) -> Iterator[pa.RecordBatch]:
    """Yields the pairs of wordings that are alike, from the groups of a partition."""
    rows = _rows(arrived)
    if rows is None:
        return
    number, wording, sets = _wordings(rows)
    band, part = rows["band"].to_numpy(), rows["slice"].to_numpy()
    _, group = np.unique(np.stack([band, part]), axis=1, return_inverse=True)
    group = group.ravel()
    order = np.lexsort((number, group))
    once = np.unique(group[rows["large"].to_numpy()])
    found = led(group[order], number[order], once, sets)
    one, other = wording[found.member], wording[found.leader]
    apart = one != other
    ends = np.maximum(one, other)[apart], np.minimum(one, other)[apart]
    yield pa.RecordBatch.from_arrays([pa.array(end) for end in ends], ["greater", "lesser"])


def _led(arrived: Batches) -> Iterator[pa.RecordBatch]:
    """Yields each wording of the components of a partition, and the wording that leads its family."""
    rows = _rows(arrived)
    if rows is None:
        return
    number, wording, sets = _wordings(rows)
    component = rows["root"].to_numpy()
    order = np.lexsort((number, component))
    found = led(component[order], number[order], np.zeros(0, np.int64), sets)
    columns = [pa.array(wording[number]) for number in (found.member, found.leader)]
    yield pa.RecordBatch.from_arrays(columns, ["wording", "family"])
