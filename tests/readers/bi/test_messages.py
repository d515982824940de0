"""What passes to Spark: whole calls of Hive's protocol, without the options that they give."""

import random

import pytest

from readers.bi.messages import CALLS, NotOurs, passed
from tests.support.hive_messages import call, nested, number, options, text

HOSTILE = {
    "set:hiveconf:spark.cassandra.connection.host": "evil",
    "set:system:java.io.tmpdir": "/",
    "use:database": "x",
}
SEED = 3


def test_a_session_is_opened_without_the_options_that_it_asks_for() -> None:
    plain = (number(1, 8), text(2, "ana"), text(3, "secret"))
    assert passed(call("OpenSession", *plain, options(4, HOSTILE))) == call("OpenSession", *plain)
    assert passed(call("OpenSession", options(4, HOSTILE), *plain)) == call("OpenSession", *plain)


def test_a_statement_goes_on_without_its_options() -> None:
    said = (text(2, "SELECT 1"), number(4, 1))
    assert passed(call("ExecuteStatement", *said, options(3, {"spark.x": "1"}))) == call("ExecuteStatement", *said)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_other_parts_of_calls_stay(name: str) -> None:
    message = call(name, number(1, 5), text(2, "東京"), options(9, {"a": "b"}), nested(5))
    assert passed(message) == message


@pytest.mark.parametrize("name", ["GetDelegationToken", "RenewDelegationToken", "Fetch", "x" * 64, "openSession"])
def test_other_calls_do_not_pass(name: str) -> None:
    with pytest.raises(NotOurs):
        passed(call(name, text(2, "x")))


def test_a_second_call_in_a_frame_does_not_pass() -> None:
    hidden = call("OpenSession", options(4, HOSTILE))
    with pytest.raises(NotOurs, match="more than one call"):
        passed(call("GetInfo", number(1, 1)) + hidden)


def test_a_call_that_ends_in_the_next_frame_does_not_pass() -> None:
    message = call("ExecuteStatement", text(2, "SELECT 1"), options(3, {"a": "b"}))
    for end in range(len(message)):
        with pytest.raises(NotOurs):
            passed(message[:end])


def test_what_is_very_deep_or_claims_to_be_large_does_not_pass() -> None:
    with pytest.raises(NotOurs, match="deep"):
        passed(call("GetInfo", nested(500)))
    huge = call("GetInfo", options(9, {"a": "b"})).replace(b"\x0b\x0b\0\0\0\1", b"\x0b\x0b\x7f\xff\xff\xff")
    with pytest.raises(NotOurs):
        passed(huge)


def test_damaged_messages_are_refused_or_pass_but_never_raise_anything_else() -> None:
    drawn = random.Random(SEED)
    message = call("ExecuteStatement", number(1, 8), text(2, "SELECT 1"), options(3, HOSTILE), nested(3))
    for _ in range(20_000):
        damaged = bytearray(message)
        for _ in range(drawn.randint(1, 4)):
            damaged[drawn.randrange(len(damaged))] = drawn.randrange(256)
        try:
            passed(bytes(damaged))
        except NotOurs:
            continue
