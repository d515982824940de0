"""Captures elsewhere: addresses such as `s3://…`, `gs://…` and `https://…`, as fsspec reads them.

fsspec is optional: `requirements-remote.txt` has it, with what it needs for these addresses.
"""

import io
from contextlib import suppress
from typing import IO, Any
from urllib.parse import urlsplit

from conf.errors import WrongUse
from stores.elsewhere import CHECK, INSTALL, said, shown

_HERE = ("127.0.0.1", "::1", "localhost")


def size_of(address: str) -> int | None:
    """Returns the size of the file at an address, in bytes; None if the server does not say.

    Raises WrongUse if it can't be read: no such file, no permission, no encryption, or a library is missing.
    """
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise WrongUse(f"{shown(address)} is not encrypted", "Give an address with https://")
    with open_address(address) as file:
        size = getattr(file, "size", None)
        return size if isinstance(size, int) else None


def open_address(address: str) -> IO[bytes]:
    """Opens the file at an address. Raises WrongUse if it can't be read. Memory does not depend on its size."""
    try:
        import fsspec  # noqa: PLC0415 - optional

        return _Told(fsspec.open(address, "rb").open())  # type: ignore[return-value]
    except ImportError as error:
        raise WrongUse(f"{shown(address)} can't be read: {error}", INSTALL) from None
    except Exception as error:  # each kind of address has errors of its own
        raise WrongUse(f"{shown(address)} can't be read: {said(error)}", CHECK) from None


class _Told(io.RawIOBase):
    """A file elsewhere. Whatever goes wrong while it is read is an OSError."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.size = getattr(file, "size", None)

    def readable(self) -> bool:
        """Returns True."""
        return True

    def tell(self) -> int:
        """Returns how many bytes were read."""
        return int(self._file.tell())

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Puts the next bytes into the buffer; returns how many, 0 at the end."""
        try:
            some = self._file.read(len(buffer))
        except OSError:
            raise
        except Exception as error:
            raise OSError(said(error)) from error
        buffer[: len(some)] = some
        return len(some)

    def close(self) -> None:
        """Closes it."""
        with suppress(Exception):
            self._file.close()
        super().close()
