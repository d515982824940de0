"""Which post carries which item: the pairs that `item_counts.py` counts, from an Arrow table of posts.

A table has the posts of some authors, in the columns of ROWS, and for each account that a post mentions or retweets one
more row with the columns OF_ACCOUNTS alone: the post's author, time and number, the account in `account`, and in
`as_kind` what the account is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.tables import KINDS
from jobs.measures.ballots import Bools, Ints
from jobs.measures.mentions import BITS
from jobs.measures.post_links import links_out
from jobs.measures.text_words import words_of_texts

OF_ACCOUNTS = "voter string, at_us bigint, post bigint, as_kind string, account string"
ROWS = (
    f"{OF_ACCOUNTS}, kind_number int, marked boolean, source string, language string, client string, place string, "
    "folded string, urls array<string>, media array<string>, servers array<string>, tagged boolean, "
    "mentioning boolean, masks array<bigint>"
)
"""The schema of posts. `voter` is the author, `post` a hash of the post's id, and `marked` says that the author is
flagged; `servers` are the Mastodon servers that the post names, `masks` the candidates whom it mentions."""
OF_KIND, CARRIES, ACTIVE = "of_kind", "carries", "active"
"""Kinds of items for the volume alone: a post's kind, what it carries, and an author's number of posts."""
CARRIED = ("new", "link", "own_link", "hashtag", "mention", "place")
"""What a post can carry; `new` is for the first post of its author in the window."""


@dataclass(frozen=True)
class Rows:
    """Posts in the order of author, time and number: the table, and its columns as NumPy has them.

    `number` numbers the posts: rows of one post have the same.
    """

    table: pa.Table
    voter: Ints
    at_us: Ints
    number: Ints
    kind: Ints
    marked: Bools
    is_post: Bools
    named: Bools

    @staticmethod
    def of(arrived: pa.Table, candidates: Sequence[int] = ()) -> "Rows":
        """Sorts a table of ROWS. `candidates` are the numbers of candidates of each race.

        `named` has a column for each candidate of all races, and then one for each race: whether the post mentions the
        candidate, or anyone in the race.
        """
        voters = arrived["voter"].combine_chunks().dictionary_encode().indices.to_numpy()
        order = np.lexsort([arrived["post"].to_numpy(), arrived["at_us"].to_numpy(), voters])
        table, voter = arrived.take(order), voters[order].astype(np.int64)
        at_us, post = table["at_us"].to_numpy(), table["post"].to_numpy()
        number = np.cumsum(changes(voter, at_us, post)) - 1
        is_post = table["as_kind"].is_null().to_numpy()
        posts = table.select(["kind_number", "marked", "masks"]).filter(pa.array(is_post))
        own = np.searchsorted(number[is_post], number)  # the post to which each row belongs
        kind, marked = posts["kind_number"].to_numpy()[own], posts["marked"].to_numpy()[own]
        return Rows(table, voter, at_us, number, kind, marked, is_post, _named(posts["masks"], candidates)[own])


@dataclass(frozen=True)
class Pairs:
    """One element per post and item, rows in order for each item.

    `code` is the item's place in `names`. Items that can be written in several ways have `label`, the place of this
    one's way in `labels`; the first of `labels` that a post has is shown.
    """

    row: Ints
    code: Ints
    names: pa.Array
    label: Ints | None = None
    labels: pa.Array | None = None


def changes(*columns: Ints) -> Bools:
    """Returns for each element whether it differs from the one before it in any column; the first always does."""
    differs = np.zeros(len(columns[0]), np.bool_)
    differs[:1] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return differs


def _named(masks: pa.ChunkedArray, candidates: Sequence[int]) -> Bools:
    """Returns `Rows.named` from the masks of posts."""
    columns = list[Bools]()
    for number in range(sum(candidates)):
        mask = pc.list_element(masks, number // BITS).to_numpy()
        columns.append((mask >> (number % BITS) & 1).astype(np.bool_))
    ends = np.cumsum([0, *candidates])
    columns += [np.logical_or.reduce(columns[a:b]) for a, b in pairwise(ends)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(masks), 0), np.bool_)


def pairs_of(rows: Rows, window_us: tuple[int, int]) -> Iterator[tuple[str, Pairs]]:
    """Yields, for each kind of items but ACTIVE, its pairs. `window_us` is the job's window, in µs since 1970."""
    links = links_out(rows.table)
    yield "host", _by_name(links.row, [link.site for link in links.found])
    keys = _by_name(links.row, [link.key for link in links.found])
    yield "link", Pairs(keys.row, keys.code, keys.names, *_shortest(links.addresses))
    yield "media", _of_lists(rows.table["media"])
    for kind in ("language", "client", "place"):
        yield kind, _of_column(rows.table[kind])
    for kind in ("mentioned", "retweeted"):
        wanted = pc.equal(rows.table["as_kind"], kind)
        yield kind, _of_column(pc.if_else(wanted, rows.table["account"], None))
    yield "word", _words(rows.table["folded"])
    posts = np.flatnonzero(rows.is_post & (rows.kind >= 0))
    yield OF_KIND, Pairs(posts, rows.kind[posts].astype(np.int64), pa.array(KINDS))
    carrying = (
        *(_first_posts(rows, window_us), np.unique(links.row), np.unique(links.homes)),
        *(np.flatnonzero(_true(rows.table[name])) for name in ("tagged", "mentioning")),
        np.flatnonzero(rows.table["place"].is_valid().to_numpy()),
    )
    codes = [np.full(len(some), code) for code, some in enumerate(carrying)]
    yield CARRIES, Pairs(np.concatenate(carrying), np.concatenate(codes), pa.array(CARRIED))


