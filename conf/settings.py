"""Settings from the environment and `.env`. They are read once, when a command starts, and passed on as arguments."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from conf import ROOT
from conf.errors import WrongUse
from conf.nearest import did_you_mean

PREFIX = "PULSO_"
KIB, MIB = 1024, 1024 * 1024
Consistency = Literal["ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "EACH_QUORUM", "LOCAL_ONE"]


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated), Field(min_length=1)]

Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]


class Settings(BaseSettings):
    """All settings. Each has a default that fits the embedded engines; an unknown name or a bad value is an error."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    cassandra_hosts: Names = Field(("127.0.0.1",), description="Cassandra's hosts, comma-separated.")
    cassandra_port: int = Field(9042, ge=1, le=65535, description="Cassandra's port for CQL.")
    cassandra_user: str | None = Field(None, description="The user, if Cassandra needs a login.")
    cassandra_password: SecretStr | None = Field(None, description="The user's password.")
    cassandra_tls_ca: Path | None = Field(None, description="File with the authority's certificate; turns TLS on.")
    cassandra_dc: str = Field(
        "", pattern=r"^[\w.-]*$", description="The data centre whose nodes are asked; empty: that of the first host."
    )
    keyspace: str = Field("pulso", pattern=r"^[a-z][a-z0-9_]{0,47}$", description="The keyspace of all tables.")
    replication: str = Field("1", description="Copies of each row, or copies for each data centre: dc1:3,dc2:3.")
    consistency: Consistency = Field("LOCAL_QUORUM", description="The consistency of reads and writes.")
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Redis: redis://… or rediss://…")
    stream: str = Field("pulso:posts", min_length=1, description="The name of the queue, a Redis Stream.")
    topics_dir: Path = Field(ROOT / "conf" / "topics", description="The folder of topic files.")
    schedule: Path = Field(ROOT / "conf" / "schedule.yaml", description="The file of the schedules.")
    home: Path = Field(ROOT / ".pulso", description="The folder for engines, logs and archives.")
    x_api: str = Field("https://api.x.com", description="The address of X's API.")
    bluesky_hosts: Names = Field(
        (
            "wss://jetstream1.us-east.bsky.network",
            "wss://jetstream2.us-east.bsky.network",
            "wss://jetstream1.us-west.bsky.network",
            "wss://jetstream2.us-west.bsky.network",
        ),
        description="Jetstream hosts, comma-separated; the next one is used when one fails.",
    )
    bluesky_appview: str = Field(
        "https://public.api.bsky.app", description="The address that `names` asks for the handles of Bluesky accounts."
    )
    mastodon_url: str = Field("https://mastodon.social", description="The Mastodon server to collect from.")
    page_password: SecretStr | None = Field(
        None, min_length=8, description="The password of the web page; needed where others can reach it."
    )
    page_user_header: str = Field(
        "",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$|^$",
        description="A header in which a reverse proxy names who has logged in, instead of the password.",
    )
    page_proxies: Names = Field(
        ("127.0.0.1", "::1"), description="Addresses of the reverse proxies whose header is believed, comma-separated."
    )
    page_hosts: Hosts = Field(
        (), description="Names under which browsers reach the web page, comma-separated; this machine's own always do."
    )
    bi_password: SecretStr | None = Field(
        None, min_length=8, description="The password of the views for BI; needed where others can reach them."
    )
    x_bearer_token: SecretStr | None = Field(None, validation_alias="X_BEARER_TOKEN", description="An X app's token.")
    mastodon_token: SecretStr | None = Field(None, validation_alias="MASTODON_TOKEN", description="Mastodon token.")

    publish_to: str = Field(
        "", description="Where `publish` puts files: a folder, or an address such as s3://…; empty: in PULSO_HOME."
    )
    publish_postgres: SecretStr | None = Field(
        None, description="PostgreSQL that `publish` fills, too: postgresql://user:password@host/database."
    )

    queue_limit: int = Field(
        50_000, ge=1, le=1_000_000_000, description="With this many messages queued, `replay` and `comply` wait."
    )
    live_queue_limit: int = Field(
        500_000, ge=1, le=1_000_000_000, description="With this many messages queued, live collection buffers new ones."
    )
    live_buffer_bytes: int = Field(
        64 * MIB, ge=MIB, le=65_536 * MIB, description="Bytes that live collection buffers in memory, of each source."
    )
    live_spill_bytes: int = Field(
        1024 * MIB, ge=0, le=1024 * 1024 * MIB, description="Bytes that live collection keeps on disk; 0: none."
    )
    publish_batch: int = Field(500, ge=1, le=10_000, description="Messages that go to Redis in one transaction.")
    dead_letters_limit: int = Field(
        100_000,
        ge=1,
        le=100_000_000,
        description="With this many dead letters, `replay` stops, and of further ones only the start is kept.",
    )
    worker_read: int = Field(2000, ge=1, le=50_000, description="Messages that a worker reads and acks together.")
    worker_claim_idle: float = Field(
        60.0, ge=0.1, le=86_400, description="Seconds without an ack until another worker takes a message over."
    )
    worker_changes_limit: int = Field(
        10_000, ge=1, le=1_000_000, description="Most changes that wait in a worker; at this number it reads no more."
    )
    taken_back_days: int = Field(
        3650,
        ge=1,
        le=7_000,
        description="Days for which what was deleted is kept in mind, and not stored again.",
    )
    write_batch_bytes: int = Field(
        40 * KIB, ge=KIB, le=50 * KIB, description="Bytes of rows in one batch; Cassandra refuses more than 50 KiB."
    )
    word_index: bool = Field(
        True, description="Whether posts are stored with their words, by which search finds them; off: search is slow."
    )
    write_in_flight: int = Field(16, ge=1, le=1024, description="Most batches that one worker sends at a time.")

    @field_validator("replication")
    @classmethod
    def _replication_is_a_factor_or_a_map(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d*|[\w-]+:[1-9]\d*(,\s*[\w-]+:[1-9]\d*)*", value):
            raise ValueError("give a factor such as 1, or data centres such as dc1:3,dc2:3")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_one(cls, value: SecretStr) -> SecretStr:
        try:
            url = urlsplit(value.get_secret_value())
            broken = url.port is not None and "@" in f"{url.path}{url.query}{url.fragment}"
        except ValueError:  # its text would show a part of the password
            broken = True
        if broken:
            raise ValueError("in the password, write / as %2F, # as %23, ? as %3F, @ as %40 and : as %3A")
        if url.scheme not in ("redis", "rediss", "unix"):
            raise ValueError("give an address such as redis://127.0.0.1:6379/0")
        return value

    @field_validator("publish_postgres")
    @classmethod
    def _postgres_is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            url = urlsplit(value.get_secret_value() if value else "")
            broken = url.port is not None and "@" in f"{url.path}{url.query}{url.fragment}"
        except ValueError:  # its text would show a part of the password
            broken = True
        if broken:
            raise ValueError("in the password, write / as %2F, # as %23, ? as %3F, @ as %40 and : as %3A")
        if url.geturl() and not (url.scheme in ("postgresql", "postgres") and url.hostname):
            raise ValueError("give an address such as postgresql://user:password@host:5432/database")
        return value

    @field_validator("home", "topics_dir", "schedule")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def redis_address(self) -> tuple[str, int]:
        """The host and port of `redis_url`."""
        url = urlsplit(self.redis_url.get_secret_value())
        return (url.hostname or "127.0.0.1", url.port or 6379)

    @property
    def cassandra_is_local(self) -> bool:
        """Whether every Cassandra host is this machine, so that the embedded Cassandra may serve it."""
        return all(is_loopback(host) for host in self.cassandra_hosts)

    @property
    def redis_is_local(self) -> bool:
        """Whether Redis is on this machine and without TLS, so that the embedded Redis may serve it."""
        url = urlsplit(self.redis_url.get_secret_value())
        return url.scheme == "redis" and is_loopback(url.hostname or "127.0.0.1")

    @property
    def replication_cql(self) -> str:
        """`replication` as the map that CREATE KEYSPACE wants."""
        named = self.replication if ":" in self.replication else f"replication_factor:{self.replication}"
        pairs = (part.strip().split(":") for part in named.split(","))
        return "{'class': 'NetworkTopologyStrategy', " + ", ".join(f"'{dc}': {n}" for dc, n in pairs) + "}"


DEFAULTS = Settings.model_construct()
"""The default settings, without the values of the environment and of `.env`."""


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own (loopback)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def load_settings(**overrides: Any) -> Settings:
    """Reads the environment and `.env`; `overrides` replace values from both, unless they are None.

    Raises WrongUse for a bad value, and for an unknown PULSO_ name, with the nearest known one.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields if "token" not in name}
    given = {*os.environ, *dotenv_values(".env")}
    for name in sorted(n for n in given if n.upper().startswith(PREFIX) and n.upper() not in known):
        fix = did_you_mean(name, known, "The settings are listed in .env.example")
        raise WrongUse(f"unknown setting {name}", fix)
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise WrongUse(f"bad value for {name}: {first['msg'].removeprefix('Value error, ')}") from None
