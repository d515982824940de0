"""Texts of the generated corpus: written as X writes them, in the campaign's languages, and what is counted in them."""

import re

import pytest

from conf.topic import Topic, parse_topic
from tests.support.generated_lines import (
    POSTS,
    Corpus,
    Rules,
    content,
    included,
    kind_of,
    parsed,
    share,
    texts_with_entities,
)


def test_entities_stand_where_they_say(corpus: Corpus) -> None:
    for text, entities in texts_with_entities(corpus.lines):
        for key, mark, value in (("hashtags", "#", "tag"), ("mentions", "@", "username"), ("urls", "", "url")):
            for one in entities.get(key, ()):
                assert text[one["start"] : one["end"]] == mark + one[value]


def test_every_hashtag_handle_and_link_of_a_whole_text_is_an_entity(corpus: Corpus) -> None:
    for tweet in corpus.own:
        text, entities = content(tweet)["text"], content(tweet).get("entities", {})
        for key, pattern in (
            ("hashtags", r"#\w*[A-Za-z]\w*"),
            ("mentions", r"@\w+"),
            ("urls", r"https://\S+?(?=[\s)]|$)"),
        ):
            assert len(re.findall(pattern, text)) == len(entities.get(key, ())), text


def test_a_retweet_clips_its_text_and_includes_the_whole(corpus: Corpus) -> None:
    clipped = 0
    for line in corpus.lines:
        tweet, other = line["data"], included(line)
        if other and kind_of(tweet) == "retweeted":
            handle = tweet["entities"]["mentions"][0]["username"]
            whole = f"RT @{handle}: {other['text']}"
            cut = tweet["text"].removesuffix("…") if len(whole) > 140 else tweet["text"]
            assert len(tweet["text"]) <= 140
            assert whole.startswith(cut)
            assert all(one["end"] <= len(cut) for many in tweet["entities"].values() for one in many)
            clipped += len(whole) > 140
    assert clipped > 500


def test_some_candidates_stand_only_beyond_the_clip(corpus: Corpus, rules: Rules) -> None:
    hidden = sum(
        bool(rules.text(other["text"]) - rules.text(line["data"]["text"]))
        for line in corpus.lines
        if kind_of(line["data"]) == "retweeted" and (other := included(line))
    )
    assert hidden > 200


def test_a_note_holds_the_full_text_of_a_clipped_one(corpus: Corpus) -> None:
    notes = [tweet for tweet in corpus.own if "note_tweet" in tweet]
    assert 0.002 < share(len(notes), POSTS) < 0.02
    for tweet in corpus.own:
        assert len(tweet["text"]) <= 280
    for tweet in notes:
        assert tweet["text"].endswith("…")
        assert len(tweet["note_tweet"]["text"]) > 280
        assert tweet["note_tweet"]["text"].startswith(tweet["text"][:-1])


def test_texts_are_escaped_as_x_does(corpus: Corpus) -> None:
    texts = [tweet["text"] for tweet in corpus.own]
    assert not any(re.search(r"[<>]|&(?!amp;|lt;|gt;)", text) for text in texts)
    assert all(any(escape in text for text in texts) for escape in ("&amp;", "&lt;", "&gt;"))


def test_texts_are_mostly_distinct(corpus: Corpus) -> None:
    assert len({tweet["text"] for tweet in corpus.own}) > 0.95 * len(corpus.own)


def test_languages_are_tagalog_english_and_undetermined(corpus: Corpus) -> None:
    assert {tweet["lang"] for tweet in corpus.tweets} == {"tl", "en", "und"}


@pytest.mark.parametrize(
    "form",
    [
        "Grace\nPoe", "Mar  Roxas", "Duterté", "Duterte\u0301", "Ｄｕｔｅｒｔｅ", "𝗗𝘂𝘁𝗲𝗿𝘁𝗲", "DUTERTE", "duterte",
        "#Duterte2016", "@LeniRobredo", "👨‍👩‍👧‍👦", "🇵🇭", "Roxas City",
    ],
)  # fmt: skip
def test_the_ways_of_writing_occur(corpus: Corpus, form: str) -> None:
    assert any(form in tweet["text"] for tweet in corpus.own)


@pytest.mark.parametrize(
    "trap",
    ["binayaran", "marcoses", "poetry", "mirriam", "@duterte_fan2016", "_duterte_", "https://t.co/duterte", "#1 tayo"],
)
def test_traps_occur_and_mention_nobody(corpus: Corpus, rules: Rules, trap: str) -> None:
    assert any(trap in tweet["text"] for tweet in corpus.own)
    assert not rules.text(trap)


def test_a_quarter_to_a_third_of_posts_mention_nobody(corpus: Corpus) -> None:
    assert 0.25 < share(sum(not mentions for mentions in corpus.mentions), POSTS) < 0.35


def test_some_posts_mention_several(corpus: Corpus, topic: Topic) -> None:
    several = [mentions for mentions in corpus.mentions if len(mentions) > 1]
    assert 0.05 < share(len(several), POSTS) < 0.11
    presidents = {candidate.id for candidate in topic.races[0].candidates}
    assert any(mentions <= presidents for mentions in several)
    assert any(mentions & presidents and mentions - presidents for mentions in several)


def test_every_candidate_is_mentioned(corpus: Corpus, topic: Topic) -> None:
    assert set().union(*corpus.mentions) == {one.id for race in topic.races for one in race.candidates}


def test_a_post_or_two_in_a_hundred_names_a_place_of_the_topic(corpus: Corpus, topic: Topic) -> None:
    placed = [line for line in corpus.lines if "geo" in line["data"]]
    assert 0.01 < share(len(placed), POSTS) < 0.02
    box = topic.collect.geo[0]
    for line in placed:
        (place,) = line["includes"]["places"]
        assert line["data"]["geo"]["place_id"] == place["id"]
        longitude, latitude = line["data"]["geo"].get("coordinates", {}).get("coordinates", place["geo"]["bbox"][:2])
        assert box.west <= longitude <= box.east
        assert box.south <= latitude <= box.north


def test_lines_carry_the_topics_rule(corpus: Corpus) -> None:
    assert {line["matching_rules"][0]["tag"] for line in corpus.lines} == {"ph2016"}


def test_a_topic_without_races_is_talked_about_too() -> None:
    assert len(parsed(parse_topic("topic: weather", "weather.yaml"), 500)) == 500


@pytest.mark.parametrize(
    "candidate",
    [
        "{id: a, name: Ana, handles: [ana_for_mayor]}",
        "{id: a, name: Ana, handles: [ana@mastodon.example]}",
        "{id: a, name: 'A & {b}', aliases: ['x & {0}'], hashtags: ['#b']}",
        "{id: a, name: 蔡英文, aliases: [蔡英文, 小英], hashtags: [蔡英文]}",
        "{id: a, name: मोदी, aliases: [मोदी], hashtags: [मोदी]}",
    ],
)
def test_any_topic_works(candidate: str) -> None:
    topic = parse_topic(f"topic: t\nraces: [{{id: r, candidates: [{candidate}]}}]", "t.yaml")
    for text, entities in texts_with_entities(parsed(topic, 400)):
        assert all(text[one["start"] : one["end"]] == f"#{one['tag']}" for one in entities.get("hashtags", ()))
