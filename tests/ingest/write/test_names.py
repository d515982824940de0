"""Handles of Bluesky accounts: from identity events, and from the AppView; and how they go."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import ACCOUNT_NAMES, NAME_BUCKETS
from conf.topic import Topic
from ingest.cli import main
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.bluesky import profiles
from tests.conftest import make_topic
from tests.support.appview_server import AppViewServer
from tests.support.bluesky import account_is, event, time_us
from tests.support.line import AT
from tests.support.loading import load

ANA, BEN, CY = (f"did:plc:{letter * 24}" for letter in "abc")
LATER = AT + timedelta(hours=1)


def identity(did: str, handle: object, at: datetime = AT) -> bytes:
    told: dict[str, Any] = {"did": did, "seq": 1, "time": at.isoformat()}
    told |= {} if handle is None else {"handle": handle}
    return orjson.dumps({"did": did, "time_us": time_us(at), "kind": "identity", "identity": told})


def post(did: str = ANA, text: str = "Duterte", **record: Any) -> bytes:
    return event({"text": text, **record}, AT, did)


def mention(did: str) -> dict[str, Any]:
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
    return {"facets": [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}]}


@pytest.fixture
def names(session: Session, settings: Settings) -> Callable[[Topic], dict[str, str]]:
    """Returns the stored handles of a topic."""
    buckets = ", ".join(map(str, range(NAME_BUCKETS)))
    query = f"SELECT * FROM {settings.keyspace}.{ACCOUNT_NAMES.name} WHERE topic = %s AND bucket IN ({buckets})"
    return lambda topic: {row.author_id: row.handle for row in session.execute(query, (topic.topic,))}


@pytest.fixture
def live(stream: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Callable[..., int]:
    """Queues lines as live collection does, and works until the queue is empty."""
    return lambda *lines: load(lines, topic.topic, stream, session, settings)


def test_of_live_events_names_of_stored_accounts_are_kept_and_the_latest_counts(
    live: Callable[..., int], names: Callable[[Topic], dict[str, str]], topic: Topic
) -> None:
    live(identity(ANA, "Ana.Example", LATER), identity(BEN, "ben.example"), post())
    assert names(topic) == {ANA: "ana.example"}
    live(identity(ANA, "older.example", AT))
    live(identity(ANA, "handle.invalid", LATER + timedelta(hours=1)), identity(ANA, None, LATER + timedelta(hours=2)))
    live(
        *(
            identity(ANA, odd, LATER + timedelta(hours=3))
            for odd in ("no handle", "a" * 300, 7, ["x"], "\u202eevil.example")
        )
    )
    assert names(topic) == {ANA: "ana.example"}
    live(identity(ANA, "new.example", LATER + timedelta(hours=3)))
    assert names(topic) == {ANA: "new.example"}


@pytest.mark.usefixtures("stream")
def test_a_replayed_capture_keeps_the_names_that_it_tells(
    names: Callable[[Topic], dict[str, str]], topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.support.commands import run_command  # noqa: PLC0415

    file = tmp_path / "c.jsonl"
    file.write_bytes(b"\n".join([identity(ANA, "ana.example"), post(), post(BEN, "see", **mention(CY))]))
    assert main(["replay", str(file), "--topic", topic.topic]) == 0
    assert "2 posts queued, 1 handles queued" in capsys.readouterr().out
    assert run_command("ingest", "work", "--drain").returncode == 0
    assert names(topic) == {ANA: "ana.example"}


@pytest.mark.parametrize("status", ["deleted", "deactivated"])
def test_a_name_goes_with_its_account_in_every_topic(
    live: Callable[..., int],
    names: Callable[[Topic], dict[str, str]],
    stream: PostsQueue,
    session: Session,
    settings: Settings,
    topic: Topic,
    status: str,
) -> None:
    other = make_topic(settings)
    load([post(), identity(ANA, "ana.example")], other.topic, stream, session, settings)
    live(post(), post(BEN), identity(ANA, "ana.example"), identity(BEN, "ben.example"))
    live(account_is(status, LATER, ANA))
    live(identity(ANA, "ana.example", LATER + timedelta(hours=1)))
    assert (names(topic), names(other)) == ({BEN: "ben.example"}, {})
    if status == "deactivated":
        live(account_is("active", LATER + timedelta(hours=2), ANA))
        live(identity(ANA, "back.example", LATER + timedelta(hours=3)))
        assert names(topic)[ANA] == "back.example"


def test_who_asked_to_be_forgotten_has_no_name_and_is_not_asked_for(
    live: Callable[..., int], names: Callable[[Topic], dict[str, str]], topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(post(), post(BEN, "see", **mention(ANA)), identity(ANA, "ana.example"))
    assert main(["forget", "--source", "bluesky", "--author", ANA]) == 0
    live()
    assert names(topic) == {}
    with AppViewServer({ANA: "ana.example", BEN: "ben.example"}) as server:
        monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", server.address)
        assert main(["names", "--topic", topic.topic]) == 0
    assert server.asked == [[BEN]]
    assert names(topic) == {BEN: "ben.example"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "PAUSE", 0.01)


@pytest.mark.usefixtures("quick")
def test_unknown_accounts_are_asked_for_by_25_and_what_is_no_account_is_not(
    live: Callable[..., int],
    names: Callable[[Topic], dict[str, str]],
    topic: Topic,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [f"did:plc:{number:024}" for number in range(60)]
    live(post(), identity(ANA, "ana.example"), post(BEN, "see", **mention("did:plc:odd one&actors=x")))
    live(*(post(did, "Duterte", **mention(CY)) for did in many))
    handles = {did: f"a{number}.example" for number, did in enumerate(many[:50])} | {CY: "handle.invalid"}
    with AppViewServer(handles, (429, {"Retry-After": "0"}), (503, {})) as server:
        monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", server.address)
        monkeypatch.setattr(profiles, "wait_exponential", lambda **_: lambda _state: 0.01)
        assert main(["names", "--topic", topic.topic]) == 0
    assert [len(actors) for actors in server.asked] == [25, 25, 25, 25, 12]
    assert server.asked[0] == server.asked[1] == server.asked[2]
    assert server.asked[0][0] == CY  # the account that is seen most
    assert capsys.readouterr().out == "63 accounts without a name, 50 names stored\n"
    assert names(topic) == {ANA: "ana.example"} | {did: handles[did] for did in many[:50]}


@pytest.mark.usefixtures("quick")
def test_an_account_that_the_appview_refuses_costs_no_other(
    live: Callable[..., int], names: Callable[[Topic], dict[str, str]], topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(post(), post(BEN), post(CY, "see", **mention("did:plc:50%25")))
    with AppViewServer({ANA: "ana.example", BEN: "ben.example", CY: "cy.example"}) as server:
        monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", server.address)
        assert main(["names", "--topic", topic.topic]) == 0
    assert names(topic) == {ANA: "ana.example", BEN: "ben.example", CY: "cy.example"}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("refusals", "answer", "told"),
    [
        ([(500, {})] * 4, b"", "Bluesky's AppView does not answer (HTTP 500)"),
        ([(429, {"Retry-After": "9999"})], b"", "Bluesky's AppView does not answer (HTTP 429)"),
        ([(403, {})], b"", "Bluesky's AppView answered with HTTP 403"),
        ([(302, {"Location": "http://127.0.0.1:1/"})], b"", "Bluesky's AppView answered with HTTP 302"),
        ([], b"<html>", "the answer is not from Bluesky's AppView"),
        ([], b'{"profiles": [7]}', "the answer is not from Bluesky's AppView"),
        ([], b'{"profiles": ' + b"[" * 100_000, "the answer is not from Bluesky's AppView"),
        ([], b'{"profiles": []' + b" " * profiles.LARGEST + b"}", "the answer is not from Bluesky's AppView"),
    ],
)
def test_an_appview_that_does_not_help_is_one_line(
    live: Callable[..., int],
    topic: Topic,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    refusals: list[tuple[int, dict[str, str]]],
    answer: bytes,
    told: str,
) -> None:
    live(post())
    monkeypatch.setattr(profiles, "wait_exponential", lambda **_: lambda _state: 0.01)
    with AppViewServer({}, *refusals, answer=answer) as server:
        monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", server.address)
        assert main(["names", "--topic", topic.topic]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("quick")
def test_an_answer_that_never_ends_is_given_up(
    live: Callable[..., int], topic: Topic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live(post())
    monkeypatch.setattr(profiles, "wait_exponential", lambda **_: lambda _state: 0.01)
    monkeypatch.setattr(profiles, "ANSWER_SECONDS", 0.2)
    with AppViewServer({}, answer=b" " * 1000, pause=0.05) as server:
        monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", server.address)
        assert main(["names", "--topic", topic.topic]) == 1
    assert "Bluesky's AppView does not answer (the answer comes too slowly)" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_without_a_network_it_says_so_and_a_topic_without_bluesky_asks_nobody(
    live: Callable[..., int], topic: Topic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(profiles, "wait_exponential", lambda **_: lambda _state: 0.01)
    monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", "http://127.0.0.1:9")
    assert main(["names", "--topic", topic.topic]) == 0
    assert capsys.readouterr().out == "0 accounts without a name, 0 names stored\n"
    live(post())
    assert main(["names", "--topic", topic.topic]) == 1
    assert "Bluesky's AppView does not answer ([Errno 111] Connection refused)" in capsys.readouterr().err
    monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", "http://bsky.example")
    assert main(["names", "--topic", topic.topic]) == 2
    assert "PULSO_BLUESKY_APPVIEW" in capsys.readouterr().err


def test_names_told_by_the_appview_do_not_hide_later_events(
    live: Callable[..., int], names: Callable[[Topic], dict[str, str]], topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(post())
    with AppViewServer({ANA: "ana.example"}) as server:
        monkeypatch.setenv("PULSO_BLUESKY_APPVIEW", server.address)
        assert main(["names", "--topic", topic.topic, "--most", "5"]) == 0
    live(identity(ANA, "stale.example", datetime(2020, 1, 1, tzinfo=UTC)))
    assert names(topic) == {ANA: "ana.example"}
    live(identity(ANA, "next.example", datetime.now(UTC) + timedelta(seconds=5)))
    assert names(topic) == {ANA: "next.example"}
