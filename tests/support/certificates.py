"""Certificate authorities of the tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

START = datetime(2026, 1, 1, tzinfo=UTC)
PEM = serialization.Encoding.PEM


class Authority:
    """An authority: its own certificate and its key, as PEM files in a folder. A server may use them as they are."""

    def __init__(self, folder: Path, name: str = "Newsroom") -> None:
        folder.mkdir(parents=True)
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(START).not_valid_after(START + timedelta(days=9999))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(PEM))
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key.write_bytes(key.private_bytes(PEM, *plain))
