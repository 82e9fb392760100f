# SPDX-License-Identifier: Apache-2.0
"""VERIFY.md, run as it stands: openssl, jq and sha256sum confirm a landing, and do not confirm one that was tampered with."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.audit.test_selections import POPULATION
from tests.unit.evidence.signed_copy import BUCKET, LANDED_AT, RETENTION, Keys, SignedCopy, build_copy
from tests.verify_md import functions, run_blocks
from tieout.evidence.keys import DocumentSigner, generate_key
from tieout.evidence.layout import Place, digest_key
from tieout.evidence.records import Record, RecordKind, build_record

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> SignedCopy:
    folder = tmp_path_factory.mktemp("verify_md")
    names = ("root", "landing", "digest", "stranger", "other_root")
    return build_copy(folder, Keys(*(generate_key(folder / f"{name}.pem") for name in names)))


@pytest.fixture
def copy(template: SignedCopy, tmp_path: Path) -> SignedCopy:
    shutil.copytree(template.folder, tmp_path / "copy")
    return SignedCopy(tmp_path / "copy", template.keys, template.manifests)


def run(copy: SignedCopy, repository: Path, root: str | None = None, record: str = "") -> subprocess.CompletedProcess[str]:
    """Run the blocks of VERIFY.md in one shell."""
    return run_blocks(repository / "VERIFY.md", copy.folder, root or copy.root, copy.manifest, RECORD=record)


def test_public_tools_confirm_a_landing(copy: SignedCopy, repository: Path) -> None:
    done = run(copy, repository)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK\n") == 3, "two parts and a raw page"
    assert "key list: edition 1, signed by the root" in done.stdout
    assert "chain: 2 digests" in done.stdout


def seal_record(copy: SignedCopy, signer: DocumentSigner | None = None) -> str:
    """Record a sealed population in the copy, and return its key."""
    place = Place("2026-H2", "cc8_1_change_management", "period-2026-H2")
    facts = {"seal": POPULATION.seal, "population": POPULATION.as_document(), "once": "1"}
    record = Record(
        place=place, kind=RecordKind.SEALED, system=POPULATION.system, reason="Sealed.", by="Security Lead", at=LANDED_AT,
        facts=facts,
    )  # fmt: skip
    copy.write(record.key, build_record(record, BUCKET, RETENTION, signer or copy.keys.landing))
    copy.digest()
    return record.key


def test_public_tools_confirm_a_record_and_plain_python_its_seal(copy: SignedCopy, repository: Path) -> None:
    key = seal_record(copy)
    done = run(copy, repository, record=key)
    assert done.returncode == 0, done.stderr
    assert f"record: population sealed, signed at 2026-11-02T06:00:00.000000Z for {key}" in done.stdout
    ours = functions(repository)
    facts = ours["facts"](copy.path(key))
    assert ours["seal_of"](facts["population"]) == facts["seal"] == POPULATION.seal


def another_seal(copy: SignedCopy, key: str) -> None:
    said = copy.statement(key)
    said["facts"]["seal"] = "0" * 64
    copy.write_payload(json.dumps(said).encode(), key)
    copy.digest()


def strangers_record(copy: SignedCopy, _: str) -> None:
    seal_record(copy, copy.keys.stranger)


def digest_keys_record(copy: SignedCopy, _: str) -> None:
    seal_record(copy, copy.keys.digest)


def after_the_digest(copy: SignedCopy, key: str) -> None:
    copy.path(key).unlink()
    copy.digest()
    data = copy.path(digest_key(1)).read_bytes()
    seal_record(copy)
    copy.write(digest_key(1), data)


@pytest.mark.parametrize("attack", [another_seal, strangers_record, digest_keys_record, after_the_digest])
def test_public_tools_do_not_confirm_a_record_that_was_tampered_with(
    copy: SignedCopy, repository: Path, attack: Callable[[SignedCopy, str], None]
) -> None:
    key = seal_record(copy)
    attack(copy, key)
    assert run(copy, repository, record=key).returncode != 0


def byte_of_a_part(copy: SignedCopy) -> None:
    path = copy.path(copy.subjects("part")[0])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def payload(copy: SignedCopy) -> None:
    said = copy.statement()
    said["predicate"]["potential_deviations"] = 7
    copy.write_payload(json.dumps(said).encode())


def strangers_signature(copy: SignedCopy) -> None:
    copy.sign_again(lambda _: None, copy.keys.stranger)


def digest_keys_signature(copy: SignedCopy) -> None:
    copy.sign_again(lambda _: None, copy.keys.digest)


def dated_before_its_key(copy: SignedCopy) -> None:
    copy.sign_again(lambda said: said["predicate"]["times"]["landed_at"].update(at="2020-01-01T00:00:00.000000Z"))
    copy.digest()


def stripped(copy: SignedCopy) -> None:
    copy.write_envelope(lambda envelope: envelope.update(signatures=[]))


def no_part(copy: SignedCopy) -> None:
    copy.path(copy.subjects("part")[0]).unlink()


def signed_after_the_digest(copy: SignedCopy) -> None:
    copy.sign_again(lambda said: said["predicate"].update(potential_deviations=3))


def another_landing_removed(copy: SignedCopy) -> None:
    copy.path(copy.manifests[2]).unlink()


def digest_entry(copy: SignedCopy) -> None:
    said = copy.statement(digest_key(1))
    said["entries"].pop()
    copy.write_payload(json.dumps(said).encode(), digest_key(1))


def first_digest_gone(copy: SignedCopy) -> None:
    copy.path(digest_key(0)).unlink()


ATTACKS: list[Callable[[SignedCopy], None]] = [
    byte_of_a_part,
    payload,
    strangers_signature,
    digest_keys_signature,
    dated_before_its_key,
    stripped,
    no_part,
    signed_after_the_digest,
    another_landing_removed,
    digest_entry,
    first_digest_gone,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
def test_public_tools_do_not_confirm_what_was_tampered_with(
    copy: SignedCopy, repository: Path, attack: Callable[[SignedCopy], None]
) -> None:
    attack(copy)
    assert run(copy, repository).returncode != 0


def test_public_tools_do_not_confirm_another_root(copy: SignedCopy, repository: Path) -> None:
    assert run(copy, repository, "0" * 64).returncode != 0
