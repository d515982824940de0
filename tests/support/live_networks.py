"""The three networks as local servers to which a test publishes numbered posts, for `python -m ingest stream`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from tests.support.bluesky import event, tid
from tests.support.jetstream_server import JetstreamServer
from tests.support.mastodon_server import TOKEN as MASTODON_TOKEN
from tests.support.mastodon_server import MastodonServer, status_at
from tests.support.x_runs import line
from tests.support.x_server import TOKEN, XServer

KEYWORD = "duterte"


class Network(Protocol):
    """One network. `environment` makes a command connect to it; `published` is when each post was published, by id."""

    source: str
    published: dict[str, datetime]

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the command."""
        ...

    def publish(self, count: int) -> None:
        """Publishes so many posts, now."""
        ...


@dataclass
class X:
    """X's filtered stream."""

    server: XServer
    topic: str
    source: str = "x"
    published: dict[str, datetime] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the command."""
        return {"PULSO_X_API": self.server.address, "X_BEARER_TOKEN": TOKEN}

    def publish(self, count: int) -> None:
        """Publishes so many posts, now."""
        for _ in range(count):
            post_id = str(10_000 + len(self.published))
            self.published[post_id] = datetime.now(UTC)
            self.server.send(line(post_id, f"pulso:{self.topic}"))


@dataclass
class Bluesky:
    """Bluesky's Jetstream."""

    server: JetstreamServer
    source: str = "bluesky"
    published: dict[str, datetime] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the command."""
        return {"PULSO_BLUESKY_HOSTS": self.server.address}

    def publish(self, count: int) -> None:
        """Publishes so many posts, now."""
        for _ in range(count):
            time.sleep(0.001)  # two ids of one moment would be the same
            at = datetime.now(UTC)
            self.published[f"did:plc:ana/{tid(at)}"] = at
            self.server.add(event({"text": KEYWORD}, at))


@dataclass
class Mastodon:
    """A Mastodon server."""

    server: MastodonServer
    source: str = "mastodon"
    published: dict[str, datetime] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the command."""
        return {"PULSO_MASTODON_URL": self.server.address, "MASTODON_TOKEN": MASTODON_TOKEN}

    def publish(self, count: int) -> None:
        """Publishes so many posts, now."""
        for _ in range(count):
            time.sleep(0.002)  # two ids of one moment would be the same
            status = status_at(time.time_ns() // 1_000_000, f"<p>{KEYWORD}</p>")
            self.published[status["id"]] = datetime.now(UTC)
            self.server.publish(status)


@contextmanager
def x_network(topic: str) -> Iterator[X]:
    """Yields X with a rule for the topic."""
    with XServer(heartbeat=0.5) as server:
        server.rules.have((KEYWORD, f"pulso:{topic}"))
        yield X(server, topic)


@contextmanager
def all_networks(topic: str) -> Iterator[list[Network]]:
    """Yields the three networks."""
    with x_network(topic) as x, JetstreamServer() as jetstream, MastodonServer() as mastodon:
        yield [x, Bluesky(jetstream), Mastodon(mastodon)]
