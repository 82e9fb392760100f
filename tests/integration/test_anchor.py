# SPDX-License-Identifier: Apache-2.0
"""Anchors against a real authority, a webhook and a mail server on loopback; openssl says the same of a time stamp as we do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.simulators.mailbox import Mailbox, running_mailbox
from tests.simulators.tsa import Tsa, running_tsa
from tests.simulators.webhook import Answer, Service, running_service
from tieout.errors import CannotCheck, ConfigurationError, Missing, SourceUnavailable, Tampered
from tieout.evidence.anchor import check_time_stamp, time_stamp
from tieout.evidence.announce import announce
from tieout.evidence.digest import Digest, build_genesis, read_digest
from tieout.evidence.keys import generate_key
from tieout.evidence.layout import digest_key
from tieout.evidence.store import Retention

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a signed digest."""
    signer = generate_key(tmp_path_factory.mktemp("digest") / "key.pem")
    return build_genesis("evidence-bucket", NOW, 3600, Retention("COMPLIANCE", NOW + timedelta(days=400), "", ""), signer)


@pytest.fixture(scope="module")
def head(document: bytes) -> Digest:
    return read_digest(document, digest_key(0))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("other") / "tsa", "Other")


@pytest.fixture
def tsa(authority: Tsa) -> Iterator[Service]:
    with running_tsa(authority) as service:
        yield service


@pytest.fixture(scope="module")
def stamped(authority: Tsa, document: bytes) -> bytes:
    with running_tsa(authority) as service:
        return time_stamp(document, service.url)


def openssl_verifies(folder: Path, tsr: bytes, data: bytes, root: bytes) -> bool:
    for name, content in (("head.tsr", tsr), ("head.dsse.json", data), ("tsa_root.pem", root)):
        (folder / name).write_bytes(content)
    command = ["openssl", "ts", "-verify", "-data", "head.dsse.json", "-in", "head.tsr", "-CAfile", "tsa_root.pem"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == ("Verification: OK" in done.stdout)
    return done.returncode == 0


def test_a_time_stamp_is_checked_by_us_and_by_openssl(stamped: bytes, document: bytes, authority: Tsa, tmp_path: Path) -> None:
    at = check_time_stamp(stamped, document, authority.root_pem)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    assert at.tzinfo is UTC
    assert openssl_verifies(tmp_path, stamped, document, authority.root_pem)


def test_a_query_is_what_rfc_3161_says(tsa: Service, document: bytes) -> None:
    time_stamp(document, tsa.url)
    assert tsa.received[0].headers["Content-Type"] == "application/timestamp-query"
    query = subprocess.run(
        ["openssl", "ts", "-query", "-in", "/dev/stdin", "-text"], input=tsa.received[0].body, capture_output=True, check=True
    ).stdout.decode()
    assert "Hash Algorithm: sha256" in query
    assert "Certificate required: yes" in query
    assert "Nonce: 0x" in query


def test_several_roots_may_be_given_and_one_may_stand_twice(stamped: bytes, document: bytes, authority: Tsa, other: Tsa) -> None:
    check_time_stamp(stamped, document, other.root_pem + authority.root_pem + authority.root_pem)


def test_for_other_data_it_is_tampered(stamped: bytes, document: bytes, authority: Tsa, tmp_path: Path) -> None:
    with pytest.raises(Tampered, match="for other bytes, or was changed"):
        check_time_stamp(stamped, document + b"\n", authority.root_pem)
    assert not openssl_verifies(tmp_path, stamped, document + b"\n", authority.root_pem)


def test_an_untrusted_authority_can_not_be_checked(stamped: bytes, document: bytes, other: Tsa, tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="does not lead to the given root"):
        check_time_stamp(stamped, document, other.root_pem)
    assert not openssl_verifies(tmp_path, stamped, document, other.root_pem)


def test_a_certificate_that_had_expired_can_not_be_checked(document: bytes, tmp_path: Path) -> None:
    expired = Tsa(tmp_path / "tsa", expired=True)
    with running_tsa(expired) as service:
        stamped = time_stamp(document, service.url)
    with pytest.raises(CannotCheck, match="does not lead to the given root"):
        check_time_stamp(stamped, document, expired.root_pem)


def test_stripped_of_its_token_it_is_missing(document: bytes, authority: Tsa) -> None:
    with pytest.raises(Missing, match="no token"):
        check_time_stamp(bytes.fromhex("30053003020100"), document, authority.root_pem)  # granted, and nothing else


def test_what_the_authority_refused_is_missing(document: bytes, authority: Tsa) -> None:
    refusal = authority.reply(b"no query")
    with pytest.raises(Missing, match=r"status 2 .*Bad request"):
        check_time_stamp(refusal, document, authority.root_pem)


def test_stripped_of_its_certificates_it_can_not_be_checked(document: bytes, authority: Tsa) -> None:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(document).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=False)
    with pytest.raises(CannotCheck, match="does not lead to the given root"):
        check_time_stamp(authority.reply(builder.build().as_bytes()), document, authority.root_pem)


