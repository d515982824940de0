import socket
import threading
import time
from typing import Any

import orjson
import pytest

from conf.errors import PulsoError
from conf.settings import load_settings
from ingest.formats import Unit, parse, split
from ingest.sources.base import Clock
from ingest.sources.x.stream import XStream
from tests.support.source_doubles import NOW, PATIENCE, FakeClock, Notes
from tests.support.x_runs import TOPIC, line, run, stream_of
from tests.support.x_server import (
    HEARTBEAT,
    OPERATIONAL_DISCONNECT,
    TOKEN,
    TOO_MANY_CONNECTIONS,
    USAGE_CAPPED,
    Drop,
    Pause,
    Refusal,
    Script,
    Step,
    XServer,
    in_stream,
)


def test_posts_and_heartbeats_come_through_as_they_came() -> None:
    first, second = line("1"), line("2", text="zwei ümläute 日本")
    notes, _, _ = run([first + b"\r\n", HEARTBEAT, second + b"\r\n"], waits=1)
    assert notes.events == ["opened", "line", "heard", "line", "closed"]
    assert notes.lines == [first, second]


def test_a_post_that_trickles_in_is_one_line() -> None:
    whole = line("1") + b"\r\n" + line("2") + b"\r\n"
    pieces = [part for i in range(0, len(whole), 40) for part in (whole[i : i + 40], Pause(0.002))]
    notes, _, _ = run(pieces, waits=1)
    assert notes.lines == [line("1"), line("2")]


def test_repetitions_and_disorder_are_handed_on() -> None:
    lines = [line(post_id) + b"\r\n" for post_id in ("3", "1", "3", "2")]
    notes, _, _ = run([b"".join(lines)], waits=1)
    assert [orjson.loads(taken)["data"]["id"] for taken in notes.lines] == ["3", "1", "3", "2"]


def test_what_only_other_topics_asked_for_is_not_taken() -> None:
    tricky = line("2", tag="pulso:tt", text='says "tag":"pulso:t" and "pulso:t"')
    bare = line("3", tag=None)
    notes, _, _ = run([part + b"\r\n" for part in (line("1"), tricky, bare)], waits=1)
    assert notes.lines == [line("1"), bare]
    assert notes.events.count("heard") == 1


def test_a_post_whose_keys_come_in_another_order_is_a_post() -> None:
    content = orjson.loads(line("1"))
    turned = orjson.dumps({key: content[key] for key in ("matching_rules", "includes", "data")})
    notes, _, _ = run([turned + b"\r\n"], waits=1)
    assert notes.lines == [turned]


def test_a_line_of_unknown_kind_is_a_sign_of_life() -> None:
    missing = in_stream({"title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found"})
    notes, waits, _ = run([b'{"new":1}\r\n', b"not json\r\n", missing, line() + b"\r\n"], waits=1)
    assert notes.events == ["opened", "heard", "heard", "heard", "line", "closed"]
    assert waits == [0.0]


def test_half_a_line_is_never_taken() -> None:
    notes, _, _ = run([line("1") + b"\r\n" + line("2")[:50], Drop()], [line("3") + b"\r\n"], waits=2)
    assert notes.lines == [line("1"), line("3")]
    assert notes.turns() == ["opened", "closed"] * 2


@pytest.mark.parametrize("end", [[], [Drop()]])
def test_a_connection_that_brought_something_is_made_again_at_once(end: list[Drop]) -> None:
    notes, waits, server = run([HEARTBEAT, *end], [HEARTBEAT, *end], [HEARTBEAT, *end], waits=3)
    assert waits == [0.0, 0.0, 0.0]
    assert notes.turns() == ["opened", "closed"] * 3
    assert notes.reasons == ["X ended the connection"] * 3
    assert len(server.connects) == 3


def test_connections_that_bring_nothing_are_made_again_ever_later() -> None:
    nothing: Script = [Drop()]
    _, waits, _ = run(nothing, nothing, nothing, nothing, [HEARTBEAT], nothing, waits=6)
    assert waits == [0.0, 0.25, 0.5, 0.75, 0.0, 0.25]


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(503), [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0]),
        (Refusal(429, TOO_MANY_CONNECTIONS), [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0]),
        (Refusal(409, TOO_MANY_CONNECTIONS), [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0]),
        (Refusal(429), [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]),
        (Refusal(429, USAGE_CAPPED), [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]),
    ],
)
def test_refusals_are_waited_out_as_x_asks(refusal: Refusal, expected: list[float]) -> None:
    notes, waits, server = run(*([refusal] * len(expected)), waits=len(expected))
    assert waits == expected
    assert notes.turns() == ["closed"]
    assert len(server.connects) == len(expected)


