"""How Superset is prepared: what it reads, what it gets of the environment, and what it says where something lacks."""

from pathlib import Path

import pytest

from conf.errors import PulsoError
from conf.settings import Settings
from deploy import superset
from readers.published.folder import database_file


def settings(home: Path, publish_to: str = "") -> Settings:
    return Settings(_env_file=None, home=home, publish_to=publish_to)


def published(folder: Path, topic: str) -> None:
    file = database_file(folder, topic)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")


def test_each_published_topic_is_a_database(tmp_path: Path) -> None:
    for topic in ("ph2016", "brexit"):
        published(tmp_path / "published", topic)
    (tmp_path / "published" / ".ph2016.lock").touch()
    names = [origin.name for origin in superset.origins_of(settings(tmp_path), bi_port=1)]
    assert names == ["Pulso brexit", "Pulso ph2016"]


def test_what_lacks_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PulsoError, match=r"no topic is published in .* Run .* readers publish --topic T first"):
        superset.origins_of(settings(tmp_path), bi_port=1)
    with pytest.raises(PulsoError, match="is an address"):
        superset.origins_of(settings(tmp_path, publish_to="s3://bucket/x"), bi_port=1)
    monkeypatch.setattr(superset, "ENVIRONMENT", tmp_path)
    with pytest.raises(PulsoError, match=r"Superset is not installed\. Run make superset"):
        superset.check_installed()


def test_superset_gets_none_of_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_CASSANDRA_PASSWORD", "secret")
    monkeypatch.setenv("X_BEARER_TOKEN", "secret")
    monkeypatch.setenv("MASTODON_TOKEN", "secret")
    found = superset.environment(tmp_path)
    assert "secret" not in found.values()
    assert found["SUPERSET_HOME"] == str(tmp_path)


def test_its_login_is_told_once_it_was_started(tmp_path: Path) -> None:
    assert superset.login_of(tmp_path) == ""
    (tmp_path / "superset").mkdir()
    (tmp_path / "superset" / superset.PASSWORD).write_text("drawn")
    assert superset.login_of(tmp_path) == "# Superset: user admin, password drawn"
