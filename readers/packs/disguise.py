"""What summaries hold in a pack without accounts: each column of text is kept, changed, or left out.

A column that is not named here is left out, so that a new one can't give away a name before somebody has thought of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from conf.schema import Table
from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH, JOB_RUNS, NETWORKS, TWO_MODE_GRAPHS
from readers.packs.pseudonyms import Pseudonyms

Record = dict[str, Any]
KEPT_TEXTS = frozenset(
    (
        *("topic", "race", "candidate", "name", "period", "graph", "kind", "measure", "method", "engine", "hashtag"),
        *("source", "sources", "family", "bot_flags", "job", "status", "version", "inputs", "run_id", "reason"),
    )
)
"""Columns that name no account and no post. `name` is a candidate's."""
_WITH_PEOPLE = frozenset({"author", "node", "src", "text", "post_id", "shown", "top_objects"})
_ACCOUNT_KINDS = ("mentioned", "retweeted")
"""The kinds of top_items that are accounts."""
MEDIA = "media"
"""The kind of top_items whose items are left out: an image's key or address leads to the post that has it."""
HASHTAGS = "hashtag"
"""The graph whose nodes are hashtags."""
NO_TEXT = frozenset({"bigint", "int", "double", "boolean", "timestamp", "date", "timeuuid"})


def _node(made: Pseudonyms, record: Record, value: str | None) -> str | None:
    if _is_thing(record, value):
        return made.text("x", value)
    return made.node(value)


def _is_thing(record: Record, node: str | None) -> bool:
    """Returns whether a node is a hashtag or a site, not an account."""
    graph = record.get("graph")
    return graph == HASHTAGS or (graph in TWO_MODE_GRAPHS and (node or "").partition(":")[0] not in NETWORKS)


def _label(made: Pseudonyms, record: Record, value: str | None) -> str | None:
    """A label is a handle, or an id; it stands beside the account, an item, or a hashtag."""
    if "item" in record and record["kind"] not in _ACCOUNT_KINDS:
        return _item(made, record, value)
    if value is None or _is_thing(record, record.get("node")):
        return made.text("x", value)
    account = record.get("author") or record.get("node") or record.get("item") or f"{record.get('source')}:"
    source, _, name = account.partition(":")
    return made.account(source, name) if name == value else made.handle(source, value)


def _item(made: Pseudonyms, record: Record, value: str | None) -> str | None:
    if record["kind"] == MEDIA:
        return None
    return made.node(value) if record["kind"] in _ACCOUNT_KINDS else made.text("x", value)


CHANGED: Mapping[str, Callable[[Pseudonyms, Record, Any], Any]] = {
    **dict.fromkeys(("author", "node", "src", "dst"), _node),
    "label": _label,
    "item": _item,
    "text": lambda made, record, value: made.text(record["source"], value),
    "post_id": lambda made, record, value: made.post(record["source"], value),
    "links": lambda made, _, value: made.addresses(value),
    **dict.fromkeys(("object", "shown", "top_objects"), lambda _made, _record, _value: None),
}
"""How the other columns of text are changed; the record is the row before it was changed."""


def names_people(table: Table) -> bool:
    """Returns whether a table is about single accounts or posts. A pack of ids leaves it out."""
    return not _WITH_PEOPLE.isdisjoint(table.columns)


def disguised_record(made: Pseudonyms, table: Table, record: Record) -> Record:
    """Returns a row with pseudonyms, and without what may name somebody."""
    return {name: _value(made, table, name, record) for name in record}


def _value(made: Pseudonyms, table: Table, name: str, record: Record) -> Any:
    if table.columns[name].cql in NO_TEXT or name in KEPT_TEXTS or table in (COLLECTION_GAPS, COLLECTION_THROUGH):
        return record[name]
    if name not in CHANGED or table is JOB_RUNS:
        return None
    return CHANGED[name](made, record, record[name])
