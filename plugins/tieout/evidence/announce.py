# SPDX-License-Identifier: Apache-2.0
"""Announcing the head of the chain of digests in a channel that the auditor owns: an incoming webhook, or a mailbox.

Who has the bucket and every key can write another chain; what stands in the auditor's channel he can not take back. The
address of a channel is a secret: it comes from a file or an Airflow Connection, and is in no log and in no error.

    https://hooks.slack.com/services/...
    smtp://mail.example.com:587/?from=tieout@example.com&to=evidence@auditor.example
    smtps://user:password@mail.example.com/?from=...&to=...
"""

from __future__ import annotations

import json
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote

from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.evidence.digest import Digest
from tieout.evidence.keys import read_private
from tieout.evidence.outbound import TIMEOUT_SECONDS, post, split_address
from tieout.times import instant

_WHAT = "announcement channel"
_SCHEMES = ("https", "http", "smtp", "smtps")


def subject(head: Digest) -> str:
    """Return one line that names a head."""
    return f"Tieout: digest {head.sequence} of bucket {head.bucket}"


def message(head: Digest) -> str:
    """Return what is announced of a head: bucket, sequence, hash and time, and how to use it."""
    return (
        f"{subject(head)}\n"
        f"SHA-256 of {head.key}: {head.sha256}\n"
        f"It covers what the bucket held at {instant(head.end)}.\n"
        "Keep this message. Whoever verifies the bucket later gives the SHA-256: tieout verify --head SHA256"
    )


def announce(head: Digest, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
    """Announce a head once. Announcing it again does no harm.

    Args:
        head: The last digest of the chain, as it stands in the bucket.
        url: Address of the channel.
        timeout: Seconds.

    Raises:
        ConfigurationError: The address is none, or the channel refuses for good.
        SourceUnavailable: It did not answer; run it again.
    """
    parts = split_address(url, _SCHEMES, _WHAT)
    if parts.scheme in ("smtp", "smtps"):
        _mail(head, parts, timeout)
        return
    body = json.dumps({"text": message(head)}).encode()
    post(url, body, {"Content-Type": "application/json"}, _WHAT, timeout)


def read_channel(path: Path) -> str:
    """Return the address of a channel from a file that holds nothing else.

    Raises:
        ConfigurationError: It can not be read, others may read it, or it holds no address of one line.
    """
    try:
        url = read_private(path, _WHAT).decode("ascii").strip()
    except (OSError, ValueError):
        msg = f"{_WHAT} {path}: expected a file with one address in it, and it can not be read."
        raise ConfigurationError(msg) from None  # a decoding error shows what it could not decode
    split_address(url, _SCHEMES, f"{_WHAT} {path}")
    return url


def _mail(head: Digest, parts: SplitResult, timeout: float) -> None:
    where = f"{_WHAT} at {parts.hostname}"
    mail = _message(head, parts, where)
    context = ssl.create_default_context()
    host, port = str(parts.hostname), parts.port or 0
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=timeout)
        with server:
            server.ehlo()
            encrypted = parts.scheme == "smtps"
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=context)
                encrypted = True
            if parts.username:
                _log_in(server, parts, where, encrypted=encrypted)
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(max(code for code, _ in error.recipients.values()), where) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, where) from None
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        if isinstance(error, (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError)):
            msg = f"{where}: its certificate is not trusted, or it lacks what is needed ({type(error).__name__})."
            raise ConfigurationError(msg) from None
        msg = f"{where}: it did not answer ({type(error).__name__})."
        raise SourceUnavailable(msg) from None


def _log_in(server: smtplib.SMTP, parts: SplitResult, where: str, *, encrypted: bool) -> None:
    if not encrypted:
        msg = f"{where}: it offers no encryption, and a password is not sent without."
        raise ConfigurationError(msg)
    server.login(unquote(parts.username or ""), unquote(parts.password or ""))


def _message(head: Digest, parts: SplitResult, where: str) -> EmailMessage:
    given = dict(parse_qsl(parts.query.replace("+", "%2B")))  # ann+evidence@example.com has no space in it
    mail = EmailMessage()
    try:
        mail["From"], mail["To"], mail["Subject"] = given["from"], given["to"], subject(head)
        addresses = [address for name in ("From", "To") for address in mail[name].addresses]
    except (KeyError, ValueError):
        addresses = []
    if len(addresses) < 2 or not all(address.username and address.domain for address in addresses):
        msg = f"{where}: expected ?from=<mail address>&to=<mail address> at the end of the address of the channel."
        raise ConfigurationError(msg)
    mail.set_content(message(head))
    return mail


def _refused(code: int, where: str) -> ConfigurationError | SourceUnavailable:
    if code < 500:
        return SourceUnavailable(f"{where}: it did not take the message for now (status {code}).")
    return ConfigurationError(f"{where}: it refused the message for good (status {code}). Check login, sender and recipient.")
