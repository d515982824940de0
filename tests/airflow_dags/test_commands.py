"""The commands that the tasks run: as the golden files have them, and taken by the commands' own parsers."""

import shlex
from pathlib import Path

import pytest

from conf import ROOT
from jobs import daily
from jobs.framework.command import set_parser
from tests.airflow_dags.conftest import Told, parsed
from tests.airflow_dags.test_dags import JOBS_MODE
from tests.docs.checks import commands
from tests.docs.checks import parsed as parsed_command

GOLDEN = Path(__file__).parent / "golden"
TOPICS = {"ph2016.yaml": "topic: ph2016\ntimezone: Asia/Manila\n"}
MODES = {"set": "", "jobs": JOBS_MODE}
SECRET = "not-to-be-shown"


@pytest.fixture(scope="module", params=MODES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Told]:
    """What is told with one task for all jobs, and with a task for each; passwords are in the environment."""
    secrets = {
        "PULSO_CASSANDRA_PASSWORD": SECRET,
        "PULSO_REDIS_URL": f"redis://user:{SECRET}@127.0.0.1:1/0",
        "X_BEARER_TOKEN": SECRET,
    }
    return request.param, parsed(tmp_path_factory.mktemp(request.param), TOPICS, MODES[request.param], **secrets)


def lines_of(found: Told) -> list[str]:
    """One line for each task: its name, the variables that it adds, and its command; {ROOT} is the project's folder."""
    lines = []
    for name, command in found["commands"].items():
        variables = [f"{key}={value}" for key, value in sorted(command["environment"].items())]
        lines.append(f"{name}: {shlex.join([*variables, *command['words']])}".replace(str(ROOT), "{ROOT}"))
    return lines


def test_commands_are_those_of_the_golden_file(told: tuple[str, Told]) -> None:
    mode, found = told
    assert lines_of(found) == (GOLDEN / f"{mode}.txt").read_text().splitlines()


def test_every_command_is_taken_by_its_own_parser(told: tuple[str, Told]) -> None:
    _, found = told
    parser, known = set_parser("daily", daily.JOBS), commands()
    checked = 0
    for command in found["commands"].values():
        program, *words = command["words"]
        if program == str(ROOT / ".venv/bin/spark-submit"):
            given = parser.parse_args(words[words.index(str(ROOT / "jobs/daily.py")) + 1 :])
            assert given.topic == "ph2016"
            assert given.fitting
            checked += 1
        else:
            assert [program, words[0]] == [str(ROOT / ".venv/bin/python"), "-m"]
            if tuple(words[1:3]) in known and words[2] != "comply":  # comply gets its file when it runs
                parsed_command(words[1], words[2:])
                checked += 1
    assert checked >= len(found["commands"]) - 3


def test_no_secret_is_in_a_command_or_a_variable(told: tuple[str, Told]) -> None:
    _, found = told
    assert found["errors"] == {}
    assert SECRET not in str(found)
