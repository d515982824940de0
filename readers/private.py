"""Private persons: only accounts with many followers, and the topic's candidates, are named. Others are "an account".

An account whose followers are unknown is taken for a private person's. This is for tables that single out accounts by
what they did, or by what was done to them: `conversations`, `coordination_accounts` and `coordination_pairs`. Tables of
the most active and most shared accounts, such as `author_activity`, name them all (docs/method.md, "Who is named").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cassandra.cluster import Session

from conf.plain import one_line
from conf.topic import Topic
from readers.options import PUBLIC_FROM

UNNAMED = "an account"
LEADING = ("author", "root")
"""The columns of `conversations` that lead to the author: null where the author is not named."""


class Naming:
    """Which accounts are named: the topic's candidates, and those with at least `least` followers; with 0, all."""

    def __init__(self, topic: Topic, least: int = PUBLIC_FROM) -> None:
        self._least = least
        self._own = {handle for race in topic.races for one in race.candidates for handle in one.lower_handles}

    def names(self, label: str | None, followers: int | None) -> bool:
        """Returns whether an account is named; None is for what is unknown."""
        return (followers or 0) >= self._least or (label or "").lower() in self._own


def are_named(
    session: Session, keyspace: str, topic: Topic, accounts: Sequence[tuple[str | None, str | None]], least: int
) -> list[bool]:
    """Returns whether each of some accounts, given as author and label, is named.

    The followers are those that `author_activity` knows from the window computed last. Raises Replaced
    if a later run replaces these meanwhile.
    """
    from readers.items.authors import activity_of  # noqa: PLC0415 - imports pandas, which XML does not need

    known = activity_of(session, keyspace, topic, {author for author, _ in accounts if author}) if least > 0 else {}
    naming = Naming(topic, least)
    return [naming.names(label, known[author].followers if author in known else None) for author, label in accounts]


class People:
    """What accounts that act together are called; one that is not named has its group and a number in files."""

    def __init__(self, accounts: Iterable[Any], naming: Naming, unnamed: str = UNNAMED) -> None:
        """Takes rows of `coordination_accounts`, in the order of groups and authors."""
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._last = Counter[int]()
        for row in accounts:
            named = naming.names(row.label, row.followers)
            self._names[row.author] = one_line(row.label) if named else unnamed
            self._ids[row.author] = row.author if named else self._numbered(row.group)

    def _numbered(self, group: int) -> str:
        self._last[group] += 1
        return f"account {group}.{self._last[group]}"

    def is_named(self, author: str) -> bool:
        """Returns whether an account is named."""
        return self._ids.get(author) == author

    def name(self, author: str) -> str:
        """Returns what people read of an account: its handle, or UNNAMED."""
        return self._names.get(author, UNNAMED)

    def id(self, author: str) -> str:
        """Returns what tells an account from others in a file: its key, or its group (0 for none) and a number."""
        if author not in self._ids:
            self._ids[author] = self._numbered(0)
        return self._ids[author]
