# SPDX-License-Identifier: Apache-2.0
"""``tieout keys`` on files: a ceremony on one machine, and one whose root key is on a machine without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tieout.cli import main
from tieout.evidence.digest import Digest
from tieout.evidence.key_folder import check
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import Scope, load_signer
from tieout.evidence.layout import Class, class_of


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("TIEOUT_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments], input=answer)


def done(*arguments: str, answer: str | None = None) -> str:
    result = run(*arguments, answer=answer)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str, code: int = 1) -> str:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    return result.stderr


KEYS = ("--landing", "file2:k/landing.pem", "--response", "file2:k/response.pem", "--digest", "file2:k/digest.pem")
ROOT = ("--root", "file2:k/root.pem")
INIT = ("init", "--bucket", "evidence", "--folder", "F", *KEYS)


def root() -> str:
    return load_signer("file2:k/root.pem").keyid


def checked(folder: str = "F") -> tuple[KeyList, Digest]:
    return check(Path(folder), root(), "evidence")


def files(folder: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def test_a_bucket_is_established_in_a_folder() -> None:
    assert done(*INIT, *ROOT).strip() == root()
    assert files("F") == {"keys/root.dsse.json", "digests/000000000000.dsse.json", "README.md", "LAYOUT.json"}
    current, genesis = checked()
    assert [(key.scope, key.keyid) for key in current.keys] == [
        (scope, load_signer(f"file2:k/{scope}.pem").keyid) for scope in (Scope.LANDING, Scope.RESPONSE, Scope.DIGEST)
    ]
    assert (genesis.bucket, genesis.sequence, genesis.cadence_seconds, genesis.entries) == ("evidence", 0, 3600, ())
    assert genesis.retain_until == genesis.end.replace(microsecond=0) + timedelta(days=366 * 12)


def test_keys_are_made_where_there_are_none_and_their_owners_alone() -> None:
    done(*INIT, *ROOT)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path("k").iterdir()}
    assert modes == dict.fromkeys(("root.pem", "landing.pem", "response.pem", "digest.pem"), 0o600)
    assert stat.S_IMODE(Path("k").stat().st_mode) == 0o700


def test_keys_that_are_there_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    done(*INIT, *ROOT)
    before = {path: path.read_bytes() for path in Path("k").iterdir()}
    monkeypatch.setenv("TIEOUT_DIGEST_CADENCE_SECONDS", "7200")
    done(*INIT, *ROOT, "--folder", "G")
    assert {path: path.read_bytes() for path in Path("k").iterdir()} == before
    assert checked("G")[1].cadence_seconds == 7200


def test_a_folder_is_established_once_and_no_key_is_made_in_vain() -> None:
    done(*INIT, *ROOT)
    shutil.rmtree("k")
    assert "this folder was initialised already" in refused(*INIT, *ROOT)
    assert not Path("k").exists()


@pytest.mark.parametrize("choice", [(), (*ROOT, "--unsigned")])
def test_the_root_key_is_here_or_elsewhere(choice: tuple[str, ...]) -> None:
    assert "expected either --root with the root key, or --unsigned" in refused(*INIT, *choice, code=2)
    assert not Path("k").exists()


def test_scopes_do_not_share_a_key() -> None:
    assert "two scopes share a key" in refused(*INIT, *ROOT, "--response", "file2:k/landing.pem")
    assert "the root key is among the keys" in refused(*INIT, "--root", "file2:k/landing.pem")
    assert not Path("F").exists()


def test_what_belongs_to_somebody_else_comes_as_a_public_key() -> None:
    done(*INIT, *ROOT)
    Path("landing.pub").write_text(load_signer("file2:k/landing.pem").public_pem)
    done(*INIT, *ROOT, "--folder", "G", "--landing", "pem:landing.pub")
    assert checked("G")[0].keys[0].keyid == load_signer("file2:k/landing.pem").keyid
    for uri in ("pem:absent", "pem:k/landing.pem", "pem:"):
        assert "expected a PEM file with a P-256 public key" in refused(*INIT, *ROOT, "--folder", "H", "--landing", uri)
    assert "expected file2:" in refused(*INIT, *ROOT, "--folder", "H", "--digest", "pem:landing.pub")


def offline(request: str, *more: str, answer: str | None = None) -> Result:
    """Sign a request where there is nothing but the request and the root key."""
    shutil.copy(request, "offline")
    return run("sign", f"offline/{Path(request).name}", *ROOT, *more, answer=answer)


def test_a_root_on_another_machine_signs_a_request_and_nothing_else_travels() -> None:
    Path("offline").mkdir()
    done(*INIT, "--unsigned")
    assert files("k") == {"landing.pem", "response.pem", "digest.pem"}
    assert "keys/root.dsse.json" not in files("F")
    signed = offline("F/key_list-000001.request.json", answer="y\n")
    assert signed.exit_code == 0, signed.output
    assert signed.stdout.strip() == root()
    assert f"landing key {load_signer('file2:k/landing.pem').keyid}" in signed.stderr
    assert files("offline") == {"key_list-000001.request.json", "keys/root.dsse.json"}
    shutil.copytree("offline/keys", "F/keys", dirs_exist_ok=True)
    assert checked()[0].edition == 1
    for change in (
        ("rotate", "landing", "--key", "file2:k/landing2.pem"),
        ("revoke", load_signer("file2:k/landing.pem").keyid[:12], "--reason", "a laptop was lost"),
    ):
        done(*change, "--folder", "F", "--unsigned")
        number = checked()[0].edition + 1
        assert offline(f"F/key_list-{number:06}.request.json", "--yes").exit_code == 0
        shutil.copytree("offline/keys", "F/keys", dirs_exist_ok=True)
        assert checked()[0].edition == number
    assert [key.revoked_at is None for key in checked()[0].keys] == [False, True, True, True]


def test_the_holder_of_the_root_key_is_shown_what_it_is_and_may_say_no() -> None:
    Path("offline").mkdir()
    done(*INIT, "--unsigned")
    answered = offline("F/key_list-000001.request.json", answer="n\n")
    assert answered.exit_code == 1
    assert "of bucket evidence" in answered.stderr
    assert files("offline") == {"key_list-000001.request.json"}
    assert not Path("k/root.pem").exists()


def test_a_request_can_not_steer_the_terminal() -> None:
    done(*INIT, *ROOT)
    keyid = load_signer("file2:k/landing.pem").keyid
    done("revoke", keyid, "--reason", "\x1b[2Jlost", "--folder", "F", "--unsigned")
    Path("offline").mkdir()
    assert "\x1b" not in offline("F/key_list-000002.request.json", "--yes").output


def test_a_request_of_another_root_is_refused() -> None:
    done(*INIT, *ROOT)
    done("rotate", "digest", "--key", "file2:k/digest2.pem", "--folder", "F", "--unsigned")
    assert "expected root" in refused("sign", "F/key_list-000002.request.json", "--root", "file2:k/landing.pem", "--yes")
    assert "k/absent.pem: expected a PKCS 8" in refused(
        "sign", "F/key_list-000002.request.json", "--root", "file2:k/absent.pem", "--yes"
    )


def test_a_rotation_writes_the_next_edition() -> None:
    done(*INIT, *ROOT)
    assert done("rotate", "landing", "--key", "file2:k/new.pem", "--folder", "F", *ROOT, "--overlap-days", "2").strip() == root()
    current, _ = checked()
    old, new = (key for key in current.keys if key.scope is Scope.LANDING)
    assert (current.edition, new.keyid, new.valid_to) == (2, load_signer("file2:k/new.pem").keyid, None)
    assert old.valid_to == new.valid_from + timedelta(days=2) == current.issued_at + timedelta(days=2)


def test_a_key_is_rotated_to_once() -> None:
    done(*INIT, *ROOT)
    assert "is or was on it" in refused("rotate", "landing", "--key", "file2:k/digest.pem", "--folder", "F", *ROOT)
    assert "is or was on it" in refused("rotate", "landing", "--key", "file2:k/digest.pem", "--folder", "F", "--unsigned")
    assert {class_of(name) for name in files("F")} == {Class.KEY_LIST, Class.DIGEST, Class.DOCUMENTATION}


def test_a_revocation_states_from_when_on_and_its_reason_stays_outside() -> None:
    done(*INIT, *ROOT)
    at = checked()[0].keys[0].valid_from + timedelta(microseconds=1)
    keyid = load_signer("file2:k/landing.pem").keyid
    done("revoke", keyid[:8], "--reason", "a laptop was lost", "--at", at.isoformat(), "--folder", "F", *ROOT)
    assert [key.revoked_at for key in checked()[0].keys] == [at, None, None]
    assert b"laptop" not in Path("F/keys/root-000002.dsse.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ffffffff", "--reason", "lost"), 1, "expected the id of one listed key"),
        (("LANDING", "--reason", "lost", "--at", "yesterday"), 2, "--at: "),
        (("LANDING", "--reason", "lost", "--at", "2026-07-01T00:00:00"), 2, "with a time zone"),
        (("LANDING", "--reason", "lost", "--at", "2020-01-01T00:00:00Z"), 1, "expected a revocation between"),
        (("LANDING", "--reason", "lost", "--at", "2999-01-01T00:00:00Z"), 1, "expected a revocation between"),
        (("LANDING",), 2, "--reason"),
    ],
)
def test_a_revocation_that_can_not_be_is_named(arguments: tuple[str, ...], code: int, said: str) -> None:
    done(*INIT, *ROOT)
    keyid = load_signer("file2:k/landing.pem").keyid
    given = [keyid if argument == "LANDING" else argument for argument in arguments]
    assert said in refused("revoke", *given, "--folder", "F", *ROOT, code=code)
    assert "keys/root-000002.dsse.json" not in files("F")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda: shutil.rmtree("F/keys"), "Missing: keys/root.dsse.json is not there"),
        (lambda: Path("F/digests/000000000000.dsse.json").unlink(), "Missing: F/digests/000000000000.dsse.json is not there"),
        (lambda: Path("F/keys/root.dsse.json").write_bytes(b"{}"), "Missing: key list: expected a signature"),
        (lambda: shutil.copy("F/keys/root.dsse.json", "F/keys/root-000003.dsse.json"), "Missing: keys/root-000002.dsse.json"),
    ],
)
def test_nothing_is_built_on_a_folder_that_is_not_in_order(damage: object, said: str) -> None:
    done(*INIT, *ROOT)
    assert callable(damage)
    damage()
    before = files("F")
    assert said in refused("rotate", "landing", "--key", "file2:k/new.pem", "--folder", "F", *ROOT)
    assert files("F") == before


def test_an_edition_is_never_overwritten() -> None:
    done(*INIT, *ROOT)
    done("rotate", "landing", "--key", "file2:k/new.pem", "--folder", "F", "--unsigned")
    before = Path("F/key_list-000002.request.json").read_bytes()
    assert "it is never overwritten" in refused("rotate", "digest", "--key", "file2:k/d2.pem", "--folder", "F", "--unsigned")
    assert Path("F/key_list-000002.request.json").read_bytes() == before


def test_the_keys_are_shown_with_their_times() -> None:
    done(*INIT, *ROOT)
    done("rotate", "landing", "--key", "file2:k/new.pem", "--folder", "F", *ROOT)
    keyid = load_signer("file2:k/response.pem").keyid
    done("revoke", keyid, "--reason", "lost", "--folder", "F", *ROOT)
    lines = done("show", "--folder", "F", "--root", root()).splitlines()
    assert lines[0] == f"root      {root()}"
    assert lines[1].startswith("edition   3, issued ")
    assert [line.split()[0] for line in lines[2:]] == ["landing", "response", "digest", "landing"]
    assert "  until " in lines[2]
    assert "  revoked " in lines[3]
    assert "compare it with the one from outside" in done("show", "--folder", "F")
    assert "expected root" in refused("show", "--folder", "F", "--root", "0" * 64)


def test_a_fingerprint_is_that_of_the_public_half() -> None:
    done(*INIT, *ROOT)
    Path("root.pub").write_text(load_signer("file2:k/root.pem").public_pem)
    assert done("fingerprint", "file2:k/root.pem").strip() == done("fingerprint", "pem:root.pub").strip() == root()
    assert "absent.pem" in refused("fingerprint", "file2:absent.pem")
    assert not Path("absent.pem").exists()


@pytest.mark.parametrize("command", ["fingerprint", "init"])
def test_a_key_pasted_where_its_address_belongs_is_not_shown(command: str) -> None:
    done(*INIT, *ROOT)
    secret = Path("k/root.pem").read_text()
    body = secret.splitlines()[1]
    for pasted in (f"key={secret}", f"file2:{secret}", f"pem:{secret}", f"awskms:{secret}"):
        arguments = ("fingerprint", pasted) if command == "fingerprint" else (*INIT, "--folder", "G", "--root", pasted)
        assert body not in refused(*arguments)


def test_no_private_key_comes_near_what_is_published() -> None:
    done(*INIT, *ROOT, "--landing", "file2:F/keys/landing.pem", "--folder", "F")
    kept = [
        path for path in Path("F").rglob("*") if path.is_file() and class_of(path.relative_to("F").as_posix()) is Class.UNKNOWN
    ]
    assert kept == [Path("F/keys/landing.pem")]


def test_the_list_names_the_first_digest_by_its_bytes() -> None:
    done(*INIT, *ROOT)
    digest = Path("F/digests/000000000000.dsse.json").read_bytes()
    assert checked()[0].genesis_sha256 == hashlib.sha256(digest).hexdigest()
    assert abs(checked()[1].end - datetime.now(UTC)) < timedelta(minutes=5)
    assert json.loads(Path("F/LAYOUT.json").read_text())["layout_version"] == 1
