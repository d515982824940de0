from pathlib import Path

import pytest

from conf import ROOT
from conf.errors import WrongUse
from conf.topic import load_topic, parse_topic
from conf.yaml_part import yaml_text

GOOD = """topic: x
races:
  - id: r
    candidates:
      - {id: a, name: A, aliases: [ana]}
      - {id: b, name: B, handles: ["@Bob"], hashtags: ["#BÓB"]}
"""


@pytest.mark.parametrize("name", ["ph2016", "brexit"])
def test_the_shipped_topics_are_valid(name: str) -> None:
    assert load_topic(name, ROOT / "conf" / "topics").races


def test_only_the_required_keys_are_required() -> None:
    topic = parse_topic(GOOD, "f")
    assert (topic.timezone, topic.buckets) == ("UTC", 8)


def test_a_topic_has_five_graphs_and_those_that_it_asks_for() -> None:
    five = ("retweet", "reply", "quote", "mention", "hashtag")
    assert parse_topic(GOOD, "f").graph.made == five
    asking = parse_topic(f"{GOOD}graph: {{kinds: [hashtag_host, author_host, hashtag_host]}}\n", "f")
    assert asking.graph.kinds == ("author_host", "hashtag_host")
    assert asking.graph.made == (*five, "author_host", "hashtag_host")
    assert parse_topic("topic: x\ngraph: {kinds: author_hashtag}\n", "f").graph.kinds == ("author_hashtag",)


def test_accounts_act_together_within_a_minute_unless_the_topic_says_otherwise() -> None:
    assert parse_topic(GOOD, "f").coordination.window_seconds == 60
    assert parse_topic(f"{GOOD}coordination: {{window_seconds: 10}}\n", "f").coordination.window_seconds == 10


def test_handles_and_hashtags_are_compared_as_posts_store_them() -> None:
    bob = parse_topic(GOOD, "f").races[0].candidates[1]
    assert (bob.lower_handles, bob.folded_hashtags) == (["bob"], ["bob"])


@pytest.mark.parametrize(("at", "hash_sign"), [("", ""), ("@", "#"), ("＠", "＃")])
def test_a_topic_file_may_write_the_signs_of_handles_and_hashtags(at: str, hash_sign: str) -> None:
    topic = parse_topic(GOOD.replace("@", at).replace("#", hash_sign), "f")
    bob = topic.races[0].candidates[1]
    assert (bob.lower_handles, bob.folded_hashtags) == (["bob"], ["bob"])


