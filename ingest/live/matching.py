"""Matches posts with the `collect` part of a topic, for networks that can't filter by themselves."""

import regex

from conf.aliases import alias_pattern
from conf.folding import bare_handle, fold_tag
from conf.tables import MATCHED
from conf.topic import Box, Topic
from ingest.formats.post import Post


class TopicMatcher:
    """Matches posts by any keyword, user or place of `collect`, and by one of its languages if it names any."""

    def __init__(self, topic: Topic) -> None:
        collect = topic.collect
        phrases = [word for word in collect.keywords if word.strip()[:1] not in ("#", "＃")]
        self._pattern = regex.compile(alias_pattern(phrases)) if phrases else None
        self._hashtags = {fold_tag(word) for word in collect.keywords if " " not in word.strip()}
        self._users = {bare_handle(user) for user in collect.users}
        self._boxes = collect.geo
        self._match = topic.match
        self._languages = {language.lower() for language in collect.languages}

    def wants(self, post: Post) -> bool:
        """Returns whether the topic asks for this post."""
        if self._languages and (post.lang or "").lower() not in self._languages:
            return False
        return self._by_words(post) or self._by_people(post) or self._by_place(post)

    def _by_words(self, post: Post) -> bool:
        if self._pattern and any(self._pattern.search(getattr(post, MATCHED[each]) or "") for each in self._match):
            return True
        return not self._hashtags.isdisjoint(post.hashtags)

    def _by_people(self, post: Post) -> bool:
        people = {post.author, post.retweet_of_author, post.reply_to_author, post.quote_of_author, *post.mentions}
        return not self._users.isdisjoint(p for p in people if p)

    def _by_place(self, post: Post) -> bool:
        lat, lon = post.lat, post.lon
        return lat is not None and lon is not None and any(_holds(box, lat, lon) for box in self._boxes)


def _holds(box: Box, lat: float, lon: float) -> bool:
    across = box.west <= lon <= box.east if box.west <= box.east else lon >= box.west or lon <= box.east
    return across and box.south <= lat <= box.north
