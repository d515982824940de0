"""The lines of the generated corpus as tests read them, and what they mention by the counting rules, computed apart."""

import html
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import regex

from conf.blanking import X_HANDLE, blank
from conf.folding import fold
from conf.topic import Topic
from corpus import generate

POSTS = 20_000
Tweet = dict[str, Any]


def parsed(topic: Topic, posts: int, seed: int = 2016) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in b"".join(generate(topic, posts, seed)).splitlines()]


def kind_of(tweet: Tweet) -> str:
    return str(tweet["referenced_tweets"][0]["type"]) if "referenced_tweets" in tweet else "original"


def target_of(tweet: Tweet) -> str:
    return str(tweet["referenced_tweets"][0]["id"])


def included(line: dict[str, Any]) -> Tweet | None:
    tweets = line["includes"].get("tweets")
    return tweets[0] if tweets else None


def at(tweet: Tweet) -> datetime:
    return datetime.fromisoformat(tweet["created_at"])


def content(tweet: Tweet) -> Tweet:
    full: Tweet = tweet.get("note_tweet", tweet)
    return full


def texts_with_entities(lines: list[dict[str, Any]]) -> Iterator[tuple[str, Tweet]]:
    for line in lines:
        for tweet in (line["data"], *line["includes"].get("tweets", ())):
            for part in (tweet, *([tweet["note_tweet"]] if "note_tweet" in tweet else ())):
                yield part["text"], part.get("entities", {})


class Rules:
    """The counting rules (docs/method.md), computed apart from the generator."""

    def __init__(self, topic: Topic) -> None:
        self.candidates = [one for race in topic.races for one in race.candidates]
        self.patterns = [regex.compile(one.pattern) for one in self.candidates]

    def text(self, text: str) -> set[str]:
        folded = fold(blank(html.unescape(text), handle=X_HANDLE))
        return {one.id for one, pattern in zip(self.candidates, self.patterns, strict=True) if pattern.search(folded)}

    def line(self, line: dict[str, Any]) -> set[str]:
        tweet, other = line["data"], included(line)
        said = content(other if other and kind_of(tweet) == "retweeted" else tweet)
        entities = said.get("entities", {})
        tags = {fold(one["tag"]) for one in entities.get("hashtags", ())}
        handles = {one["username"].lower() for one in entities.get("mentions", ())}
        if other:
            handles |= {u["username"].lower() for u in line["includes"]["users"] if u["id"] == other["author_id"]}
        return self.text(said["text"]) | {
            one.id for one in self.candidates if tags & set(one.folded_hashtags) or handles & set(one.lower_handles)
        }


class Corpus(NamedTuple):
    lines: list[dict[str, Any]]
    tweets: list[Tweet]
    own: list[Tweet]
    mentions: list[set[str]]


def share(part: int, whole: int) -> float:
    return part / whole
