"""The Kubernetes manifests, held to the schemas of Kubernetes by kubernetes-validate."""

import subprocess
import sys
from pathlib import Path

import pytest

from conf import ROOT

MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))


def _validate(file: Path) -> "subprocess.CompletedProcess[str]":
    """Runs kubernetes-validate, of the environment that `make test-deploy` makes for such programs."""
    program = ROOT / ".venv-deploy" / "bin" / "kubernetes-validate"
    command = [str(program)] if program.exists() else [sys.executable, "-m", "kubernetes_validate"]
    return subprocess.run([*command, "--strict", str(file)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.name)
def test_a_manifest_is_one(file: Path) -> None:
    done = _validate(file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mistake_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "driver.yaml"
    wrong.write_text(MANIFESTS[1].read_text().replace("automountServiceAccountToken", "automountServiceAccountTokens"))
    assert _validate(wrong).returncode != 0
