# SPDX-License-Identifier: Apache-2.0
"""A manifest: what its own bytes and the key list can tell, step by step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.evidence.signed_copy import BUCKET, PLACES, Keys, SignedCopy, Statement, key_list_of, listed

from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.dsse import IN_TOTO, seal
from tieout.evidence.key_list import PAYLOAD_TYPE, KeyList
from tieout.evidence.keys import Scope
from tieout.evidence.manifest import Manifest, build_manifest, check_manifest, part_subject, raw_subject, read_manifest
from tieout.evidence.parts import Part


@pytest.fixture
def key_list(keys: Keys) -> KeyList:
    return key_list_of(keys.root.keyid, listed(keys.landing, Scope.LANDING), listed(keys.digest, Scope.DIGEST))


@pytest.fixture
def statement(template: SignedCopy) -> Statement:
    return template.statement()


Check = Callable[[bytes], Manifest]


@pytest.fixture
def check(template: SignedCopy, key_list: KeyList) -> Check:
    return lambda data: check_manifest(data, template.manifest, key_list, None)


def test_a_good_manifest_says_what_was_signed(template: SignedCopy, check: Check) -> None:
    data = template.path(template.manifest).read_bytes()
    manifest = check(data)
    assert manifest.key == template.manifest
    assert manifest.sha256 == hashlib.sha256(data).hexdigest()
    assert manifest.landing == manifest.predicate["landing"]
    assert [(subject.role, subject.rows, subject.version_id) for subject in manifest.subjects] == [
        ("part", 3, "version-0"),
        ("part", 2, "version-1"),
        ("raw", None, "version-raw"),
    ]
    assert manifest == read_manifest(data, template.manifest)


def test_subjects_are_signed_in_order_of_name(template: SignedCopy, statement: Statement, keys: Keys) -> None:
    names = [entry["name"] for entry in statement["subject"]]
    assert names == sorted(names)
    backwards = build_manifest(reversed(statement["subject"]), statement["predicate"], keys.landing)
    assert [subject.key for subject in read_manifest(backwards, template.manifest).subjects] == names


def test_a_subject_states_version_and_size() -> None:
    landed = Part(Path("x"), "thing.v1", "thing", 0, 2, "e" * 64, "d" * 64, 7)
    part = part_subject("evidence/a", landed, "v1")
    assert part["digest"] == {"sha256": "d" * 64}
    assert part["annotations"] == {
        "role": "part",
        "version_id": "v1",
        "bytes": 7,
        "evidence_type": "thing.v1",
        "rows": 2,
        "rows_sha256": "e" * 64,
    }
    raw = raw_subject("raw/a", "d" * 64, "v1", 7, "f" * 64)
    assert raw["annotations"] == {"role": "raw", "version_id": "v1", "bytes": 7, "received_sha256": "f" * 64}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda said: said["predicate"].pop("ipe"), id="a field too few"),
        pytest.param(lambda said: said["predicate"].update(note=1), id="a field too many"),
        pytest.param(lambda said: said["subject"].clear(), id="no subject"),
        pytest.param(lambda said: said["subject"][0].update(name="evidence/../x"), id="a name that leads out"),
    ],
)
def test_what_breaks_the_schema_is_never_signed(statement: Statement, keys: Keys, change: Callable[[Statement], object]) -> None:
    change(statement)
    with pytest.raises(CannotCheck, match="malformed"):
        build_manifest(statement["subject"], statement["predicate"], keys.landing)


def test_looking_up_does_not_ask_who_signed(template: SignedCopy, statement: Statement, keys: Keys) -> None:
    assert read_manifest(seal(statement, IN_TOTO, keys.stranger), "elsewhere").key == "elsewhere"
    with pytest.raises(CannotCheck):
        read_manifest(seal({"_type": "x"}, IN_TOTO, keys.landing), template.manifest)
    with pytest.raises(Missing):
        read_manifest(b'{"payload":"e30=","payloadType":"x","signatures":[]}', template.manifest)


@pytest.mark.parametrize("name", ["stranger", "digest", "root"])
def test_only_a_listed_landing_key_signs_manifests(statement: Statement, keys: Keys, check: Check, name: str) -> None:
    with pytest.raises(Tampered):
        check(seal(statement, IN_TOTO, getattr(keys, name)))


def test_a_document_of_another_kind_is_no_manifest(statement: Statement, keys: Keys, check: Check) -> None:
    with pytest.raises(CannotCheck, match="payload type"):
        check(seal(statement, PAYLOAD_TYPE, keys.landing))


@pytest.mark.parametrize("bucket", [BUCKET, None])
def test_a_manifest_stands_in_its_bucket_or_in_a_copy(template: SignedCopy, key_list: KeyList, bucket: str | None) -> None:
    data = template.path(template.manifest).read_bytes()
    assert check_manifest(data, template.manifest, key_list, bucket).predicate["bucket"] == BUCKET


def test_a_manifest_in_another_bucket_is_tampered(template: SignedCopy, key_list: KeyList) -> None:
    data = template.path(template.manifest).read_bytes()
    with pytest.raises(Tampered, match="signed for bucket 'evidence-bucket' and stands in 'other'"):
        check_manifest(data, template.manifest, key_list, "other")


@pytest.mark.parametrize("number", [1, 2])
def test_a_manifest_in_another_place_is_tampered(template: SignedCopy, key_list: KeyList, number: int) -> None:
    data = template.path(template.manifest).read_bytes()
    moved = PLACES[number].manifest(read_manifest(data, template.manifest).landing)
    with pytest.raises(Tampered, match="it was moved"):
        check_manifest(data, moved, key_list, None)


def _rename(old: str, new: str) -> Callable[[Statement], object]:
    def change(said: Statement) -> None:
        said["subject"][0]["name"] = said["subject"][0]["name"].replace(old, new)

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_rename("github-", "gitlab-"), id="of another landing"),
        pytest.param(_rename("control=cc8_1_change_management", "control=cc8_1"), id="of another control"),
        pytest.param(_rename("2026-H2", "2026-H1"), id="of another period"),
        pytest.param(lambda said: said["subject"].append(said["subject"][0]), id="twice"),
    ],
)
def test_a_subject_that_does_not_belong_to_the_landing_is_tampered(
    statement: Statement, keys: Keys, check: Check, change: Callable[[Statement], object]
) -> None:
    change(statement)
    with pytest.raises(Tampered, match="another landing, or one object twice"):
        check(seal(statement, IN_TOTO, keys.landing))


@pytest.mark.parametrize("text", ["2026-02-30T06:00:00.000000Z", "2026-11-02T25:00:00.000000Z", "0000-11-02T06:00:00.000000Z"])
@pytest.mark.parametrize("place", ["landed_at", "retain_until"])
def test_a_time_that_never_was_can_not_be_checked(statement: Statement, keys: Keys, check: Check, place: str, text: str) -> None:
    if place == "landed_at":
        statement["predicate"]["times"]["landed_at"]["at"] = text
    else:
        statement["predicate"]["retention"]["retain_until"] = text
    with pytest.raises(CannotCheck, match=text):
        check(seal(statement, IN_TOTO, keys.landing))
