import string

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conf import ROOT
from conf.errors import WrongUse
from conf.topic import Box, Collect, Topic, load_topic
from ingest.sources.x.clauses import length_of
from ingest.sources.x.rules import LONGEST_RULE, MOST_RULES, Rule, RulePlan, diff, rules_of


def plan_of(*keywords: str, users: tuple[str, ...] = (), languages: tuple[str, ...] = ()) -> RulePlan:
    return rules_of(Topic(topic="t", collect=Collect(keywords=keywords, users=users, languages=languages)))


def only_value(plan: RulePlan) -> str:
    assert (len(plan.rules), plan.left_out) == (1, [])
    return plan.rules[0].value


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("halalan2016", "halalan2016 OR #halalan2016"),
        ("mar roxas", '"mar roxas"'),
        ("coca-cola", '"coca-cola"'),
        ("#du30", "#du30"),
        ("2016", "2016"),
        ('the "real" one', '"the \\"real\\" one"'),
        ("back\\slash", '"back\\\\slash"'),
        ("or", '"or"'),
        ("lang:en", '"lang:en"'),
        ("ñandú", "ñandú OR #ñandú OR nandu OR #nandu"),
        ("日本", "日本 OR #日本"),
        ("👍", '"👍"'),
        ("two\n  lines", '"two lines"'),
    ],
)
def test_a_keyword_is_asked_for_as_it_is_written_and_as_a_hashtag(keyword: str, value: str) -> None:
    assert only_value(plan_of(keyword)) == value


def test_an_open_edge_is_told_and_the_word_is_asked_for() -> None:
    plan = plan_of("путин*")
    assert [rule.value for rule in plan.rules] == [only_value(plan_of("путин"))]
    assert [(part.what, "without its *" in part.why) for part in plan.left_out] == [("keyword путин*", True)]


def test_full_width_signs_are_those_of_ascii() -> None:
    assert only_value(plan_of("＃Vote")) == only_value(plan_of("#Vote"))


@pytest.mark.parametrize(
    ("keyword", "why"), [("#two words", "no hashtag"), ("#123", "no hashtag"), ("...", "no letter")]
)
def test_a_keyword_that_no_post_can_match_is_left_out(keyword: str, why: str) -> None:
    plan = plan_of(keyword)
    assert plan.rules == []
    assert why in plan.left_out[0].why


def test_a_user_is_asked_for_as_author_addressee_source_and_mention() -> None:
    assert only_value(plan_of(users=("@ana",))) == "from:ana OR to:ana OR retweets_of:ana OR @ana"


def test_a_handle_of_another_network_is_left_out() -> None:
    plan = plan_of("a", users=("ana.bsky.social",))
    assert [part.what for part in plan.left_out] == ["user ana.bsky.social"]


def test_languages_bind_every_rule() -> None:
    plan = plan_of(*(f"word{i}" for i in range(200)), languages=("tl", "EN"))
    assert len(plan.rules) > 1
    assert all(rule.value.startswith("(") for rule in plan.rules)
    assert all(rule.value.endswith(") (lang:en OR lang:tl)") for rule in plan.rules)


def test_codes_that_x_writes_otherwise_are_translated() -> None:
    assert only_value(plan_of("a", languages=("he", "id"))) == "(a OR #a) (lang:in OR lang:iw)"


def test_a_language_that_x_does_not_know_is_left_out_and_none_at_all_is_wrong_use() -> None:
    plan = plan_of("a", languages=("en", "tlh"))
    assert plan.rules[0].value == "(a OR #a) lang:en"
    assert [part.what for part in plan.left_out] == ["language tlh"]
    with pytest.raises(WrongUse, match="none of its languages"):
        plan_of("a", languages=("tlh",))


def test_a_topic_that_asks_for_nothing_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match=r"nothing to collect\. Give collect"):
        rules_of(Topic(topic="t"))


@pytest.mark.parametrize("name", ["ph2016", "brexit"])
def test_the_shipped_topics_fit(name: str) -> None:
    plan = rules_of(load_topic(name, ROOT / "conf" / "topics"))
    assert 0 < len(plan.rules) <= 100
    assert all(rule.length <= LONGEST_RULE and rule.tag == f"pulso:{name}" for rule in plan.rules)
    assert all("edge of a tile" in part.what for part in plan.left_out)


