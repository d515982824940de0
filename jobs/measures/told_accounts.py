"""Accounts that posts tell of, in Arrow: whose handle is whose, and what people read of an account.

The same as `authors.py` has with Spark, for posts or sightings that the driver has: Spark would plan and run three
joins. One rule can't serve both: Arrow needs all sightings of a handle in one process, and those of very many posts do
not fit there. The tests of `shared_items` compare both with a third computation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.measures.authors import NAMED_BY_ID

COLUMNS = ("source", "author_id", "author", "accounts", "at_us", "id_number")
"""The columns of posts that tell of accounts. `id_number` is the post's id as a number."""
LAST = ("at_us", "id_number", "own")
"""What orders the sightings of an account, or of a handle: the latest counts."""


@dataclass(frozen=True)
class Holders:
    """Which account each handle stands for: the account at the same place. A worker gets it as two buffers."""

    aliases: pa.Array
    accounts: pa.Array

    def resolved(self, names: "pa.ChunkedArray | pa.Array") -> pa.Array:
        """Returns the keys of accounts, in place of those that `named` has made of their handles."""
        coded = pa.chunked_array([names] if isinstance(names, pa.Array) else names.chunks, pa.string())
        coded = coded.combine_chunks().dictionary_encode()
        place = pc.index_in(coded.dictionary, value_set=self.aliases)
        return pc.coalesce(self.accounts.take(place), coded.dictionary).take(coded.indices)


@dataclass(frozen=True)
class Told:
    """What posts tell: whose a handle is, and the handle of each account."""

    holders: Holders
    labels: Mapping[str, str]


def told_by(posts: pa.Table) -> Told:
    """Returns what posts with COLUMNS tell of accounts."""
    return told_among(_sightings(posts.filter(pc.not_equal(posts["source"], NAMED_BY_ID))), LAST)


def told_among(seen: pa.Table, last: Sequence[str]) -> Told:
    """Returns what sightings tell: account, alias, handle, and the columns `last`, which order them."""
    held = latest(seen, "alias", "account", last)
    holders = Holders(*(pa.array(list(some), pa.string()) for some in (held.keys(), held.values())))
    return Told(holders, latest(seen, "account", "handle", last))


def named(source: pa.Array, name: pa.Array) -> pa.Array:
    """Returns the key of an account that a post names, before `resolved`; null if it names none."""
    own = pc.if_else(pc.equal(source, NAMED_BY_ID), ":", ":@")
    return pc.binary_join_element_wise(source, own, name, "")


def exploded(lists: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Returns the elements of all lists, and the row of each."""
    combined = lists.combine_chunks()
    return pc.list_flatten(combined), pc.list_parent_indices(combined)


def _sightings(posts: pa.Table) -> pa.Table:
    """Returns one row per account and handle: account, alias, handle, and LAST of the last such post."""
    pairs, rows = exploded(posts["accounts"])
    parts = pc.extract_regex(pairs, "(?s)^(?P<account>[^ ]*) (?P<handle>.*)$")
    when = posts.select(["source", "at_us", "id_number"])
    both = pa.concat_tables([when, when.take(rows)])
    account_id = pa.chunked_array([posts["author_id"].combine_chunks(), pc.struct_field(parts, "account")])
    handle = pa.chunked_array([posts["author"].combine_chunks(), pc.struct_field(parts, "handle")])
    own = pa.chunked_array([pa.repeat(True, len(posts)), pa.repeat(False, len(rows))])
    seen = both.append_column("account_id", account_id).append_column("handle", handle).append_column("own", own)
    seen = seen.filter(seen["handle"].is_valid())
    asked = [(name, "max") for name in LAST]
    last = seen.group_by(["source", "account_id", "handle"], use_threads=False).aggregate(asked)
    source = last["source"]
    columns = {
        "account": pc.binary_join_element_wise(source, last["account_id"], ":"),
        "alias": named(source, last["handle"]),
        "handle": last["handle"],
    }
    return pa.table({**columns, **{name: last[f"{name}_max"] for name in LAST}})


def latest(seen: pa.Table, key: str, value: str, last: Sequence[str] = LAST) -> dict[str, str]:
    """Returns the last value of each key, as the columns `last` order them."""
    order = pc.sort_indices(seen, sort_keys=[(name, "ascending", "at_start") for name in (*last, value)])
    in_order = seen.select([key, value]).take(order)
    return dict(zip(in_order[key].to_pylist(), in_order[value].to_pylist(), strict=True))
