"""What a post of X API v2 shows beside its text: link cards, polls, and descriptions of its media."""

from ingest.formats.media import of_x_v2
from ingest.formats.more_text import add_more, decoded, holds, values_of
from ingest.formats.post import Post
from ingest.formats.x_attachments import attached_to
from ingest.formats.x_text import all_unescaped
from ingest.formats.x_v2_objects import Content, Includes


def add_more_of(post: Post, shown: Content, includes: Includes) -> None:
    """Adds what a post shows beside its text: link cards, polls, its media and their descriptions.

    `shown` is the post or, for a retweet, the retweeted one. The objects that it has attached stand in `includes` or,
    in a flattened post, in the attachments themselves.
    """
    entities = (shown.entities, shown.note_tweet.entities if shown.note_tweet else None)
    links = [url for some in entities if some for url in some.urls or () if url.title or url.description]
    alt, options = (
        shown.attachments and (holds(included, key) or holds(shown.attachments, key))
        for included, key in ((includes.media, b"alt_text"), (includes.polls, b"options"))
    )
    attached = decoded(shown.attachments)
    attached = attached if isinstance(attached, dict) else {}
    post.media = of_x_v2(attached)
    if not (links or alt or options):
        return
    media = attached_to(attached, "media", "media_keys", "media_key", includes.media)
    polls = attached_to(attached, "poll", "poll_ids", "id", includes.polls)
    cards = [text for url in links for text in (url.title, url.description)]
    cards += [label for options in values_of(polls, "options") for label in values_of(options, "label")]
    add_more(post, all_unescaped(cards), all_unescaped(values_of(media, "alt_text")))
