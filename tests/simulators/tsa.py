# SPDX-License-Identifier: Apache-2.0
"""A time-stamp authority (RFC 3161) on loopback: `openssl ts -reply` behind HTTP, under a root of its own."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.simulators.webhook import Service, running_service

_CONFIGURATION = """
[tsa]
default_tsa = tieout
[tieout]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
"""


class Tsa:
    """One authority: a root, an intermediate, and a certificate for time stamps."""

    def __init__(self, folder: Path, name: str = "Test", *, expired: bool = False, digests: str = "sha256, sha512") -> None:
        folder.mkdir()
        self._folder = folder
        root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        root = _certificate(f"{name} root", root_key, f"{name} root", root_key, ca=True)
        middle = _certificate(f"{name} middle", middle_key, f"{name} root", root_key, ca=True)
        leaf = _certificate(f"{name} TSA", key, f"{name} middle", middle_key, expired=expired)
        self.root_pem = root.public_bytes(Encoding.PEM)
        for file, data in (
            ("tsa.pem", leaf.public_bytes(Encoding.PEM)),
            ("chain.pem", middle.public_bytes(Encoding.PEM)),
            ("tsa.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
            ("serial", b"01\n"),
            ("openssl.cnf", _CONFIGURATION.format(folder=folder, digests=digests).encode()),
        ):
            (folder / file).write_bytes(data)
        self._one_at_a_time = threading.Lock()  # the serial number is in a file

    def reply(self, query: bytes) -> bytes:
        """Return the reply to a query."""
        with self._one_at_a_time:
            (self._folder / "query.tsq").write_bytes(query)
            configuration = ["-config", self._folder / "openssl.cnf"]
            command = ["openssl", "ts", "-reply", "-queryfile", "query.tsq", "-out", "reply.tsr", *configuration]
            subprocess.run(command, cwd=self._folder, check=True, capture_output=True)
            return (self._folder / "reply.tsr").read_bytes()


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    expired: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1) if expired else now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    usage = {name: False for name in ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")}
    builder = builder.add_extension(
        x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False, **usage),
        critical=True,
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, SHA256())


@contextmanager
def running_tsa(tsa: Tsa) -> Iterator[Service]:
    """Serve an authority on a free port of loopback."""
    with running_service(lambda query: (200, "application/timestamp-reply", tsa.reply(query))) as service:
        yield service