@pytest.mark.parametrize("alias", ["*", "＊", "**", "* *"])
def test_an_alias_of_stars_alone_is_refused(alias: str) -> None:
    with pytest.raises(WrongUse, match="has no letter or digit"):
        parse_topic(GOOD.replace("[ana]", f'["{alias}"]'), "f")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("topic: x\nraces:\n - id: a\n", r"f:3: races\[0\].candidates: is missing"),
        (
            GOOD.replace("aliases", "alias"),
            r"f:5: races\[0\].candidates\[0\].alias: unknown key. Did you mean aliases?",
        ),
        (GOOD.replace(", aliases: [ana]", ""), r"f:5: races\[0\].candidates\[0\]: give at least one of aliases"),
        (GOOD.replace("id: b", "id: a"), r"f:3: races\[0\]: candidate id 'a' is used twice"),
        (GOOD.replace("[ana]", '["--"]'), r"aliases\[0\]: has no letter or digit"),
        ("topic: x\ntimezone: Asia/Manilla\n", "f:2: timezone: no such time zone; did you mean Asia/Manila?"),
        ("topic: x\nbuckets: 0\n", "f:2: buckets: .*greater than or equal to 1"),
        (
            "topic: x\ngraph:\n  kinds: [retweet]\n",
            r"f:3: graph.kinds\[0\]: .*'author_host', 'author_hashtag' or 'hashtag_host' \(found 'retweet'\)",
        ),
        ("topic: x\ncoordination: {window_seconds: 0}\n", "f:2: coordination.window_seconds: Input should be greater"),
        (
            "topic: x\ncoordination: {window_seconds: '60'}\n",
            "f:2: coordination.window_seconds: Input should be a valid",
        ),
        ("topic: x\ncoordination: {window: 60}\n", "f:2: coordination.window: unknown key. Did you mean window_sec"),
        ("topic: x\ngraph: {kind: author_host}\n", "f:2: graph.kind: unknown key. Did you mean kinds?"),
        ("topic: [\n", "f:2: not valid YAML"),
        (GOOD + GOOD[GOOD.index("races") :], "f:7: races: is there twice. Join the two"),
        (GOOD.replace("name: A", "name: A, name: C"), "f:5: name: is there twice"),
        (GOOD.replace("id: a", "id: no"), r"f:5: .*valid string \(found False\)\. Put it in quotes"),
        ("topic: x\nevents:\n  - {at: 2016-04-31, text: y}\n", "f:3: not valid YAML: day is out of range for month"),
        ("topic: x\ntitle: " + "[" * 5000, "f: not valid YAML: it is nested too deeply"),
        ("- a\n", "f: is not a topic"),
        ("", "f: is not a topic"),
        (
            "topic: x\nbots:\n  posting_rat: {}\n",
            r"f:3: bots.posting_rat: unknown key. Did you mean posting_rate\?",
        ),
        (
            "topic: x\nbots:\n  new_account:\n    day: 3\n",
            r"f:4: bots.new_account.day: unknown key. Did you mean days\?",
        ),
        (
            "topic: x\nbots: {flag_at: 0.5,\n  near_duplicates: {share: 50}}\n",
            r"f:3: bots.near_duplicates.share: .*less than or equal to 1 \(found 50\)",
        ),
        ("topic: x\nbots: {client: {labels: x}}\n", "f:2: bots.client.labels: .*valid tuple"),
        (GOOD + "    outcome: {c: 0.5}\n", "outcome names 'c', who is not a candidate"),
        (GOOD + "    outcome: {a: 39, b: 61}\n", "less than or equal to 1"),
    ],
)
def test_a_mistake_names_the_line_the_key_and_the_mend(text: str, error: str) -> None:
    with pytest.raises(WrongUse, match=error):
        parse_topic(text, "f")


def test_a_missing_topic_names_the_nearest() -> None:
    with pytest.raises(WrongUse, match=r"no topic 'ph2015'.*Did you mean ph2016\?"):
        load_topic("ph2015", ROOT / "conf" / "topics")


def test_a_topic_file_may_begin_with_a_mark_and_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("topic: x\n", encoding="utf-8-sig")
    assert load_topic("x", tmp_path) == parse_topic("topic: x\n", "f")
    with pytest.raises(WrongUse, match="can't be read: Is a directory"):
        yaml_text(tmp_path)


def test_a_topic_file_that_is_not_utf_8_is_refused_and_not_read_with_other_letters(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"topic: x\ntitle: Jos\xe9\n")
    with pytest.raises(WrongUse, match=r"x\.yaml:2: a letter there is not UTF-8\. Save the file as UTF-8"):
        load_topic("x", tmp_path)


def test_the_method_changes_with_the_rules_and_not_with_names_or_order() -> None:
    race = parse_topic(GOOD, "f").races[0]
    assert race.method == parse_topic(GOOD.replace("name: A", "name: Anna"), "f").races[0].method
    assert race.method != parse_topic(GOOD.replace("[ana]", "[ana, anita]"), "f").races[0].method


def test_the_bot_rules_have_defaults_and_a_digest_that_changes_with_them() -> None:
    default, stricter = parse_topic(GOOD, "f").bots, parse_topic(GOOD + "bots: {new_account: {days: 30}}\n", "f").bots
    assert (default.flag_at, default.new_account.days, stricter.new_account.days) == (0.5, 90, 30)
    assert default.digest == parse_topic(GOOD + "bots: {flag_at: 0.5}\n", "f").bots.digest != stricter.digest
