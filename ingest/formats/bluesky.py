"""Bluesky Jetstream events: posts and reposts.

Event model: https://github.com/bluesky-social/jetstream; records: the app.bsky.feed lexicons.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from conf.folding import blank, fold
from ingest.formats.checked import EARLIEST
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import Becomes, Deletion, InvalidMessage, Name, Post, unique

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAG, _MENTION, _LINK = (f"app.bsky.richtext.facet#{name}" for name in ("tag", "mention", "link"))


class Subject(msgspec.Struct):
    uri: str


class ReplyTo(msgspec.Struct):
    parent: Subject


class Span(msgspec.Struct, rename="camel"):
    byte_start: int
    byte_end: int


class Facet(msgspec.Struct):
    index: Span
    features: list[dict[str, Any]]


class Record(msgspec.Struct):
    text: str = ""
    langs: list[str] | None = None
    reply: ReplyTo | None = None
    facets: list[Facet] | None = None
    tags: list[str] | None = None
    embed: dict[str, Any] | None = None
    subject: Subject | None = None
    created_at: Any = msgspec.field(default=None, name="createdAt")


class Account(msgspec.Struct):
    active: bool = True
    status: str | None = None


class Identity(msgspec.Struct):
    handle: Any = None


class Commit(msgspec.Struct):
    operation: str
    collection: str
    rkey: str
    record: Record | None = None


class Event(msgspec.Struct):
    did: str
    time_us: int
    commit: Commit


class CommitHead(msgspec.Struct):
    operation: str
    collection: str
    rkey: str = ""


class EventHead(msgspec.Struct):
    did: str
    time_us: int = 0
    commit: CommitHead | None = None
    account: Account | None = None
    identity: Identity | None = None

    @property
    def carries_post(self) -> bool:
        """Whether the event makes or changes a post or a repost; False for likes, follows, profiles and deletions."""
        return self._is_ours and self.commit is not None and self.commit.operation in ("create", "update")

    @property
    def carries_deletion(self) -> bool:
        """Whether the event deletes a post or a repost."""
        return self._is_ours and self.commit is not None and self.commit.operation == "delete"

    @property
    def _is_ours(self) -> bool:
        return self.commit is not None and self.commit.collection in (POST, REPOST)


_EVENT = msgspec.json.Decoder(Event)
_HEAD = msgspec.json.Decoder(EventHead)


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
    becomes: Becomes = "shown" if account.active else "deleted" if account.status == "deleted" else "hidden"
    at = _time(event.time_us)
    until = at if becomes == "deleted" else None
    return Deletion(source="bluesky", author=event.did, becomes=becomes, said_at=at, until=until)


def parse_identity(payload: bytes) -> Name:
    """Returns the handle of an account by an identity event (https://atproto.com/specs/sync)."""
    event = _HEAD.decode(payload)
    return Name(
        source="bluesky", author_id=event.did, handle=(event.identity or Identity()).handle, at=_time(event.time_us)
    )


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
    The network itself sorts posts so. It is the same from every host, unless a client's clock is ahead.

    Raises InvalidMessage for a commit without a record, a time out of range, and a repost that names no post.
    """
    event = _EVENT.decode(payload)
    commit, record = event.commit, event.commit.record
    if record is None:
        raise InvalidMessage("the commit has no record")
    seen_at = _time(event.time_us)
    post = Post(
        source="bluesky",
        post_id=f"{event.did}/{commit.rkey}",
        event_at=min(seen_at, created_at(record.created_at) or seen_at),
        author_id=event.did,
        author=event.did,
    )
    post.version_us, post.is_update = event.time_us, commit.operation == "update"
    if commit.collection == REPOST:
        if record.subject is None:
            raise InvalidMessage("a repost without a subject")
        post.retweet_of, post.retweet_of_author = split_uri(record.subject.uri)
        if post.retweet_of is None:
            raise InvalidMessage(f"a repost whose subject is not a post: {record.subject.uri[:100]}")
        return post
    _set_content(post, record)
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


def _set_content(post: Post, record: Record) -> None:
    facets = record.facets or []
    features = [feature for facet in facets for feature in facet.features]
    post.text = record.text
    post.lang, post.languages = record.langs[0] if record.langs else None, record.langs
    post.folded = fold(blank(_without_facets(record.text, facets)))
    tags = [f["tag"] for f in features if f.get("$type") == _TAG] + list(record.tags or ())
    post.hashtags = unique([fold(tag) for tag in tags])
    post.mentions = unique([f["did"] for f in features if f.get("$type") == _MENTION])
    external = ((record.embed or {}).get("external") or {}).get("uri")
    links = [f["uri"] for f in features if f.get("$type") == _LINK]
    post.urls = unique(links + ([external] if external else []))
    if record.reply:
        post.reply_to, post.reply_to_author = split_uri(record.reply.parent.uri)
    post.quote_of, post.quote_of_author = _quoted(record.embed or {})


def _without_facets(text: str, facets: list[Facet]) -> str:
    """Returns the text with links and mentions blanked.

    Offsets count UTF-8 bytes. A facet that cuts a character in two is ignored.
    """
    spans = [f.index for f in facets if any(x.get("$type") in (_LINK, _MENTION) for x in f.features)]
    if not spans:
        return text
    raw = text.encode()
    for span in sorted(spans, key=lambda s: s.byte_start, reverse=True):
        if 0 <= span.byte_start < span.byte_end <= len(raw):
            cut = raw[: span.byte_start] + b" " + raw[span.byte_end :]
            try:
                cut.decode()
            except UnicodeDecodeError:
                continue
            raw = cut
    return raw.decode()


def _quoted(embed: dict[str, Any]) -> tuple[str | None, str | None]:
    """Returns the quoted post of an embed (post id, author): of a `record`, or of the one in a `recordWithMedia`."""
    record = embed.get("record") or {}
    uri = record.get("uri") or (record.get("record") or {}).get("uri")
    return split_uri(uri) if isinstance(uri, str) else (None, None)


def _split(_keys: Keys, line: bytes) -> Parts:
    event = _HEAD.decode(line)
    if event.account is not None:
        return [("bluesky_account", line)]
    if event.identity is not None:
        return [("bluesky_identity", line)]
    if event.carries_deletion:
        return [("bluesky_delete", line)]
    return [("bluesky", line)] if event.carries_post else []


FORMAT = Format(
    network="bluesky",
    title="Jetstream",
    keys=(("did",),),
    split=_split,
    longest_text=3_000,  # its lexicon allows 3,000 bytes
    parsers={"bluesky": parse_event},
    deletions={"bluesky_delete": parse_deletion, "bluesky_account": parse_account},
    names={"bluesky_identity": parse_identity},
)
