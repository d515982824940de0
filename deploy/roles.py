"""Applies deploy/roles.cql, which gives each of migrate, ingest, jobs and readers a Cassandra role of its own."""

import re
from pathlib import Path

from cassandra import InvalidRequest
from cassandra.cluster import NoHostAvailable, Session
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from conf.errors import PulsoError, WrongUse

ROLES_FILE = Path(__file__).parent / "roles.cql"
_MADE = re.compile(r"^CREATE ROLE IF NOT EXISTS (\w+)", re.MULTILINE)
_HAS_IT = " is a member of "
"""What Cassandra says when a role is granted again; other rights may be granted again."""
_SOON = "can only be changed every"
"""What Cassandra says if a password was changed less than some seconds ago."""
PATIENCE = 15.0
"""Seconds for which a password that was changed just now is tried again. Cassandra asks for 5."""
_KEYSPACE = re.compile(r"\bpulso\b(?=[.]| TO )")


def role_names() -> list[str]:
    """The roles of the file, in its order."""
    return _MADE.findall(ROLES_FILE.read_text(encoding="utf-8"))


def role_statements(keyspace: str) -> list[str]:
    """The statements of the file, for this keyspace."""
    lines = ROLES_FILE.read_text(encoding="utf-8").splitlines()
    text = " ".join(line for line in lines if not line.startswith("--"))
    return [_KEYSPACE.sub(keyspace, one.strip()) for one in text.split(";") if one.strip()]


def apply_roles(session: Session, keyspace: str) -> None:
    """Makes the roles, and grants them their rights; safe to repeat. Only a superuser may do this.

    Raises PulsoError if Cassandra knows no roles, or if a table is missing.
    """
    for statement in role_statements(keyspace):
        try:
            session.execute(statement)
        except InvalidRequest as error:
            if _HAS_IT in str(error):
                continue
            what = f"Cassandra refuses {statement} ({str(error).partition('message=')[2].strip(chr(34))[:160]})"
            fix = "Set PasswordAuthenticator and CassandraAuthorizer in cassandra.yaml, and run `ingest migrate` first"
            raise PulsoError(what, fix) from None


def _too_soon(error: BaseException) -> bool:
    return isinstance(error, NoHostAvailable) and _SOON in str(error)


_patiently = Retrying(
    retry=retry_if_exception(_too_soon), wait=wait_fixed(1), stop=stop_after_delay(PATIENCE), reraise=True
)


def set_password(session: Session, role: str, password: str, own: str | None = None) -> None:
    """Sets the password of a role of the file, or of the user `own`, as who the session is logged in.

    Raises WrongUse for another role, and for an empty password.
    """
    known = [*role_names(), *([own] if own else [])]
    if role not in known:
        raise WrongUse(f"no role {role!r}", f"Roles: {', '.join(known)}")
    if not password:
        raise WrongUse(f"the password of {role} is empty", "Type one, or pipe it to this command")
    _patiently(session.execute, f"ALTER ROLE {role} WITH PASSWORD = '{password.replace(chr(39), 2 * chr(39))}'")
