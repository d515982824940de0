"""The generated corpus: deterministic, true to X's format, shaped like a campaign."""

import html
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
import regex

from conf.blanking import X_HANDLE, blank
from conf.errors import WrongUse
from conf.folding import fold
from conf.topic import Topic, load_topic, parse_topic
from corpus import CAMPAIGN, generate

ROOT = Path(__file__).resolve().parents[2]
POSTS = 20_000
BOT_APPS = {"twittbot.net", "IFTTT", "dlvr.it", "Cheap Bots, Done Quick!"}

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


@pytest.fixture(scope="module")
def topic() -> Topic:
    return load_topic("ph2016", ROOT / "conf/topics")


@pytest.fixture(scope="module")
def rules(topic: Topic) -> Rules:
    return Rules(topic)


@pytest.fixture(scope="module")
def corpus(topic: Topic, rules: Rules) -> Corpus:
    lines = parsed(topic, POSTS)
    tweets = [line["data"] for line in lines]
    own = [tweet for tweet in tweets if kind_of(tweet) != "retweeted"]
    return Corpus(lines, tweets, own, [rules.line(line) for line in lines])


def share(part: int, whole: int) -> float:
    return part / whole


# --- the same bytes, whatever the machine


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


# --- times and ids


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


# --- people


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


# --- kinds and references


def test_kinds_have_their_shares(corpus: Corpus) -> None:
    kinds = Counter(kind_of(tweet) for tweet in corpus.tweets)
    assert 0.43 < share(kinds["retweeted"], POSTS) < 0.52
    assert 0.10 < share(kinds["replied_to"], POSTS) < 0.14
    assert 0.04 < share(kinds["quoted"], POSTS) < 0.08


def test_references_lead_to_an_earlier_post(corpus: Corpus) -> None:
    seen: set[str] = set()
    for tweet in corpus.tweets:
        assert "referenced_tweets" not in tweet or target_of(tweet) in seen
        seen.add(tweet["id"])


def test_a_referenced_post_is_included_as_it_was_or_declared_missing(corpus: Corpus) -> None:
    by_id = {tweet["id"]: tweet for tweet in corpus.tweets}
    for line in corpus.lines:
        other, tweet = included(line), line["data"]
        if "referenced_tweets" not in tweet:
            assert other is None
        elif "errors" in line:
            assert other is None
            missing = target_of(tweet)
            detail = f"Could not find tweet with referenced_tweets.id: [{missing}]."
            assert (line["errors"][0]["resource_id"], line["errors"][0]["detail"]) == (missing, detail)
        else:
            assert other is not None
            same = {"public_metrics": None}
            assert {**other, **same} == {**by_id[target_of(tweet)], **same}


def test_about_one_retweet_or_reply_in_a_hundred_misses_its_post(corpus: Corpus) -> None:
    referring = [line for line in corpus.lines if kind_of(line["data"]) in ("retweeted", "replied_to")]
    assert 0.005 < share(sum("errors" in line for line in referring), len(referring)) < 0.015


def test_a_missing_post_is_never_shown_again(corpus: Corpus) -> None:
    gone: set[str] = set()
    for line in corpus.lines:
        if "referenced_tweets" in line["data"]:
            assert target_of(line["data"]) not in gone
            gone |= {target_of(line["data"])} if "errors" in line else set()


def test_cascades_are_heavy_tailed_and_fade(corpus: Corpus) -> None:
    retweets = [tweet for tweet in corpus.tweets if kind_of(tweet) == "retweeted"]
    sizes = sorted(Counter(map(target_of, retweets)).values(), reverse=True)
    assert sizes[0] > 20 * sizes[len(sizes) // 2]
    by_id = {tweet["id"]: at(tweet) for tweet in corpus.tweets}
    ages = sorted(at(tweet) - by_id[target_of(tweet)] for tweet in retweets)
    assert ages[len(ages) // 2] < timedelta(days=1)


def test_candidates_own_accounts_are_retweeted_more(corpus: Corpus, topic: Topic) -> None:
    handles = {handle for race in topic.races for one in race.candidates for handle in one.lower_handles}
    officials = {
        u["id"] for line in corpus.lines for u in line["includes"]["users"] if u["username"].lower() in handles
    }
    sizes = Counter(target_of(tweet) for tweet in corpus.tweets if kind_of(tweet) == "retweeted")
    theirs = [sizes[tweet["id"]] for tweet in corpus.own if tweet["author_id"] in officials]
    others = [sizes[tweet["id"]] for tweet in corpus.own if tweet["author_id"] not in officials]
    assert sum(theirs) / len(theirs) > 5 * sum(others) / len(others)


def test_a_reply_opens_with_whom_it_answers_and_stays_in_the_conversation(corpus: Corpus) -> None:
    by_id = {tweet["id"]: tweet for tweet in corpus.tweets}
    replies = [tweet for tweet in corpus.tweets if kind_of(tweet) == "replied_to"]
    for reply in replies:
        answered, mention = by_id[target_of(reply)], reply["entities"]["mentions"][0]
        assert mention["start"] == 0
        assert mention["id"] == reply["in_reply_to_user_id"] == answered["author_id"]
        assert reply["conversation_id"] == answered["conversation_id"]


def test_a_quote_ends_with_the_address_of_what_it_quotes(corpus: Corpus) -> None:
    for tweet in corpus.tweets:
        if kind_of(tweet) == "quoted":
            last = content(tweet)["entities"]["urls"][-1]
            assert last["end"] == len(content(tweet)["text"])
            assert last["expanded_url"].endswith(f"/status/{target_of(tweet)}")


# --- texts


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


# --- what is counted


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
