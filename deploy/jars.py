"""The jars: Cassandra's into PULSO_HOME/lib, and Spark's packages into the cache that spark-submit reads.

Both are fetched once, and compared with their recorded digests. Then a file (the stamp) lists them; if all listed files
exist, no internet connection is needed.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError
from deploy.console import say
from deploy.digests import DIGESTS, check_digests, digest_of, record_digests
from deploy.ivy import ivy_jar, pyspark_folder, run_ivy
from deploy.java import find_java
from deploy.lock import locked
from deploy.trust import network_environment

ENGINES = ROOT / "conf" / "engines.txt"
SPARK_DEFAULTS = ROOT / "conf" / "spark-defaults.conf"
DEFAULT_LIB = ROOT / ".pulso" / "lib"
STAMP, SPARK_STAMP = "complete.json", "spark-packages.json"
NOTHING = Path(__file__).parent / "nothing.py"
_PACKAGES = re.compile(r"^\s*spark\.jars\.packages[\s=:]+(\S+)", re.MULTILINE)
_STORED = re.compile(r"The jars for the packages stored in: (.+)")
_CACHE = re.compile(r"Ivy Default Cache set to: (.+)")
_IN_USE = re.compile(r"^\s+(\S+)#(\S+);(\S+) from \S+ in \[default\]", re.MULTILINE)


def engine_artifacts(file: Path = ENGINES) -> list[str]:
    """The lines of `conf/engines.txt`, each `group:artifact:version`.

    Raises PulsoError for a line of another form.
    """
    lines = [line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    artifacts = [line for line in lines if line]
    for artifact in artifacts:
        if len(artifact.split(":")) != 3:
            raise PulsoError(f"{file}: {artifact!r} is not group:artifact:version", "Write it in that form")
    return artifacts


def spark_packages(file: Path = SPARK_DEFAULTS) -> str:
    """`spark.jars.packages` of Spark's configuration: packages separated by commas, or an empty text."""
    found = _PACKAGES.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found.group(1) if found else ""


def has_engine_jars(lib: Path) -> bool:
    """Whether `lib` has all jars of the pinned versions: all files that its stamp lists, with the listed sizes."""
    files = _stamped(lib / STAMP, engine_artifacts())
    return bool(files) and all(_size(lib / name) == size for name, size in files.items())


def fetch_engine_jars(home: Path, console: Console, others: Path = DEFAULT_LIB, digests: Path | None = DIGESTS) -> None:
    """Puts Cassandra's jars into `home/lib`, unless they are there already.

    First deletes files of an interrupted fetch.

    They are copied from the folder `others` if it is complete (so a second PULSO_HOME uses the jars in `.pulso/lib`),
    else downloaded. Raises PulsoError if one does not have its digest; None as `digests` means that they are not
    compared.
    """
    lib = home / "lib"
    if has_engine_jars(lib):
        _check_once(lib / STAMP, lib.glob("*.jar"), digests)
        return
    for left in home.glob("lib.part-*"):
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix="lib.part-", dir=home))
    try:
        part.chmod(0o755)
        if has_engine_jars(others):
            shutil.copytree(others, part, copy_function=_link, dirs_exist_ok=True)
        else:
            _retrieve_all(home, part, console)
        _check_once(part / STAMP, part.glob("*.jar"), digests)
        if lib.is_symlink():
            lib.unlink()
        elif lib.exists():
            shutil.rmtree(lib)
        part.rename(lib)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _retrieve_all(home: Path, folder: Path, console: Console) -> None:
    artifacts = engine_artifacts()
    environment, log = network_environment(home / "run"), home / "logs" / "ivy-engines.log"
    seconds = sum(_retrieve(artifact, folder, environment, log, console) for artifact in artifacts)
    jars = {jar.name: jar.stat().st_size for jar in sorted(folder.glob("*.jar"))}
    _stamp(folder / STAMP, artifacts, jars)
    say(console, f"Cassandra's jars: {len(jars)}, {sum(jars.values()) / 1e6:.0f} MB, after {seconds:.0f} s")


