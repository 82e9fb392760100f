# SPDX-License-Identifier: Apache-2.0
"""Signing keys: ECDSA P-256, each with a scope, and a key's id is the SHA-256 of its public key (SPKI, DER).

The root key signs the list of the others. Its fingerprint reaches the auditor outside the bucket; nothing here is believed
without it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey

from tieout.errors import CannotCheck, ConfigurationError

SECRETS = Path("/run/secrets")
"""Where container runtimes mount secrets."""


class Scope(StrEnum):
    """What a key may sign."""

    ROOT = "root"
    LANDING = "landing"
    RESPONSE = "response"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class DocumentSigner:
    """A key that can sign, and its public half."""

    signer: Signer
    public_pem: str
    keyid: str


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key of the key list. Times are UTC; ``None`` means not yet."""

    keyid: str
    scope: Scope
    public_pem: str
    valid_from: datetime
    valid_to: datetime | None
    revoked_at: datetime | None


def generate_key(path: Path) -> DocumentSigner:
    """Create a P-256 key in a file that only its owner can read, and return it.

    Raises:
        ConfigurationError: The file exists, for a key is never overwritten; or it can not be written.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        msg = f"{path}: a key stands there already, and a key is never overwritten."
        raise ConfigurationError(msg) from error
    except OSError as error:
        msg = f"{path}: the key can not be written ({error.strerror})."
        raise ConfigurationError(msg) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return _from_private(private)


def load_signer(uri: str) -> DocumentSigner:
    """Return the signer of ``file2:/path/to/key.pem`` or ``awskms:<key id, alias/... or ARN>``.

    Raises:
        ConfigurationError: Another scheme, no such file, one that others may read, no P-256 key, or KMS refuses it. The
            message never holds key material.
        StoreUnavailable: KMS did not answer; run it again.
    """
    scheme, _, rest = uri.partition(":")
    if scheme not in ("file2", "awskms") or "PRIVATE KEY" in rest:  # not shown: people paste the key where its path belongs
        msg = (
            "signing key: expected file2:/path/to/key.pem or awskms:<key id, alias/... or ARN>, got something else. "
            "Check TIEOUT_LANDING_KEY, or the setting or option that names this key."
        )
        raise ConfigurationError(msg)
    if scheme == "awskms":
        from tieout.evidence.kms import load_kms_signer

        return load_kms_signer(rest)
    try:
        private = load_pem_private_key(read_private(Path(rest), "signing key"), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"signing key {rest}: expected a PKCS 8 PEM file with a P-256 key: {type(error).__name__}."
        raise ConfigurationError(msg) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        msg = f"signing key {rest}: expected a P-256 key, got another kind."
        raise ConfigurationError(msg)
    return _from_private(private)


def read_private(path: Path, what: str) -> bytes:
    """Return the bytes of a file that nobody but its owner can read, or that a container runtime mounted as a secret.

    Docker, Podman and compose mount secrets under /run/secrets, where they keep the file's mode of the host, usually 0444: who
    is in that container at all is the limit there, and no mode could let a process that is not root read it and keep others
    out. Everywhere else a mode with more than the owner's bits is a secret that others of this machine can copy unseen.

    Args:
        path: The file.
        what: What an error calls it.

    Raises:
        ConfigurationError: Others can read it, or change it.
        OSError: It can not be read.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077 and not path.resolve().is_relative_to(SECRETS.resolve()):
            msg = f"{what} {path}: its mode is {mode:04o}, so that others than its owner can use it. Run: chmod 600 {path}"
            raise ConfigurationError(msg)
        return file.read()


def _from_private(private: ec.EllipticCurvePrivateKey) -> DocumentSigner:
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    key = public_key(pem)
    return DocumentSigner(CryptoSigner(private, key), pem, key.keyid)


def public_key(pem: str) -> SSlibKey:
    """Return a P-256 public key from its PEM text, with the SHA-256 of its SPKI DER bytes as id.

    Raises:
        CannotCheck: The text holds no P-256 public key.
    """
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"expected a public key in PEM form: {error}."
        raise CannotCheck(msg) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        msg = "expected a P-256 public key, got another kind."
        raise CannotCheck(msg)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SSlibKey.from_crypto(key, keyid=hashlib.sha256(der).hexdigest())
