"""Bluesky Jetstream events: posts and reposts.

Event model: https://github.com/bluesky-social/jetstream; records: the app.bsky.feed lexicons.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from conf.folding import blank, fold
from ingest.post import InvalidMessage, Post, unique

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
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


class EventHead(msgspec.Struct):
    commit: CommitHead | None = None


_EVENT = msgspec.json.Decoder(Event)
_HEAD = msgspec.json.Decoder(EventHead)


def carries_post(payload: bytes) -> bool:
    """Whether an event makes or changes a post or a repost; likes, follows, profiles and deletes don't."""
    commit = _HEAD.decode(payload).commit
    return commit is not None and commit.collection in (POST, REPOST) and commit.operation in ("create", "update")


def parse_event(payload: bytes) -> Post:
    """A post or repost. Event time is the relay's `time_us`; the client's own date is not trusted."""
    event = _EVENT.decode(payload)
    commit, record = event.commit, event.commit.record
    if record is None:
        raise InvalidMessage("the commit has no record")
    try:
        event_at = _EPOCH + timedelta(microseconds=event.time_us)
    except OverflowError:
        raise InvalidMessage(f"time_us is no time: {event.time_us}") from None
    post = Post(
        source="bluesky", post_id=f"{event.did}/{commit.rkey}", event_at=event_at, author_id=event.did, author=event.did
    )
    if commit.collection == REPOST:
        if record.subject is None:
            raise InvalidMessage("a repost without a subject")
        post.retweet_of, post.retweet_of_author = split_uri(record.subject.uri)
        if post.retweet_of is None:
            raise InvalidMessage(f"a repost of what is no post: {record.subject.uri[:100]}")
        return post
    _set_content(post, record)
    return post


def split_uri(uri: str) -> tuple[str | None, str | None]:
    """`at://did/app.bsky.feed.post/rkey` as (post id, author); (None, None) when it names no post."""
    parts = uri.removeprefix("at://").split("/")
    if len(parts) == 3 and parts[1] == POST:
        return f"{parts[0]}/{parts[2]}", parts[0]
    return None, None


def _set_content(post: Post, record: Record) -> None:
    facets = record.facets or []
    features = [feature for facet in facets for feature in facet.features]
    post.text = record.text
    post.lang = record.langs[0] if record.langs else None
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
    """The text with links and mentions blanked. Offsets count UTF-8 bytes; those that fit no character are left."""
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
    """The quoted post of an embed: `record`, or `recordWithMedia`, which holds one."""
    record = embed.get("record") or {}
    uri = record.get("uri") or (record.get("record") or {}).get("uri")
    return split_uri(uri) if isinstance(uri, str) else (None, None)
