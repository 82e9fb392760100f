# SPDX-License-Identifier: Apache-2.0
"""Anchors without a service: what is announced, which addresses are taken, and that no error shows one."""

from __future__ import annotations

import hashlib
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.evidence.signed_copy import BUCKET, Keys

from tieout.errors import CannotCheck, ConfigurationError, Missing
from tieout.evidence.anchor import check_time_stamp, time_stamp
from tieout.evidence.announce import announce, message, read_channel, subject
from tieout.evidence.digest import Digest, build_genesis, read_digest
from tieout.evidence.layout import digest_key
from tieout.evidence.store import Retention

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
WEBHOOK = "https://hooks.slack.example/services/T0/B0/secret"
MAIL = "smtp://mail.example.com:587/?from=tieout@example.com&to=evidence@auditor.example"


@pytest.fixture
def envelope(keys: Keys) -> bytes:
    return build_genesis(BUCKET, AT, 3600, Retention("COMPLIANCE", AT + timedelta(days=400), "", ""), keys.digest)


@pytest.fixture
def head(envelope: bytes) -> Digest:
    return read_digest(envelope, digest_key(0))


def test_a_message_names_bucket_digest_hash_and_time(head: Digest, envelope: bytes) -> None:
    assert subject(head) == f"Tieout: digest 0 of bucket {BUCKET}"
    assert message(head).splitlines()[1:3] == [
        f"SHA-256 of digests/000000000000.dsse.json: {hashlib.sha256(envelope).hexdigest()}",
        "It covers what the bucket held at 2026-11-02T06:00:00.000000Z.",
    ]


def test_the_same_head_gives_the_same_message(head: Digest, envelope: bytes) -> None:
    assert message(head) == message(read_digest(envelope, digest_key(0)))


REFUSED = {
    "nothing": "",
    "another scheme": "ftp://secret.example/x",
    "a file": "file:///run/secrets/secret",
    "no scheme": "hooks.slack.example/services/secret",
    "no host": "https:///services/secret",
    "no port": "https://hooks.slack.example:secret/",
    "a port that is none": "https://hooks.slack.example:99999/secret",
    "a space": "https://hooks.slack.example/services/ secret",
    "two lines": "https://hooks.slack.example/services/\nsecret",
    "no ASCII": "https://hooks.slack.example/services/s\u00e9cret",
    "an open bracket": "https://[hooks.slack.example/secret",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_address_is_refused_and_not_shown(head: Digest, name: str) -> None:
    with pytest.raises(ConfigurationError, match="announcement channel: expected an address") as caught:
        announce(head, REFUSED[name])
    assert not _shows(caught.value, "secret")


@pytest.mark.parametrize("url", ["", "ftp://tsa.example", "tsa.example", "https://"])
def test_what_is_no_address_of_an_authority_is_refused(envelope: bytes, url: str) -> None:
    with pytest.raises(ConfigurationError, match="time-stamp authority: expected an address that starts with http"):
        time_stamp(envelope, url)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?from=a@example.com",
        "?to=a@example.com",
        "?from=a&to=b",
        "?from=a@example.com&to=b@example.com%0aBcc:c@example.com",
    ],
)
def test_a_mailbox_without_sender_and_recipient_is_refused(head: Digest, query: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mail\.example\.com: expected \?from=<mail address>"):
        announce(head, f"smtp://mail.example.com:587/{query}")


@pytest.mark.parametrize("url", [WEBHOOK, MAIL, f"{WEBHOOK}\n"])
def test_the_address_of_a_channel_is_read_from_a_file(tmp_path: Path, url: str) -> None:
    (tmp_path / "channel").write_text(url)
    (tmp_path / "channel").chmod(0o600)
    assert read_channel(tmp_path / "channel") == url.strip()


@pytest.mark.parametrize(
    "content", [b"", b"secret", b"https://a.example/secret\nhttps://b.example/secret", b"https://a.example/secret\xff"]
)
def test_a_file_without_one_address_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "channel").write_bytes(content)
    (tmp_path / "channel").chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"announcement channel .*/channel: expected a") as caught:
        read_channel(tmp_path / "channel")
    assert not _shows(caught.value, "secret")


def test_a_file_that_is_not_there_or_that_others_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can not be read"):
        read_channel(tmp_path / "absent")
    (tmp_path / "channel").write_text(WEBHOOK)
    (tmp_path / "channel").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_channel(tmp_path / "channel")


ROOT = b"no certificate"


@pytest.mark.parametrize("root", [b"", ROOT])
def test_without_the_authoritys_root_nothing_can_be_said(envelope: bytes, root: bytes) -> None:
    with pytest.raises(CannotCheck, match="no trust root"):
        check_time_stamp(b"", envelope, root)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("", CannotCheck),
        ("30", CannotCheck),
        ("3003", CannotCheck),
        ("30ff", CannotCheck),
        ("3084ffffffff", CannotCheck),
        ("300530030201", CannotCheck),
        ("3c68746d6c3e", CannotCheck),
        ("00" * 300_000, CannotCheck),
        ("30053003020102", Missing),
        ("30053003020100", Missing),
        ("30053003020103", Missing),
    ],
)
def test_a_malformed_or_refused_reply_is_named(
    envelope: bytes, reply: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieout.evidence.anchor.tsa_roots", lambda *_: [])
    with pytest.raises(error) as caught:
        check_time_stamp(bytes.fromhex(reply), envelope, ROOT)
    assert caught.type is error


def _shows(error: BaseException, secret: str) -> bool:
    """Say whether the error shows a secret, or an error behind it that a task log would print."""
    shown = [traceback.TracebackException.from_exception(error)]
    while shown[-1].__cause__ or (shown[-1].__context__ and not shown[-1].__suppress_context__):
        behind = shown[-1].__cause__ or shown[-1].__context__
        assert behind is not None
        shown.append(behind)
    return any(secret in line for one in shown for line in one.format_exception_only())
