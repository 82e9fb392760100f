# SPDX-License-Identifier: Apache-2.0
"""Time stamps of a digest (RFC 3161): a stranger's word that these bytes existed at a time.

The reply is stored beside the digest as it came, and is checked with ours or with public tools:

    openssl ts -verify -data 000000000012.dsse.json -in 000000000012.tsr -CAfile tsa_root.pem
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509

from tieout.errors import CannotCheck, Missing, SourceUnavailable, Tampered
from tieout.evidence.outbound import MAX_ANSWER_BYTES, TIMEOUT_SECONDS, post

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
_UNTRUSTED = ("certificate verify error", "signer certificate not found", "Certificates neither found", "EKU extension")
"""What rfc3161-client and OpenSSL call an authority that can not be trusted; all else that they refuse was changed."""


def time_stamp(data: bytes, tsa_url: str, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """Ask an authority once for a time stamp over the SHA-256 of data, and return its reply as it came.

    The reply answers this very request (nonce and hash); whether the authority can be trusted, `check_time_stamp` says.

    Args:
        data: The bytes of a digest's envelope.
        tsa_url: The authority's address.
        timeout: Seconds.

    Raises:
        ConfigurationError: The address is none, or the authority refuses for good.
        SourceUnavailable: It did not answer, or not with a time stamp for this request; run it again.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    reply = post(tsa_url, request.as_bytes(), _HEADERS, "time-stamp authority", timeout)
    try:
        answer = _parse(reply, "time-stamp authority")
        told = answer.tst_info
        same = (told.nonce, told.message_imprint.message) == (request.nonce, hashlib.sha256(data).digest())
    except (ValueError, CannotCheck, Missing) as error:
        msg = f"time-stamp authority: expected a time stamp, got something else. {error}"
        raise SourceUnavailable(msg) from error
    if not same:
        msg = "time-stamp authority: it answered another request than ours: a cache or a stranger stands between."
        raise SourceUnavailable(msg)
    return reply


def check_time_stamp(tsr: bytes, data: bytes, tsa_root_pem: bytes, what: str = "time stamp") -> datetime:
    """Check a time stamp, and return the time that it states, in UTC.

    1. The reply is granted and holds a token.
    2. Its signer's certificate is for time stamps, and led to one of the roots at the time stated (RFC 3161, section 2.3).
    3. It signed this time for the hash of these bytes.

    Args:
        tsr: The reply.
        data: What was stamped.
        tsa_root_pem: The authority's root certificates, PEM, as received outside the bucket.
        what: What an error calls it.

    Raises:
        Missing: It holds no token: it was stripped, or the authority refused.
        CannotCheck: It is malformed, or of an authority that does not lead to these roots.
        Tampered: It is for other bytes, or was changed.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    roots = tsa_roots(tsa_root_pem, what)
    answer = _parse(tsr, what)  # (1)
    try:
        VerifierBuilder(roots=roots).build().verify_message(answer, data)  # (2), (3)
        return answer.tst_info.gen_time.astimezone(UTC)
    except VerificationError as error:
        if any(sign in str(error) for sign in _UNTRUSTED):
            msg = f"{what}: its authority does not lead to the given root. Ask for the authority's root outside the bucket."
            raise CannotCheck(msg) from error
        msg = f"{what}: it is for other bytes, or was changed after it was signed."
        raise Tampered(msg) from error
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        msg = f"{what}: malformed ({str(error)[:200]})."
        raise CannotCheck(msg) from error


def tsa_roots(pem: bytes, what: str = "time-stamp authority") -> list[x509.Certificate]:
    """Return the certificates of a PEM file, each once.

    Raises:
        CannotCheck: It holds none: there is no trust root.
    """
    try:
        return list(dict.fromkeys(x509.load_pem_x509_certificates(pem)))
    except ValueError as error:
        msg = f"{what}: expected its authority's root certificate in PEM form: no trust root."
        raise CannotCheck(msg) from error


def _parse(tsr: bytes, what: str) -> TimeStampResponse:
    from rfc3161_client import PKIStatus, decode_timestamp_response

    if len(tsr) > MAX_ANSWER_BYTES:
        msg = f"{what}: expected at most {MAX_ANSWER_BYTES} bytes, got {len(tsr)}."
        raise CannotCheck(msg)
    try:
        answer = decode_timestamp_response(_with_sorted_certificates(tsr))
        granted = answer.status == PKIStatus.GRANTED
        if granted and answer.time_stamp_token():
            return answer
        said = "; ".join(answer.status_string)[:200]
    except (ValueError, IndexError) as error:
        msg = f"{what}: expected an RFC 3161 reply: malformed ({str(error)[:200]})."
        raise CannotCheck(msg) from error
    msg = (
        f"{what}: expected a granted time stamp, got status {answer.status} and no token it answers for ({said or 'no reason'})."
    )
    raise Missing(msg)


def _with_sorted_certificates(tsr: bytes) -> bytes:
    """Return a reply with the certificates in the order that DER wants.

    OpenSSL, and so many an authority, writes them in its own order (openssl/openssl 13142), and rfc3161-client refuses that. No
    signature covers the order (RFC 5652, section 5.4), and sorting them changes no length.

    Raises:
        IndexError: It ends too early.
    """
    response = _elements(tsr, 0, len(tsr))[0]
    parts = _elements(tsr, *response[1:3])
    if len(parts) < 2:
        return tsr  # refused: a status and no token
    content = _elements(tsr, *parts[1][1:3])[1]  # ContentInfo: type, [0] content
    signed = _elements(tsr, *content[1:3])[0]  # SignedData
    for tag, start, end, _ in _elements(tsr, *signed[1:3]):
        if tag == 0xA0:
            certificates = sorted(tsr[first:stop] for _, _, stop, first in _elements(tsr, start, end))
            return tsr[:start] + b"".join(certificates) + tsr[end:]
    return tsr


def _elements(data: bytes, start: int, end: int) -> list[tuple[int, int, int, int]]:
    """Return the DER elements of a stretch: of each the tag, start and end of its content, and where it starts itself."""
    elements = []
    while start < end:
        length, content = data[start + 1], start + 2
        if length & 0x80:
            octets = length & 0x7F
            length, content = int.from_bytes(data[content : content + octets], "big"), content + octets
        elements.append((data[start], content, content + length, start))
        start = content + length
    return elements
