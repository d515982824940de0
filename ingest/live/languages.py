"""Whether a post's language is one that a topic asks for, by the first parts of language tags (BCP 47)."""

from collections.abc import Iterable
from functools import lru_cache

from conf.languages import plain_tag
from ingest.formats.post import Post

ANY = "*"
KEPT = 1024
"""The most tags whose answer is kept in memory. Posts have some hundred, but strangers may write any."""


class Languages:
    """The languages of a topic. Without any, every post is wanted."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = {plain_tag(tag) for tag in wanted}
        self._takes = lru_cache(KEPT)(self._begins_with_one)

    def want(self, post: Post) -> bool:
        """Returns whether one of the post's language tags is, or begins with, a tag that the topic asks for.

        This is the basic filtering of RFC 4647, section 3.3.1: `en` takes `en-US`, and `en-US` does not take `en`. Case
        does not matter. A post without a language is wanted only if the topic asks for `*`.
        """
        if not self._wanted or ANY in self._wanted:
            return True
        tags = post.languages or ([post.lang] if post.lang else [])
        return any(map(self._takes, tags))

    def _begins_with_one(self, tag: str) -> bool:
        parts = plain_tag(tag).split("-")
        return any("-".join(parts[:count]) in self._wanted for count in range(1, len(parts) + 1))