def _retrieve(artifact: str, folder: Path, environment: dict[str, str], log: Path, console: Console) -> float:
    """Downloads an artifact with all it needs at run time. Returns the seconds it took.

    `-confs` names two scopes, because `*` would add the test and provided scopes.
    """
    pattern = "[artifact]-[revision](-[classifier]).[ext]"  # in the folder; a path could hold signs of a pattern
    options = ["-cache", str(_ivy_cache()), "-confs", "master", "runtime", "-types", "jar", "bundle"]
    wanted = ["-dependency", *artifact.split(":"), "-retrieve", pattern]
    command = [find_java(), "-jar", str(ivy_jar()), *options, *wanted]
    with locked(_ivy_cache() / "lock", console):
        return run_ivy(command, f"retrieving {artifact} (64 MB, about a minute)", folder, environment, log, console)


def _ivy_cache() -> Path:
    """Our own cache, not spark-submit's: Ivy downloads again what was cached under another resolver's name."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "pulso" / "ivy"


def fetch_spark_packages(home: Path, console: Console, digests: Path | None = DIGESTS) -> None:
    """Lets spark-submit download `spark.jars.packages`, unless a stamp lists the files and all of them exist.

    For this, spark-submit runs a script that does nothing. So the packages get into the same cache that spark-submit
    uses for jobs, and later runs need no internet. Raises as `fetch_engine_jars` does.
    """
    packages, stamp = spark_packages(), home / "run" / SPARK_STAMP
    if not packages:
        return
    if not spark_package_jars(home):
        _resolve(packages, home, console)
    _check_once(stamp, spark_package_jars(home), digests)


def _resolve(packages: str, home: Path, console: Console) -> None:
    spark, log = pyspark_folder(), home / "logs" / "ivy-spark.log"
    own = {"SPARK_HOME": str(spark), "SPARK_CONF_DIR": str(SPARK_DEFAULTS.parent), "PYSPARK_PYTHON": sys.executable}
    environment = {**network_environment(home / "run"), **own}
    # Named here, since with those of its settings spark-submit may start from an earlier class path, and resolve none.
    command = [str(spark / "bin" / "spark-submit"), "--master", "local[1]", "--packages", packages, str(NOTHING)]
    with locked(_ivy_cache() / "lock", console):
        what = f"resolving Spark's {packages} (18 MB, about 10 s)"
        seconds = run_ivy(command, what, ROOT, environment, log, console)
    _stamp(home / "run" / SPARK_STAMP, [packages], _spark_files(log.read_text(encoding="utf-8")))
    say(console, f"Spark's packages: {packages} after {seconds:.0f} s")


def spark_package_jars(home: Path) -> list[Path]:
    """The jars of `spark.jars.packages`, as `fetch_spark_packages` left them for this home; empty if one is missing."""
    files = _stamped(home / "run" / SPARK_STAMP, [spark_packages()])
    whole = all(_size(Path(name)) == size for name, size in files.items())
    return [Path(name) for name in files if name.endswith(".jar")] if whole else []


def record_all(home: Path, console: Console) -> int:
    """Fetches all jars, and records their digests as they are; returns their number. For whoever changes a version."""
    home.mkdir(parents=True, exist_ok=True)
    fetch_engine_jars(home, console, digests=None)
    fetch_spark_packages(home, console, digests=None)
    return record_digests([*(home / "lib").glob("*.jar"), *spark_package_jars(home)])


def _check_once(stamp: Path, jars: Iterable[Path], digests: Path | None) -> None:
    """Compares jars with their digests, unless the stamp says that this was done with the same file of digests."""
    record = json.loads(stamp.read_text())
    if digests is None or record.get("checked") == digest_of(digests):
        return
    check_digests(jars, digests)
    _write(stamp, {**record, "checked": digest_of(digests)})


def _spark_files(told: str) -> dict[str, int]:
    """Sizes by path: for each module that spark-submit's output names, its description in the cache and its jars."""
    cache, stored = _CACHE.search(told), _STORED.search(told)
    if cache is None or stored is None:
        return {}
    files: list[Path] = []
    for group, artifact, version in _IN_USE.findall(told):
        files.append(Path(cache.group(1)) / group / artifact / f"ivy-{version}.xml")
        files.extend(Path(stored.group(1)).glob(f"{group}_{artifact}-{version}*.jar"))
    return {str(file): file.stat().st_size for file in files if file.is_file()}


def _stamp(path: Path, wanted: list[str], files: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, {"wanted": wanted, "files": files})


def _write(path: Path, record: dict[str, object]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1))
    part.replace(path)


def _stamped(path: Path, wanted: list[str]) -> dict[str, int]:
    """The files that a stamp lists; empty if it is missing, damaged, or of other versions."""
    try:
        record = json.loads(path.read_text())
        return dict(record["files"]) if record["wanted"] == wanted else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
