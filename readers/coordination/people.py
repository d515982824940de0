"""Who is named. Accounts with few followers may be private persons, so they are shown as "an account"."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from readers.plain import one_line

NAMED_FROM = 10_000
"""Followers from which an account is named, unless the reader asks for another number."""
AN_ACCOUNT = "an account"


class People:
    """The names under which accounts are shown."""

    def __init__(self, accounts: Iterable[Any], named_from: int = NAMED_FROM, unnamed: str = AN_ACCOUNT) -> None:
        """Takes rows of coordination_accounts, in order. With `named_from` 0, none is `unnamed`."""
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        number = Counter[int]()
        for row in accounts:
            named = not named_from or (row.followers or 0) >= named_from
            number[row.group] += not named
            self._names[row.author] = one_line(row.label) if named else unnamed
            self._ids[row.author] = row.author if named else f"account {row.group}.{number[row.group]}"

    def name(self, author: str) -> str:
        """Returns what people read of an account: its handle, or AN_ACCOUNT."""
        return self._names.get(author, AN_ACCOUNT)

    def id(self, author: str) -> str:
        """Returns what tells an account from others in a file: its key, or its group and a number."""
        return self._ids.get(author, AN_ACCOUNT)
