"""Every network has a source of its name."""

import pytest
from pydantic import SecretStr

from conf.settings import load_settings
from conf.tables import NETWORKS
from conf.topic import load_topic
from ingest.sources import make_source
from ingest.sources.base import Clock


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_a_source_of_its_name(name: str) -> None:
    settings = load_settings()
    tokens = {key: SecretStr("secret") for key in type(settings).model_fields if key.endswith("_token")}
    source = make_source(name, settings.model_copy(update=tokens), load_topic("ph2016", settings.topics_dir), Clock())
    assert source.name == name
