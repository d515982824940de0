"""Puts published files at an address, such as `s3://bucket/tables`, as fsspec writes them.

All files are sent first, and get their names at the end, one after the other: each is the old one or the new one,
whole. `publication.json` comes last. It has the hash of each file, so that a reader can tell whether all are of one
set.
"""

import shutil
from pathlib import Path

from conf.errors import PulsoError, WrongUse
from stores.elsewhere import CHECK, INSTALL, said, shown

CHUNK = 4 * 1024 * 1024


def send(folder: Path, address: str, topic: str, last: str) -> None:
    """Copies the files of a folder to `address/topic/`; the file named `last` comes last.

    Raises WrongUse if a library for such addresses is missing, PulsoError if the files can't be written there; then
    what was there before is still there.
    """
    names = sorted((file.name for file in folder.iterdir()), key=lambda name: (name == last, name))
    try:
        import fsspec  # noqa: PLC0415 - optional

        files, root = fsspec.url_to_fs(f"{address.rstrip('/')}/{topic}")
        files.makedirs(root, exist_ok=True)
        with files.transaction:
            for name in names:
                with (folder / name).open("rb") as source, files.open(f"{root}/{name}", "wb") as target:
                    shutil.copyfileobj(source, target, CHUNK)
    except ImportError as error:
        raise WrongUse(f"{shown(address)} can't be written: {said(error)}", INSTALL) from None
    except Exception as error:  # each kind of address has errors of its own
        raise PulsoError(f"{shown(address)} can't be written: {said(error)}", CHECK) from None
