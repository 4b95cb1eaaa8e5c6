"""Certificates for servers and clients of tests, made anew for each."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of PEM files."""

    cert: str
    key: str

    def server(self) -> ssl.SSLContext:
        """What a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


def self_signed(
    folder: Path, name: str, *, address: str = "127.0.0.1", expires: dt.timedelta = DAY
) -> Certificate:
    """A certificate for an address, which is its own authority."""
    now = dt.datetime.now(dt.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    cert = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - 2 * DAY)
        .not_valid_after(now + expires)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return _written(folder, name, cert, key)


def signed(folder: Path, name: str, authority: Certificate) -> Certificate:
    """A client's certificate, signed by an authority."""
    now = dt.datetime.now(dt.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = x509.load_pem_x509_certificate(Path(authority.cert).read_bytes())
    signer = serialization.load_pem_private_key(Path(authority.key).read_bytes(), None)
    builder = x509.CertificateBuilder(
        issuer.subject, subject, key.public_key(), x509.random_serial_number()
    )
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    cert = (
        builder.not_valid_before(now - 2 * DAY)
        .not_valid_after(now + DAY)
        .add_extension(names, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return _written(folder, name, cert, key)


def _written(
    folder: Path, name: str, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Certificate:
    made = Certificate(str(folder / f"{name}.crt"), str(folder / f"{name}.key"))
    Path(made.cert).write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    Path(made.key).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made
