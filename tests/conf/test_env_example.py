"""`.env.example` names every setting, with the default of each that has a plain one."""

import re

from conf import ROOT
from conf.settings import DEFAULTS, PREFIX, Settings

LINE = re.compile(r"^#(\w+)=(.*)$", re.MULTILINE)


def shown() -> dict[str, str]:
    return dict(LINE.findall((ROOT / ".env.example").read_text()))


def variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias) if alias else PREFIX + name.upper()


def test_every_setting_is_shown_and_nothing_else() -> None:
    assert shown().keys() == {variable(name) for name in Settings.model_fields}


def test_numbers_are_shown_with_their_defaults() -> None:
    numbers = {name: value for name, value in DEFAULTS if type(value) in (int, float)}
    assert len(numbers) > 10
    assert {name: float(shown()[variable(name)]) for name in numbers} == numbers


def test_switches_are_shown_with_their_defaults() -> None:
    switches = {name: value for name, value in DEFAULTS if type(value) is bool}
    assert {name: shown()[variable(name)] == "on" for name in switches} == switches != {}


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_defaults_are_within_their_own_bounds() -> None:
    assert Settings.model_validate(dict(DEFAULTS)).worker_read == DEFAULTS.worker_read
