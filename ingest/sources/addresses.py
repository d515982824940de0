"""Checks the addresses of sources: they must be encrypted, except on this machine."""

from urllib.parse import urlsplit

from conf.errors import WrongUse
from conf.settings import is_loopback


def checked_address(address: str, setting: str, secure: str, plain: str) -> str:
    """Returns the address. Raises WrongUse unless its scheme is `secure`, or `plain` for a loopback address.

    `setting` is the name of the setting, for the message.
    """
    parts = urlsplit(address)
    if parts.scheme == secure and parts.hostname:
        return address
    if parts.scheme == plain and parts.hostname and is_loopback(parts.hostname):
        return address
    raise WrongUse(
        f"{setting}: {address!r} is not usable", f"Give a {secure}:// address; {plain}:// is only for 127.0.0.1"
    )
