"""Mastodon streaming events: statuses, their edits, and deletions.

Entities: https://docs.joinmastodon.org/entities/Status/; events: https://docs.joinmastodon.org/methods/streaming/. A
line is `{"event": …, "server": …, "payload": …}`. The payload is the status or, for a deletion, the status's id. Over
WebSockets, it is that as a text. A status by itself, a thread and a page of search, as the REST API returns them, are
read as well.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from conf.folding import fold, fold_tags
from conf.instants import micros
from ingest.formats.format import Format, Keys, Parts, not_too_many
from ingest.formats.lenient import Lenient
from ingest.formats.malformed import MALFORMED
from ingest.formats.markup import Markup
from ingest.formats.media import of_mastodon
from ingest.formats.more_text import add_more, values_of
from ingest.formats.post import Deletion, Post, as_accounts, unique

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
SHOWN = ("public", "unlisted")


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
    url: str = ""


class Tag(msgspec.Struct):
    name: str


class Card(msgspec.Struct):
    url: str | None = None
    title: Any = None
    description: Any = None


class Application(msgspec.Struct):
    name: str | None = None


class Content(msgspec.Struct, kw_only=True):
    """The parts of a status that are read also of one that is boosted. Of that one, only the id is needed."""

    id: str
    account: Account | None = None
    content: str = ""
    spoiler_text: str = ""
    language: str | None = None
    mentions: list[Mention] = []
    tags: list[Tag] = []
    card: Card | None = None
    poll: Any = None
    media_attachments: Any = None


class Status(Content, kw_only=True):
    account: Account
    created_at: Instant
    visibility: str = "public"
    edited_at: Instant | None = None
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    application: Application | None = None
    reblog: Content | None = None
    quote: dict[str, Any] | None = None
    quote_id: Any = None


class Event(msgspec.Struct):
    event: str
    payload: Status
    server: str = ""


class Page(msgspec.Struct):
    """Statuses of a thread or of a search."""

    ancestors: list[msgspec.Raw] = []
    descendants: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []


class Head(msgspec.Struct):
    """An event's kind; the content is not parsed yet."""

    event: str
    payload: msgspec.Raw
    server: str = ""

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


_EVENT, _HEAD, _PAGE = Lenient(Event), msgspec.json.Decoder(Head), msgspec.json.Decoder(Page)
_VISIBILITY, _DELETED = msgspec.json.Decoder(Visibility), Lenient(Deleted)


def parse_deletion(line: bytes) -> Deletion:
    """Returns the deletion of a status, by its id on the server."""
    return Deletion(source="mastodon", post_id=str(_DELETED.decode(line).payload))


