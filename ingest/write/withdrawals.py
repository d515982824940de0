"""Applies what is taken back: deletions, edits, and accounts that are hidden and come back.

It is noted first, and then stored posts are looked for. So a post is caught, whether it was stored before, is being
stored by another worker, or comes later, in any topic.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import NamedTuple

from conf.instants import micros
from conf.snowflakes import x_made_at
from ingest.formats.post import Deletion, Post
from ingest.queue.envelope import Message
from ingest.write.ledger import Entry, Key
from ingest.write.names import AccountNames
from ingest.write.refusal import Fence, Refusal
from ingest.write.stored_posts import Found, Statement, StoredPosts
from ingest.write.taken_back import TakenBack, Verdict

EDITED_WITHIN = timedelta(hours=2)
"""The longest time between a post and its edits. X allows an hour (https://docs.x.com/x-api/fundamentals/edit-posts)."""
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
        stored = [(each, found) for each, found in self._find([*away, *back], refused) if found]
        self._note([each for each, _ in stored if each in away and not _is_known(each)], known=True)
        for each, found in stored:
            self._change(each, found)
        self._note_changed(each.message for each in withdrawals)
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
        found = chain.from_iterable(self._stored.find(earlier))
        self._stored.run((each, self._stored.deletion(each)) for each in found if entry.concerns(each.post))
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
        """Notes that accounts are no longer hidden. Returns those that were, and the others: most were never."""
        if not withdrawals:
            return [], []
        _, entries = self._taken_back.entries([each.key for each in withdrawals])
        back = [each for each in withdrawals if each.key in entries]
        for each in back:
            self._taken_back.withdraw(each.key, each.time)
        return back, [each for each in withdrawals if each.key not in entries]

    def _find(
        self, withdrawals: Sequence[Withdrawal], refused: list[Refusal]
    ) -> Iterator[tuple[Withdrawal, list[Found]]]:
        can_be_found = []
        for each in withdrawals:
            with Fence(each.message, refused):
                can_be_found.append((each, self._stored.dated(each.deletion)))
        found = self._stored.find([deletion for _, deletion in can_be_found])
        for (each, _), rows in zip(can_be_found, found, strict=True):
            yield each, rows

    def _change(self, withdrawal: Withdrawal, found: Sequence[Found]) -> None:
        """Applies a withdrawal to stored rows, as far as it still holds: a later one may have been applied before."""
        if withdrawal.deletion.for_good and withdrawal.deletion.post_id is None:
            self._note_ids(withdrawal, found)
        _, verdicts = self._taken_back.verdicts([each.post for each in found])
        self.settle(zip(found, verdicts, strict=True))

    def _note_ids(self, withdrawal: Withdrawal, found: Sequence[Found]) -> None:
        """Notes the ids of the accounts that a handle stands for, since the handle may change."""
        ids = {each.row.author_id for each in found}
        keys = [Key(withdrawal.deletion.source, "account", author_id) for author_id in ids]
        self._taken_back.note([(key, withdrawal.entry, withdrawal.time) for key in keys])


def targets(withdrawals: Sequence[Withdrawal]) -> Iterator[list[Withdrawal]]:
    """Yields the withdrawals in order, together as long as no two are about the same account or post."""
    group: list[Withdrawal] = []
    seen: set[str] = set()
    for each in withdrawals:
        target = each.account or each.deletion.post_id or ""
        if target in seen:
            yield group
            group, seen = [], set()
        group.append(each)
        seen.add(target)
    if group:
        yield group


def _is_known(withdrawal: Withdrawal) -> bool:
    return withdrawal.deletion.for_good or withdrawal.deletion.source == ALWAYS_KNOWN
