"""Who is named by default: accounts with many followers, and the topic's candidates."""

import pytest

from conf import ROOT
from conf.topic import load_topic
from readers.private import Naming

TOPIC = load_topic("ph2016", ROOT / "conf" / "topics")


@pytest.mark.parametrize(
    ("label", "followers", "named"),
    [
        ("ana", 10_000, True),
        ("ana", 9_999, False),
        ("ana", None, False),
        (None, None, False),
        ("SenGracePOE", None, True),
        ("sengracepoe", 3, True),
        ("sengracepoe2", 3, False),
    ],
)
def test_candidates_and_accounts_with_many_followers_are_named(
    label: str | None, followers: int | None, named: bool
) -> None:
    assert Naming(TOPIC).names(label, followers) is named


def test_0_names_all() -> None:
    assert Naming(TOPIC, 0).names("ana", None)
    assert Naming(TOPIC, 0).names(None, None)
