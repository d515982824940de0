"""Bluesky Jetstream events: posts and reposts.

Event model: https://github.com/bluesky-social/jetstream; records: the app.bsky.feed lexicons. A relay passes on records
that break them. Events of Jetstream's second wire format, and of its first releases, are read as well.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from conf.blanking import blank
from conf.folding import fold, fold_tags
from ingest.formats.bluesky_embeds import add_more_of, links_of, quoted_uri, texts_of
from ingest.formats.facets import Facets
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.jetstream_second import in_first_format
from ingest.formats.lenient import Lenient
from ingest.formats.limits import EARLIEST
from ingest.formats.post import Becomes, Deletion, InvalidMessage, Name, Post, set_root, unique

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_A_POST = f"/{POST}/".encode()
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Subject(msgspec.Struct, gc=False):
    uri: str


class ReplyTo(msgspec.Struct, gc=False):
    parent: Subject
    root: Subject | None = None


class Record(msgspec.Struct, gc=False):
    text: str | None = None
    langs: list[str] | None = None
    reply: ReplyTo | None = None
    facets: Any = None
    tags: Any = None
    embed: dict[str, Any] | None = None
    subject: Subject | None = None
    created_at: Any = msgspec.field(default=None, name="createdAt")


class Account(msgspec.Struct):
    active: bool | None = None
    status: str | None = None


class Identity(msgspec.Struct):
    handle: Any = None


class CommitHead(msgspec.Struct, kw_only=True):
    operation: str | None = None
    type: str | None = None  # what Jetstream's first releases have in place of `operation`
    collection: str
    rkey: str = ""

    @property
    def does(self) -> str:
        """What is done to the record: `create`, `update` or `delete`."""
        return self.operation or _FIRST_NAMES.get(self.type or "", "")


class Commit(CommitHead, kw_only=True, gc=False):
    rkey: str
    record: Record | None = None


class Event(msgspec.Struct, gc=False):
    did: str
    commit: Commit
    time_us: int | None = None


class EventHead(msgspec.Struct):
    did: str
    time_us: int | None = None
    commit: CommitHead | None = None
    account: Account | None = None
    identity: Identity | None = None

    @property
    def carries_post(self) -> bool:
        """Whether the event makes or changes a post or a repost; False for likes, follows, profiles and deletions."""
        return self._is_ours and self.commit is not None and self.commit.does in ("create", "update")

    @property
    def carries_deletion(self) -> bool:
        """Whether the event deletes a post or a repost."""
        return self._is_ours and self.commit is not None and self.commit.does == "delete"

    @property
    def _is_ours(self) -> bool:
        return self.commit is not None and self.commit.collection in (POST, REPOST)


_FIRST_NAMES = {"c": "create", "u": "update", "d": "delete"}
_EVENT, _HEAD = Lenient(Event), Lenient(EventHead)


def parse_deletion(payload: bytes) -> Deletion:
    """Returns the deletion of a post or repost.

    An account's event comes here only if an earlier release has queued it.
    """
    event = _HEAD.decode(payload)
    if event.commit is None:
        return parse_account(payload)
    post_id = f"{event.did}/{event.commit.rkey}"
    return Deletion(source="bluesky", post_id=post_id, author=event.did, at=made_at(event.commit.rkey))


def parse_account(payload: bytes) -> Deletion:
    """Returns what becomes of all posts of an account (https://atproto.com/specs/account).

    Only a deleted account's posts are deleted. An account that is deactivated, suspended, taken down or inactive for
    another reason is hidden, and most such accounts come back.
    """
    event = _HEAD.decode(payload)
    account = event.account or Account()
    if account.active is None:
        raise InvalidMessage("an account's event that does not say whether it is active")
    becomes: Becomes = "shown" if account.active else "deleted" if account.status == "deleted" else "hidden"
    at = _time(event.time_us) if event.time_us else None
    until = at if becomes == "deleted" else None
    return Deletion(source="bluesky", author=event.did, becomes=becomes, said_at=at, until=until)


def parse_identity(payload: bytes) -> Name:
    """Returns the handle of an account by an identity event (https://atproto.com/specs/sync)."""
    event = _HEAD.decode(payload)
    if not event.time_us:
        raise InvalidMessage("an identity event without a time")
    handle = event.identity.handle if event.identity else None
    return Name(source="bluesky", author_id=event.did, handle=handle, at=_time(event.time_us))


def _seen(time_us: int | None) -> datetime | None:
    """Returns the host's time of an event, UTC; None if there is no such time, as with 0."""
    try:
        return _time(time_us) if time_us and time_us > 0 else None
    except InvalidMessage:
        return None


def _time(time_us: int) -> datetime:
    """Returns a time in µs since 1970 in UTC. Raises InvalidMessage if there is no such date."""
    try:
        return _EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        raise InvalidMessage(f"time_us is out of range: {time_us}") from None


def made_at(rkey: str) -> datetime | None:
    """Returns the time in a record key that is a TID (https://atproto.com/specs/tid); None for any other key."""
    if len(rkey) != 13 or not set(rkey) <= set(_BASE32):
        return None
    number = 0
    for letter in rkey:
        number = number * 32 + _BASE32.index(letter)
    try:
        return _EPOCH + timedelta(microseconds=number >> 10)
    except OverflowError:
        return None


def parse_event(payload: bytes) -> Post:
    """Returns a post or repost.

    The event time is the earlier of two: the `createdAt` that the author's client has set, and the host's `time_us`.
    The network itself sorts posts so. It is the same from every host, unless a client's clock is ahead. A `time_us` of
    0 is no time.

    Raises InvalidMessage for a commit without a record, its key, text or time, and for a repost that names no post.
    """
    event = _EVENT.decode(payload)
    commit, record = event.commit, event.commit.record
    if record is None:
        raise InvalidMessage("the commit has no record")
    made_at, seen_at = created_at(record.created_at), _seen(event.time_us)
    event_at = min(seen_at, made_at) if seen_at and made_at else seen_at or made_at
    if event_at is None:
        raise InvalidMessage("neither time_us nor createdAt is a time")
    if not commit.rkey:
        raise InvalidMessage("a commit without a record key")
    post = Post(
        source="bluesky",
        post_id=f"{event.did}/{commit.rkey}",
        event_at=event_at,
        author_id=event.did,
        author=event.did,
    )
    post.version_us, post.is_update = event.time_us if seen_at else None, commit.does == "update"
    if commit.collection == REPOST:
        if record.subject is None:
            raise InvalidMessage("a repost without a subject")
        post.retweet_of, post.retweet_of_author = split_uri(record.subject.uri)
        if post.retweet_of is None:
            raise InvalidMessage(f"a repost whose subject is not a post: {record.subject.uri[:100]}")
        return post
    if record.text is None:
        raise InvalidMessage("no text")
    _set_content(post, record, record.text)
    return post


def created_at(value: object) -> datetime | None:
    """Returns the time in a record's `createdAt`, UTC; None if it is no time with a zone, or one before 1970.

    The format is that of https://atproto.com/specs/lexicon#datetime.
    """
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None and at >= EARLIEST else None
    except (ValueError, OverflowError):
        return None


def split_uri(uri: str) -> tuple[str | None, str | None]:
    """Returns (post id, author) for `at://did/app.bsky.feed.post/rkey`; (None, None) for any other address."""
    parts = uri.removeprefix("at://").split("/")
    if len(parts) == 3 and parts[1] == POST:
        return f"{parts[0]}/{parts[2]}", parts[0]
    return None, None


def _set_content(post: Post, record: Record, text: str) -> None:
    facets = Facets(text, record.facets)
    post.text = text
    if record.langs:
        post.lang, post.languages = next(filter(None, record.langs), None), record.langs
    post.folded = fold(blank(text, facets.spans))
    more = record.tags if isinstance(record.tags, list) else []
    post.hashtags = fold_tags([*facets.tags, *texts_of(more)])
    post.mentions = unique(facets.mentions)
    post.urls = unique(facets.links + links_of(record.embed) if record.embed else facets.links)
    if record.reply:
        parent, root = record.reply.parent, record.reply.root
        post.reply_to, post.reply_to_author = split_uri(parent.uri)
        if root:
            set_root(post, post.reply_to if root.uri == parent.uri else split_uri(root.uri)[0])
    if record.embed:
        post.quote_of, post.quote_of_author = split_uri(quoted_uri(record.embed))
        add_more_of(post, record.embed)


def _split(keys: Keys, line: bytes) -> Parts | None:
    if "did" not in keys:
        if b"jetstream" not in keys["payload"]:
            return None
        line = in_first_format(keys["payload"])
    event = _HEAD.decode(line)
    if event.account is not None:
        return [("bluesky_account", line)]
    if event.identity is not None:
        return [("bluesky_identity", line)]
    if event.carries_deletion:
        return [("bluesky_delete", line)]
    return [("bluesky", line)] if event.carries_post and not _reposts_no_post(event, line) else []


def _reposts_no_post(event: EventHead, line: bytes) -> bool:
    """Returns whether an event is a repost of something else than a post, such as a feed: that is no post, either."""
    if event.commit is None or event.commit.collection != REPOST or _A_POST in line:
        return False
    record = _EVENT.decode(line).commit.record
    subject = record.subject if record else None
    return subject is not None and split_uri(subject.uri)[0] is None


FORMAT = Format(
    network="bluesky",
    title="Jetstream",
    keys=(("did",), ("$type", "payload")),
    split=_split,
    longest_text=3_000,  # its lexicon allows 3,000 bytes
    parsers={"bluesky": parse_event},
    deletions={"bluesky_delete": parse_deletion, "bluesky_account": parse_account},
    names={"bluesky_identity": parse_identity},
)
