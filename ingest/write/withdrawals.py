"""Applies what is taken back: deletions, edits, and accounts that are hidden and come back.

It is noted first, and then stored posts are looked for. So a post is caught, whether it was stored before, is being
stored by another worker, or comes later, in any topic.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import compress, islice
from operator import not_
from typing import NamedTuple

from conf.instants import micros
from conf.snowflakes import x_made_at
from ingest.formats.post import Deletion, Post
from ingest.queue.envelope import Message
from ingest.write.ledger import Entry, Key
from ingest.write.names import AccountNames
from ingest.write.refusal import Fence, Refusal
from ingest.write.sought import dated
from ingest.write.stored_posts import Found, Statement, StoredPosts
from ingest.write.taken_back import TakenBack, Verdict

EDITED_WITHIN = timedelta(hours=2)
"""The longest time between a post and its edits. X allows an hour (https://docs.x.com/x-api/fundamentals/edit-posts)."""
CHANGED_TOGETHER = 2_000
"""Stored rows that are changed together."""
ALWAYS_KNOWN = "x"
"""The network that tells only of posts that were asked for. Others tell of all their posts."""


class Withdrawal(NamedTuple):
    """A message, and what it takes back or brings back."""

    message: Message
    deletion: Deletion

    @property
    def key(self) -> Key:
        """The post or the account that it is about."""
        deletion = self.deletion
        if deletion.post_id is not None:
            return Key(deletion.source, "post", deletion.post_id)
        return Key(deletion.source, "account", self.account)

    @property
    def account(self) -> str:
        """The name under which it names an account; empty if it names none."""
        return self.deletion.author or self.deletion.author_id or ""

    @property
    def takes_account(self) -> bool:
        """Whether it is about an account as a whole, so that its name goes, too."""
        return self.key.kind == "account" and not self.deletion.fields

    @property
    def time(self) -> int:
        """When it was said, in µs: by the network's clock if that is known, or by the queue's."""
        return micros(self.deletion.said_at) if self.deletion.said_at else self.message.write_time

    @property
    def entry(self) -> Entry:
        """What the ledger keeps of it."""
        if self.deletion.fields:
            return Entry("stripped", at=self.deletion.until, columns=self.deletion.fields)
        return Entry("hidden" if self.deletion.becomes == "hidden" else "deleted", at=self.deletion.until)


class Withdrawals:
    """Applies withdrawals. Every method raises the errors of a store that is down; repeat it then."""

    def __init__(self, stored: StoredPosts, taken_back: TakenBack, names: AccountNames) -> None:
        self._stored, self._names = stored, names
        self._taken_back = taken_back
        self._begun: set[str] = set()
        """The messages whose accounts are being brought back."""

    def apply(self, withdrawals: Sequence[Withdrawal]) -> tuple[dict[str, list[Message]], list[Refusal]]:
        """Applies withdrawals of different posts and accounts; returns the messages by outcome, and the refused ones.

        Refused is the deletion of a post of which nobody knows when it was made, since it can't be looked for. Even
        then the post is not stored later.
        """
        refused: list[Refusal] = []
        back = [each for each in withdrawals if each.deletion.becomes == "shown"]
        away = [each for each in withdrawals if each.deletion.becomes != "shown"]
        back, unknown = self._bring_back(back)
        self._note([each for each in away if _is_known(each)], known=True)
        self._note([each for each in away if not _is_known(each)], known=False)
        self._names.remove([(each.key.source, each.key.id) for each in away if each.takes_account])
        with closing(self._find([*away, *back], refused)) as found:
            for some in _parts(found):
                self._change(some)
        self._note_changed(each.message for each in withdrawals)
        self._begun.clear()
        left = {refusal.message.id for refusal in refused}
        outcomes = {
            "deleted": [each.message for each in away if each.message.id not in left],
            "shown": [each.message for each in back],
            "unmatched": [each.message for each in unknown],
        }
        return outcomes, refused

    def _note_changed(self, messages: Iterable[Message]) -> None:
        """Notes the days whose posts were changed by an attempt that failed, or by a worker that has given up or died.

        What such a worker has changed can't be found any more, so every day may have changed.
        """
        if any(message.taken_over for message in messages):
            self._stored.changed.owe_every()
        self._stored.changed.settle()

    def is_away(self, source: str, author_id: str) -> bool:
        """Returns whether an account is deleted or hidden."""
        key = Key(source, "account", author_id)
        return any(entry.is_of_all for entry in self._taken_back.entries([key])[1].get(key, ()))

    def replace_earlier(self, post: Post, message: Message) -> None:
        """Deletes the versions that an edit, which `message` brought, replaces.

        The edit itself names them, and anybody may write that. So posts of another author stay, and so does what the id
        says was made more than EDITED_WITHIN before the edit.
        """
        earlier = [
            Deletion(source=post.source, post_id=post_id, at=made)
            for post_id in post.earlier
            if (made := x_made_at(post_id)) and timedelta(0) <= post.event_at - made <= EDITED_WITHIN
        ]
        entry = Entry("replaced", author=post.author_id)
        time = message.write_time
        self._taken_back.note([(Key(each.source, "post", each.post_id or ""), entry, time) for each in earlier])
        found = (each for _, each in self._stored.find(earlier) if entry.concerns(each.post))
        self._stored.run((each, self._stored.deletion(each)) for each in found)
        self._note_changed([message])

    def settle(self, rows: Iterable[tuple[Found, Verdict]]) -> None:
        """Does to stored rows what is to be done to them now."""
        self._stored.run((found, statement) for found, verdict in rows for statement in self._settling(found, verdict))

    def _settling(self, found: Found, verdict: Verdict) -> Iterator[Statement]:
        if verdict.gone:
            yield self._stored.deletion(found)
            return
        if verdict.without:
            yield self._stored.deletion(found, verdict.without)
        if verdict.hidden and not found.hidden:
            yield self._stored.hiding(found)
        elif found.hidden and not verdict.hidden:
            yield self._stored.showing(found)

    def _note(self, withdrawals: Sequence[Withdrawal], *, known: bool) -> None:
        if withdrawals:
            self._taken_back.note([(each.key, each.entry, each.time) for each in withdrawals], known)

    def _bring_back(self, withdrawals: Sequence[Withdrawal]) -> tuple[list[Withdrawal], list[Withdrawal]]:
        """Notes that accounts are no longer hidden. Returns those that were, and the others: most were never.

        An attempt that failed, or a worker that has died, may have noted it and then shown nothing yet.
        """
        if not withdrawals:
            return [], []
        _, entries = self._taken_back.entries([each.key for each in withdrawals])
        hidden = [each for each in withdrawals if each.key in entries]
        self._begun |= {each.message.id for each in hidden}
        self._taken_back.withdraw([(each.key, each.time) for each in hidden])
        is_back = [each.message.id in self._begun or each.message.taken_over for each in withdrawals]
        return list(compress(withdrawals, is_back)), list(compress(withdrawals, map(not_, is_back)))

    def _find(
        self, withdrawals: Sequence[Withdrawal], refused: list[Refusal]
    ) -> Generator[tuple[Withdrawal, Found], None, None]:
        """Yields the stored rows that withdrawals are about."""
        sought: list[tuple[Withdrawal, Deletion]] = []
        for each in withdrawals:
            with Fence(each.message, refused):
                sought.append((each, dated(each.deletion)))
        for place, found in self._stored.find([deletion for _, deletion in sought]):
            yield sought[place][0], found

    def _change(self, found: Sequence[tuple[Withdrawal, Found]]) -> None:
        """Applies withdrawals to stored rows, as far as they still hold: later ones may have been applied before."""
        about = {each.message.id: each for each, _ in found}.values()
        away = [each for each in about if each.deletion.becomes != "shown"]
        self._note([each for each in away if not _is_known(each)], known=True)
        self._note_ids([(each, row) for each, row in found if each.takes_account and each.deletion.for_good])
        rows = list({(row.hidden, row.key): row for _, row in found}.values())
        _, verdicts = self._taken_back.verdicts([row.post for row in rows])
        self.settle(zip(rows, verdicts, strict=True))

    def _note_ids(self, found: Sequence[tuple[Withdrawal, Found]]) -> None:
        """Notes the ids of the accounts that handles stand for, since a handle may change."""
        named = {Key(each.key.source, "account", row.row.author_id): each for each, row in found}
        if named:
            self._taken_back.note([(key, each.entry, each.time) for key, each in named.items()])


def _parts(found: Iterable[tuple[Withdrawal, Found]]) -> Iterator[list[tuple[Withdrawal, Found]]]:
    """Yields what was found in parts: an account may have very many posts."""
    rows = iter(found)
    while part := list(islice(rows, CHANGED_TOGETHER)):
        yield part


def targets(withdrawals: Iterable[Withdrawal]) -> Iterator[list[Withdrawal]]:
    """Yields the withdrawals in order, together as long as no two are about the same post, or the same account.

    A post and its account may go together: both are noted before stored rows are looked for.
    """
    group: dict[Key, Withdrawal] = {}
    for each in withdrawals:
        if each.key in group:
            yield list(group.values())
            group = {}
        group[each.key] = each
    if group:
        yield list(group.values())


def _is_known(withdrawal: Withdrawal) -> bool:
    return withdrawal.deletion.for_good or withdrawal.deletion.source == ALWAYS_KNOWN
