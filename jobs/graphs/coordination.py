"""Finds in posts who acts together more than chance, by kind of object and period.

Where a window has only few posts, Spark's driver fetches what they share and measures it. Else Python workers do, each
some kinds and periods, as `jobs/graphs` measures small graphs: accounts and objects are sent as numbers of 8 bytes, so
that a worker needs some 100 bytes for an action. Names are looked up for what was found alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.tables import COORDINATION_KINDS
from conf.topic import Topic
from jobs.framework.local import arrow_schema, fetched
from jobs.graphs.family_posts import in_families
from jobs.graphs.family_search import FIRST, families_of, with_wording
from jobs.graphs.scratch import Scratch
from jobs.measures.actions import ACTIONS, actions_in, actions_of_batches, saying, sharing
from jobs.measures.ballots import Spans
from jobs.measures.coordinated import Found, coordinated
from jobs.measures.families import LARGEST_GROUP
from jobs.measures.family_rows import family_id, in_order

TEXT = "text"
MOST_PARTS = 64
"""Tasks that measure, each some kinds and periods."""
_WHO = ("account", "at_ms", "declared")
_HASHED = "kind string, object bigint, account bigint, at_ms bigint, declared boolean, spans int, place int"
_PACKED = "kind string, spans int, place int, tables array<binary>, figures array<bigint>"


class Of(NamedTuple):
    """What was found of one kind, in one period: the number of its kind in `spans`, and its place there."""

    kind: str
    spans: int
    place: int
    found: Found


class Coordination(NamedTuple):
    """What was found in a window, and the texts of the families among its objects."""

    of: list[Of]
    texts: Mapping[str, str]


def coordination(posts: DataFrame, topic: Topic, spans: Sequence[Spans], *, few: bool) -> Coordination:
    """Returns who acts together in each of the periods. With `few`, the posts come to the driver.

    Both ways trigger Spark actions, and return the same.
    """
    return (_here if few else _apart)(posts, topic, spans)


def _here(posts: DataFrame, topic: Topic, spans: Sequence[Spans]) -> Coordination:
    texts = in_families(in_order(fetched(saying(posts))))
    first = np.unique(texts["family"].to_numpy(), return_index=True)[1]  # the earliest post of each family
    earliest = texts.take(pa.array(first))
    names = [family_id(folded) for folded in earliest["folded"].to_pylist()]
    numbers = np.searchsorted(earliest["family"].to_numpy(), texts["family"].to_numpy())
    objects = pa.array(names, pa.string()).take(pa.array(numbers))
    kind = pa.repeat(pa.scalar(TEXT), len(texts))
    of_texts = pa.table({"kind": kind, "object": objects, **{name: texts[name] for name in _WHO}})
    actions = pa.concat_tables([actions_in(fetched(sharing(posts, topic))), of_texts.cast(arrow_schema(ACTIONS))])
    shown = dict(zip(names, earliest["text"].to_pylist(), strict=True))
    found = _measured_by_kind(actions, spans, topic.coordination.window_seconds)
    return Coordination(list(found), shown)


def _measured_by_kind(actions: pa.Table, spans: Sequence[Spans], window_seconds: int) -> Iterator[Of]:
    for kind in COORDINATION_KINDS:
        own = actions.filter(pc.equal(actions["kind"], kind))
        at_us = own["at_ms"].to_numpy() * 1000
        for number, of_kind in enumerate(spans):
            places = of_kind.place(at_us)
            for place in range(len(of_kind.starts)):
                some = own.filter(pa.array(places == place))
                yield Of(kind, number, place, coordinated(some, window_seconds))


def _apart(posts: DataFrame, topic: Topic, spans: Sequence[Spans]) -> Coordination:
    scratch = Scratch()
    try:
        shared = sharing(posts, topic).mapInArrow(actions_of_batches, ACTIONS)
        texts, families = _text_actions(posts, scratch)
        actions = scratch.cut(shared.unionByName(texts))
        hashed = actions.select(
            *("kind", F.xxhash64("object").alias("object"), F.xxhash64("account").alias("account")),
            *("at_ms", "declared"),
        )
        parts = min(MOST_PARTS, sum(len(of_kind.starts) for of_kind in spans) * len(COORDINATION_KINDS))
        placed = hashed.mapInArrow(partial(_placed, list(spans)), _HASHED).repartition(parts, "kind", "spans", "place")
        window_seconds = topic.coordination.window_seconds
        found = [*_unpacked(fetched(placed.mapInArrow(partial(_measured, window_seconds), _PACKED)))]
        named = _named(_with_empty(found, spans), actions)
        return Coordination(named, _texts(named, families))
    finally:
        scratch.close()


def _text_actions(posts: DataFrame, scratch: Scratch) -> tuple[DataFrame, DataFrame]:
    """Returns the actions with texts, and the families: object and text."""
    own = saying(posts)
    found = families_of(own, scratch, LARGEST_GROUP)
    joined = scratch.cut(with_wording(own).join(found, on="wording", how="inner").drop("wording", "large_bands"))
    first = joined.groupBy("family").agg(F.min_by(F.struct("folded", "text"), F.struct(*FIRST)).alias("first"))
    object_ = F.substring(F.sha2("first.folded", 256), 1, 16).alias("object")  # as `family_id` has it
    families = scratch.cut(first.select("family", object_, "first.text"))
    kind = F.lit(TEXT).alias("kind")
    actions = joined.join(families.drop("text"), on="family", how="inner").select(kind, "object", *_WHO)
    return actions, families


def _placed(spans: Sequence[Spans], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yields each action once for each period in which it lies."""
    for batch in batches:
        at_us = batch["at_ms"].to_numpy() * 1000
        for number, of_kind in enumerate(spans):
            place = of_kind.place(at_us)
            rows = np.flatnonzero(place >= 0)
            some = pa.Table.from_batches([batch]).take(pa.array(rows))
            some = some.append_column("spans", pa.array(np.full(len(rows), number, np.int32)))
            yield from some.append_column("place", pa.array(place[rows].astype(np.int32))).to_batches()


