"""Names of files elsewhere: addresses such as `s3://…`, `gs://…` and `https://…`, as fsspec takes them.

fsspec is optional: `requirements-remote.txt` has it, with what it needs for these addresses.
"""

import re

INSTALL = "Install what it needs: `.venv/bin/python -m pip install -r requirements-remote.txt`"
CHECK = "Check the address and the login"
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*(?:::[a-zA-Z0-9+.-]+)*://")
_LOGIN = re.compile(r"(//)[^/@]*@")


def is_address(name: str) -> bool:
    """Returns whether a name is an address and not a path."""
    return _ADDRESS.match(name) is not None


def shown(address: str) -> str:
    """Returns an address without the login and the signature that may stand in it."""
    return _LOGIN.sub(r"\1", address.split("?", 1)[0])


def said(error: Exception) -> str:
    """Returns what an error says, in a line, without a login that stands in an address."""
    text = _LOGIN.sub(r"\1", " ".join(str(error).split()))[:200]
    return type(error).__name__ if text in ("", "None") else f"{type(error).__name__}: {text}"
