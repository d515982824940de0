"""Redis's users: the text of deploy/users.acl with the digests of their passwords."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from conf.errors import WrongUse

USERS_FILE = Path(__file__).parent / "users.acl"
PLACEHOLDER = "#SHA256_OF_ITS_PASSWORD"


def users_acl(passwords: Mapping[str, str]) -> str:
    """Returns the file of users. Raises WrongUse if one of them has no password: Redis would let nobody in, or all."""
    lines = []
    for line in USERS_FILE.read_text(encoding="utf-8").splitlines():
        user = line.split()[1] if line.startswith("user ") else ""
        if PLACEHOLDER in line and not passwords.get(user):
            raise WrongUse(f"the password of Redis's user {user} is empty", "Set it; see deploy/README.md")
        digest = hashlib.sha256(passwords.get(user, "").encode()).hexdigest()
        lines.append(line.replace(PLACEHOLDER, f"#{digest}"))
    return "\n".join([*lines, ""])
