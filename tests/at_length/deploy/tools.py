"""The tools that check deploy/: those of .venv-deploy, which `make test-deploy` makes, and those of the machine."""

import shutil
import subprocess
from pathlib import Path

import pytest

from conf import ROOT

BIN = ROOT / ".venv-deploy" / "bin"
PACKAGES = {"buildah": "buildah", "debootstrap": "debootstrap", "promtool": "prometheus", "podman": "podman"}


def tool(name: str) -> str:
    """Returns the path of a tool; skips the test where it is missing, and says which."""
    if name in PACKAGES:
        found = shutil.which(name)
        if not found:
            pytest.skip(f"no {name} on this machine: apt-get install {PACKAGES[name]}")
        return found
    if not (BIN / name).is_file():
        pytest.skip(f"no {name} in .venv-deploy: run make test-deploy")
    return str(BIN / name)


def run(*words: str | Path, timeout: float = 300, **environment: str) -> str:
    """Runs a command to its end, with no environment but the given and PATH; returns its output. Fails if it fails."""
    done = attempt(*words, timeout=timeout, **environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def attempt(*words: str | Path, timeout: float = 300, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command to its end, as `run` does."""
    given = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **environment}
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT, env=given
    )