def parse_event(line: bytes) -> Post:
    """Returns a status as a post.

    The event time is `created_at`; the id is the status's id on the server that sent the event.
    """
    event = _EVENT.decode(line)
    status = event.payload
    server = (_host_of(status.account.url) if "@" not in status.account.acct else None) or event.server
    shown = status.reblog if status.reblog and (status.reblog.account or status.reblog.content) else status
    content = Markup(shown.content, f"{shown.spoiler_text}\n" if shown.spoiler_text else "")
    ids: dict[str, str | None] = {_address(each.acct, each.url, server): each.id for each in shown.mentions}
    post = Post(
        source="mastodon",
        post_id=status.id,
        event_at=status.created_at.astimezone(UTC),
        author_id=status.account.id,
        author=_address(status.account.acct, "", server),
        text=content.text,
        lang=shown.language,
        reply_to=status.in_reply_to_id,
        folded=fold(content.bare),
        hashtags=fold_tags(tag.name for tag in shown.tags),
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
        known: list[Mention | Account] = [status.account, *status.mentions]
        replied = next((each for each in known if each.id == status.in_reply_to_account_id), None)
        if replied:
            post.reply_to_author = _address(replied.acct, replied.url, server)
            ids[post.reply_to_author] = replied.id
    if status.reblog:
        post.retweet_of = status.reblog.id
        if boosted := status.reblog.account:
            post.retweet_of_author = _address(boosted.acct, boosted.url, server)
            ids[post.retweet_of_author] = boosted.id
    _set_quote(post, status, server)
    _add_more(post, shown)
    post.accounts = as_accounts(ids)
    return post


def _add_more(post: Post, shown: Content) -> None:
    """Adds the media, and the text of the link's card, the options of a poll, and the descriptions of the media."""
    card, poll, media = shown.card, shown.poll, shown.media_attachments
    if not (card or poll or media):
        return
    post.media = of_mastodon(media)
    options = [text for each in values_of(poll, "options") for text in values_of(each, "title")]
    add_more(post, [*((card.title, card.description) if card else ()), *options], values_of(media, "description"))


def _set_quote(post: Post, status: Status, server: str) -> None:
    """Sets the quoted status (Mastodon 4.4 and later). A shallow quote has only its id; some forks have it directly."""
    quote = status.quote or {}
    quoted = quote.get("quoted_status") or (quote if "account" in quote else {})
    known = (quoted.get("id") if isinstance(quoted, dict) else None, quote.get("quoted_status_id"), status.quote_id)
    post.quote_of = next((str(each) for each in known if each and type(each) in (str, int)), None)
    with suppress(msgspec.ValidationError, AttributeError):  # without a usable account, the id is kept
        account = msgspec.convert(quoted.get("account"), Account)
        post.quote_of_author = _address(account.acct, account.url, server)


def _address(acct: str, url: str, server: str) -> str:
    """Returns `user@server` in lower case; for a local account, the server in `url`, or else `server`.

    An account has one name, in whichever form its server is written: international names are in Unicode, and the
    `www.` before a name belongs to the pages of a server, not to its accounts.
    """
    if "@" not in acct:
        acct = f"{acct}@{((url and _host_of(url)) or server).removeprefix('www.')}".rstrip("@")
    return (_in_unicode(acct) if "xn--" in acct else acct).lower()


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _in_unicode(acct: str) -> str:
    user, _, server = acct.partition("@")
    with suppress(UnicodeError):
        return f"{user}@{server.encode('ascii').decode('idna')}"
    return acct


def _split(keys: Keys, line: bytes) -> Parts:
    if "payload" in keys:
        return _split_event(line)
    if "content" in keys:
        return _split_event(_as_event(line))
    page = _PAGE.decode(line)
    statuses = (*page.ancestors, *page.descendants, *page.statuses)
    not_too_many(statuses)
    return [part for status in statuses for part in _split_status(bytes(status))]


def _split_status(status: bytes) -> Parts:
    """Returns a status of a page. A broken one is refused when it is parsed: it costs none of its neighbours."""
    try:
        return _split_event(_as_event(status))
    except MALFORMED:
        return [("mastodon", b'{"status":%b}' % status)]


def _as_event(payload: bytes, event: str = "update", server: str = "") -> bytes:
    head = msgspec.json.encode({"event": event, "server": server})
    return b'%b,"payload":%b}' % (head[:-1], payload)


def _split_event(line: bytes) -> Parts:
    event = _HEAD.decode(line)
    if event.carries_deletion:
        return [("mastodon_delete", line)]
    if bytes(event.payload).startswith(b'"') and event.event in ("update", "status.update"):
        text = msgspec.json.decode(event.payload, type=str)
        return _split_event(_as_event(text.encode(), event.event, event.server)) if text[:1] == "{" else []
    return [("mastodon", line)] if event.carries_post else []


FORMAT = Format(
    network="mastodon",
    title="Mastodon",
    keys=(("event", "payload"), ("account", "content"), ("ancestors", "descendants"), ("statuses", "accounts")),
    split=_split,
    longest_text=100_000,  # our own limit: each server has another one
    parsers={"mastodon": parse_event},
    deletions={"mastodon_delete": parse_deletion},
)