@pytest.mark.parametrize("root", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_without_a_root_it_can_not_be_checked(stamped: bytes, document: bytes, root: bytes) -> None:
    with pytest.raises(CannotCheck, match="no trust root"):
        check_time_stamp(stamped, document, root)


def test_cut_anywhere_it_can_not_be_checked(stamped: bytes, document: bytes, authority: Tsa) -> None:
    for length in range(0, len(stamped), 7):
        with pytest.raises((CannotCheck, Missing)):
            check_time_stamp(stamped[:length], document, authority.root_pem)


def test_whatever_bit_is_flipped_its_time_and_its_data_hold_or_it_is_refused(
    stamped: bytes, document: bytes, authority: Tsa
) -> None:
    at, refused = check_time_stamp(stamped, document, authority.root_pem), 0
    for position in range(len(stamped)):
        changed = bytearray(stamped)
        changed[position] ^= 1
        try:
            assert check_time_stamp(bytes(changed), document, authority.root_pem) == at  # a byte that nothing signs
        except (CannotCheck, Missing, Tampered):
            refused += 1
    assert refused > 0.95 * len(stamped)


def test_an_authority_that_hashes_otherwise_refuses_and_is_worth_another_try(document: bytes, tmp_path: Path) -> None:
    with running_tsa(Tsa(tmp_path / "tsa", digests="sha512")) as service, pytest.raises(SourceUnavailable, match="not supported"):
        time_stamp(document, service.url)


def test_a_reply_to_another_request_is_not_taken(tsa: Service, document: bytes, stamped: bytes) -> None:
    tsa.answer = lambda _: (200, "application/timestamp-reply", stamped)
    with pytest.raises(SourceUnavailable, match="it answered another request than ours"):
        time_stamp(document, tsa.url)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((200, "text/html", b"<html>log in</html>"), SourceUnavailable, "got something else"),
        ((200, "text/html", b""), SourceUnavailable, "got something else"),
        ((200, "text/html", b"0" * 300_000), SourceUnavailable, "at most 262144 bytes"),
        ((500, "text/html", b""), SourceUnavailable, "status 500"),
        ((503, "text/html", b""), SourceUnavailable, "status 503"),
        ((429, "text/html", b""), SourceUnavailable, "status 429"),
        ((404, "text/html", b""), ConfigurationError, "status 404"),
        ((403, "text/html", b""), ConfigurationError, "status 403"),
        ((302, "text/html", b""), ConfigurationError, "It sends elsewhere"),
        ((307, "text/html", b""), ConfigurationError, "It sends elsewhere"),
    ],
)
def test_what_is_no_time_stamp_is_named(tsa: Service, document: bytes, answer: Answer, error: type[Exception], said: str) -> None:
    tsa.answer = lambda _: answer
    with pytest.raises(error, match=said) as caught:
        time_stamp(document, tsa.url)
    assert caught.type is error
    assert len(tsa.received) == 1


def test_a_service_that_does_not_answer_in_time_is_worth_another_try(document: bytes) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SourceUnavailable, match="did not answer"):
        time_stamp(document, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)