def _measured(window_seconds: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Measures the kinds and periods of a partition, one after the other."""
    some = [batch for batch in batches if batch.num_rows]
    if not some:
        return
    actions = pa.Table.from_batches(some)
    for key in (
        actions.select(["kind", "spans", "place"]).group_by(["kind", "spans", "place"]).aggregate([]).to_pylist()
    ):
        wanted = [pc.equal(actions[name], value) for name, value in key.items()]
        own = actions.filter(pc.and_(pc.and_(wanted[0], wanted[1]), wanted[2]))
        found = coordinated(own, window_seconds)
        tables = [_as_bytes(table) for table in found[1:]]
        columns = {**{name: [value] for name, value in key.items()}, "tables": [tables]}
        schema = pa.schema(
            {"kind": pa.string(), "spans": pa.int32(), "place": pa.int32(), "tables": pa.list_(pa.binary())}
        ).append(pa.field("figures", pa.list_(pa.int64())))
        yield pa.RecordBatch.from_pydict({**columns, "figures": [list(found.figures.values())]}, schema)


def _as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _from_bytes(packed: bytes) -> pa.Table:
    with pa.ipc.open_stream(packed) as stream:
        return stream.read_all()


def _unpacked(rows: pa.Table) -> Iterator[Of]:
    names = list(coordinated(_nothing(), 1).figures)
    for row in rows.to_pylist():
        figures = dict(zip(names, row["figures"], strict=True))
        yield Of(row["kind"], row["spans"], row["place"], Found(figures, *map(_from_bytes, row["tables"])))


def _nothing() -> pa.Table:
    return arrow_schema(ACTIONS).empty_table()


def _with_empty(found: Sequence[Of], spans: Sequence[Spans]) -> list[Of]:
    """Returns what was found in each kind and period, also in those without actions."""
    known = {(one.kind, one.spans, one.place): one for one in found}
    nothing = coordinated(_nothing(), 1)
    keys = [(k, n, p) for k in COORDINATION_KINDS for n, of in enumerate(spans) for p in range(len(of.starts))]
    return [known.get(key, Of(*key, nothing)) for key in keys]


def _named(found: Sequence[Of], actions: DataFrame) -> list[Of]:
    """Returns what was found, with the names of accounts and objects in place of their hashes."""
    accounts = _names(actions, "account", [column for of in found for column in _accounts(of.found)])
    objects = _names(actions, "object", [of.found.objects["object"] for of in found])
    return [
        one._replace(
            found=one.found._replace(
                pairs=_renamed(_renamed(one.found.pairs, "src", accounts), "dst", accounts),
                members=_renamed(one.found.members, "author", accounts),
                objects=_renamed(one.found.objects, "object", objects),
            )
        )
        for one in found
    ]


def _accounts(found: Found) -> list[pa.ChunkedArray]:
    return [found.pairs["src"], found.pairs["dst"], found.members["author"]]


def _names(actions: DataFrame, column: str, hashes: Sequence[pa.ChunkedArray]) -> dict[int, str]:
    wanted = sorted({value for some in hashes for value in pc.unique(some).to_pylist()})
    if not wanted:
        return {}
    spark = actions.sparkSession
    asked = F.broadcast(spark.createDataFrame([(value,) for value in wanted], "hash bigint"))
    names = actions.select(column, F.xxhash64(column).alias("hash")).join(asked, on="hash", how="left_semi")
    return {row["hash"]: row["name"] for row in names.groupBy("hash").agg(F.min(column).alias("name")).collect()}


def _renamed(table: pa.Table, column: str, names: Mapping[int, str]) -> pa.Table:
    values = pa.array([names[value] for value in table[column].to_pylist()], pa.string())
    return table.set_column(table.column_names.index(column), column, values)


def _texts(found: Sequence[Of], families: DataFrame) -> dict[str, str]:
    wanted = sorted({name for of in found if of.kind == TEXT for name in of.found.objects["object"].to_pylist()})
    if not wanted:
        return {}
    asked = F.broadcast(families.sparkSession.createDataFrame([(name,) for name in wanted], "object string"))
    rows = families.join(asked, on="object", how="left_semi").collect()
    return {row["object"]: row["text"] for row in rows}
