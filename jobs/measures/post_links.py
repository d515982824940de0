"""The links of posts that lead out of the post's own network, from Arrow tables of posts; and their sites, in Spark."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.measures.ballots import Ints
from jobs.measures.links import Link, leads_home, link_of


class Found(NamedTuple):
    """The links that lead out: row, link and address of each; and the rows of those that lead home."""

    row: Ints
    found: list[Link]
    addresses: list[str]
    homes: Ints


def links_out(posts: pa.Table) -> Found:
    """Returns the links of posts. The columns are `source`, `urls` and `servers` (as the function `servers` has it)."""
    urls = posts["urls"].combine_chunks()
    parents, addresses = pc.list_parent_indices(urls).to_pylist(), pc.list_flatten(urls).to_pylist()
    linking = posts.select(["source", "servers"]).take(pa.array(parents, pa.int64()))
    sources, servers_ = linking["source"].to_pylist(), linking["servers"].to_pylist()
    row, found, shown, homes = list[int](), list[Link](), list[str](), list[int]()
    for place, address, source, named in zip(parents, addresses, sources, servers_, strict=True):
        link = link_of(address) if address else None
        if link is None:
            continue
        if leads_home(link, source, named or ()):
            homes.append(place)
            continue
        row.append(place)
        found.append(link)
        shown.append(address)
    return Found(np.array(row, np.int64), found, shown, np.array(homes, np.int64))


def servers() -> Column:
    """Returns the Mastodon servers of the accounts that a post is by, retweets or mentions; null on other networks."""
    accounts = F.concat(F.array("author", "retweet_of_author"), F.coalesce("mentions", F.array()))
    named = F.transform(F.array_compact(accounts), lambda name: F.element_at(F.split(name, "@"), -1))
    return F.when(F.col("source") == "mastodon", named)


def with_sites(posts: DataFrame, *kept: str) -> DataFrame:
    """Returns the posts with a link that leads out of their network: the columns `kept`, and `sites`, each site once.

    Sites are found by Python workers, which have the list of public suffixes.
    """
    asked = posts.where(F.size("urls") > 0).select(*kept, "source", "urls", servers().alias("servers"))
    fields = [asked.schema[name].simpleString().replace(":", " ", 1) for name in kept]
    return asked.mapInArrow(_sites, ", ".join([*fields, "sites array<string>"]))


def _sites(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        posts = pa.Table.from_batches([batch])
        links = links_out(posts)
        pairs = sorted(set(zip(links.row.tolist(), (link.site for link in links.found), strict=True)))
        rows, starts = np.unique(np.array([row for row, _ in pairs], np.int64), return_index=True)
        offsets = pa.array([*starts, len(pairs)], pa.int32())
        sites = pa.ListArray.from_arrays(offsets, pa.array([site for _, site in pairs], pa.string()))
        told = posts.drop_columns(["source", "urls", "servers"]).take(pa.array(rows))
        yield from told.append_column("sites", sites).to_batches()
