"""Mastodon streaming events: statuses, their edits, and deletions.

Entities: https://docs.joinmastodon.org/entities/Status/; events: https://docs.joinmastodon.org/methods/streaming/. A
line is `{"event": …, "server": …, "payload": …}`. The payload is the status or, for a deletion, the status's id.
"""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from conf.folding import blank, fold
from conf.instants import micros
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import Deletion, Post, as_accounts, unique

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
SHOWN = ("public", "unlisted")
_BREAKS = ("br", "p", "li", "blockquote")


class Account(msgspec.Struct):
    id: str
    acct: str
    url: str = ""
    bot: bool = False
    followers_count: int | None = None
    following_count: int | None = None
    created_at: Instant | None = None


class Mention(msgspec.Struct):
    id: str
    acct: str


class Tag(msgspec.Struct):
    name: str


class Card(msgspec.Struct):
    url: str | None = None


class Application(msgspec.Struct):
    name: str | None = None


class Status(msgspec.Struct, kw_only=True):
    id: str
    created_at: Instant
    account: Account
    content: str = ""
    spoiler_text: str = ""
    visibility: str = "public"
    language: str | None = None
    edited_at: Instant | None = None
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    mentions: list[Mention] = []
    tags: list[Tag] = []
    card: Card | None = None
    application: Application | None = None
    reblog: "Status | None" = None
    quote: dict[str, Any] | None = None


class Event(msgspec.Struct):
    event: str
    payload: Status
    server: str = ""


class Head(msgspec.Struct):
    """An event's kind; the content is not parsed yet."""

    event: str
    payload: msgspec.Raw

    @property
    def carries_deletion(self) -> bool:
        """Whether the event deletes a status."""
        return self.event == "delete"

    @property
    def carries_post(self) -> bool:
        """Whether the event makes or changes a public or unlisted status."""
        return self.event in ("update", "status.update") and _VISIBILITY.decode(self.payload).visibility in SHOWN


class Visibility(msgspec.Struct):
    visibility: str = "public"


class Deleted(msgspec.Struct):
    payload: str | int


_EVENT, _HEAD = msgspec.json.Decoder(Event), msgspec.json.Decoder(Head)
_VISIBILITY, _DELETED = msgspec.json.Decoder(Visibility), msgspec.json.Decoder(Deleted)


def parse_deletion(line: bytes) -> Deletion:
    """Returns the deletion of a status, by its id on the server."""
    return Deletion(source="mastodon", post_id=str(_DELETED.decode(line).payload))


def parse_event(line: bytes) -> Post:
    """Returns a status as a post.

    The event time is `created_at`; the id is the status's id on the server that sent the event.
    """
    event = _EVENT.decode(line)
    status, server = event.payload, event.server
    shown = status.reblog or status
    content = _Content(shown)
    ids: dict[str, str | None] = {_address(mention.acct, "", server): mention.id for mention in shown.mentions}
    post = Post(
        source="mastodon",
        post_id=status.id,
        event_at=status.created_at.astimezone(UTC),
        author_id=status.account.id,
        author=_address(status.account.acct, status.account.url, server),
        text=content.text,
        lang=shown.language,
        reply_to=status.in_reply_to_id,
        folded=fold(blank(content.bare)),
        hashtags=unique([fold(tag.name) for tag in shown.tags]),
        mentions=list(ids),
        urls=unique(content.links + ([shown.card.url] if shown.card and shown.card.url else [])),
        author_followers=status.account.followers_count,
        author_following=status.account.following_count,
        author_created_at=status.account.created_at,
        author_is_bot=status.account.bot,
        client=status.application.name if status.application else None,
        version_us=micros(status.edited_at or status.created_at),
        is_update=event.event == "status.update",
    )
    if status.in_reply_to_id:
        by_id = {mention.id: mention.acct for mention in status.mentions} | {status.account.id: status.account.acct}
        replied = by_id.get(status.in_reply_to_account_id or "")
        if replied:
            post.reply_to_author = _address(replied, "", server)
            ids[post.reply_to_author] = status.in_reply_to_account_id
    if status.reblog:
        post.retweet_of = status.reblog.id
        post.retweet_of_author = _address(status.reblog.account.acct, status.reblog.account.url, server)
        ids[post.retweet_of_author] = status.reblog.account.id
    _set_quote(post, status, server)
    post.accounts = as_accounts(ids)
    return post


def _set_quote(post: Post, status: Status, server: str) -> None:
    """Sets the quoted status (Mastodon 4.4 and later), where the server delivers it."""
    quoted = (status.quote or {}).get("quoted_status")
    if isinstance(quoted, dict):
        found = msgspec.convert(quoted, Status, strict=False)
        post.quote_of, post.quote_of_author = found.id, _address(found.account.acct, found.account.url, server)


def _address(acct: str, url: str, server: str) -> str:
    """Returns `user@server` in lower case; for a local account, the server in `url`, or else `server`."""
    if "@" not in acct:
        acct = f"{acct}@{urlsplit(url).hostname or server}"
    return acct.lower()


class _Content(HTMLParser):
    """A status's HTML as text.

    `text` is the text as shown, `bare` the text without links and mentions, and `links` the links that are neither
    mention nor hashtag.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self._shown: list[str] = []
        self._bare: list[str] = []
        self._hidden: list[bool] = []
        self._blanked = False
        if status.spoiler_text:
            self._add(f"{status.spoiler_text}\n")
        self.feed(status.content)
        self.close()
        self.text = "".join(self._shown).strip()
        self.bare = "".join(self._bare).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remembers where links and hidden parts begin."""
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if tag == "a":
            is_tag = "hashtag" in classes or given.get("rel") == "tag"
            self._blanked = not is_tag
            if not is_tag and "mention" not in classes and (href := given.get("href")):
                self.links.append(href)
            self._bare.append(" " if self._blanked else "")
        elif tag == "span":
            self._hidden.append("invisible" in classes)
        elif tag in _BREAKS and self._shown:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        """Remembers where links, hidden parts and paragraphs end."""
        if tag == "a":
            self._bare.append(" " if self._blanked else "")
            self._blanked = False
        elif tag == "span" and self._hidden:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        """Adds text that is shown."""
        if not any(self._hidden):
            self._add(data)

    def _add(self, text: str) -> None:
        self._shown.append(text)
        if not self._blanked:
            self._bare.append(text)

    def _break(self) -> None:
        self._shown.append("\n")
        self._bare.append("\n")


def _split(_keys: Keys, line: bytes) -> Parts:
    event = _HEAD.decode(line)
    if event.carries_deletion:
        return [("mastodon_delete", line)]
    return [("mastodon", line)] if event.carries_post else []


FORMAT = Format(
    network="mastodon",
    title="Mastodon",
    keys=(("event", "payload"),),
    split=_split,
    longest_text=100_000,  # our own limit: each server has another one
    parsers={"mastodon": parse_event},
    deletions={"mastodon_delete": parse_deletion},
)