def test_a_webhook_gets_the_head(head: Digest) -> None:
    with running_service() as channel:
        announce(head, f"{channel.url}/services/T0/B0/secret")
    posted = channel.received[0]
    assert (posted.path, posted.headers["Content-Type"]) == ("/services/T0/B0/secret", "application/json")
    text = json.loads(posted.body)["text"]
    assert all(part in text for part in (head.bucket, head.sha256, "digests/000000000000.dsse.json"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, ConfigurationError),
        (403, ConfigurationError),
        (410, ConfigurationError),
        (429, SourceUnavailable),
        (502, SourceUnavailable),
    ],
)
def test_a_webhook_that_refuses_is_named_by_its_host_alone(head: Digest, status: int, error: type[Exception]) -> None:
    said = rf"announcement channel at 127\.0\.0\.1: .*status {status}"
    with running_service(lambda _: (status, "text/plain", b"no_service")) as channel, pytest.raises(error, match=said) as caught:
        announce(head, f"{channel.url}/services/T0/B0/secret")
    assert_hidden(caught.value, "secret")


def test_a_webhook_that_is_not_there_is_named_by_its_host_alone(head: Digest) -> None:
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1: it did not answer \(ConnectionRefusedError\)") as caught:
        announce(head, "http://127.0.0.1:1/services/T0/B0/secret")
    assert_hidden(caught.value, "secret")


def assert_hidden(error: BaseException, secret: str) -> None:
    """Check the error, and the traceback that a task log prints, but for the lines of this test's own source."""
    import traceback

    shown = traceback.TracebackException.from_exception(error)
    assert secret not in "".join(shown.format_exception_only())
    assert shown.__suppress_context__


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as running:
        yield running


QUERY = "from=tieout@example.com&to=evidence%2Bclient@auditor.example"


def test_a_mailbox_gets_the_head(head: Digest, mailbox: Mailbox) -> None:
    announce(head, mailbox.url(QUERY))
    (mail,) = mailbox.messages
    assert (mail["From"], mail["To"]) == ("tieout@example.com", "evidence+client@auditor.example")
    assert mail["Subject"] == "Tieout: digest 0 of bucket evidence-bucket"
    assert head.sha256 in mail.get_content()


def test_a_plus_in_an_address_and_several_recipients_are_what_they_look_like(head: Digest, mailbox: Mailbox) -> None:
    announce(head, mailbox.url("from=a@example.com&to=b+c@auditor.example,d@auditor.example"))
    assert [command for command in mailbox.commands if command.startswith("rcpt")] == [
        "rcpt TO:<b+c@auditor.example>",
        "rcpt TO:<d@auditor.example>",
    ]


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        ("RCPT", "550 no such mailbox", ConfigurationError),
        ("RCPT", "450 greylisted", SourceUnavailable),
        ("MAIL", "553 not you", ConfigurationError),
        ("DATA", "554 no", ConfigurationError),
        ("CONNECT", "421 busy", SourceUnavailable),
    ],
)
def test_a_mail_server_that_refuses_is_named(
    head: Digest, mailbox: Mailbox, command: str, answer: str, error: type[Exception]
) -> None:
    mailbox.answers[command] = answer
    with pytest.raises(error, match=rf"127\.0\.0\.1: .*status {answer[:3]}"):
        announce(head, mailbox.url(QUERY))
    assert mailbox.messages == []


def test_a_password_is_not_sent_without_encryption(head: Digest, mailbox: Mailbox) -> None:
    with pytest.raises(ConfigurationError, match="a password is not sent without") as caught:
        announce(head, mailbox.url(QUERY, "user:hunter2@"))
    assert "hunter2" not in str(caught.value)
    assert not any(command.upper().startswith("AUTH") for command in mailbox.commands)


def test_a_mail_server_that_is_not_there_is_worth_another_try(head: Digest) -> None:
    with pytest.raises(SourceUnavailable, match="did not answer"):
        announce(head, f"smtp://127.0.0.1:1/?{QUERY}")
