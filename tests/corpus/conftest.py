"""The corpus that all tests of it read."""

import pytest

from conf import ROOT
from conf.topic import Topic, load_topic
from tests.support.generated_lines import POSTS, Corpus, Rules, kind_of, parsed


@pytest.fixture(scope="package")
def topic() -> Topic:
    return load_topic("ph2016", ROOT / "conf/topics")


@pytest.fixture(scope="package")
def rules(topic: Topic) -> Rules:
    return Rules(topic)


@pytest.fixture(scope="package")
def corpus(topic: Topic, rules: Rules) -> Corpus:
    lines = parsed(topic, POSTS)
    tweets = [line["data"] for line in lines]
    own = [tweet for tweet in tweets if kind_of(tweet) != "retweeted"]
    return Corpus(lines, tweets, own, [rules.line(line) for line in lines])
