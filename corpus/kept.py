"""A post that has been written, kept in memory as long as later posts retweet, answer or quote it."""

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from corpus.cascades import QUOTE, REPLY, RETWEET
from corpus.entities import Entities, as_retweet

LIKES_A_RETWEET = 2
METRICS = b',"public_metrics":{"retweet_count":%d,"reply_count":%d,"like_count":%d,"quote_count":%d}}'
"""The end of a post's JSON object: its counts and the closing brace."""

NO_METRICS = METRICS % (0, 0, 0, 0)


class Repeat(NamedTuple):
    """The part that all retweets of a post have in common: some JSON members, and ids of mentioned accounts."""

    members: bytes
    mentioned: list[str]


@dataclass(slots=True)
class Kept:
    """A post to which later posts refer.

    `head` is its JSON object without the counts and the closing brace. `people` are the ids of its author and of the
    accounts that it mentions. `uses` is the number of posts that refer to it and are not written yet.
    """

    post_id: str
    author_id: str
    handle: str
    lang: str
    text: str
    entities: Entities
    people: list[str]
    head: bytes
    uses: int
    retweets: int = 0
    replies: int = 0
    quotes: int = 0
    _repeat: Repeat | None = None

    def as_included(self) -> bytes:
        """Returns the post as `includes.tweets` shows it, with its counts up to now."""
        return self.head + METRICS % (self.retweets, self.replies, LIKES_A_RETWEET * self.retweets, self.quotes)

    def count(self, kind: int) -> None:
        """Counts one more post of this kind that refers to the post."""
        self.retweets += kind == RETWEET
        self.replies += kind == REPLY
        self.quotes += kind == QUOTE

    def repeat(self) -> Repeat:
        """Returns the part that all retweets of this post share; it is made only once."""
        if self._repeat is None:
            text, entities = as_retweet(self.handle, self.author_id, self.text, self.entities)
            reference = [{"type": "retweeted", "id": self.post_id}]
            members = {"text": text, "lang": self.lang, "entities": entities, "referenced_tweets": reference}
            self._repeat = Repeat(orjson.dumps(members)[1:-1], ids_of(entities))
        return self._repeat


def ids_of(entities: Entities) -> list[str]:
    """Returns the ids of the accounts that a text mentions."""
    return [mention["id"] for mention in entities.get("mentions", ())]
