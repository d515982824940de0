"""A day of generated posts that the daily set of jobs has counted, and what the set has read and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import pytest
from cassandra.cluster import Session
from pyspark.sql import Column

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs import daily
from jobs.framework import inputs
from jobs.framework.command import run_set
from jobs.framework.inputs import Place
from jobs.framework.window import Window
from stores.connect import RedisClient
from tests.support.commands import run_here
from tests.support.loading import load

RACES = """races:
  - id: r
    candidates: [{id: a, name: A, aliases: [duterte, du30]}, {id: b, name: B, aliases: [roxas, mar]}]
    outcome: {a: 0.6, b: 0.4}
"""
DAY = ("--from", "2016-05-07T16:00Z", "--to", "2016-05-08T16:00Z")


@dataclass(frozen=True)
class CountedDay:
    """The topic, what the set printed, the spans of which it read posts, and what it computed then."""

    topic: Topic
    told: str
    spans: list[Window]
    computed: list[set[str]]


def count_day(topic: Topic, session: Session, settings: Settings, client: RedisClient) -> CountedDay:
    """Stores posts of a topic that has RACES, and runs the set over DAY."""
    load(_lines(topic), topic.topic, PostsQueue(client, "test:counted-day"), session, settings)
    spans, names = list[Window](), list[set[str]]()
    read_posts = inputs.read_posts

    def seen(at: Place, span: Window, columns: Sequence[str], computed: Mapping[str, Column]) -> inputs.PostsRead:
        spans.append(span)
        names.append(set(computed))
        return read_posts(at, span, columns, computed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "read_posts", seen)
        done = run_here(lambda words: run_set("daily", daily.JOBS, words), "--topic", topic.topic, *DAY)
    assert done.returncode == 0, done.stderr
    return CountedDay(topic, done.stdout, spans, names)


def _lines(topic: Topic) -> list[bytes]:
    """Returns generated posts. Several accounts post the same text, so that there is a family."""
    lines = [line for chunk in generate(topic, 3000, 7) for line in chunk.splitlines()]
    for place in [i for i, line in enumerate(lines) if b'"referenced_tweets"' not in line][-3:]:
        post = orjson.loads(lines[place])
        post["data"] |= {"text": "Duterte and Roxas meet for one last debate tonight", "entities": {}}
        lines[place] = orjson.dumps(post)
    return lines
