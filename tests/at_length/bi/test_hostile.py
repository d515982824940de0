"""What a hostile program gets from the server: refusals, nothing of this machine, and nothing changed."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from conf import ROOT
from tests.at_length.bi.served import Served, children, other_home, served
from tests.support.commands import FOLDER

HOSTILE = [
    "SELECT * FROM csv.`/etc/passwd`",
    "SELECT * FROM text.`/etc/passwd`",
    "WITH csv AS (SELECT 1) SELECT * FROM csv.`/etc/passwd`",
    "CREATE TEMPORARY VIEW v USING csv OPTIONS (path '/etc/passwd')",
    "CREATE TABLE t (a INT) USING parquet",
    "CREATE TABLE t USING csv LOCATION '/etc' AS SELECT 1",
    "CREATE OR REPLACE VIEW candidate_poll AS SELECT 1",
    "CREATE FUNCTION f AS 'java.lang.Runtime'",
    "CREATE DATABASE d",
    "INSERT INTO candidate_poll SELECT * FROM candidate_poll",
    "INSERT OVERWRITE DIRECTORY '{folder}/out' USING csv SELECT 1",
    "DROP VIEW candidate_poll",
    "DROP TABLE pulso_parts.candidate_poll_1",
    "DROP DATABASE pulso_parts CASCADE",
    "ALTER VIEW candidate_poll AS SELECT 1",
    "TRUNCATE TABLE pulso_parts.candidate_poll_1",
    "SELECT * FROM pulso_parts.candidate_poll_1",
    "DESCRIBE EXTENDED pulso_parts.candidate_poll_1",
    "SHOW TABLES IN pulso_parts",
    "USE pulso_parts",
    "ADD JAR /etc/passwd",
    "ADD FILE /etc/passwd",
    "LIST FILES",
    "LOAD DATA LOCAL INPATH '/etc/passwd' INTO TABLE candidate_poll",
    "SELECT TRANSFORM (1) USING 'cat /etc/passwd' AS (a)",
    "SELECT reflect('java.lang.System', 'getenv', 'HOME')",
    "SELECT java_method('java.lang.System', 'getProperty', 'user.home')",
    "SELECT * FROM VALUES (reflect('java.lang.System', 'getProperty', 'user.home')) AS t(a)",
    "SELECT IDENTIFIER('reflect')('java.lang.System', 'getProperty', 'user.home')",
    "SELECT * FROM IDENTIFIER('csv.`/etc/passwd`')",
    "SELECT input_file_name() FROM candidate_poll",
    "SELECT '${env:HOME}'",
    "SELECT '${system:user.home}'",
    "SELECT '${hiveconf:spark.driver.host}'",
    "EXPLAIN EXTENDED SELECT * FROM candidate_poll",
    "CACHE TABLE candidate_poll",
    "REFRESH TABLE candidate_poll",
    "ANALYZE TABLE candidate_poll COMPUTE STATISTICS",
    "SELECT * FROM range(10)",
    "SELECT a FROM VALUES (1) t(a) WHERE EXISTS (SELECT * FROM csv.`/etc/passwd`)",
    "SELECT (SELECT max(_c0) FROM csv.`/etc/passwd`)",
    "SELECT * FROM candidate_poll, LATERAL (SELECT * FROM csv.`/etc/passwd`)",
    "FROM candidate_poll INSERT OVERWRITE DIRECTORY '{folder}/out' SELECT 1",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
]


@pytest.mark.parametrize("statement", HOSTILE, ids=[statement[:60] for statement in HOSTILE])
def test_it_is_refused(bi: Served, statement: str, tmp_path: Path) -> None:
    told = bi.error(statement.replace("{folder}", str(tmp_path)))
    assert "root:" not in told
    assert str(Path.home()) not in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_afterwards_all_is_as_before(bi: Served) -> None:
    shown, schemas = bi.ask("SHOW TABLES", "SELECT count(*) FROM candidate_poll")
    assert "candidate_poll" in {row[0] for row in shown}
    assert schemas != [[0]]


def test_options_that_a_session_asks_for_are_not_set(bi: Served) -> None:
    (answer, refused) = bi.ask("SELECT 1", "SELECT * FROM csv.`/etc/passwd`", how="raw")
    assert answer == [[1]]
    assert "no view" in refused["error"]


def test_java_has_no_password_in_its_environment_or_arguments(bi: Served) -> None:
    secrets = [value for name, value in os.environ.items() if "PASSWORD" in name and value]
    secrets += [line for line in (ROOT / ".pulso-test" / "credentials").read_text().split('"') if len(line) == 32]
    assert secrets
    for child in children(bi.process.pid):
        with suppress(ProcessLookupError):  # one that has ended
            told = Path(f"/proc/{child}/environ").read_bytes() + Path(f"/proc/{child}/cmdline").read_bytes()
            assert not [secret for secret in secrets if secret.encode() in told]


def test_nothing_is_left_in_the_users_folder(bi: Served) -> None:
    assert not [name for name in ("derby.log", "metastore_db", "spark-warehouse") if (FOLDER / name).exists()]


def test_with_a_password_no_other_is_let_in() -> None:
    with served("--host", "0.0.0.0", PULSO_BI_PASSWORD="long-enough", PULSO_HOME=other_home()) as bi:
        assert bi.ask("SELECT 1") == [[[1]]]
        with pytest.raises(AssertionError, match=r"wrong password|SASL"):
            bi.ask("SELECT 1", password="other-password")
        assert bi.beeline("SELECT 1 AS one").stdout.split()[-2:] == ["one", "1"]
