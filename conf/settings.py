"""Settings from the environment and `.env`, made once at a command's entry and handed down (DESIGN 3)."""

import difflib
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

PREFIX = "PULSO_"
Consistency = Literal["ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "EACH_QUORUM", "LOCAL_ONE"]


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated), Field(min_length=1)]


class Settings(BaseSettings):
    """Every setting has a default that fits the embedded engines; an unknown or bad one is an error."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", frozen=True, extra="ignore")

    cassandra_hosts: Names = ("127.0.0.1",)
    cassandra_port: int = Field(9042, ge=1, le=65535)
    cassandra_user: str | None = None
    cassandra_password: SecretStr | None = None
    cassandra_tls_ca: Path | None = None
    keyspace: str = Field("pulso", pattern=r"^[a-z][a-z0-9_]{0,47}$")
    replication: str = "1"
    consistency: Consistency = "LOCAL_QUORUM"
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    stream: str = Field("pulso:posts", min_length=1)
    topics_dir: Path = ROOT / "conf" / "topics"
    home: Path = ROOT / ".pulso"
    x_api: str = "https://api.x.com"
    bluesky_hosts: Names = (
        "wss://jetstream1.us-east.bsky.network",
        "wss://jetstream2.us-east.bsky.network",
        "wss://jetstream1.us-west.bsky.network",
        "wss://jetstream2.us-west.bsky.network",
    )
    mastodon_url: str = "https://mastodon.social"
    x_bearer_token: SecretStr | None = Field(None, validation_alias="X_BEARER_TOKEN")
    mastodon_token: SecretStr | None = Field(None, validation_alias="MASTODON_TOKEN")

    @field_validator("replication")
    @classmethod
    def _replication_is_a_factor_or_a_map(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d*|[\w-]+:[1-9]\d*(,\s*[\w-]+:[1-9]\d*)*", value):
            raise ValueError("give a factor such as 1, or data centres such as dc1:3,dc2:3")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_one(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("give an address such as redis://127.0.0.1:6379/0")
        return value

    @field_validator("home", "topics_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def redis_address(self) -> tuple[str, int]:
        """Host and port of `redis_url`, for messages and for the embedded Redis."""
        url = urlsplit(self.redis_url.get_secret_value())
        return (url.hostname or "127.0.0.1", url.port or 6379)

    @property
    def cassandra_is_local(self) -> bool:
        """Whether every Cassandra host is this machine, so that the embedded engine may serve it."""
        return all(is_loopback(host) for host in self.cassandra_hosts)

    @property
    def redis_is_local(self) -> bool:
        """Whether Redis is this machine's, without TLS, so that the embedded engine may serve it."""
        url = urlsplit(self.redis_url.get_secret_value())
        return url.scheme == "redis" and is_loopback(url.hostname or "127.0.0.1")

    @property
    def replication_cql(self) -> str:
        """`replication` as the map that CREATE KEYSPACE takes."""
        named = self.replication if ":" in self.replication else f"replication_factor:{self.replication}"
        pairs = (part.strip().split(":") for part in named.split(","))
        return "{'class': 'NetworkTopologyStrategy', " + ", ".join(f"'{dc}': {n}" for dc, n in pairs) + "}"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine and nothing else."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def load_settings(**overrides: Any) -> Settings:
    """Reads the environment and `.env`.

    Raises WrongUse for an unknown PULSO_ name (with the nearest known one) and for a bad value.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields if "token" not in name}
    given = {*os.environ, *dotenv_values(".env")}
    for name in sorted(n for n in given if n.upper().startswith(PREFIX) and n.upper() not in known):
        close = difflib.get_close_matches(name.upper(), known, n=1)
        fix = f"Did you mean {close[0]}?" if close else "The settings are listed in the README"
        raise WrongUse(f"unknown setting {name}", fix)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise WrongUse(f"bad value for {name}: {first['msg'].removeprefix('Value error, ')}") from None
