"""Each table stands in deploy/roles.cql: whoever adds a table says who may read and write it."""

import re

from conf.tables import (
    DATA_QUALITY,
    HIDDEN_POSTS,
    JOB_RUNS,
    POST_WORDS,
    PUBLISHED,
    RUN_ORDER,
    TABLES,
    TAKEN_BACK,
    UNSWEPT,
    WORDLESS_DAYS,
)
from deploy.roles import role_names, role_statements

OF_RUNS = {table.name for table in (DATA_QUALITY, JOB_RUNS, PUBLISHED, RUN_ORDER, UNSWEPT)}
OF_JOBS = {table.name for table in TABLES if table.job} | OF_RUNS
OF_INGEST = {table.name for table in TABLES} - OF_JOBS
ONLY_FOR_JOBS = {RUN_ORDER.name, UNSWEPT.name}
ONLY_FOR_INGEST = {HIDDEN_POSTS.name, TAKEN_BACK.name}
"""What is hidden or taken back is nobody's to read."""


def granted(right: str, role: str) -> set[str]:
    found = (re.fullmatch(rf"GRANT {right} ON pulso\.(\w+) TO {role}", one) for one in role_statements("pulso"))
    return {match.group(1) for match in found if match}


def test_ingest_writes_its_tables_and_no_others() -> None:
    assert granted("MODIFY", "pulso_ingest") == OF_INGEST


def test_jobs_write_their_tables_and_read_no_words_and_nothing_hidden() -> None:
    assert granted("MODIFY", "pulso_jobs") == OF_JOBS
    assert granted("SELECT", "pulso_jobs") == (OF_JOBS | OF_INGEST) - ONLY_FOR_INGEST - {
        POST_WORDS.name,
        WORDLESS_DAYS.name,
    }


def test_readers_read_all_but_the_records_of_jobs_and_write_nothing() -> None:
    assert granted("SELECT", "pulso_readers") == (OF_JOBS | OF_INGEST) - ONLY_FOR_INGEST - ONLY_FOR_JOBS
    assert not granted("MODIFY", "pulso_readers")


def test_the_roles_are_granted_rights_of_the_keyspace_in_the_settings() -> None:
    statements = role_statements("other")
    assert role_names() == ["pulso_migrate", "pulso_ingest", "pulso_jobs", "pulso_readers", "pulso_schedules"]
    assert "GRANT SELECT ON KEYSPACE other TO pulso_migrate" in statements
    assert "GRANT SELECT ON other.posts TO pulso_jobs" in statements
    assert not [one for one in statements if re.search(r"\bpulso\b", one)]


def test_schedules_may_do_what_ingest_jobs_and_readers_may_and_no_more() -> None:
    given = [one for one in role_statements("pulso") if one.endswith("TO pulso_schedules")]
    assert given == [f"GRANT pulso_{part} TO pulso_schedules" for part in ("ingest", "jobs", "readers")]
