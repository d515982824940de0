from pathlib import Path

import orjson
import pytest

from conf.errors import PulsoError, WrongUse
from conf.settings import load_settings
from ingest.cli import main
from ingest.sources.x.api import XApi
from ingest.sources.x.push import Pushed, push
from ingest.sources.x.rules import Rule, RulePlan
from tests.support.x_server import TOKEN, Refusal, XServer


def api_of(server: XServer) -> XApi:
    return XApi(load_settings(x_api=server.address, X_BEARER_TOKEN=TOKEN))


def plan_with(*values: str) -> RulePlan:
    return RulePlan("t", [Rule(value, "pulso:t") for value in values])


def test_a_push_adds_first_removes_then_and_leaves_other_rules_alone() -> None:
    with XServer() as server:
        server.rules.have(("mine", ""), ("kept", "pulso:t"), ("old", "pulso:t"), ("theirs", "pulso:tt"))
        server.rules.changes.clear()
        assert push(api_of(server), plan_with("kept", "new")) == Pushed(added=1, removed=1, unchanged=1)
        assert server.rules.changes == ["+5", "-3"]
        assert server.rules.values("pulso:t") == ["kept", "new"]
        assert (server.rules.values("pulso:tt"), server.rules.values("")) == (["theirs"], ["mine"])
        assert push(api_of(server), plan_with("kept", "new")) == Pushed(added=0, removed=0, unchanged=2)
        assert server.rules.changes == ["+5", "-3"]


def test_a_full_account_makes_room_for_just_what_comes() -> None:
    with XServer() as server:
        server.rules.have(*((f"other{i}", "pulso:o") for i in range(997)), ("a", "pulso:t"), ("b", "pulso:t"))
        server.rules.changes.clear()
        push(api_of(server), plan_with("c", "d"))
        assert server.rules.changes == ["-998", "+1000", "+1001", "-999"]


def test_a_push_that_can_not_fit_beside_other_rules_changes_nothing() -> None:
    with XServer() as server:
        server.rules.have(*((f"other{i}", "pulso:o") for i in range(999)), ("a", "pulso:t"))
        server.rules.changes.clear()
        with pytest.raises(PulsoError, match="others use 999, topic t needs 2"):
            push(api_of(server), plan_with("c", "d"))
        assert server.rules.changes == []


def test_rules_that_x_refuses_leave_the_old_ones_standing() -> None:
    with XServer() as server:
        server.rules.have(("old", "pulso:t"))
        with pytest.raises(
            PulsoError, match=r"1 rule: .*Unknown operator \(at position 3\) for «a INVALID».*push again"
        ):
            push(api_of(server), plan_with("good", "a INVALID"))
        assert "old" in server.rules.values("pulso:t")


def test_room_that_was_made_for_rules_that_x_refuses_is_filled_again() -> None:
    with XServer() as server:
        server.rules.have(*((f"other{i}", "pulso:o") for i in range(999)), ("old", "pulso:t"))
        with pytest.raises(PulsoError, match="Unknown operator"):
            push(api_of(server), plan_with("INVALID"))
        assert server.rules.values("pulso:t") == ["old"]


def test_a_text_that_another_topic_has_is_refused_before_anything_changes() -> None:
    with XServer() as server:
        server.rules.have(("same", "pulso:other"))
        server.rules.changes.clear()
        with pytest.raises(PulsoError, match="this one exists with the tag 'pulso:other'"):
            push(api_of(server), plan_with("new", "same"))
        assert server.rules.changes == []


