"""Airflow's own database: whether it is the SQLite file that comes with it, and how Airflow's parts wait there.

One part writes to SQLite at a time. The others wait for it, but not for ever; and one that has read before it writes in
the same transaction does not wait at all: if another has written meanwhile, SQLite refuses it at once. Airflow begins
such transactions by a savepoint, for each run that `backfill create` makes.

Airflow's own Python imports CONNECT_ARGS from here, so this imports nothing but Python's own modules.
"""

import os
import sqlite3
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

PATIENCE = 60
"""Seconds that a part waits for another's write; with 5, as it comes, a busy machine loses runs."""
ADDRESS, ARGUMENTS = "sql_alchemy_conn", "sql_alchemy_connect_args"
"""Airflow's settings of the database: its address, and what a connection is made with besides."""
LOCK = "UPDATE alembic_version SET version_num = version_num WHERE 0"
"""Changes nothing. Like every write, it waits until no other part writes, and then keeps the others from it."""


class Cursor(sqlite3.Cursor):
    """A cursor whose transactions are ones that write from their beginning, if a savepoint begins them."""

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """Executes a statement, as its base does."""
        begins = sql.startswith("SAVEPOINT ") and not self.connection.in_transaction
        super().execute(sql, parameters)
        return super().execute(LOCK) if begins else self


class Connection(sqlite3.Connection):
    """A connection with such cursors."""

    def cursor(self, factory: Any = Cursor) -> Any:
        """Returns a cursor."""
        return super().cursor(factory)


CONNECT_ARGS: dict[str, Any] = {"factory": Connection}


def patient_database(variables: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings with which Airflow's parts wait for one another, as variables of the environment.

    There are none if `variables`, the environment of Airflow's commands, or its airflow.cfg name another database.
    """
    home, file = _path(variables["AIRFLOW_HOME"]), ConfigParser(interpolation=None, strict=False)
    with suppress(OSError, UnicodeDecodeError, ConfigError):  # of a broken file, Airflow tells by itself
        file.read(_path(variables.get("AIRFLOW_CONFIG") or f"{home}/airflow.cfg"), encoding="utf-8")
    own = f"sqlite:///{home}/airflow.db"
    if _is_told(ADDRESS, variables, file, besides=own):
        return {}
    found = {_variable("database", ADDRESS): f"{own}?timeout={PATIENCE}"}
    if not _is_told(ARGUMENTS, variables, file):
        found[_variable("database", ARGUMENTS)] = f"{__name__}.CONNECT_ARGS"
    return found


def _is_told(option: str, variables: Mapping[str, str], file: ConfigParser, besides: str = "") -> bool:
    """Whether an option has a value, `besides` aside: by itself, by a command that prints it, or as a secret's name.

    Airflow looks for it in the section of earlier releases, too.
    """
    names = [(section, option + given) for section in ("database", "core") for given in ("", "_cmd", "_secret")]
    return any(_variable(*name) in variables or file.get(*name, fallback=besides) != besides for name in names)


def _variable(section: str, option: str) -> str:
    return f"AIRFLOW__{section}__{option}".upper()


def _path(told: str) -> Path:
    return Path(os.path.expandvars(told)).expanduser().absolute()
