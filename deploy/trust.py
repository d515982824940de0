"""Whom the wheel's Java trusts on the network: the certificate authorities of this machine.

That Java brings a list of its own. In a network that checks traffic with an authority of its own, only the machine's
list has it.
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
"""Where Debian and Alpine, Fedora, and macOS keep the list, if OpenSSL and SSL_CERT_FILE name no other place."""
PASSWORD = "changeit"
_PEM = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def network_environment(folder: Path) -> dict[str, str]:
    """The environment for a Java that downloads: `java_environment`, and where Java is the wheel's, its trust store.

    The trust store is written into `folder`. Raises as `find_java` does.
    """
    environment = java_environment()
    store = write_trust_store(folder / "trust.p12") if find_java() == wheel_java() else None
    if store:
        options = f'-Djavax.net.ssl.trustStore="{store}" -Djavax.net.ssl.trustStorePassword={PASSWORD}'
        environment["JAVA_TOOL_OPTIONS"] = f"{options} {environment.get('JAVA_TOOL_OPTIONS', '')}".strip()
    return environment


def write_trust_store(file: Path) -> Path | None:
    """Writes the machine's certificate authorities as a PKCS12 trust store; None where it has no list of them."""
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
    """The certificates of a bundle, without those that can't be read."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # authorities of long ago break rules of today
        for one in _PEM.findall(pem):
            with suppress(ValueError):
                found.append(x509.load_pem_x509_certificate(one))
    return found
