# SPDX-License-Identifier: Apache-2.0
"""Sends mails over SMTP (RFC 5321): encrypted, unless the server is on this machine. Nothing of a mail is logged."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses, make_msgid

from tieout.errors import ConfigurationError, SourceUnavailable

SECONDS = 30.0
"""How long the server may take to answer."""
_CLOSING = 421
"""The server takes nothing more, from anybody (RFC 5321, 4.2.2)."""
_HERE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """A mail server (`tieout.flows.campaign_links.Mailer`).

    Attributes:
        host: Of the server.
        port: Of the server.
        sender: Address that mails come from.
        login: Of who sends; empty for nobody.
        password: Of that login.
        implicit_tls: Whether the connection is encrypted from the start; else by STARTTLS.
        plain: Whether it is not encrypted at all; only for a server on this machine.
    """

    host: str
    port: int
    sender: str
    login: str = ""
    password: str = field(default="", repr=False)
    implicit_tls: bool = True
    plain: bool = False

    def __post_init__(self) -> None:
        if self.plain and self.host not in _HERE:
            msg = f"mail: expected TLS to {self.host}, got a connection that asks for none. Mails hold personal links."
            raise ConfigurationError(msg)

    def check(self) -> None:
        """As `Mailer.check`."""
        try:
            self._connected().close()
        except smtplib.SMTPAuthenticationError:
            raise _no_login() from None
        except (smtplib.SMTPException, OSError) as error:
            raise _no_server(error) from None

    def send(self, address: str, subject: str, text: str) -> bool:
        """As `Mailer.send`."""
        if [each for _, each in getaddresses([address])] != [address]:
            return False  # none, several, or one with a line break: a link is one person's
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = self.sender, address, subject
        mail["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2] or "localhost")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        try:
            with self._connected() as server:
                return self._sent(server, mail, address)
        except smtplib.SMTPAuthenticationError:
            raise _no_login() from None
        except (smtplib.SMTPException, OSError) as error:
            raise _no_server(error) from None

    def _sent(self, server: smtplib.SMTP, mail: EmailMessage, address: str) -> bool:
        """Send to one address. What its mailbox says, or that the server knows no such addresses, is about nobody else."""
        try:
            server.send_message(mail, to_addrs=[address])
        except smtplib.SMTPRecipientsRefused as error:
            if any(code == _CLOSING for code, _ in error.recipients.values()):
                raise _no_server(error) from None
            return False
        except (smtplib.SMTPNotSupportedError, UnicodeError):
            return False
        return True

    def _connected(self) -> smtplib.SMTP:
        if self.plain:
            return self._signed_in(smtplib.SMTP(self.host, self.port, timeout=SECONDS))
        context = ssl.create_default_context()
        if self.implicit_tls:
            return self._signed_in(smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context))
        server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return self._signed_in(server)

    def _signed_in(self, server: smtplib.SMTP) -> smtplib.SMTP:
        try:
            if self.login:
                server.login(self.login, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _no_login() -> ConfigurationError:
    return ConfigurationError("mail: the server takes neither login nor password. Correct the connection.")


def _no_server(error: Exception) -> SourceUnavailable:
    return SourceUnavailable(f"mail: the server did not take a mail ({type(error).__name__}).")