def _true(column: pa.ChunkedArray) -> Bools:
    return np.asarray(column.fill_null(False).to_numpy())


def _of_column(column: pa.ChunkedArray) -> Pairs:
    """Returns the pairs of a column of texts: a post has the item that stands there, if any does."""
    some = _combined(column)
    coded = pc.if_else(pc.equal(some, ""), None, some).dictionary_encode()
    row = np.flatnonzero(coded.is_valid().to_numpy(zero_copy_only=False))
    return Pairs(row, coded.indices.drop_null().to_numpy().astype(np.int64), coded.dictionary)


def _of_lists(column: pa.ChunkedArray) -> Pairs:
    """Returns the pairs of a column of lists of texts: a post has each of the items that stand there."""
    lists = _combined(column)
    pairs = _of_column(pc.list_flatten(lists))
    return Pairs(pc.list_parent_indices(lists).to_numpy()[pairs.row], pairs.code, pairs.names)


def _by_name(row: Ints, names: Sequence[str]) -> Pairs:
    coded = pa.array(names, pa.string()).dictionary_encode()
    return Pairs(row, coded.indices.to_numpy().astype(np.int64), coded.dictionary)


def _words(folded: pa.ChunkedArray) -> Pairs:
    """Returns the words of each post. Each distinct text is cut up once: most retweets repeat one."""
    texts = _of_column(folded)
    text, word, names = words_of_texts(texts.names)
    bounds = np.searchsorted(text, np.arange(len(texts.names) + 1))
    of_row = np.diff(bounds)[texts.code]
    row = np.repeat(texts.row, of_row)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(of_row) - of_row, of_row)
    return Pairs(row, word[np.repeat(bounds[texts.code], of_row) + inside], names)


def _shortest(addresses: list[str]) -> tuple[Ints, pa.Array]:
    """Returns for each address its place among all, the shortest first, then in the order of their texts."""
    labels = sorted(set(addresses), key=lambda address: (len(address), address))
    places = {address: place for place, address in enumerate(labels)}
    return np.array([places[address] for address in addresses], np.int64), pa.array(labels, pa.string())


def _first_posts(rows: Rows, window_us: tuple[int, int]) -> Ints:
    """Returns the row of each author's first post in the window."""
    inside = np.flatnonzero(rows.is_post & (rows.at_us >= window_us[0]) & (rows.at_us < window_us[1]))
    return inside[changes(rows.voter[inside])]


def _combined(column: "pa.ChunkedArray | pa.Array") -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def joined(batches: Iterable[pa.RecordBatch]) -> pa.Table | None:
    """Returns the rows of all batches as one table; None if there are no rows."""
    some = [batch for batch in batches if batch.num_rows]
    return pa.Table.from_batches(some) if some else None