def test_rules_are_read_over_several_pages_and_written_in_several_requests() -> None:
    values = [f"r{i}" for i in range(250)]
    with XServer() as server:
        server.rules.page_size = 100
        assert push(api_of(server), plan_with(*values)).added == 250
        assert [rule.value for rule in api_of(server).rules()] == values
        assert push(api_of(server), plan_with("r0")) == Pushed(added=0, removed=249, unchanged=1)


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(401), r"does not accept the bearer token.*X_BEARER_TOKEN"),
        (Refusal(403), r"refuses this app.*developer console"),
        (Refusal(429, headers={"x-rate-limit-reset": "1780000000"}), r"429.*Try again after 20:26:40 UTC"),
        (Refusal(503), r"503.*Try again in a minute"),
        (Refusal(301, headers={"Location": "https://example.org"}), r"301.*PULSO_X_API"),
        (Refusal(400, {"errors": [{"message": "bad parameter"}], "title": "Invalid Request"}), "400: bad parameter"),
    ],
)
def test_a_refused_request_says_what_to_do(refusal: Refusal, says: str) -> None:
    with XServer() as server:
        server.rule_refusals.append(refusal)
        with pytest.raises(PulsoError, match=says) as raised:
            api_of(server).rules()
    assert TOKEN not in str(raised.value)


def test_an_address_where_nothing_listens_is_said() -> None:
    with XServer() as server:
        api = api_of(server)
    with pytest.raises(PulsoError, match=r"X does not answer: Connection refused\. Try again in a minute"):
        api.rules()


@pytest.mark.parametrize("address", ["http://api.x.com", "ftp://127.0.0.1", "api.x.com"])
def test_a_token_goes_nowhere_unencrypted(address: str) -> None:
    with pytest.raises(WrongUse, match="PULSO_X_API"):
        XApi(load_settings(x_api=address, X_BEARER_TOKEN=TOKEN))


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak"])
def test_a_token_that_can_be_none_is_wrong_use_and_is_not_shown(token: str) -> None:
    with pytest.raises(WrongUse, match="X_BEARER_TOKEN") as raised:
        XApi(load_settings(X_BEARER_TOKEN=token))
    assert not token or token not in str(raised.value)


@pytest.fixture
def topics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "t.yaml").write_text("topic: t\ncollect: {keywords: [ana, bob], users: [x.y]}\n")
    (tmp_path / "empty.yaml").write_text("topic: empty\n")
    (tmp_path / "none.yaml").write_text("topic: none\ncollect: {users: [x.y]}\n")
    monkeypatch.setenv("PULSO_TOPICS_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("topics")
def test_show_needs_no_connection(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "--topic", "t"]) == 0
    out, err = capsys.readouterr()
    assert out == "   26  ana OR #ana OR bob OR #bob\n"
    assert "left out: user x.y: is no X handle" in err
    assert main(["rules", "show", "-t", "t", "--json"]) == 0
    shown = orjson.loads(capsys.readouterr().out)
    assert (shown["tag"], shown["rules"][0]["length"], len(shown["left_out"])) == ("pulso:t", 26, 1)


@pytest.mark.usefixtures("topics")
def test_diff_shows_and_push_does(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with XServer() as server:
        monkeypatch.setenv("PULSO_X_API", server.address)
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        server.rules.have(("old", "pulso:t"), ("theirs", "pulso:tt"))
        assert main(["rules", "diff", "-t", "t"]) == 0
        assert capsys.readouterr().out == "- old\n+ ana OR #ana OR bob OR #bob\n"
        assert main(["rules", "push", "-t", "t"]) == 0
        assert capsys.readouterr().out == "1 added, 1 removed, 0 unchanged\n"
        assert main(["rules", "diff", "-t", "t"]) == 0
        assert capsys.readouterr().out == ""
        assert main(["rules", "push", "-t", "none"]) == 1
        assert "no rule can be made from topic none: user x.y" in capsys.readouterr().err
        assert server.rules.values("pulso:tt") == ["theirs"]


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["show", "-t", "empty"], 2, "nothing to collect"),
        (["show", "-t", "missing"], 2, "no topic 'missing'"),
        (["push", "-t", "t"], 2, "X_BEARER_TOKEN is not set"),
        (["diff"], 2, "--topic"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("X_BEARER_TOKEN", raising=False)
    assert main(["rules", *arguments]) == code
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
