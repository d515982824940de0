"""What was missed on Mastodon is read from the timeline, newest first, as far as the server and its limits allow."""

from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from ingest.sources.mastodon import timeline
from ingest.sources.mastodon.timeline import MARGIN, Timeline
from tests.ingest.sources.mastodon.test_mastodon import source_of
from tests.support.mastodon_server import THUMP, TOKEN, Drop, MastodonServer, Refusal, status, update
from tests.support.source_doubles import FakeClock, Notes

FIRST = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
"""When status 0 was made."""


def at(number: float) -> datetime:
    return FIRST + timedelta(seconds=number)


def missed(server: MastodonServer, since: datetime, most_waits: int = 99) -> tuple[list[str], datetime | None]:
    """Returns the ids that were read, and from when on all were."""
    with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        look = Timeline(client, server.address, FakeClock(most_waits))
        return [orjson.loads(one)["id"] for one in look.missed(since)], look.reached


def ids(*numbers: int) -> list[str]:
    return [status(number)["id"] for number in numbers]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (39, 1), (40, 2), (90, 3)])
def test_all_pages_are_read_newest_first(count: int, pages: int) -> None:
    with MastodonServer() as server:
        server.timeline = [status(n) for n in range(1, count + 1)]
        assert missed(server, at(0)) == (ids(*range(count, 0, -1)), at(0))
        assert len(server.asked) == pages


def test_it_asks_from_a_margin_before_the_outage_on() -> None:
    with MastodonServer() as server:
        server.timeline = [status(n) for n in (0, 1, 2, 999)]
        since = at(1) + MARGIN
        assert missed(server, since) == (ids(999, 2), since), "a greater id than that of the moment"


def test_what_is_beyond_the_most_pages_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_PAGES", 2)
    with MastodonServer() as server:
        server.timeline = [status(n) for n in range(1, 101)]
        assert missed(server, at(0)) == (ids(*range(100, 20, -1)), at(21))


def test_a_server_that_fails_for_a_moment_is_asked_again() -> None:
    with MastodonServer() as server:
        server.timeline = [status(1)]
        server.refusals = [Refusal(503), Refusal(429, "2")]
        assert missed(server, at(0)) == (ids(1), at(0))


@pytest.mark.parametrize("refusals", [[Refusal(503)] * 3, [Refusal(429, "300")], [Refusal(404)] * 3])
def test_a_server_that_does_not_answer_leaves_the_gap(refusals: list[Refusal]) -> None:
    with MastodonServer() as server:
        server.timeline, server.refusals = [status(1)], list(refusals)
        assert missed(server, at(0)) == ([], None)
        assert server.refusals == []


def test_a_server_that_fails_later_leaves_the_rest_of_the_gap() -> None:
    with MastodonServer() as server:
        server.timeline = [status(n) for n in range(1, 91)]
        server.refusals = [None, Refusal(429, "300")]
        assert missed(server, at(0)) == (ids(*range(90, 50, -1)), at(51))


@pytest.mark.parametrize("odd", [{"id": "9z"}, {"id": None}, {}])
def test_ids_that_are_not_mastodons_leave_the_gap(odd: dict[str, object]) -> None:
    with MastodonServer() as server:
        server.page = lambda _query: [odd]  # type: ignore[method-assign, assignment]
        assert missed(server, at(0)) == ([], None)


def test_a_connection_that_is_made_again_is_filled_before_it_is_up() -> None:
    clock, notes = FakeClock(2), Notes()
    with MastodonServer((update(1), Drop()), (THUMP, Drop())) as server:
        server.timeline = [status(n) for n in range(1, 91)]
        source_of(server, clock).run(notes)
    taken = [orjson.loads(one)["payload"]["id"] for one in notes.lines]
    assert taken == ids(1, *range(90, 0, -1))
    assert [event for event in notes.events if event != "line"][:3] == ["opened", "closed", "resumed"]
    assert len(notes.since) == 1
