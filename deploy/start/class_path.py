"""The class path of a fast start: Spark's jars, then those of the connector's jars that Spark does not bring itself."""

import os
import re
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

_NAME = re.compile(r"(?:[^_]+_)?(?P<artifact>[^/]+?)-\d[^/]*\.jar")
_SPARKS_NAME = re.compile(r"(?P<artifact>[^/]+?)-\d[^/]*\.jar")
_SIGNATURE = re.compile(r"META-INF/[^/]+\.(SF|RSA|DSA|EC)", re.IGNORECASE)


def sparks_jars(spark_home: Path) -> list[Path]:
    """Returns Spark's own jars, in the order of their names."""
    return sorted((spark_home / "jars").glob("*.jar"))


def connectors_jars(packages: Iterable[Path], spark: Iterable[Path]) -> list[Path]:
    """Returns the jars of `packages` whose libraries Spark does not have, in the order of their names.

    `spark-submit` names the files of packages `group_artifact-version.jar`. Where Spark has the same library at another
    version, Spark's is used, as it is when spark-submit resolves packages.
    """
    present = {found["artifact"] for jar in spark if (found := _SPARKS_NAME.fullmatch(jar.name))}
    return sorted(jar for jar in packages if (found := _NAME.fullmatch(jar.name)) and found["artifact"] not in present)


def lay(folder: Path, spark: Iterable[Path], connector: Iterable[Path]) -> list[Path]:
    """Puts into the folder what Spark's folder does not have as we need it. Returns the class path.

    These are the connector's jars, and Spark's signed jars without their signatures: Java archives no class of a signed
    jar, and checks the signature of each class at each start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        *(_unsigned(jar, folder) if is_signed(jar) else jar for jar in spark),
        *(_linked(jar, folder) for jar in connector),
    ]


def is_signed(jar: Path) -> bool:
    """Returns whether a jar holds a signature of its classes."""
    with zipfile.ZipFile(jar) as content:
        return any(_SIGNATURE.fullmatch(name) for name in content.namelist())


def _linked(jar: Path, folder: Path) -> Path:
    """Links or copies a jar. In one step, so that it is never half there."""
    target, part = folder / jar.name, folder / f".{jar.name}.part"
    part.unlink(missing_ok=True)
    try:
        os.link(jar, part)
    except OSError:
        shutil.copy2(jar, part)
    part.replace(target)
    return target


def _unsigned(jar: Path, folder: Path) -> Path:
    target, part = folder / jar.name, folder / f".{jar.name}.part"
    with zipfile.ZipFile(jar) as signed, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as content:
        for entry in signed.infolist():
            if not _SIGNATURE.fullmatch(entry.filename):
                content.writestr(entry, signed.read(entry))
    part.replace(target)
    return target
