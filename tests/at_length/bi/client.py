"""Run by the Python of .venv-superset, which has PyHive: reads SQL statements as JSON, and writes what came back.

client.py PORT PASSWORD HOW, where HOW is `pyhive`, `sqlalchemy` or `raw` (with options for the session)
"""

import json
import sys
from typing import Any


def main() -> None:
    port, password, how = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    statements = json.load(sys.stdin)
    found = (
        _by_sqlalchemy(port, password, statements)
        if how == "sqlalchemy"
        else _by_pyhive(port, password, how, statements)
    )
    json.dump(found, sys.stdout, default=str)


def _by_pyhive(port: int, password: str, how: str, statements: list[str]) -> list[object]:
    from pyhive import hive  # noqa: PLC0415

    options = {"spark.cassandra.connection.host": "evil", "spark.sql.runSQLOnFiles": "true"} if how == "raw" else None
    login = {"password": password, "auth": "CUSTOM"} if password else {}
    with hive.connect("127.0.0.1", port, username="ana", configuration=options, **login) as connection:
        return [_answer(connection.cursor(), statement) for statement in statements]


def _answer(cursor: Any, statement: str) -> object:
    try:
        cursor.execute(statement)
        if statement.startswith("USE "):  # PyHive can't tell of a result without columns
            return []
        return [list(row) for row in cursor.fetchall()]
    except Exception as error:
        return {"error": str(error)}


def _by_sqlalchemy(port: int, password: str, statements: list[str]) -> list[object]:
    import sqlalchemy  # noqa: PLC0415

    login = f"ana:{password}@" if password else "ana@"
    auth = "?auth=CUSTOM" if password else ""
    engine = sqlalchemy.create_engine(f"hive://{login}127.0.0.1:{port}/default{auth}")
    inspected = sqlalchemy.inspect(engine)
    columns = [column["name"] for column in inspected.get_columns("candidate_poll")]
    answers = [[list(row) for row in engine.execute(statement)] for statement in statements]
    return [sorted(inspected.get_table_names()), columns, *answers]


if __name__ == "__main__":
    main()
