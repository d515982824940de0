"""The project's code as a zip file, for `spark-submit --py-files`: all that jobs import, and the data files of conf/.

Two builds of the same code have the same bytes. Nothing goes in by chance: only Python's files and YAML, of these
folders. So no login, no `.env` and no test can be in it.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from conf import ROOT, VERSION

FOLDERS = ("conf", "stores", "jobs")
"""What jobs import, by the contract of imports in pyproject.toml."""
KINDS = (".py", ".yaml")
NAME = f"pulso-{VERSION}.zip"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of each file in the zip: the first that a zip can tell."""
READABLE = 0o100644 << 16
UNIX = 3


def code_files(root: Path = ROOT) -> Iterator[Path]:
    """Yields the files of the zip, in order of their names. Hidden files, such as an editor's, are left out."""
    found = (file for folder in FOLDERS for file in (root / folder).rglob("*") if file.suffix in KINDS)
    yield from sorted(file for file in found if file.is_file() and not file.name.startswith("."))


def write_code(target: Path, root: Path = ROOT) -> int:
    """Writes the zip in one step; returns the number of its files."""
    part = target.with_name(f".{target.name}.part")
    files = list(code_files(root))
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as written:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), LONG_AGO)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, UNIX, READABLE
            written.writestr(entry, file.read_bytes())
    part.replace(target)
    return len(files)
