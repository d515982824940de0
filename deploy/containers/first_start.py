"""Makes what a new ring lacks: its superuser, the tables, and the roles with their passwords. Safe to repeat."""

import time
from collections.abc import Iterator, Mapping

from conf.credentials import cassandra_login
from conf.errors import StoreDown, WrongUse
from conf.settings import Settings
from deploy.answers import ask_cassandra
from deploy.cassandra_login import WELL_KNOWN, admit
from deploy.roles import apply_roles, set_password
from ingest.write.migrate import migrate
from stores.connect import cassandra_session

PATIENCE = 300.0
"""Seconds within which a new ring must let its superuser in."""
POLL = 2.0


def first_start(settings: Settings, passwords: Mapping[str, str], patience: float = PATIENCE) -> Iterator[str]:
    """Yields a line for each thing done; `passwords` are those of the roles of deploy/roles.cql, by their names.

    The settings name the superuser. The user that every new Cassandra has is removed. Cassandra's own tables of users
    get as many copies as ours, so that one node that is away locks nobody out. Raises WrongUse if a password is empty,
    and StoreDown if the ring lets nobody in within `patience` seconds.
    """
    if empty := [role for role, password in passwords.items() if not password]:
        raise WrongUse(f"the password of {empty[0]} is empty", "Set it; see deploy/README.md")
    yield from _admitted(settings, patience)
    with cassandra_session(settings) as session:
        yield from migrate(session, settings)
        apply_roles(session, settings.keyspace)
        for role, password in passwords.items():
            set_password(session, role, password)
    yield f"roles of keyspace {settings.keyspace}: {', '.join(passwords)}"


def _admitted(settings: Settings, patience: float) -> Iterator[str]:
    """Waits until the superuser is let in, after making it where it is missing."""
    login = cassandra_login(settings)
    if login is None:
        raise WrongUse("no superuser is named", "Set PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD")
    host, port, until = settings.cassandra_hosts[0], settings.cassandra_port, time.monotonic() + patience
    spread = f"ALTER KEYSPACE system_auth WITH replication = {settings.replication_cql}"
    while True:
        ask_cassandra(host, port, WELL_KNOWN, [spread])  # first, so that every user made later is on every node
        answer = admit(host, port, login, None)
        if answer and not answer.problem:
            yield f"Cassandra {answer.version} lets {login.user} in"
            return
        if time.monotonic() > until:
            why = answer.problem if answer else "does not answer"
            fix = "See the log of its node. If the password was changed, the new one belongs in the settings"
            raise StoreDown(f"Cassandra at {host}:{port} {why}", fix)
        time.sleep(POLL)
