"""Certificate authorities of the tests, and the certificates that they issue to servers."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

START = datetime(2026, 1, 1, tzinfo=UTC)
PEM = serialization.Encoding.PEM
STORE_PASSWORD = "of-a-test"


@dataclass(frozen=True)
class Issued:
    """A server's certificate with its key: as PEM files, and as the PKCS12 file that Java's servers read."""

    certificate: Path
    key: Path
    store: Path

    def context(self) -> ssl.SSLContext:
        """Returns the context of a server with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """An authority; its own certificate is a PEM file in a folder."""

    def __init__(self, folder: Path, name: str = "Newsroom") -> None:
        folder.mkdir(parents=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._subject = _named(name)
        ours = _signed(self._subject, self._subject, self._key.public_key(), self._key, authority=True)
        self.certificate = folder / "ca.pem"
        self.certificate.write_bytes(ours.public_bytes(PEM))

    def issue(self, *names: str) -> Issued:
        """Returns a certificate for a server with these addresses and host names."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _signed(_named(names[0]), self._subject, key.public_key(), self._key, names)
        base = self._folder / names[0]
        issued = Issued(base.with_suffix(".pem"), base.with_suffix(".key"), base.with_suffix(".p12"))
        issued.certificate.write_bytes(made.public_bytes(PEM))
        issued.key.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        encrypted = serialization.BestAvailableEncryption(STORE_PASSWORD.encode())
        issued.store.write_bytes(pkcs12.serialize_key_and_certificates(b"server", key, made, None, encrypted))
        return issued


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...] = (),
    *,
    authority: bool = False,
) -> x509.Certificate:
    made = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
    made = made.not_valid_before(START).not_valid_after(START + timedelta(days=9999))
    made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
    return made.sign(key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
