"""A Cassandra and a Redis behind doors: logins, the roles and users of deploy/, and TLS. For tests of who gets in.

Cassandra speaks TLS itself. The Redis of the wheel was built without TLS, so a front ends it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml
from rich.console import Console

from conf import ROOT
from conf.settings import Settings, load_settings
from deploy.answers import Answer, Login, ask_cassandra, ask_redis
from deploy.cassandra_server import CassandraServer
from deploy.jars import fetch_engine_jars
from deploy.lifecycle import start, stop, wait_until_answering
from deploy.node import JMX_OFFSET, STORAGE_OFFSET, make_node
from deploy.redis_server import RedisServer
from deploy.roles import apply_roles, role_names, set_password
from deploy.server import quoted
from deploy.users import users_acl
from ingest.write.migrate import migrate
from stores.connect import cassandra_session
from tests.conftest import SHIPPED_TOPICS
from tests.support.certificates import STORE_PASSWORD, Authority, Issued
from tests.support.ports import LOCAL, free_port
from tests.support.quick import QUICK
from tests.support.tls_front import tls_front

SUPERUSER = "cassandra"  # and so is its password, in a new Cassandra
REDIS_USERS = ("pulso_ingest", "pulso_operator")
STARTING = 180.0
_QUIET = Console(quiet=True)


class GuardedCassandra(CassandraServer):
    """A node with logins, rights, and TLS for its clients."""

    issued: Issued
    authority: Authority

    def render(self) -> None:
        """Writes the configuration of an embedded node, with doors."""
        super().render()
        settings = yaml.safe_load(self.config.read_text())
        settings |= {
            "permissions_validity": "0ms",
            "client_encryption_options": {
                "enabled": True,
                "optional": False,
                "keystore": str(self.issued.store),
                "keystore_password": STORE_PASSWORD,
                "store_type": "PKCS12",
            },
        }
        self.config.write_text(yaml.safe_dump(settings))

    def ask(self) -> Answer | None:
        """Asks as the superuser, who is made while the node starts."""
        login = Login(SUPERUSER, SUPERUSER, self.authority.certificate)
        answer = ask_cassandra(self.node.address, self.node.cql_port, login)
        return replace(answer, passing=True) if answer and answer.problem else answer

    def admit(self) -> Answer | None:
        """Leaves the superuser as it is: an operator makes the roles."""
        return self.ask()


class GuardedRedis(RedisServer):
    """A server with the users of deploy/users.acl."""

    users: str

    def render(self) -> None:
        """Writes the configuration of an embedded server, with a file of users."""
        super().render()
        file = self.folder / "users.acl"
        file.write_text(self.users)
        kept = [line for line in self.config.read_text().splitlines() if not line.startswith("requirepass ")]
        self.config.write_text("\n".join([*kept, f"aclfile {quoted(file)}", ""]))


@dataclass
class Guarded:
    """The running engines, the authority that both trust, and the passwords of all users."""

    folder: Path
    authority: Authority
    cassandra_port: int
    redis_port: int = 0
    redis_tls_port: int = 0
    passwords: dict[str, str] = field(default_factory=dict)

    def environment(self, role: str, **others: str) -> dict[str, str]:
        """What makes commands connect over TLS as this Cassandra role, and as Redis's ingest user if it is ingest."""
        redis_user = "pulso_ingest" if role == "pulso_ingest" else "nobody"
        return {
            "PULSO_HOME": str(self.folder / "home"),
            "PULSO_TOPICS_DIR": str(self.folder / "topics"),
            "PULSO_CASSANDRA_HOSTS": LOCAL,
            "PULSO_CASSANDRA_PORT": str(self.cassandra_port),
            "PULSO_CASSANDRA_USER": role,
            "PULSO_CASSANDRA_PASSWORD": self.passwords[role],
            "PULSO_CASSANDRA_TLS_CA": str(self.authority.certificate),
            "PULSO_KEYSPACE": "pulso",
            "PULSO_STREAM": "pulso:posts",
            "PULSO_REDIS_URL": self.redis_url(redis_user),
            "SPARK_CONF_DIR": str(ROOT / "conf"),
            **others,
        }

    def redis_url(self, user: str, port: int = 0) -> str:
        """Returns the address of Redis over TLS, for a user."""
        at = f"{LOCAL}:{port or self.redis_tls_port}"
        return f"rediss://{user}:{self.passwords[user]}@{at}/0?ssl_ca_certs={self.authority.certificate}"

    def settings(self, role: str) -> Settings:
        """Returns the settings of a role, for code in this process."""
        values = {name.removeprefix("PULSO_").lower(): value for name, value in self.environment(role).items()}
        del values["spark_conf_dir"]
        return load_settings(**values)

    def new_topic(self, name: str) -> str:
        """Makes a topic with ph2016's races; returns its name."""
        shipped = (SHIPPED_TOPICS / "ph2016.yaml").read_text().replace("topic: ph2016", f"topic: {name}")
        (self.folder / "topics" / f"{name}.yaml").write_text(shipped)
        return name


@contextmanager
def guarded_engines(folder: Path) -> Iterator[Guarded]:
    """Yields guarded engines with the tables, the roles and the users; stops them at the end."""
    home = folder / "home"
    for made in (home, folder / "topics"):
        made.mkdir(parents=True)
    fetch_engine_jars(home, _QUIET)
    authority = Authority(folder / "authority")
    engines = Guarded(folder, authority, free_port(STORAGE_OFFSET, JMX_OFFSET), free_port())
    users = (SUPERUSER, *role_names(), *REDIS_USERS, "nobody")
    engines.passwords = {name: f"pw-{secrets.token_hex(8)}" for name in users} | {SUPERUSER: SUPERUSER}
    cassandra = GuardedCassandra(replace(make_node(home, LOCAL, engines.cassandra_port, "768M"), options=QUICK))
    cassandra.authority, cassandra.issued = authority, authority.issue(LOCAL, "localhost")
    redis = _redis(engines, home)
    try:
        wait_until_answering([start(cassandra), start(redis)], STARTING, _QUIET)
        _make_roles(engines)
        with tls_front(authority.issue(LOCAL), engines.redis_port) as front:
            engines.redis_tls_port = front.port
            yield engines
    finally:
        stop([cassandra, redis], _QUIET)


def _redis(engines: Guarded, home: Path) -> GuardedRedis:
    """A Redis whose users have their passwords."""
    plain = f"redis://pulso_operator:{engines.passwords['pulso_operator']}@{LOCAL}:{engines.redis_port}/0"
    redis = GuardedRedis(home, LOCAL, engines.redis_port, "")
    redis.users = users_acl(engines.passwords)
    redis.ask = lambda: ask_redis(plain)  # type: ignore[method-assign]
    return redis


def _make_roles(engines: Guarded) -> None:
    """As an operator does: the tables, the roles and their passwords, by the superuser."""
    settings = engines.settings(SUPERUSER)
    with cassandra_session(settings) as session:
        list(migrate(session, settings))
        apply_roles(session, settings.keyspace)
        for role in role_names():
            set_password(session, role, engines.passwords[role])
