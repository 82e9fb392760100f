# SPDX-License-Identifier: Apache-2.0
"""Signing keys that never leave AWS KMS: P-256, for signing, spoken to with bounded time-outs.

The role needs ``kms:GetPublicKey`` and ``kms:Sign``; the second may be limited to ``kms:MessageType`` DIGEST and
``kms:SigningAlgorithm`` ECDSA_SHA_256. Region and credentials come from the environment (``AWS_DEFAULT_REGION`` and the AWS
chain), and so does the endpoint where it is not AWS's own (``AWS_ENDPOINT_URL_KMS``): no code names one.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import AWSSigner, Signature, SSlibKey

from tieout.errors import CannotCheck, ConfigurationError, StoreUnavailable
from tieout.evidence.keys import DocumentSigner, public_key

_NAME = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|alias/[A-Za-z0-9/_-]{1,250}|arn:[A-Za-z0-9:/_-]{1,2040}"
)
"""What GetPublicKey and Sign take as KeyId."""
_TRANSIENT = {
    "DependencyTimeoutException",
    "InternalFailure",
    "KMSInternalException",
    "KeyUnavailableException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
"""KMS's answers that another try may change (API reference of GetPublicKey and Sign, and AWS's common errors)."""
_NEXT = {
    "AccessDeniedException": "Allow this role kms:GetPublicKey and kms:Sign on the key",
    "NotFoundException": "Check its id, the region and the account",
    "DisabledException": "Enable the key",
    "KMSInvalidStateException": "It is pending deletion or import: find out who did that",
    "UnsupportedOperationException": "Use a key of KeySpec ECC_NIST_P256 and KeyUsage SIGN_VERIFY",
    "InvalidKeyUsageException": "Use a key of KeySpec ECC_NIST_P256 and KeyUsage SIGN_VERIFY",
    "NoRegionError": "Set AWS_DEFAULT_REGION",
    "NoCredentialsError": "Give this process a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
}


def load_kms_signer(name: str) -> DocumentSigner:
    """Return the signer of a KMS key. It signs with the very key that this looked up, wherever an alias points later.

    Args:
        name: Key id, alias (``alias/...``) or ARN of either.

    Raises:
        ConfigurationError: There is no such key, it is disabled or of another kind, or this identity may not use it.
        StoreUnavailable: KMS did not answer, or throttles; run it again.
    """
    if not _NAME.fullmatch(name):  # not shown: people paste other things where a key's name belongs
        msg = "signing key: expected awskms:<key id, alias/... or ARN>, got something else behind awskms:."
        raise ConfigurationError(msg)
    try:
        client = _client()
        answer = client.get_public_key(KeyId=name)
        key = _signing_key(answer, name)
        signer = AWSSigner(answer["KeyId"], key)
    except (ConfigurationError, StoreUnavailable):
        raise
    except Exception as error:
        _raise(error, name)
    signer.client = client  # its own has no time-outs
    return DocumentSigner(_Checked(signer, key, name), key.keyval["public"], key.keyid)


class _Checked:
    """Signs, and hands out no signature that does not verify."""

    def __init__(self, signer: AWSSigner, key: SSlibKey, name: str) -> None:
        self._signer = signer
        self.public_key = key
        self._name = name

    def sign(self, payload: bytes) -> Signature:
        """Return the signature over a payload, of which KMS sees the SHA-256 only.

        Raises:
            ConfigurationError: KMS refused, or what it signed is something else.
            StoreUnavailable: KMS did not answer; run it again.
        """
        try:
            signature = self._signer.sign(payload)
        except Exception as error:
            _raise(error, self._name)
        try:
            self.public_key.verify_signature(signature, payload)
        except UnverifiedSignatureError as error:
            msg = (
                f"signing key awskms:{self._name}: what it signed does not verify under its own public key. "
                "Check what answers at AWS_ENDPOINT_URL_KMS."
            )
            raise ConfigurationError(msg) from error
        return signature


def _client() -> Any:
    import boto3
    from botocore.config import Config

    # A person may be waiting for what is signed: at most about 20 s, and not botocore's five minutes.
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
    return boto3.client("kms", config=config)


def _signing_key(answer: dict[str, Any], name: str) -> SSlibKey:
    spec = answer.get("KeySpec", answer.get("CustomerMasterKeySpec"))
    kind = f"{spec}, {answer.get('KeyUsage')}"
    try:
        der = load_der_public_key(answer["PublicKey"])
        pem = der.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        key = public_key(pem)
    except (ValueError, UnsupportedAlgorithm, CannotCheck) as error:
        msg = f"signing key awskms:{name}: expected a P-256 key (ECC_NIST_P256, SIGN_VERIFY), got {kind}."
        raise ConfigurationError(msg) from error
    if answer.get("KeyUsage") != "SIGN_VERIFY":
        msg = f"signing key awskms:{name}: expected a key for signing (ECC_NIST_P256, SIGN_VERIFY), got {kind}."
        raise ConfigurationError(msg)
    return key


def _raise(error: Exception, name: str) -> NoReturn:
    """Raise what an error of KMS's client means: whether another try can help, and what to do."""
    from botocore import exceptions as aws

    unreachable = (aws.ConnectionError, aws.CredentialRetrievalError, aws.HTTPClientError, aws.MetadataRetrievalError)
    if isinstance(error, aws.ClientError):
        code = str(error.response.get("Error", {}).get("Code"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        transient = code in _TRANSIENT or status >= 500
    elif isinstance(error, (aws.BotoCoreError, ValueError)):  # ValueError: AWS_ENDPOINT_URL_KMS is no URL
        code, transient = type(error).__name__, isinstance(error, unreachable)
    else:
        raise error
    if transient:
        msg = f"signing key awskms:{name}: KMS did not answer as expected ({code})."
        raise StoreUnavailable(msg) from error
    what_next = _NEXT.get(code, "Check the key, the role's policy, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL_KMS")
    msg = f"signing key awskms:{name}: KMS refused it ({code}). {what_next}."
    raise ConfigurationError(msg) from error
