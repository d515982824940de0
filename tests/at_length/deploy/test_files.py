"""The files of deploy/, read by the programs that they are for: Compose, hadolint, Prometheus."""

from pathlib import Path

import pytest
import yaml

from conf import ROOT
from deploy.containers.secrets import COMPOSE, required_names, write_secrets
from tests.at_length.deploy.tools import attempt, run, tool

CONTAINERFILE = ROOT / "deploy" / "image" / "Containerfile"
WATCH = ROOT / "deploy" / "watch"


def _config(file: Path) -> tuple[int, str]:
    tool("podman")
    done = attempt(tool("podman-compose"), "--env-file", file, "-f", COMPOSE, "config")
    return done.returncode, done.stdout + done.stderr


def test_compose_fits_its_schema() -> None:
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_compose_is_read_with_the_passwords_that_were_drawn(tmp_path: Path) -> None:
    write_secrets(tmp_path / ".env")
    code, told = _config(tmp_path / ".env")
    assert code == 0, told
    declared = yaml.safe_load(COMPOSE.read_text())["services"]
    assert set(yaml.safe_load(told)["services"]) == {name for name, one in declared.items() if "profiles" not in one}
    assert "${" not in told


@pytest.mark.parametrize("name", required_names())
def test_compose_refuses_to_start_without_a_password_and_says_what_to_do(name: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    write_secrets(file)
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith(f"{name}=")))
    code, told = _config(file)
    assert code != 0
    assert name in told
    assert "draw the passwords first, by .venv/bin/python -m deploy secrets" in told


def test_the_containerfile_has_no_finding() -> None:
    assert run(tool("hadolint"), CONTAINERFILE) == ""


def test_prometheus_takes_its_configuration() -> None:
    run(tool("promtool"), "check", "config", WATCH / "prometheus.yml")


def test_each_alert_fires_when_it_should_and_is_still_otherwise() -> None:
    cases = Path(__file__).parent / "alerts_test.yaml"
    run(tool("promtool"), "test", "rules", cases)
    rules = yaml.safe_load((WATCH / "alerts.yml").read_text())["groups"][0]["rules"]
    tried = {
        case["alertname"]
        for one in yaml.safe_load(cases.read_text())["tests"]
        for case in one["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert tried == {rule["alert"] for rule in rules}