def test_a_rate_limit_is_waited_out_to_its_reset() -> None:
    late = {"x-rate-limit-reset": str(int(NOW.timestamp()) + 700)}
    nonsense = {"x-rate-limit-reset": "99999999999"}
    _, waits, _ = run(Refusal(429, headers=late), Refusal(429, headers=nonsense), waits=2)
    assert waits == [700.0, 120.0]


def test_another_connection_of_the_same_token_is_said_plainly() -> None:
    notes, _, _ = run(Refusal(429, TOO_MANY_CONNECTIONS), waits=1)
    assert notes.reasons[0].startswith("another connection is open for this token")


@pytest.mark.parametrize(
    ("problem", "expected"),
    [(OPERATIONAL_DISCONNECT, [0.0]), (TOO_MANY_CONNECTIONS, [5.0, 10.0]), (USAGE_CAPPED, [60.0, 120.0])],
)
def test_an_error_inside_the_stream_ends_the_connection(problem: dict[str, Any], expected: list[float]) -> None:
    script: Script = [in_stream(problem), Pause()]
    notes, waits, _ = run(*([script] * len(expected)), waits=len(expected))
    assert waits == expected
    assert notes.turns() == ["opened", "closed"] * len(expected)
    assert problem["detail"] in notes.reasons[0]


def test_silence_is_a_dead_connection() -> None:
    notes, waits, _ = run([HEARTBEAT, Pause()], [Pause()], waits=2, silence=0.2)
    assert notes.events == ["opened", "heard", "closed", "opened", "closed"]
    assert notes.reasons == ["nothing came for too long"] * 2
    assert waits == [0.0, 0.25]


def test_heartbeats_keep_a_connection() -> None:
    script: list[Step] = [HEARTBEAT, Pause(0.15)]
    notes, _, _ = run(script * 4, waits=1, silence=0.3)
    assert notes.events == ["opened", *["heard"] * 4, "closed"]
    assert notes.reasons == ["X ended the connection"]


def test_one_outage_of_several_kinds_is_one_gap() -> None:
    scripts: list[Script] = [[HEARTBEAT], Refusal(503), Refusal(429), [], [line() + b"\r\n"], [HEARTBEAT]]
    notes, waits, _ = run(*scripts, waits=6)
    assert notes.turns() == ["opened", "closed"] * 4
    assert waits == [0.0, 5.0, 60.0, 0.25, 0.0, 0.0]


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with XServer() as server:
        address = server.address
    clock, notes = FakeClock(4), Notes()
    XStream(load_settings(x_api=address, X_BEARER_TOKEN=TOKEN), TOPIC, clock).run(notes)
    assert clock.waits == [0.0, 0.25, 0.5, 0.75]
    assert notes.events == ["closed"]
    assert "Connection refused" in notes.reasons[0]


def test_no_more_than_fifty_connects_in_fifteen_minutes() -> None:
    clock, notes = FakeClock(61), Notes()
    with XServer(*([[HEARTBEAT]] * 60)) as server:
        stream_of(server, clock).run(notes)
    assert [wait for wait in clock.waits if wait] == [900.0]
    assert clock.waits.index(900.0) == 50
    assert len(server.connects) == 60


@pytest.mark.parametrize(("status", "fix"), [(401, "X_BEARER_TOKEN"), (403, "developer console"), (404, "PULSO_X_API")])
def test_a_refusal_for_good_ends_it_with_a_fix(status: int, fix: str) -> None:
    with pytest.raises(PulsoError, match=fix) as raised:
        run(Refusal(status), waits=1)
    assert TOKEN not in str(raised.value)


def test_a_wrong_token_ends_it() -> None:
    with XServer(token="another") as server, pytest.raises(PulsoError, match="does not accept the bearer token"):
        stream_of(server, FakeClock(1)).run(Notes())
    assert server.connects == []


