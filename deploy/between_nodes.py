"""Closes the port between nodes to everybody: the embedded Cassandra has no other node that could come."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from deploy.credentials import write_private
from deploy.server import quoted

PASSWORD = "changeit"
"""Of the two stores. Java wants one; what protects the key is that only its owner can read the file."""
LIFETIME = timedelta(days=36_500)


def closed(folder: Path) -> str:
    """Returns the part of cassandra.yaml with which only this node is let in, after writing its new certificate.

    Whoever connects must have a certificate that the node trusts, and it trusts only its own.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key)
    hidden = BestAvailableEncryption(PASSWORD.encode())
    keys, trusted = folder / "node.p12", folder / "nodes.p12"
    write_private(keys, pkcs12.serialize_key_and_certificates(b"node", key, certificate, None, hidden))
    itself = pkcs12.PKCS12Certificate(certificate, b"node")
    write_private(trusted, pkcs12.serialize_java_truststore([itself], hidden))
    return (
        "server_encryption_options:\n"
        "  internode_encryption: all\n"
        "  optional: false\n"
        "  require_client_auth: true\n"
        "  store_type: PKCS12\n"
        f"  keystore: {quoted(keys)}\n"
        f"  keystore_password: {PASSWORD}\n"
        f"  truststore: {quoted(trusted)}\n"
        f"  truststore_password: {PASSWORD}"
    )


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pulso")])
    yesterday = datetime.now(UTC) - timedelta(days=1)  # a clock may be set back a little
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(yesterday).not_valid_after(yesterday + LIFETIME).sign(key, SHA256())
