"""The commands that the tasks run: as the golden files have them, and taken by the commands' own parsers."""

import shlex
from pathlib import Path

import pytest

from conf import ROOT
from jobs import daily
from jobs.framework.arguments import set_parser
from tests.airflow_dags.conftest import SECRET, Told
from tests.docs.checks import commands
from tests.docs.checks import parsed as parsed_command

GOLDEN = Path(__file__).parent / "golden"
DAGS = ("pulso_daily_ph2016", "pulso_hourly_ph2016", "pulso_maintenance")


@pytest.fixture(params=["set", "jobs"])
def read(request: pytest.FixtureRequest, told: Told, otherwise: Told) -> tuple[str, Told]:
    """How tasks are made, and what is told then of the commands: with one for all jobs, and with one for each."""
    found = otherwise if request.param == "jobs" else told
    commands_ = {name: one for name, one in found["commands"].items() if name.partition(".")[0] in DAGS}
    return request.param, found | {"commands": commands_}


def lines_of(found: Told) -> list[str]:
    """One line for each task: its name, the variables that it adds, and its command; {ROOT} is the project's folder."""
    lines = []
    for name, command in found["commands"].items():
        variables = [f"{key}={value}" for key, value in sorted(command["environment"].items())]
        lines.append(f"{name}: {shlex.join([*variables, *command['words']])}".replace(str(ROOT), "{ROOT}"))
    return lines


def test_commands_are_those_of_the_golden_file(read: tuple[str, Told]) -> None:
    mode, found = read
    assert lines_of(found) == (GOLDEN / f"{mode}.txt").read_text().splitlines()


def test_every_command_is_taken_by_its_own_parser(read: tuple[str, Told]) -> None:
    _, found = read
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


def test_no_secret_is_in_a_command_or_a_variable(read: tuple[str, Told]) -> None:
    _, found = read
    assert SECRET not in str(found)
