"""The generated corpus: the same bytes on every machine; times, people and bots are as in a campaign."""

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from conf import ROOT
from conf.errors import WrongUse
from conf.topic import Topic
from corpus import CAMPAIGN, generate
from tests.support.generated_lines import POSTS, Corpus, at, kind_of, parsed, share

BOT_APPS = {"twittbot.net", "IFTTT", "dlvr.it", "Cheap Bots, Done Quick!"}


def test_processes_with_other_hash_seeds_give_the_same_bytes(topic: Topic) -> None:
    script = (
        "import sys, pathlib; from conf.topic import load_topic; from corpus import generate;"
        "topic = load_topic('ph2016', pathlib.Path('conf/topics'));"
        "sys.stdout.buffer.write(b''.join(generate(topic, 1500, 7)))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "TZ": zone},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed, zone in (("0", "UTC"), ("4711", "Asia/Manila"))
    ]
    assert runs[0] == runs[1] == b"".join(generate(topic, 1500, 7))


def test_another_seed_gives_another_corpus(topic: Topic) -> None:
    first, second = ({line["data"]["text"] for line in parsed(topic, 300, seed)} for seed in (1, 2))
    assert len(first & second) < 30


@pytest.mark.parametrize("posts", [0, 1, 2, 19, 20, 21, 999, 1000, 1001])
def test_any_number_of_posts_is_given_exactly(topic: Topic, posts: int) -> None:
    assert len(parsed(topic, posts)) == posts


def test_chunks_are_whole_lines(topic: Topic) -> None:
    chunks = list(generate(topic, 2500))
    assert [chunk.count(b"\n") for chunk in chunks] == [1000, 1000, 500]
    assert all(chunk.endswith(b"}\n") for chunk in chunks)


@pytest.mark.parametrize(("posts", "seed"), [(-1, 1), (1, -1)])
def test_negative_numbers_are_wrong_use(topic: Topic, posts: int, seed: int) -> None:
    with pytest.raises(WrongUse):
        generate(topic, posts, seed)


def test_posts_are_sorted_and_inside_the_campaign(corpus: Corpus) -> None:
    times = [at(tweet) for tweet in corpus.tweets]
    assert times == sorted(times)
    assert CAMPAIGN[0] <= times[0] <= times[-1] < CAMPAIGN[1]


def test_times_are_iso_with_milliseconds_and_z(corpus: Corpus) -> None:
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", t["created_at"]) for t in corpus.tweets)


def test_ids_are_increasing_snowflakes_of_created_at(corpus: Corpus) -> None:
    ids = [int(tweet["id"]) for tweet in corpus.tweets]
    assert all(one < next_one for one, next_one in pairwise(ids))
    for number, tweet in zip(ids, corpus.tweets, strict=True):
        assert (number >> 22) + 1_288_834_974_657 == round(at(tweet).timestamp() * 1000)


def test_manila_sleeps_at_four_and_talks_in_the_evening(corpus: Corpus) -> None:
    hours = Counter((at(tweet) + timedelta(hours=8)).hour for tweet in corpus.tweets)
    assert hours[4] < hours[8] < hours[12] < hours[20]


def test_the_rate_grows_towards_the_vote(corpus: Corpus) -> None:
    days = Counter((at(tweet) - CAMPAIGN[0]).days for tweet in corpus.tweets)
    assert sum(days[d] for d in range(83, 90)) > 2.5 * sum(days[d] for d in range(7))


@pytest.mark.parametrize(("month", "day"), [(2, 21), (3, 20), (4, 10), (4, 24)])
def test_debate_nights_burst(corpus: Corpus, month: int, day: int) -> None:
    opening = datetime(2016, month, day, 9, tzinfo=CAMPAIGN[0].tzinfo)
    night, usual = (
        sum(begin <= at(tweet) < begin + timedelta(hours=4) for tweet in corpus.tweets)
        for begin in (opening, opening - timedelta(days=7))
    )
    assert 3 < night / usual < 15


def test_a_tenth_of_the_authors_write_about_four_posts_in_five(corpus: Corpus) -> None:
    posts = sorted(Counter(tweet["author_id"] for tweet in corpus.tweets).values(), reverse=True)
    assert POSTS / 6 < len(posts) < POSTS / 4
    assert 0.7 < share(sum(posts[: len(posts) // 10]), POSTS) < 0.9


def test_bots_flood_within_bounds_round_the_clock_with_the_same_sentences(corpus: Corpus) -> None:
    posts = [tweet for tweet in corpus.tweets if tweet["source"] in BOT_APPS]
    assert 0.02 < share(len(posts), POSTS) < 0.08
    assert 1 <= len({tweet["author_id"] for tweet in posts}) <= 20
    assert {at(tweet).hour for tweet in posts} == set(range(24))
    openings = Counter(tweet["text"].split()[0] for tweet in posts if kind_of(tweet) == "original")
    assert share(sum(count for _, count in openings.most_common(3)), openings.total()) > 0.6


def test_a_bot_speaks_for_one_candidate(corpus: Corpus) -> None:
    named: dict[str, Counter[str]] = {}
    posts: Counter[str] = Counter()
    for tweet, mentions in zip(corpus.tweets, corpus.mentions, strict=True):
        if tweet["source"] in BOT_APPS:
            posts[tweet["author_id"]] += 1
            named.setdefault(tweet["author_id"], Counter()).update(mentions)
    assert all(max(named[bot].values()) > 0.9 * posts[bot] for bot in posts)


def test_authors_lean_to_one_candidate(corpus: Corpus, topic: Topic) -> None:
    presidents = {candidate.id for candidate in topic.races[0].candidates}
    named: dict[str, Counter[str]] = {}
    for tweet, mentions in zip(corpus.tweets, corpus.mentions, strict=True):
        named.setdefault(tweet["author_id"], Counter()).update(mentions & presidents)
    favourites = [max(counts.values()) / counts.total() for counts in named.values() if counts.total() >= 10]
    assert sum(favourites) / len(favourites) > 0.6


def test_users_look_like_x_users(corpus: Corpus) -> None:
    users = {user["id"]: user for line in corpus.lines for user in line["includes"]["users"]}
    names = [user["username"].lower() for user in users.values()]
    assert len(names) == len(set(names))
    for user in users.values():
        # One candidate's handle in the topic is longer than X's 15 characters.
        assert re.fullmatch(r"[A-Za-z0-9_]{4,18}", user["username"])
        assert set(user["public_metrics"]) == {"followers_count", "following_count", "tweet_count", "listed_count"}
        assert datetime.fromisoformat(user["created_at"]) < CAMPAIGN[0]


def test_includes_hold_the_author_first_and_everyone_named(corpus: Corpus) -> None:
    for line in corpus.lines:
        ids = [user["id"] for user in line["includes"]["users"]]
        assert ids[0] == line["data"]["author_id"]
        assert len(ids) == len(set(ids))
        for tweet in (line["data"], *line["includes"].get("tweets", ())):
            named = [one["id"] for one in tweet.get("entities", {}).get("mentions", ())]
            assert {tweet["author_id"], *named} <= set(ids)
