"""Draws the passwords that deploy/compose/compose.yaml asks for."""

import re
import secrets
from pathlib import Path

from conf.errors import WrongUse
from deploy.credentials import BYTES, write_private

COMPOSE = Path(__file__).parents[1] / "compose" / "compose.yaml"
_REQUIRED = re.compile(r"\$\{([A-Z0-9_]+):\?")


def required_names(compose: Path = COMPOSE) -> list[str]:
    """The variables without which compose.yaml refuses to start, in their order."""
    return list(dict.fromkeys(_REQUIRED.findall(compose.read_text(encoding="utf-8"))))


def write_secrets(file: Path) -> list[str]:
    """Writes a file with a password for each of `required_names`, readable by its owner, and returns their names.

    Keeps the lines that the file has, so that a new release only adds what is new. Raises WrongUse if the folder is
    missing.
    """
    if not file.parent.is_dir():
        raise WrongUse(f"the folder {file.parent} does not exist")
    old = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    known = {line.partition("=")[0].strip() for line in old if line.partition("=")[2].strip()}
    missing = [name for name in required_names() if name not in known]
    kept = [line for line in old if line.partition("=")[0].strip() not in missing]
    drawn = [f"{name}={secrets.token_urlsafe(BYTES)}" for name in missing]
    if missing:
        write_private(file, "\n".join([*kept, *drawn, ""]))
    return missing
