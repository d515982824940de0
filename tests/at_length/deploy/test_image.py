"""The image, built by buildah on a base from Debian's packages, and run: it isn't root, and every part is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conf import ROOT
from tests.at_length.deploy.tools import run, tool

IMAGE = "localhost/pulso-test"
LARGEST = 1_900
"""MB that the image may have; see docs/operate.md."""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


class Builder:
    """buildah with a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.program, self.folder = tool("buildah"), folder
        self.options = f"--storage-driver vfs --root {folder}/root --runroot {folder}/run"

    def __call__(self, *words: str | Path, timeout: float = 300) -> str:
        return run(self.program, *self.options.split(), *words, timeout=timeout, **self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """A network may inspect encrypted traffic; then this machine's authorities are those to trust."""
        return {"BUILDAH_ISOLATION": "chroot", "TMPDIR": str(self.folder), "BUILDAH_OPTIONS": self.options}

    def base(self) -> str:
        """Makes the base."""
        tool("debootstrap")
        name = "localhost/pulso-base"
        authorities = {"CA_BUNDLE": str(AUTHORITIES)} if AUTHORITIES.is_file() else {}
        script = ROOT / "deploy" / "image" / "debian-base.sh"
        run(script, name, timeout=590, **self.environment, **authorities)
        return name

    def build(self, base: str) -> None:
        """Builds the image for all parts but Airflow."""
        file = ROOT / "deploy" / "image" / "Containerfile"
        ignored = ("--ignorefile", f"{file}.dockerignore")
        options = ("--pull-never", "--build-arg", f"BASE={base}", "--target", "pulso", *ignored)
        self("build", "--isolation", "chroot", *options, "--tag", IMAGE, "--file", file, ROOT, timeout=1500)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """A builder that has built the image."""
    builder = Builder(tmp_path_factory.mktemp("image"))
    builder.build(builder.base())
    yield builder
    builder("rmi", "--all", "--force")


@pytest.fixture(scope="module")
def container(builder: Builder) -> Iterator[str]:
    """A container of the image."""
    name = builder("from", "--pull-never", IMAGE).strip().splitlines()[-1]
    yield name
    builder("rm", name)


def _in(builder: Builder, container: str, *words: str) -> str:
    return builder("run", "--isolation", "chroot", container, "--", *words)


def test_the_image_is_not_larger_than_is_said(builder: Builder) -> None:
    told = builder("images", "--format", "{{.Size}}", IMAGE).strip()
    size, unit = told.split()
    print(f"\nthe image has {told}")
    assert float(size) * {"MB": 1, "GB": 1000}[unit] < LARGEST


def test_it_runs_as_a_user_that_is_not_root_and_can_not_change_the_code(builder: Builder, container: str) -> None:
    assert _in(builder, container, "id", "-u").split() == ["10001"]
    refused = _in(builder, container, "sh", "-c", "touch /opt/pulso/conf/x 2>&1 || true")
    assert "Permission denied" in refused
    _in(builder, container, "touch", "/var/lib/pulso/x")


@pytest.mark.parametrize("module", ["ingest", "readers", "deploy"])
def test_it_prints_the_help_of_each_command(builder: Builder, container: str, module: str) -> None:
    told = _in(builder, container, "python", "-m", module, "--help")
    assert f"Usage: python -m {module}" in told


def test_it_has_java_redis_spark_and_the_jars_of_cassandra(builder: Builder, container: str) -> None:
    java = _in(builder, container, "python", "-m", "deploy", "java").strip().splitlines()[-1]
    assert re.search(r'version "17', _in(builder, container, java, "-version"))
    assert "v=" in _in(builder, container, "redis-server", "--version")
    assert "version 3.5" in _in(builder, container, "spark-submit", "--version")
    count = "from deploy.jars import DEFAULT_LIB, has_engine_jars; print(has_engine_jars(DEFAULT_LIB))"
    assert "True" in _in(builder, container, "python", "-c", count)


def test_a_job_starts_there_and_says_what_is_missing(builder: Builder, container: str) -> None:
    words = ("--topic", "ph2016", "--from", "2016-05-07", "--to", "2016-05-08")
    script = f"spark-submit jobs/candidate_poll.py {' '.join(words)} 2>&1 || true"
    told = _in(builder, container, "env", "PULSO_CASSANDRA_PORT=1", "bash", "-c", script)
    assert "Cassandra does not answer at 127.0.0.1:1" in told


def test_it_holds_no_secret_and_no_path_of_the_machine_that_built_it(builder: Builder, container: str) -> None:
    found = _in(
        builder, container, "find", "/opt/pulso", "-name", ".env", "-o", "-name", "credentials", "-o", "-name", "tests"
    )
    assert [line for line in found.splitlines() if line.startswith("/opt/pulso/") and "site-packages" not in line] == []
    script = f"grep -rl {ROOT} /opt/pulso --include=*.py --include=*.sh --include=*.pth --include=*.json || true"
    assert str(ROOT) not in _in(builder, container, "bash", "-c", script)
