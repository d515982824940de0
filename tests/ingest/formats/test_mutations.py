"""2,000 odd posts, of every format: each is a post that can be stored, or is refused with a reason."""

from contextlib import suppress

import orjson
import pytest

from conf.topic import Topic
from ingest.formats import Refused, Unit, parse, split
from ingest.formats.post import InvalidMessage
from ingest.write.rows import Row, row_of
from tests.support.mutations import ORIGINALS, odd_posts

ODD = 2_000
TOPIC = Topic(topic="t", timezone="Pacific/Kiritimati")


def row(format_: str, payload: bytes) -> Row | None:
    with suppress(InvalidMessage):
        return row_of(parse(format_, payload), TOPIC)
    return None


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_originals_are_good_posts(name: str) -> None:
    payload = orjson.dumps(ORIGINALS[name]("9000001"))
    assert row(name, payload) is not None
    assert [part.format for part in split(payload) if isinstance(part, Unit)] == [name]


@pytest.mark.parametrize("seed", range(4))
def test_an_odd_post_can_be_stored_or_is_refused_with_a_reason(seed: int) -> None:
    stored = refused = 0
    for name, payload in odd_posts(ODD // 4, seed):
        stored += (made := row(name, payload)) is not None
        refused += made is None
        assert made is None or made.size < 1_000_000
        if made is None:
            with pytest.raises(InvalidMessage) as error:
                row_of(parse(name, payload), TOPIC)
            assert 0 < len(str(error.value)) <= 400
    assert min(stored, refused) > ODD / 4 / 10, "the odd posts are not odd, or all of them are refused"


@pytest.mark.parametrize("seed", range(4))
def test_splitting_an_odd_line_raises_nothing(seed: int) -> None:
    for _, payload in odd_posts(ODD // 4, seed):
        assert all(part.reason for part in split(payload) if isinstance(part, Refused))
