"""What a post of X API v2 shows beside its text: link cards, polls, and descriptions of its media."""

from collections.abc import Iterable

from ingest.formats.media import of_x_v2
from ingest.formats.more_text import add_more, decoded, holds, values_of
from ingest.formats.post import Post
from ingest.formats.x_attachments import attached_to
from ingest.formats.x_text import all_unescaped
from ingest.formats.x_v2_objects import Content, Entities, Includes, Url


def add_more_of(post: Post, shown: Content, includes: Includes) -> None:
    """Adds what a post shows beside its text: link cards, polls, its media and their descriptions.

    `shown` is the post or, for a retweet, the retweeted one. The objects that it has attached stand in `includes` or,
    in a flattened post, in the attachments themselves.
    """
    links = _with_cards(shown.entities) + (_with_cards(shown.note_tweet.entities) if shown.note_tweet else [])
    has_objects = shown.attachments and (
        holds(includes.media, b"alt_text")
        or holds(includes.polls, b"options")
        or holds(shown.attachments, b"alt_text")
        or holds(shown.attachments, b"options")
    )
    attached = decoded(shown.attachments) if shown.attachments else None
    attached = attached if isinstance(attached, dict) else {}
    if attached:
        post.media = of_x_v2(attached)
    if not (links or has_objects):
        return
    cards = [text for url in links for text in (url.title, url.description)]
    alt: Iterable[object] = ()
    if has_objects:
        polls = attached_to(attached, "poll", "poll_ids", "id", includes.polls)
        cards += [label for options in values_of(polls, "options") for label in values_of(options, "label")]
        alt = values_of(attached_to(attached, "media", "media_keys", "media_key", includes.media), "alt_text")
    add_more(post, all_unescaped(cards), all_unescaped(alt))


def _with_cards(entities: Entities | None) -> list[Url]:
    return [url for url in entities.urls or () if url.title or url.description] if entities else []
