"""No source talks to a server whose certificate names another host: it gets no token, and sends no posts."""

import pytest
from pydantic import SecretStr

from conf.settings import Settings, load_settings
from conf.tables import NETWORKS
from conf.topic import load_topic
from ingest.sources import make_source
from tests.support.certificates import Authority, Issued
from tests.support.ports import LOCAL, free_port
from tests.support.source_doubles import FakeClock, Notes
from tests.support.tls_front import tls_front

TOKEN = SecretStr("secret")


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this process trusts."""
    made = Authority(tmp_path_factory.mktemp("tls") / "authority")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(made.certificate))
    return made


def settings_of(port: int) -> Settings:
    at = f"{LOCAL}:{port}"
    return load_settings().model_copy(
        update={
            "x_api": f"https://{at}",
            "bluesky_hosts": (f"wss://{at}",),
            "mastodon_url": f"https://{at}",
            "x_bearer_token": TOKEN,
            "mastodon_token": TOKEN,
        }
    )


def trusted(source: str, issued: Issued) -> tuple[int, str]:
    """Lets a source connect a few times; returns how often it trusted the server, and what it says of it."""
    with tls_front(issued, free_port()) as front:
        settings, notes = settings_of(front.port), Notes()
        make_source(source, settings, load_topic("ph2016", settings.topics_dir), FakeClock(2)).run(notes)
        return front.trusted, " ".join(notes.reasons)


@pytest.mark.parametrize("source", NETWORKS)
def test_a_source_does_not_talk_to_a_server_with_another_name(source: str, authority: Authority) -> None:
    times, reasons = trusted(source, authority.issue("social.example"))
    assert times == 0
    assert "certificate" in reasons.lower()


@pytest.mark.parametrize("source", NETWORKS)
def test_a_source_talks_to_the_server_of_that_name(source: str, authority: Authority) -> None:
    assert trusted(source, authority.issue(LOCAL))[0] > 0
