"""Live sources, by the names that `stream --source` takes."""

from conf.settings import Settings
from conf.topic import Topic
from ingest.sources.base import Clock, Source

SOURCES = ("x", "bluesky", "mastodon")


def make_source(name: str, settings: Settings, topic: Topic, clock: Clock) -> Source:
    """Returns the source named `name`, one of SOURCES; its client library is imported only now.

    Raises WrongUse when its address can't be used, and PulsoError or WrongUse when its token is missing.
    """
    if name == "x":
        from ingest.sources.x.stream import XStream  # noqa: PLC0415 - tweepy takes half a second

        return XStream(settings, topic, clock)
    if name == "mastodon":
        from ingest.sources.mastodon.stream import Mastodon  # noqa: PLC0415

        return Mastodon(settings, clock)
    from ingest.sources.bluesky.stream import Bluesky  # noqa: PLC0415

    return Bluesky(settings, clock)
