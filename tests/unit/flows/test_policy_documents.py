# SPDX-License-Identifier: Apache-2.0
"""Documents of policies are fetched over https as they were approved, and nothing else is taken for one."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tieout.criteria.policies import Policy, PolicyVersion
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.flows import policy_documents
from tieout.flows.policy_documents import policy_pages
from tieout.settings import Settings

TEXT = b"# Conduct\n"


@dataclass
class Intranet:
    """A web server on loopback with a certificate of its own."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for loopback, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intranet")])
    now, day = datetime.now(UTC), timedelta(days=1)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture
def intranet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intranet]:
    made = Intranet()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, headers, body = made.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    made.url = f"https://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
    yield made
    server.shutdown()
    server.server_close()


def asked(intranet: Intranet, path: str = "/conduct.md", **said: Any) -> dict[str, tuple[Policy, PolicyVersion]]:
    """Return one policy in force, whose document is fetched."""
    version = PolicyVersion.model_validate({
        "version": "1.0", "effective_from": date(2026, 1, 1), "approver": "Lead", "approved_on": date(2025, 12, 1),
        "link": f"{intranet.url}{path}", "sha256": hashlib.sha256(TEXT).hexdigest(), "statement": "Read.", **said,
    })  # fmt: skip
    return {"conduct": (Policy(title="Conduct", owner="Lead", versions=(version,)), version)}


def fetched(intranet: Intranet, folder: Path, path: str = "/conduct.md", **said: Any) -> Any:
    return policy_pages(Settings(home=folder), asked(intranet, path, **said), folder)


def test_a_document_is_fetched_to_the_byte_also_where_its_link_leads_on(intranet: Intranet, tmp_path: Path) -> None:
    intranet.answers = {"/conduct.md": (200, {}, TEXT), "/old.md": (302, {"Location": "/conduct.md"}, b"")}
    [page] = fetched(intranet, tmp_path)
    assert page.path.read_bytes() == TEXT
    assert (page.path.name, page.what) == ("page-00000.md", "policy conduct, version 1.0, as it was approved")
    [page] = fetched(intranet, tmp_path, "/old.md")
    assert page.sha256 == hashlib.sha256(TEXT).hexdigest()


@pytest.mark.parametrize(
    ("answers", "error", "said"),
    [
        ({"/conduct.md": (200, {}, b"another")}, ConfigurationError, "Another text is another version"),
        ({"/conduct.md": (403, {}, b"")}, ConfigurationError, "got HTTP 403. Where people have to sign in"),
        ({"/conduct.md": (503, {}, b"")}, SourceUnavailable, r"HTTP 503\). Run it again"),
        (
            {"/conduct.md": (302, {"Location": "http://127.0.0.1/x"}, b"")},
            ConfigurationError,
            "to an address that is not https",
        ),
        ({"/conduct.md": (302, {"Location": "/conduct.md"}, b"")}, ConfigurationError, "leads on more than 5 times"),
    ],
    ids=["another text", "signed in", "down", "in the clear", "round"],
)
def test_what_is_not_the_document_is_refused(
    intranet: Intranet, tmp_path: Path, answers: Any, error: type[Exception], said: str
) -> None:
    intranet.answers = answers
    with pytest.raises(error, match=said):
        fetched(intranet, tmp_path)
    assert len(intranet.asked) <= 6


def test_a_document_beyond_the_bound_is_left_and_a_host_that_is_no_more_is_tried_again(
    intranet: Intranet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intranet.answers = {"/conduct.md": (200, {}, b"x" * 5000)}
    with monkeypatch.context() as patched:
        patched.setattr(policy_documents, "MAX_BYTES", 4999)
        with pytest.raises(ConfigurationError, match="at most 4999 bytes"):
            fetched(intranet, tmp_path)
    intranet.url = "https://127.0.0.1:9"
    with pytest.raises(SourceUnavailable, match="Run it again"):
        fetched(intranet, tmp_path)