def test_a_topic_without_rules_on_x_is_not_streamed() -> None:
    with XServer() as server:
        server.rules.have(("bob", "pulso:other"))
        with pytest.raises(
            PulsoError, match=r"no rules for topic t on X\. Run `.venv/bin/python -m ingest rules push --topic t`"
        ):
            stream_of(server, FakeClock(1)).run(Notes())
    assert server.connects == []


def test_rules_that_can_not_be_read_yet_are_asked_for_again() -> None:
    with XServer([HEARTBEAT]) as server:
        server.rule_refusals += [Refusal(503), Refusal(429)]
        clock, notes = FakeClock(3), Notes()
        stream_of(server, clock).run(notes)
    assert clock.waits == [5.0, 60.0, 0.0]
    assert notes.turns() == ["closed", "opened", "closed"]


def test_all_that_a_post_needs_is_asked_for() -> None:
    _, _, server = run([HEARTBEAT], waits=1)
    asked = {name: set(values[0].split(",")) for name, values in server.connects[0].parameters.items()}
    assert {"author_id", "referenced_tweets.id", "referenced_tweets.id.author_id", "geo.place_id"} < asked["expansions"]
    assert {"created_at", "entities", "note_tweet", "edit_history_tweet_ids", "lang", "source"} < asked["tweet.fields"]
    assert {"created_at", "public_metrics"} < asked["user.fields"]
    assert "full_name" in asked["place.fields"]
    assert "attachments.media_keys" in asked["expansions"]
    assert "attachments" in asked["tweet.fields"]
    assert {"media_key", "type", "alt_text"} == asked["media.fields"]


def test_a_taken_line_is_a_post() -> None:
    notes, _, _ = run([line("5") + b"\r\n"], waits=1)
    (unit,) = split(notes.lines[0])
    assert isinstance(unit, Unit)
    assert parse(unit.format, unit.payload).post_id == "5"


@pytest.mark.parametrize("script", [[HEARTBEAT, Pause()], [Pause()], [line() + b"\r\n", b'{"data"', Pause()]])
def test_a_stop_is_prompt_while_the_server_is_silent(script: Script) -> None:
    clock, notes = Clock(), Notes()
    with XServer(script) as server:
        thread = threading.Thread(target=stream_of(server, clock, silence=60).run, args=(notes,))
        thread.start()
        notes.wait_for("opened")
        began = time.monotonic()
        clock.stop()
        thread.join(PATIENCE)
        assert time.monotonic() - began < 1
    assert notes.turns() == ["opened"]


def test_a_stop_is_prompt_while_nothing_answers() -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = load_settings(x_api=f"http://127.0.0.1:{server.getsockname()[1]}", X_BEARER_TOKEN=TOKEN)
        thread = threading.Thread(target=XStream(settings, TOPIC, clock).run, args=(Notes(),))
        thread.start()
        asked, _ = server.accept()
        clock.stop()
        thread.join(1)
        assert not thread.is_alive()
        asked.close()


def test_a_stop_is_prompt_during_a_long_wait() -> None:
    clock, notes = Clock(), Notes()
    with XServer(Refusal(429)) as server:
        thread = threading.Thread(target=stream_of(server, clock).run, args=(notes,))
        thread.start()
        notes.wait_for("closed")
        clock.stop()
        thread.join(1)
        assert not thread.is_alive()


def test_a_stop_lets_go_of_the_connection() -> None:
    clock = Clock()
    with XServer([HEARTBEAT, Pause(), line() + b"\r\n"]) as server:
        notes = Notes()
        thread = threading.Thread(target=stream_of(server, clock, silence=60).run, args=(notes,))
        thread.start()
        notes.wait_for("heard")
        clock.stop()
        thread.join(PATIENCE)
        gone = time.monotonic() + PATIENCE
        while any(t.name == "x stream" for t in threading.enumerate()) and time.monotonic() < gone:
            threading.Event().wait(0.01)
        assert not any(t.name == "x stream" for t in threading.enumerate())


def test_live_lines_reach_the_sink_at_once() -> None:
    clock, notes = Clock(), Notes()
    with XServer(heartbeat=0.1) as server:
        thread = threading.Thread(target=stream_of(server, clock).run, args=(notes,))
        thread.start()
        notes.wait_for("heard")
        server.send(line("1"))
        notes.wait_for("line")
        clock.stop()
        thread.join(PATIENCE)
    assert notes.lines == [line("1")]
