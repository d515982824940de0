"""Pile-ons in the generated corpus: what is planted is what is found, and its twin without them is quiet."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.errors import WrongUse
from conf.topic import Topic
from corpus import CAMPAIGN, generate, piled_on, planted_cells
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from tests.support.commands import run_command
from tests.support.conversed import counted_rows
from tests.support.generated_lines import at, kind_of, target_of

NUMBER, SEED = 9_000, 5
PLANTED = 3
START, END = (each.isoformat() for each in CAMPAIGN)


def posts_of(topic: Topic, seed: int, pile_ons: int) -> list[Post]:
    lines = b"".join(generate(topic, NUMBER, seed, pile_ons=pile_ons)).splitlines()
    return [parse(unit.format, unit.payload) for line in lines for unit in split(line) if isinstance(unit, Unit)]


def largest(topic: Topic, seed: int, pile_ons: int) -> list[dict[str, Any]]:
    rows = counted_rows(posts_of(topic, seed, pile_ons), START, END)
    return sorted((row for row in rows if row["period"] == "window"), key=lambda row: int(row["rank"]))


def test_the_twin_without_pile_ons_is_the_corpus_as_ever(topic: Topic) -> None:
    assert b"".join(generate(topic, 3_000, 7, pile_ons=0)) == b"".join(generate(topic, 3_000, 7))
    assert piled_on(topic, 3_000, 7, 0) == {}


def test_planted_replies_are_posts_like_others(topic: Topic) -> None:
    tweets = [
        orjson.loads(line)["data"] for line in b"".join(generate(topic, NUMBER, SEED, pile_ons=PLANTED)).splitlines()
    ]
    assert len({tweet["id"] for tweet in tweets}) == NUMBER
    assert [at(tweet) for tweet in tweets] == sorted(at(tweet) for tweet in tweets)
    by_id = {tweet["id"]: tweet for tweet in tweets}
    truth = piled_on(topic, NUMBER, SEED, PLANTED)
    assert len(truth) == PLANTED
    for root, replies in truth.items():
        assert len({by_id[reply]["author_id"] for reply in replies} | {by_id[root]["author_id"]}) == len(replies) + 1
        for reply in map(by_id.__getitem__, replies):
            assert kind_of(reply) == "replied_to"
            assert reply["conversation_id"] == root
            assert at(by_id[target_of(reply)]) < at(reply)
            assert reply["entities"]["mentions"][0]["id"] == by_id[target_of(reply)]["author_id"]


@pytest.mark.parametrize("seed", range(3))
def test_the_largest_conversations_are_the_planted_ones(topic: Topic, seed: int) -> None:
    truth = piled_on(topic, NUMBER, seed, PLANTED)
    rows = {row["root"]: row for row in largest(topic, seed, PLANTED)[:PLANTED]}
    assert rows.keys() == truth.keys()
    for root, replies in truth.items():
        assert len(replies) <= rows[root]["posts"] <= len(replies) + 3
        assert rows[root]["half_life_seconds"] < 3_600
        assert rows[root]["share_strangers"] > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_the_quiet_twin_has_none(topic: Topic, seed: int) -> None:
    for row in largest(topic, seed, 0):
        assert row["posts"] < 40
        assert row["posts"] < 20 or row["half_life_seconds"] > 7_200


def test_too_few_posts_are_wrong_use(topic: Topic) -> None:
    with pytest.raises(WrongUse, match="1,000 posts are too few for 3 pile-ons"):
        generate(topic, 1_000, 1, pile_ons=3)
    with pytest.raises(WrongUse, match="can't be negative"):
        generate(topic, 1_000, 1, pile_ons=-1)


def test_the_truth_is_written_beside_the_corpus(topic: Topic, tmp_path: Path) -> None:
    file = tmp_path / "truth.jsonl"
    asked = ("generate", "--posts", "4000", "--seed", "5", "--pile-ons", "1", "--cells", "2")
    done = run_command("ingest", *asked, "--truth", str(file))
    assert done.stdout.count("\n") > 4_000, "the cells' posts are added"
    (line, *cells) = map(orjson.loads, file.read_bytes().splitlines())
    assert {line["pile_on"]: line["replies"]} == piled_on(topic, 4_000, 5, 1)
    assert [(cell["cell"], cell["accounts"]) for cell in cells] == [
        (number, cell.accounts) for number, cell in enumerate(planted_cells(topic, 4_000, 5, 2), 1)
    ]
    done = run_command("ingest", *asked, "--truth", str(tmp_path / "none" / "truth.jsonl"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "can't be written: No such file or directory. Give another file" in done.stderr
