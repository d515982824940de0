"""Mastodon: what a status says, and a stream that comes and goes, against a server of this machine."""

import threading
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from conf.errors import PulsoError, WrongUse
from conf.settings import load_settings
from ingest.formats import Refused, Unit, parse, parse_deletion, split
from ingest.formats.post import InvalidMessage, Post
from ingest.sources.base import Clock
from ingest.sources.mastodon.stream import Mastodon, _ahead
from tests.support.mastodon_server import THUMP, TOKEN, Drop, MastodonServer, Refusal, Script, Silence, status, update
from tests.support.source_doubles import PATIENCE, FakeClock, Notes


def line(payload: object, event: str = "update", server: str = "example.social") -> bytes:
    return orjson.dumps({"event": event, "server": server, "payload": payload})


def post_of(content: str = "<p>hello</p>", event: str = "update", **changes: Any) -> Post:
    [unit] = split(line(status(1, content, **changes), event))
    assert isinstance(unit, Unit), unit
    return parse(unit.format, unit.payload)


class TestFormat:
    def test_names_times_and_the_bot_s_flag(self) -> None:
        account = {**status(1)["account"], "bot": True}
        post = post_of(account=account, application={"name": "Tusky", "website": None})
        assert (post.source, post.author, post.author_id) == ("mastodon", "ana@example.social", "7")
        assert (post.text, post.folded, post.lang, post.kind) == ("hello", "hello", "en", "original")
        assert (post.author_following, post.client, post_of(application=None).client) == (7, "Tusky", None)
        assert (post.author_is_bot, post.author_followers, post.event_at.isoformat()) == (
            True,
            5,
            "2026-05-25T14:00:01+00:00",
        )

    def test_html_is_shown_as_text_with_right_boundaries(self) -> None:
        ben = '<span class="h-card"><a href="https://b.social/@Ben" class="u-url mention">@<span>Ben</span></a></span>'
        tag = '<a href="https://e.social/tags/x" class="mention hashtag" rel="tag">#<span>Halalán2016</span></a>'
        shown = '<span class="ellipsis">example.org/a</span><span class="invisible">?b=1&amp;c=2</span>'
        link = f'<a href="https://www.example.org/a?b=1&amp;c=2"><span class="invisible">https://www.</span>{shown}</a>'
        content = f"<p>Noynóy 👩‍👩‍👧 सबको &amp; {ben} {tag},<br>see {link}e\u0301</p><p>ende</p>"
        post = post_of(
            content,
            mentions=[{"id": "8", "acct": "Ben@b.social", "username": "Ben", "url": ""}],
            tags=[{"name": "Halalán2016", "url": ""}],
        )
        assert post.text == "Noynóy 👩‍👩‍👧 सबको & @Ben #Halalán2016,\nsee example.org/ae\u0301\nende"
        assert post.folded == "noynoy 👩👩👧 सबको & #halalan2016, see e ende"
        assert (post.hashtags, post.mentions) == (["halalan2016"], ["ben@b.social"])
        assert post.urls == ["https://www.example.org/a?b=1&c=2"]

    def test_a_reply_a_boost_and_a_quote(self) -> None:
        other = status(0, "<p>said</p>", account={**status(0)["account"], "acct": "Eve@e.social", "id": "9"})
        reply = post_of(in_reply_to_id="5", in_reply_to_account_id="9", mentions=[{"id": "9", "acct": "Eve@e.social"}])
        assert (reply.kind, reply.reply_to, reply.reply_to_author) == ("reply", "5", "eve@e.social")
        boost = post_of("", reblog=other)
        assert (boost.kind, boost.retweet_of, boost.retweet_of_author, boost.text) == (
            "retweet",
            other["id"],
            "eve@e.social",
            "said",
        )
        quote = post_of(quote={"state": "accepted", "quoted_status": other})
        assert (quote.kind, quote.quote_of, quote.quote_of_author) == ("quote", other["id"], "eve@e.social")

    def test_an_edit_is_a_later_version_of_the_same_post(self) -> None:
        first, edit = post_of(), post_of("<p>better</p>", "status.update", edited_at="2026-05-25T15:00:00.000Z")
        assert (edit.post_id, edit.event_at, edit.is_update) == (first.post_id, first.event_at, True)
        assert edit.version_time
        assert first.version_time
        assert edit.version_time > first.version_time

    def test_a_deletion(self) -> None:
        [unit] = split(line("116", "delete"))
        assert isinstance(unit, Unit)
        assert parse_deletion(unit.format, unit.payload).post_id == "116"

    @pytest.mark.parametrize(
        "given", [line(status(1, visibility="private")), line({}, "notification"), line("", "filters_changed")]
    )
    def test_what_is_not_for_everybody_is_no_post(self, given: bytes) -> None:
        assert split(given) == []

    @pytest.mark.parametrize("odd", [{}, {**status(1), "id": 5.5}, {**status(1), "created_at": "x"}])
    def test_what_is_no_status_is_refused(self, odd: dict[str, Any]) -> None:
        [unit] = split(line(odd))
        if isinstance(unit, Unit):
            with pytest.raises(InvalidMessage):
                parse(unit.format, unit.payload)
        else:
            assert isinstance(unit, Refused)


