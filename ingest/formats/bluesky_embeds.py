"""What a Bluesky post embeds: images, a video, a link card, a quoted post, or a quote and one of the others.

A record is what its author's program has written, and an embed can hold anything. What does not fit the lexicons
(https://github.com/bluesky-social/atproto, app.bsky.embed) is left out.
"""

from collections.abc import Iterable
from typing import Any

from ingest.formats.media import of_bluesky
from ingest.formats.more_text import add_more, values_of
from ingest.formats.post import Post

Embed = dict[str, Any]


def add_more_of(post: Post, embed: Embed) -> None:
    """Adds an embed's images or its video, and its text: of its link card, and their descriptions."""
    for each in _parts(embed):
        if not each.keys().isdisjoint(("external", "images", "video", "alt")):
            post.media += of_bluesky(each)
            alt = [*values_of(each.get("images"), "alt"), each.get("alt")]
            add_more(post, values_of(each.get("external"), "title", "description"), alt)


def links_of(embed: Embed) -> list[str]:
    """Returns the address of the link card."""
    return [link for each in _parts(embed) for link in texts_of(values_of(each.get("external"), "uri"))]


def quoted_uri(embed: Embed) -> str:
    """Returns the address of the quoted post: of a `record`, or of the one in a `recordWithMedia`; empty for none."""
    record = embed.get("record")
    inner = record.get("record") if isinstance(record, dict) else None
    uris = [part.get("uri") for part in (record, inner) if isinstance(part, dict)]
    return next(iter(texts_of(uris)), "")


def texts_of(values: Iterable[object]) -> list[str]:
    """Returns the values that are texts, without empty ones."""
    return [value for value in values if isinstance(value, str) and value]


def _parts(embed: Embed) -> list[Embed]:
    """Returns the embed, and what stands in its `media`: there, beside a quote, are images and cards."""
    media = embed.get("media")
    return [embed, media] if isinstance(media, dict) else [embed]
