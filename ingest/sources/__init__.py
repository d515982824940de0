"""Live sources, one folder for each of NETWORKS: the names that `stream --source` takes."""

from importlib import import_module

from conf.settings import Settings
from conf.topic import Topic
from ingest.sources.base import Clock, Source


def make_source(name: str, settings: Settings, topic: Topic, clock: Clock) -> Source:
    """Returns what `source` in the network's `stream` module returns; its client library is imported only now.

    `name` is one of NETWORKS. Raises WrongUse when its address can't be used, and PulsoError or WrongUse when its token
    is missing.
    """
    source: Source = import_module(f"{__name__}.{name}.stream").source(settings, topic, clock)
    return source
