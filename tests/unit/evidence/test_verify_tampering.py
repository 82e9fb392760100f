# SPDX-License-Identifier: Apache-2.0
"""Tamper with one landing, expect the named outcome for it, and *intact* for the two others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from tests.unit.evidence.signed_copy import LANDED_AT, PLACES, SignedCopy, Statement, listed

from tieout.evidence.keys import Scope
from tieout.evidence.layout import landing_of
from tieout.evidence.rowhash import rows_sha256
from tieout.evidence.verify import Outcome

TAMPERED, MISSING, CANNOT_CHECK = Outcome.TAMPERED, Outcome.MISSING, Outcome.CANNOT_CHECK
Tamper = Callable[[SignedCopy], object]
CASES: list[tuple[Outcome, str, Tamper]] = []


def case(outcome: Outcome, reason: str) -> Callable[[Tamper], Tamper]:
    """Register one way to tamper, the outcome it has to have, and words that the reason has to hold."""

    def register(tamper: Tamper) -> Tamper:
        CASES.append((outcome, reason, tamper))
        return tamper

    return register


@case(TAMPERED, "its bytes were changed")
def a_byte_of_a_part_changed(copy: SignedCopy) -> None:
    path = copy.path(copy.subjects("part")[1])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@case(TAMPERED, "its bytes were changed")
def a_part_written_again_with_the_same_rows(copy: SignedCopy) -> None:
    path = copy.path(copy.subjects("part")[0])
    rows = pq.read_table(path, partitioning=None)
    pq.write_table(rows, path, compression="snappy")
    assert rows_sha256(pq.read_table(path, partitioning=None)) == rows_sha256(rows)


@case(TAMPERED, "its bytes were changed")
def two_parts_swapped(copy: SignedCopy) -> None:
    one, other = (copy.path(key) for key in copy.subjects("part"))
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


@case(TAMPERED, "its bytes were changed")
def a_raw_page_emptied(copy: SignedCopy) -> None:
    copy.write(copy.subjects("raw")[0], b"")


@case(MISSING, "not there in the version that was signed")
def a_part_removed(copy: SignedCopy) -> None:
    copy.path(copy.subjects("part")[0]).unlink()


@case(MISSING, "page-00000.csv: not there")
def a_raw_page_removed(copy: SignedCopy) -> None:
    copy.path(copy.subjects("raw")[0]).unlink()


@case(MISSING, "not there in the version that was signed")
def a_folder_where_a_part_stood(copy: SignedCopy) -> None:
    path = copy.path(copy.subjects("part")[0])
    path.unlink()
    path.mkdir()


@case(MISSING, "not there in the version that was signed")
def a_link_out_of_the_copy_where_a_part_stood(copy: SignedCopy) -> None:
    path = copy.path(copy.subjects("part")[0])
    path.rename(copy.folder.parent / "elsewhere.parquet")
    path.symlink_to(copy.folder.parent / "elsewhere.parquet")


@case(MISSING, "not there in the version that was signed")
def a_link_to_itself_where_a_part_stood(copy: SignedCopy) -> None:
    path = copy.path(copy.subjects("part")[0])
    path.unlink()
    path.symlink_to(path.name)


@case(MISSING, "listed and not there")
def a_link_out_of_the_copy_where_the_manifest_stood(copy: SignedCopy) -> None:
    path = copy.path(copy.manifest)
    path.rename(copy.folder.parent / "elsewhere.json")
    path.symlink_to(copy.folder.parent / "elsewhere.json")


@case(MISSING, "stripped, or never signed")
def signatures_emptied(copy: SignedCopy) -> None:
    copy.write_envelope(lambda envelope: envelope.update(signatures=[]))


@case(MISSING, "stripped, or never signed")
def signatures_removed(copy: SignedCopy) -> None:
    copy.write_envelope(lambda envelope: envelope.pop("signatures"))


@case(TAMPERED, "the signature does not match the payload")
def the_signature_of_another_manifest(copy: SignedCopy) -> None:
    other = copy.envelope(copy.manifests[1])["signatures"]
    copy.write_envelope(lambda envelope: envelope.update(signatures=other))


@case(TAMPERED, "the signature does not match the payload")
def the_signature_emptied(copy: SignedCopy) -> None:
    copy.write_envelope(lambda envelope: envelope["signatures"][0].update(sig=""))


@case(TAMPERED, "the signature does not match the payload")
def the_payload_changed(copy: SignedCopy) -> None:
    said = copy.statement()
    said["predicate"]["potential_deviations"] = 1
    copy.write_payload(json.dumps(said).encode())


@case(TAMPERED, "the signature does not match the payload")
def the_payload_written_again_with_the_same_meaning(copy: SignedCopy) -> None:
    copy.write_payload(json.dumps(copy.statement(), indent=1).encode())


@case(TAMPERED, "which the key list does not hold")
def signed_by_a_stranger(copy: SignedCopy) -> None:
    copy.sign_again(lambda _: None, copy.keys.stranger)


@case(TAMPERED, "the signature does not match the payload")
def signed_by_a_stranger_under_the_writers_id(copy: SignedCopy) -> None:
    copy.sign_again(lambda _: None, copy.keys.stranger)
    copy.write_envelope(lambda envelope: envelope["signatures"][0].update(keyid=copy.keys.landing.keyid))


@case(TAMPERED, "of scope digest")
def signed_by_the_digest_key(copy: SignedCopy) -> None:
    copy.sign_again(lambda _: None, copy.keys.digest)


@case(TAMPERED, "was not valid at 2026-06-30")
def signed_before_its_key_was_valid(copy: SignedCopy) -> None:
    def change(said: Statement) -> None:
        said["predicate"]["times"]["landed_at"]["at"] = "2026-06-30T23:59:59.999999Z"

    copy.sign_again(change)


def _let_stranger_sign(copy: SignedCopy, **times: object) -> None:
    entry = listed(copy.keys.stranger, Scope.LANDING, **times)  # type: ignore[arg-type]
    copy.list_keys([listed(copy.keys.landing, Scope.LANDING), entry])
    copy.sign_again(lambda _: None, copy.keys.stranger)


@case(TAMPERED, "was not valid at 2026-11-02T06:00")
def signed_after_its_key_had_ended(copy: SignedCopy) -> None:
    _let_stranger_sign(copy, valid_to=LANDED_AT)


@case(TAMPERED, "was not valid at 2026-11-02T06:00")
def signed_after_its_key_was_revoked(copy: SignedCopy) -> None:
    _let_stranger_sign(copy, valid_to=LANDED_AT + timedelta(days=1), revoked_at=LANDED_AT)


def _move(copy: SignedCopy, key: str) -> None:
    copy.write(key, copy.path(copy.manifest).read_bytes())
    copy.path(copy.manifest).unlink()


@case(TAMPERED, "it was moved")
def moved_to_another_window(copy: SignedCopy) -> None:
    _move(copy, copy.manifest.replace("window=2026-10", "window=2026-11"))


@case(TAMPERED, "it was moved")
def moved_to_another_control(copy: SignedCopy) -> None:
    _move(copy, PLACES[1].manifest(landing_of(copy.manifest)))


@case(TAMPERED, "it was moved")
def moved_to_another_period(copy: SignedCopy) -> None:
    _move(copy, copy.manifest.replace("2026-H2", "2027-H1"))


@case(TAMPERED, "it was moved")
def moved_to_another_name(copy: SignedCopy) -> None:
    _move(copy, copy.manifest.replace("github-", "gitlab-"))


@case(TAMPERED, "another landing, or one object twice")
def names_the_parts_of_another_landing(copy: SignedCopy) -> None:
    other = copy.statement(copy.manifests[1])["subject"]
    copy.sign_again(lambda said: said.update(subject=other))


@case(CANNOT_CHECK, "does not let it be read")
def names_an_object_that_no_file_system_holds(copy: SignedCopy) -> None:
    def change(said: Statement) -> None:
        first = said["subject"][0]
        said["subject"].append({**first, "name": first["name"].replace("thing", "t" * 300)})

    copy.sign_again(change)


@pytest.mark.parametrize(("outcome", "reason", "tamper"), CASES, ids=[tamper.__name__ for _, _, tamper in CASES])
def test_one_landing_is_tampered_with(copy: SignedCopy, outcome: Outcome, reason: str, tamper: Tamper) -> None:
    tamper(copy)
    report = copy.verify()
    assert report.outcome is outcome
    changed = [landing for landing in report.landings if landing.key not in copy.manifests[1:]]
    assert changed[0].outcome is outcome
    assert any(finding.outcome is outcome and reason in finding.reason for finding in changed[0].findings)
    assert {copy.outcome(report, key).outcome for key in copy.manifests[1:]} == {Outcome.INTACT}
