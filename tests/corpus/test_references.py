"""Retweets, replies and quotes of the generated corpus: their shares, and the posts to which they lead."""

from collections import Counter
from datetime import timedelta

from conf.topic import Topic
from tests.support.generated_lines import POSTS, Corpus, at, content, included, kind_of, share, target_of


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
