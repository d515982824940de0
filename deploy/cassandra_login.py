"""The login of the embedded Cassandra: a user of its own, instead of the one that every Cassandra has at first.

A new Cassandra makes the user `cassandra` with the password `cassandra`. So does one whose data comes from a release
without logins.
"""

from conf.credentials import Credential
from deploy.answers import REFUSED, Answer, Login, ask_cassandra

WELL_KNOWN = Login("cassandra", "cassandra")


def admit(host: str, port: int, login: Credential, own: Credential | None) -> Answer | None:
    """Makes the embedded Cassandra's login if it has none yet, takes the well-known one away, and asks its version.

    `own` is the login of the settings, if they have one; it is made, too, unless Cassandra has a user of that name.
    Returns None if nothing answers. It can be stopped at any moment, and be repeated.
    """
    then = _without_well_known(own)
    answer = ask_cassandra(host, port, Login(login.user, login.password), then)
    if answer and answer.problem == REFUSED:
        made = ask_cassandra(host, port, WELL_KNOWN, [_create(login)])
        if made and not made.problem:
            return ask_cassandra(host, port, Login(login.user, login.password), then)
    return answer


def _without_well_known(own: Credential | None) -> list[str]:
    if own and own.user == WELL_KNOWN.user:
        return []  # the settings ask for it
    drop = f"DROP ROLE IF EXISTS {_text(WELL_KNOWN.user)}"
    return [drop, _create(own)] if own else [drop]


def _create(login: Credential) -> str:
    options = f"PASSWORD = {_text(login.password)} AND SUPERUSER = true AND LOGIN = true"
    return f"CREATE ROLE IF NOT EXISTS {_text(login.user)} WITH {options}"


def _text(value: str) -> str:
    """A text literal in CQL. Statements about roles take no bound values."""
    return "'" + value.replace("'", "''") + "'"
