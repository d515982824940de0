"""The digests of all jars: recorded in conf/jars.sha256, and compared with each download before it is used.

Python packages are held by the hashes in requirements-lock.txt. The jars inside them, such as Spark's, are, too.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from conf import ROOT
from conf.errors import PulsoError

DIGESTS = ROOT / "conf" / "jars.sha256"
"""A line for each jar, as `sha256sum` writes it: the digest, two blanks, the file's name."""
RECORD = "If you changed a version on purpose, run .venv/bin/python -m deploy jars --record"
FETCH_AGAIN = (
    "It was damaged or exchanged. Delete PULSO_HOME/lib, ~/.cache/pulso/ivy and ~/.ivy2, and run make setup; if this "
    "comes again, do not use it"
)


def check_digests(jars: Iterable[Path], digests: Path = DIGESTS) -> None:
    """Compares jars with their recorded digests. Raises PulsoError for the first that differs, or has none."""
    recorded = _recorded(digests)
    for jar in sorted(jars):
        if jar.name not in recorded:
            raise PulsoError(f"{jar.name} has no digest in {digests.name}", RECORD)
        if digest_of(jar) != recorded[jar.name]:
            raise PulsoError(f"{jar.name} is not the file whose digest is in {digests.name}", FETCH_AGAIN)


def record_digests(jars: Iterable[Path], digests: Path = DIGESTS) -> int:
    """Writes the digests of jars; returns their number."""
    lines = [f"{digest_of(jar)}  {jar.name}\n" for jar in sorted(jars, key=lambda jar: jar.name)]
    digests.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def digest_of(file: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _recorded(digests: Path) -> dict[str, str]:
    """Digests by the name of the jar. Raises PulsoError if the file is missing."""
    try:
        lines = digests.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise PulsoError(f"{digests} can't be read ({error.strerror})", "Get it again with git checkout") from None
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
