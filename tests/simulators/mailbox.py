# SPDX-License-Identifier: Apache-2.0
"""A mail server on loopback that keeps what it is sent (RFC 5321, as much of it as smtplib speaks)."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """A running mail server."""

    port: int
    answers: dict[str, str] = field(default_factory=dict)
    """Another answer to a command, for example ``{"RCPT": "550 no such mailbox"}``."""
    commands: list[str] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)

    def url(self, query: str, login: str = "") -> str:
        """Return the address of the channel."""
        return f"smtp://{login}127.0.0.1:{self.port}/?{query}"


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """Serve on a free port of loopback."""

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say(mailbox.answers.get("CONNECT", "220 test"))
            while line := self.rfile.readline().decode().strip():
                mailbox.commands.append(line)
                verb = line[:4].upper()
                self.say(mailbox.answers.get(verb, {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")))
                if verb == "QUIT":
                    return
                if verb == "DATA" and verb not in mailbox.answers:
                    lines = iter(self.rfile.readline, b".\r\n")
                    data = b"".join(line.removeprefix(b".") for line in lines)
                    mailbox.messages.append(message_from_bytes(data, policy=policy.default))  # type: ignore[arg-type]
                    self.say("250 kept")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    mailbox = Mailbox(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
