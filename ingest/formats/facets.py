"""Facets of Bluesky posts: links, mentions and hashtags, with their places in the text.

A record is what its author's program has written, and facets can hold anything. What does not fit the lexicon
(https://github.com/bluesky-social/atproto, app.bsky.richtext.facet) is left out.
"""

from typing import Any

from conf.blanking import Span, link_spans, mention_spans
from ingest.formats.checked import MOST_ITEMS

_KIND = "app.bsky.richtext.facet#"


class Facets:
    """The usable parts of a post's facets: `tags`, `mentions` (DIDs), `links`, and `spans` of what is to be blanked."""

    def __init__(self, text: str, facets: Any) -> None:
        self.tags: list[str] = []
        self.mentions: list[str] = []
        self.links: list[str] = []
        self.spans: list[Span] = []
        self._text = text
        self._bytes = None if text.isascii() else text.encode("utf-8", "surrogatepass")
        for facet in facets[:MOST_ITEMS] if isinstance(facets, list) else ():
            if isinstance(facet, dict) and isinstance(features := facet.get("features"), list):
                index = facet.get("index")
                ends = (index.get("byteStart"), index.get("byteEnd")) if isinstance(index, dict) else (None, None)
                start, end = map(self._in_characters, ends)
                for feature in features[:MOST_ITEMS]:
                    if isinstance(feature, dict):
                        self._take(feature, start, end)

    def _take(self, feature: dict[str, Any], start: int | None, end: int | None) -> None:
        kind = feature.get("$type")
        if kind == f"{_KIND}tag" and isinstance(tag := feature.get("tag"), str):
            self.tags.append(tag)
        elif kind == f"{_KIND}mention" and isinstance(did := feature.get("did"), str):
            self.mentions.append(did)
            self.spans += mention_spans(self._text, start, end)
        elif kind == f"{_KIND}link" and isinstance(uri := feature.get("uri"), str):
            self.links.append(uri)
            self.spans += link_spans(self._text, start, end, uri)

    def _in_characters(self, at: Any) -> int | None:
        """Returns an offset in bytes as one in characters; None if it is not in the text, or inside a character."""
        if type(at) is not int or at < 0 or self._bytes is None:
            return at if type(at) is int else None
        try:
            return len(self._bytes[:at].decode("utf-8", "surrogatepass")) if at <= len(self._bytes) else None
        except UnicodeDecodeError:
            return None
