"""X API v1.1 status objects, as the old streaming API delivered them.

Object model: https://developer.x.com/en/docs/twitter-api/v1/data-dictionary/object-model/tweet
"""

import html
import re
from typing import Any

import msgspec

from conf.folding import fold_tags
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.media import of_x_v11
from ingest.formats.more_text import add_more, decoded, holds, values_of
from ingest.formats.post import Post, as_accounts, set_root, unique
from ingest.formats.x_places import set_place_v11
from ingest.formats.x_text import (
    LONGEST_TEXT,
    all_unescaped,
    answered_in,
    folded_text,
    names_in,
    owner_in,
    retweeted_in,
    tags_in,
    unescaped,
)
from ingest.formats.x_v11_instants import instant_or_none, parse_instant
from ingest.formats.x_v11_status import Content, Entities, Status

_CARD_TEXTS = ("title", "description", *(f"choice{number}_label" for number in range(1, 5)))
_MARKUP = re.compile(r"<[^>]*>")

_STATUS = Lenient(Status)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def parse_status(payload: bytes) -> Post:
    """Returns a v1.1 status as a post. Raises InvalidMessage for a wrong date or a missing text."""
    status = _STATUS.decode(payload)
    retweeted = status.retweeted_status
    has_text = retweeted is not None and (retweeted.full_text or retweeted.text or retweeted.extended_tweet)
    shown = retweeted if retweeted is not None and has_text else status
    raw, given = shown.full()
    entities, text = given or Entities(), unescaped(raw)
    ids = {m.screen_name.lower(): m.id_str for m in entities.user_mentions or ()}
    if given is None:  # a capture without entities has hashtags and mentions in its text alone
        ids = dict.fromkeys(names_in(text))
    post = Post(
        source="x",
        post_id=status.id_str,
        event_at=parse_instant(status.created_at),
        author_id=status.user.id_str,
        author=status.user.handle,
        text=text,
        lang=status.lang,
        folded=folded_text(raw, entities.spans(raw)),
        hashtags=fold_tags([tag.text for tag in entities.hashtags or ()] if given else tags_in(text)),
        mentions=list(ids),
        urls=unique([u.expanded_url or u.url or "" for u in entities.urls or ()]),
        author_followers=status.user.followers_count,
        author_following=status.user.friends_count,
        author_created_at=instant_or_none(status.user.created_at),
        client=html.unescape(_MARKUP.sub("", status.source)).strip() if status.source else None,
    )
    _set_references(post, status, ids)
    set_root(post, status.conversation_id_str)
    post.accounts = as_accounts(ids)
    _add_more(post, shown)
    if status.place or status.coordinates or status.geo:
        set_place_v11(post, status)
    return post


def _set_references(post: Post, status: Status, ids: dict[str, str | None]) -> None:
    """Sets which posts are answered, retweeted or quoted, and whose they are; adds the ids of these accounts."""
    retweeted, quoted = status.retweeted_status, status.quoted_status
    post.reply_to = _digits(status.in_reply_to_status_id_str, status.in_reply_to_status_id)
    if post.reply_to and (name := _replied_to(status, ids)):
        post.reply_to_author = name
        ids[name] = _digits(status.in_reply_to_user_id_str, status.in_reply_to_user_id) or ids.get(name)
    if retweeted is not None:
        post.said_kind = "retweet"  # also where its id is missing
        post.retweet_of = _digits(retweeted.id_str, retweeted.id)
        post.retweet_of_author = _handle(retweeted) or retweeted_in(status.full_text or status.text or "")
    elif quote_of := _quoted(status):
        # Not for a retweet: there this is the quote of the retweeted post, not its own.
        entities = status.full()[1]
        links = (url.expanded_url for url in (entities.urls if entities else None) or ())
        link = status.quoted_status_permalink.expanded if status.quoted_status_permalink else None
        post.quote_of, post.quote_of_author = quote_of, _handle(quoted) or owner_in((link, *links), quote_of)
    if (referred := retweeted or quoted) and referred.user and (handle := referred.user.handle):
        ids[handle] = referred.user.id_str


def _replied_to(status: Status, ids: dict[str, str | None]) -> str | None:
    """Returns the handle of the author replied to, from wherever the status says it; None if unknown."""
    if status.in_reply_to_screen_name:
        return status.in_reply_to_screen_name.lower()
    user_id = _digits(status.in_reply_to_user_id_str, status.in_reply_to_user_id)
    if user_id == status.user.id_str:
        return status.user.handle
    by_id = next((name for name, account_id in ids.items() if account_id == user_id), None) if user_id else None
    return by_id or answered_in(status.full()[0])


def _quoted(status: Status) -> str | None:
    of_quoted = _digits(status.quoted_status.id_str, status.quoted_status.id) if status.quoted_status else None
    return _digits(status.quoted_status_id_str, status.quoted_status_id) or of_quoted


def _digits(text: str | None, number: Any) -> str | None:
    """Returns an id, which some dumps have only as a number; None for a number that a program has rounded."""
    return text or (str(number) if type(number) is int else None)


def _handle(status: Content | None) -> str | None:
    return status.user.handle if status is not None and status.user else None


def _add_more(post: Post, shown: Content) -> None:
    """Adds the media, and the texts of the card (a poll is one, too) and the descriptions of the media."""
    extended = shown.extended_tweet.extended_entities if shown.extended_tweet else shown.extended_entities
    extended = extended or shown.extended_entities
    if extended:
        post.media = of_x_v11(extended)
    if not (shown.card or holds(extended, b"ext_alt_text")):
        return
    media = next(values_of(decoded(extended), "media"), None)
    alt = values_of(media, "ext_alt_text")
    add_more(post, all_unescaped(_card_texts(decoded(shown.card))), all_unescaped(alt))


def _card_texts(card: object) -> list[object]:
    """Returns the title, the description and the options of a card; its values are a list or an object, by API."""
    bindings = next(values_of(card, "binding_values"), None)
    if isinstance(bindings, list):
        bindings = {each.get("key"): each.get("value") for each in bindings if isinstance(each, dict)}
    found = values_of(bindings, *_CARD_TEXTS)
    return [text for value in found for text in values_of(value, "string_value")]


def _split(keys: Keys, line: bytes) -> Parts | None:
    if "statuses" in keys or "results" in keys:
        return _of_search(keys)
    if "for_user" in keys:
        return _of_site(keys["message"])
    return [("x_v11", line)]


def _of_search(keys: Keys) -> Parts | None:
    """Returns the statuses of a page of search; None for Mastodon's, which have accounts beside them.

    Premium and enterprise search have other names for the same.
    """
    if "accounts" in keys:
        return None
    statuses = keys.get("statuses") or keys["results"]
    return [("x_v11", bytes(status)) for status in _RAW_LIST.decode(statuses)]


def _of_site(message: bytes) -> Parts:
    """Returns the status in a message of a site stream, which says for which of its users it is."""
    return [("x_v11", message)] if b'"id_str"' in message and b'"user"' in message else []


FORMAT = Format(
    network="x",
    title="X v1.1",
    keys=(("id_str",), ("user",), ("statuses",), ("results", "requestParameters"), ("for_user", "message")),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v11": parse_status},
)
