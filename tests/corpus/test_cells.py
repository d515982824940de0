"""Planted cells in the corpus: seeded, told, in order, and absent from the quiet twin."""

import orjson
import pytest

from conf.errors import WrongUse
from conf.topic import Topic
from corpus import generate, planted_cells


def lines(topic: Topic, cells: int, seed: int = 3) -> list[bytes]:
    return b"".join(generate(topic, 1200, seed, cells=cells)).splitlines(keepends=True)


def test_the_quiet_twin_is_the_same_corpus_without_the_cells(topic: Topic) -> None:
    planted, quiet = lines(topic, 2), lines(topic, 0)
    assert quiet == b"".join(generate(topic, 1200, 3)).splitlines(keepends=True)
    known = set(quiet)
    assert [line for line in planted if line in known] == quiet
    assert len(planted) > len(quiet)


def test_the_posts_are_in_order_and_have_ids_of_their_own(topic: Topic) -> None:
    posts = [orjson.loads(line)["data"] for line in lines(topic, 3)]
    times = [post["created_at"] for post in posts]
    assert times == sorted(times)
    assert len({post["id"] for post in posts}) == len(posts)


def test_the_truth_names_the_members_and_their_links(topic: Topic) -> None:
    truth = planted_cells(topic, 1200, 3, 2)
    posts = [orjson.loads(line) for line in lines(topic, 2)]
    for cell in truth:
        assert len(cell.accounts) == cell.cell.size
        assert len(cell.links) == cell.cell.objects
        shared = {
            (f"x:{post['data']['author_id']}", url["expanded_url"])
            for post in posts
            for url in post["data"].get("entities", {}).get("urls", ())
        }
        by_members = {pair for pair in shared if pair[0] in cell.accounts and pair[1] in cell.links}
        others = {pair for pair in shared if pair[0] not in cell.accounts and pair[1] in cell.links}
        assert len(by_members) >= (1 - cell.cell.noise) * 0.8 * cell.cell.size * cell.cell.objects
        assert len(others) > len(by_members)


def test_the_same_seed_makes_the_same_cells_and_another_others(topic: Topic) -> None:
    assert lines(topic, 1) == lines(topic, 1)
    assert planted_cells(topic, 1200, 3, 2) == planted_cells(topic, 1200, 3, 2) != planted_cells(topic, 1200, 4, 2)


def test_a_negative_number_is_wrong_use(topic: Topic) -> None:
    with pytest.raises(WrongUse):
        generate(topic, 10, 1, cells=-1)