def test_a_small_box_is_one_operator_and_a_large_one_is_tiled_without_a_gap() -> None:
    small = Topic(topic="t", collect=Collect(geo=(Box(west=120.9, south=14.5, east=121.1, north=14.7),)))
    assert only_value(rules_of(small)) == "bounding_box:[120.9 14.5 121.1 14.7]"
    large = Topic(topic="t", collect=Collect(geo=(Box(west=120, south=14, east=121, north=14.3),)))
    value = " OR ".join(rule.value for rule in rules_of(large).rules)
    assert value == (
        "bounding_box:[120 14 120.3333 14.3] OR bounding_box:[120.3333 14 120.6667 14.3] "
        "OR bounding_box:[120.6667 14 121 14.3]"
    )


def test_a_box_across_the_date_line_falls_in_two() -> None:
    topic = Topic(topic="t", collect=Collect(geo=(Box(west=179.9, south=-17, east=-179.9, north=-16.8),)))
    assert rules_of(topic).rules[0].value == (
        "bounding_box:[-180 -17 -179.9 -16.8] OR bounding_box:[179.9 -17 180 -16.8]"
    )


def test_a_box_of_too_many_tiles_is_left_out_with_its_reason() -> None:
    plan = rules_of(Topic(topic="t", collect=Collect(geo=(Box(west=-10, south=35, east=30, north=60),))))
    assert plan.rules == []
    assert plan.left_out[0].what == "box -10 35 to 30 60"
    assert "25 miles" in plan.left_out[0].why


def test_the_order_of_the_file_and_repetitions_change_nothing() -> None:
    words = [f"word{i}" for i in range(300)]
    assert plan_of(*words, "WORD1").rules[0] == plan_of(*reversed(words)).rules[0]


def test_rules_are_filled() -> None:
    plan = plan_of(*(f"w{i:05}" for i in range(2000)))
    needed = sum(len(f"w{i:05} OR #w{i:05} OR ") for i in range(2000)) / (LONGEST_RULE + len(" OR "))
    assert len(plan.rules) <= needed * 1.02 + 1


def test_what_does_not_fit_into_a_thousand_rules_is_named() -> None:
    words = [f"{i:05} " + "x" * 193 for i in range(5000)]
    plan = plan_of(*words, languages=("en",))
    assert len(plan.rules) == MOST_RULES
    found = sum(rule.value.count('"') // 2 for rule in plan.rules)
    assert found + len(plan.left_out) == 5000
    assert "1,000 rules" in plan.left_out[0].why


def test_letters_that_may_count_double_are_counted_double() -> None:
    assert (length_of("héllo"), length_of("日本"), length_of("👍")) == (5, 4, 2)


PHRASES = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from(string.ascii_letters + ' "#\\')), max_size=200
)


@hypothesis_settings(max_examples=150)
@given(st.lists(PHRASES.filter(lambda text: len(text) > 0), min_size=1, max_size=60), st.booleans())
def test_no_rule_is_too_long_and_no_keyword_is_forgotten(keywords: list[str], with_languages: bool) -> None:
    plan = plan_of(*keywords, languages=("en", "tl", "zh") if with_languages else ())
    assert all(len(rule.value) <= rule.length <= LONGEST_RULE for rule in plan.rules)
    assert all(rule.value.count("(") >= with_languages for rule in plan.rules)
    left_out = {part.what for part in plan.left_out}
    for keyword in keywords:
        alone = plan_of(keyword)
        asked = [rule.value.casefold() for rule in plan.rules]
        found = all(any(rule.value.casefold() in value for value in asked) for rule in alone.rules)
        assert (found and alone.rules) or f"keyword {keyword}" in left_out


def test_a_diff_touches_only_the_topics_own_rules() -> None:
    plan = RulePlan("t", [Rule("a", "pulso:t"), Rule("b", "pulso:t")])
    kept, stale = Rule("a", "pulso:t", "1"), Rule("old", "pulso:t", "2")
    others = [Rule("c", "pulso:tt", "3"), Rule("d", "", "4"), Rule("b", "pulso:other", "5")]
    assert diff(plan, [kept, stale, *others]) == ([Rule("b", "pulso:t")], [stale])
    assert diff(plan, [Rule("a", "pulso:t", "1"), Rule("b", "pulso:t", "2")]) == ([], [])
