"""`ingest topics check`: what it warns of, at its limits, and what it does not."""

from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic, parse_topic
from ingest.cli import main
from ingest.queue.posts_queue import PostsQueue
from ingest.topic_check import Limits, judged, newest_posts, rules_of, shared
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

RACES = """races:
  - id: r
    candidates:
      - {id: ana, name: Ana, aliases: [ana, the], handles: [ana_ok], hashtags: ["#VoteAna"]}
      - {id: bob, name: Bob, aliases: [bob], handles: ["＠bob_ok"], hashtags: ["＃Bob"]}
"""


class Stored:
    """A stored post, as the check reads it."""

    def __init__(self, folded: str = "", **changes: Any) -> None:
        self.folded, self.hashtags, self.mentions = folded, None, None
        self.retweet_of_author = self.reply_to_author = self.quote_of_author = None
        self.__dict__ |= changes


def topic(races: str = RACES) -> Topic:
    return parse_topic(f"topic: t\n{races}", "f")


def warned(*posts: Stored, common: float = 0.5, enough: int = 1) -> list[str]:
    return judged(rules_of(topic()), posts, Limits(common, enough))[1]


def test_an_alias_that_matches_more_than_the_part_is_warned_of() -> None:
    posts = [Stored("the ana"), Stored("the bob"), Stored("x"), Stored("y")]
    assert [line for line in warned(*posts) if "matches 50%" in line] == []
    [line] = [line for line in warned(*posts, common=0.49) if "common word" in line]
    assert line.startswith("r/ana: alias the matches 50% of 4 posts")


def test_a_rule_that_matches_nothing_in_enough_posts_is_warned_of() -> None:
    posts = [Stored("ana", hashtags=["bob"]), Stored("the", reply_to_author="bob_ok"), Stored(mentions=["ana_ok"])]
    assert [line.split(" matches none of 3 posts")[0] for line in warned(*posts, enough=3)] == [
        "r/ana: hashtag #VoteAna",
        "r/bob: alias bob",
    ]
    assert warned(*posts, enough=4) == []
    assert judged(rules_of(topic()), [], Limits(0.5, 1)) == (0, [])


def test_an_alias_is_looked_for_where_the_topic_counts_it() -> None:
    posts = [Stored("the", folded_cards="bob wins", folded_alt="ana")]
    matched = parse_topic(f"topic: t\nmatch: [text, cards]\n{RACES}", "f")
    lines = judged(rules_of(matched), posts, Limits(1, 1))[1]
    aliases = [line.split(" matches none")[0] for line in lines if ": alias" in line]
    assert aliases == ["r/ana: alias ana"]


def test_what_two_candidates_of_a_race_share_is_warned_of() -> None:
    both = """races:
  - id: r
    candidates:
      - {id: a, name: A, aliases: [Marcos, BBM], hashtags: ["#x"], handles: ["@h"]}
      - {id: b, name: B, aliases: [imee marcos, bbm*, Bbm], hashtags: ["＃X"], handles: [H]}
  - id: s
    candidates: [{id: a, name: A, aliases: [marcos]}]
"""
    assert {line.split(": each")[0] for line in shared(topic(both))} >= {
        "r/a: alias Marcos stands in b's alias imee marcos",
        "r/a: alias BBM is also a rule of b",
        "r/a: hashtag #x is also a rule of b",
        "r/a: handle @h is also a rule of b",
    }
    assert list(shared(topic())) == []


def test_the_newest_stored_posts_are_checked_from_the_command(
    session: Session, settings: Settings, client: RedisClient, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_topic(settings, RACES)
    days = [f"2016-05-0{day}T0{hour}:00:00Z" for day in (1, 2, 3) for hour in range(4)]
    lines = [stream_line(tweet(str(n), f"the day {n}", created_at=at)) for n, at in enumerate(days)]
    load(lines, made.topic, PostsQueue(client, "test:topics"), session, settings)
    rows = list(newest_posts(session, settings.keyspace, made, 5))
    assert len(rows) == 5
    assert {row.folded for row in rows} >= {f"the day {n}" for n in range(8, 12)}
    assert len(list(newest_posts(session, settings.keyspace, made, 100))) == 12
    assert main(["topics", "check", made.topic, "--enough", "12"]) == 0
    said = capsys.readouterr()
    assert "r/ana: alias the matches 100% of 12 posts" in said.out
    assert "r/bob: hashtag ＃Bob matches none of 12 posts" in said.out
    assert said.err.strip().endswith("7 rules, 12 posts; warnings: 7")
    assert main(["topics", "check", made.topic]) == 0
    assert "warnings: 1; rules that match nothing are told from 1,000 posts on" in capsys.readouterr().err


def test_an_unknown_topic_is_one_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics", "check", "nosuchtopic"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
