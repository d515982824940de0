"""deploy/compose: each command is one that its own parser takes, nothing has a default password, all is bounded."""

import math
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from conf import ROOT
from conf.errors import WrongUse
from deploy.containers.secrets import COMPOSE, required_names, write_secrets
from tests.docs.checks import commands, parsed

TEXT = COMPOSE.read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "on-failure"}
"""Services that end."""
SILENT = {"airflow-scheduler", "airflow-dags"}
"""Services that listen on nothing."""


@pytest.mark.parametrize("name", [name for name, one in SERVICES.items() if one.get("command", [""])[0] == "python"])
def test_each_command_is_taken_by_its_own_parser(name: str) -> None:
    python, option, module, *words = (re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in SERVICES[name]["command"])
    assert (python, option) == ("python", "-m")
    if (module, words[0]) not in commands():
        pytest.skip(f"{module} {words[0]} is not there yet")
    parsed(module, words)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_bounded_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name not in ONCE:
        assert service["mem_limit"]
        assert service["restart"] == "unless-stopped"
    if name not in ONCE | SILENT:
        assert service["healthcheck"]["test"][0] == "CMD"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_the_page_says_how_much_memory_all_of_it_may_take() -> None:
    sizes = {"g": 1.0, "m": 1 / 1024}
    total = 0.0
    for service in SERVICES.values():
        if service.get("profiles", ["live"]) == ["live"] and "mem_limit" in service:
            limit = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service["mem_limit"])
            total += float(limit[:-1]) * sizes[limit[-1]] * service.get("deploy", {}).get("replicas", 1)
    assert f"The limits of memory add up to {math.ceil(total)} GB" in (ROOT / "docs" / "operate.md").read_text()


def test_each_volume_is_declared_and_used() -> None:
    mounted = {volume.partition(":")[0] for one in SERVICES.values() for volume in one.get("volumes", ())}
    declared = set(yaml.safe_load(TEXT)["volumes"])
    assert {name for name in mounted if not name.startswith("..")} == declared
    for path in (name for name in mounted if name.startswith("..")):
        assert (COMPOSE.parent / path).exists(), path


def test_no_password_has_a_value_or_a_default() -> None:
    secret = re.compile(r"(PASSWORD|SECRET)$")
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if secret.search(variable):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), f"{name}: {variable}"
    assert re.findall(r"://\w+:(?!\$\{\w+:\?)", TEXT) == []


def test_the_passwords_are_drawn_once_and_only_for_their_owner(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TOPIC=drinks\nPAGE_PASSWORD=mine-is-long\nSPARK_SECRET=\n")
    drawn = write_secrets(file)
    values = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert set(drawn) == set(required_names()) - {"PAGE_PASSWORD"}
    assert (values["TOPIC"], values["PAGE_PASSWORD"]) == ("drinks", "mine-is-long")
    assert all(len(values[name]) >= 32 for name in drawn)
    assert len({values[name] for name in required_names()}) == len(required_names())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert write_secrets(file) == []
    assert file.read_text() == before


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="does not exist"):
        write_secrets(tmp_path / "none" / ".env")


def test_the_image_has_each_folder_that_its_code_imports() -> None:
    copied = set(
        re.findall(r"^COPY (\w+) \w+$", (ROOT / "deploy" / "image" / "Containerfile").read_text(), re.MULTILINE)
    )
    assert {"conf", "stores", "corpus", "ingest", "jobs", "readers", "deploy"} <= copied