def source_of(
    server: MastodonServer, clock: Clock, silence: float = PATIENCE, token: str = TOKEN, jitter: float = 0.0
) -> Mastodon:
    settings = load_settings(mastodon_url=server.address, MASTODON_TOKEN=token)
    return Mastodon(settings, clock, silence, jitter=lambda: jitter)


def run(*scripts: Script, waits: int, silence: float = PATIENCE) -> tuple[Notes, list[float]]:
    clock, notes = FakeClock(waits), Notes()
    with MastodonServer(*scripts) as server:
        source_of(server, clock, silence).run(notes)
    return notes, clock.waits


class Sleeping(FakeClock):
    """A clock of a process that stands still for 40 seconds, just after it has connected."""

    looks = 0

    def elapsed(self) -> float:
        self.looks += 1
        return 0.0 if self.looks == 1 else 40.0


class TestStream:
    @pytest.mark.parametrize(
        ("script", "reason", "silence"),
        [
            ((update(1), Drop()), "network error", PATIENCE),
            ((update(1),), "the server ended", PATIENCE),
            ((update(1), Silence()), "nothing came for 0.3 s", 0.3),
            ((update(1)[:40], Drop()), "network error", PATIENCE),
            ((update(1), b"data: ", *[b"x" * 2**20] * 9, Silence()), "network error: an event of more than", PATIENCE),
        ],
    )
    def test_a_connection_that_ends_is_made_again_and_is_one_outage(
        self, script: Script, reason: str, silence: float
    ) -> None:
        notes, waits = run(script, (), waits=2, silence=silence)
        turns = [event for event in notes.events if event in ("opened", "resumed", "closed")]
        assert turns == ["opened", "closed", "resumed", "closed"]
        assert notes.reasons[0].startswith(reason)
        assert waits[0] == 1.0

    def test_waits_double_to_a_minute_until_something_comes(self) -> None:
        notes, waits = run(*[Refusal(503)] * 8, (update(1), Drop()), Refusal(503), waits=10)
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 1, 2]
        assert notes.reasons[0] == "HTTP 503"

    def test_too_many_requests_waits_as_long_as_is_asked(self) -> None:
        assert run(Refusal(429, "120"), Refusal(429), Refusal(429, "5000"), waits=3)[1] == [120, 60, 900]

    def test_chance_takes_off_up_to_half_of_a_wait(self) -> None:
        clock = FakeClock(3)
        with MastodonServer(*[Refusal(503)] * 3) as server:
            source_of(server, clock, jitter=1.0).run(Notes())
        assert clock.waits == [0.5, 1, 2]

    def test_a_process_that_stood_still_connects_anew_though_something_waits_for_it(self) -> None:
        clock, notes = Sleeping(2), Notes()
        with MastodonServer((update(1), update(2), Drop()), (THUMP, Drop())) as server:
            source_of(server, clock, silence=35.0).run(notes)
        assert notes.reasons[0] == "nothing came for 35 s"
        assert notes.events[:4] == ["opened", "closed", "resumed", "heard"]

    def test_a_refused_token_ends_it_with_the_fix(self) -> None:
        with MastodonServer() as server, pytest.raises(PulsoError, match="refuses the token") as caught:
            source_of(server, FakeClock(1), token="other").run(Notes())
        assert "MASTODON_TOKEN" in str(caught.value.fix)

    def test_no_token_and_no_encryption_are_told_at_the_start(self) -> None:
        with pytest.raises(PulsoError, match="signed-in users only"):
            Mastodon(load_settings(), Clock())
        with pytest.raises(WrongUse, match="not usable"):
            Mastodon(load_settings(mastodon_url="http://example.social", MASTODON_TOKEN=TOKEN), Clock())

    def test_a_server_that_tells_no_address_of_its_stream_is_tried_itself_and_asked_again(self) -> None:
        odd = b'{"configuration":{"urls":{"streaming":%b}}}'
        told = (b"<html>", b"[]", b"null", b'{"configuration":null}', odd % b"5", odd % b'"wss://[x/"')
        connections = len(told) + 3
        clock, notes = FakeClock(connections), Notes()
        with MastodonServer(*[(update(1), Drop())] * connections) as server:
            server.odd = [(503, b""), *((200, each) for each in told)]
            source_of(server, clock).run(notes)
            asked = server.asked.count("/api/v2/instance")
        assert notes.events.count("line") == connections - 1
        assert notes.reasons[len(told)] == "network error: Invalid IPv6 URL"
        assert asked == connections - 1, "the right answer is kept"

    def test_a_stop_while_it_connects_ends_it_though_events_come(self) -> None:
        class StoppedMeanwhile(Mastodon):
            def _refused(self, response: httpx.Response) -> tuple[str, float] | None:
                self._clock.stop()
                return super()._refused(response)

        clock, notes = Clock(), Notes()
        with MastodonServer((*[update(n) for n in range(1, 20)], Silence())) as server:
            settings = load_settings(mastodon_url=server.address, MASTODON_TOKEN=TOKEN)
            thread = threading.Thread(target=StoppedMeanwhile(settings, clock, PATIENCE).run, args=(notes,))
            thread.start()
            thread.join(timeout=5)
            assert not thread.is_alive()
        assert (notes.events, notes.reasons) == ([], [])

    @pytest.mark.parametrize(
        ("date", "ahead"),
        [
            ({}, 0),
            ({"Date": "soon"}, 0),
            ({"Date": "Mon, 09 May 2016 00:10:00 GMT"}, 0),
            ({"Date": "Sun, 08 May 2016 23:55:00 GMT"}, 300),
            ({"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, 86_400),
        ],
    )
    def test_how_far_this_clock_is_ahead_of_the_server_s(self, date: dict[str, str], ahead: int) -> None:
        now = datetime(2016, 5, 9, tzinfo=UTC)
        assert _ahead(httpx.Response(200, headers=date), now).total_seconds() == ahead

    def test_a_stop_does_not_wait_for_a_silent_server(self) -> None:
        clock, notes = Clock(), Notes()
        with MastodonServer((update(1), THUMP, Silence())) as server:
            thread = threading.Thread(target=source_of(server, clock).run, args=(notes,))
            thread.start()
            notes.wait_for("line")
            clock.stop()
            thread.join(timeout=5)
            assert not thread.is_alive()
        assert notes.reasons == []
