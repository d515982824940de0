"""Matches posts with the `collect` part of a topic, for networks that can't filter by themselves."""

from collections.abc import Mapping
from typing import Literal, get_args

import regex

from conf.aliases import alias_pattern
from conf.folding import bare_handle, fold_tag
from conf.tables import MATCHED
from conf.topic import Box, Topic
from ingest.formats.post import Post
from ingest.live.languages import Languages

Reason = Literal["no match", "other language", "no language"]
"""Why a post is left out: no keyword, user or place of the topic; or one of these, but another language, or none."""
REASONS: tuple[Reason, ...] = get_args(Reason)


def told_left_out(left_out: Mapping[str, int]) -> str:
    """Returns the numbers of posts that were left out, by reason, in a few words; the largest first."""
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items(), key=lambda one: -one[1]))


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
        self._languages = Languages(collect.languages)

    def wants(self, post: Post) -> bool:
        """Returns whether the topic asks for this post."""
        return self.left_out(post) is None

    def left_out(self, post: Post) -> Reason | None:
        """Returns why the topic does not ask for this post; None if it does.

        The language is looked at last. So if all that matches is left out for its language, the reason says so.
        """
        if not (self._by_words(post) or self._by_people(post) or self._by_place(post)):
            return "no match"
        if self._languages.want(post):
            return None
        return "other language" if post.lang or post.languages else "no language"

    def _by_words(self, post: Post) -> bool:
        if self._pattern and any(self._pattern.search(getattr(post, MATCHED[each]) or "") for each in self._match):
            return True
        return not self._hashtags.isdisjoint(post.hashtags)

    def _by_people(self, post: Post) -> bool:
        people = {post.author, post.retweet_of_author, post.reply_to_author, post.quote_of_author, *post.mentions}
        return not self._users.isdisjoint(p for p in people if p)

    def _by_place(self, post: Post) -> bool:
        """Returns whether the post's point lies in a box of the topic or, without a point, the middle of its place."""
        if not self._boxes:
            return False
        lat, lon = post.lat, post.lon
        if (lat is None or lon is None) and post.box and not _is_too_wide(*post.box):
            lat, lon = _middle(*post.box)
        return lat is not None and lon is not None and any(_holds(box, lat, lon) for box in self._boxes)


def _is_too_wide(west: float, _south: float, east: float, _north: float) -> bool:
    """Returns whether a box reaches around more than half of the world, so that its middle says nothing.

    X has such boxes of countries on both sides of the date line: that of the United States has its middle in Spain.
    """
    return east - west > 180


def _middle(west: float, south: float, east: float, north: float) -> tuple[float, float]:
    """Returns the middle of a place's box, latitude first; `west` is greater than `east` across the date line."""
    lon = (west + east) / 2 + (180 if west > east else 0)
    return (south + north) / 2, lon - 360 if lon > 180 else lon


def _holds(box: Box, lat: float, lon: float) -> bool:
    across = box.west <= lon <= box.east if box.west <= box.east else lon >= box.west or lon <= box.east
    return across and box.south <= lat <= box.north
