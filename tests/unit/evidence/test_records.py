# SPDX-License-Identifier: Apache-2.0
"""Records say once, and signed, what did not become evidence; the register adds what manifests say themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import BUCKET, LANDED_AT, PLACES, RETENTION, Keys, SignedCopy, key_list_of, listed

from tieout.errors import Tampered
from tieout.evidence.keys import Scope
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.records import (
    MAX_REASON,
    STATEMENTS,
    Record,
    RecordedObject,
    RecordKind,
    build_record,
    check_record,
    read_record,
)
from tieout.evidence.register import register, tie_out
from tieout.evidence.verify import Outcome

PAGE = RecordedObject(PLACES[0].raw("github-" + "0" * 32, "page-00000.csv"), "v1", "a" * 64, 3)
RECORD = Record(
    place=PLACES[0],
    kind=RecordKind.DID_NOT_LAND,
    system="github",
    landing="github-" + "0" * 32,
    reason="ContractError: row 3",
    by="a task",
    at=LANDED_AT,
    objects=(PAGE,),
    facts={},
)


def test_what_was_built_is_read(keys: Keys) -> None:
    data = build_record(RECORD, BUCKET, RETENTION, keys.landing)
    trusted = key_list_of(keys.root.keyid, listed(keys.landing, Scope.LANDING))
    record, lock = check_record(data, RECORD.key, trusted, BUCKET)
    assert record == RECORD == read_record(data, RECORD.key)
    assert (lock.mode, lock.until) == ("COMPLIANCE", RETENTION.until)


def test_the_same_event_has_the_same_key_whatever_its_words_and_time(keys: Keys) -> None:
    later = replace(RECORD, at=LANDED_AT.replace(year=2027), reason="other words", by="somebody else")
    assert later.key == RECORD.key
    for other in ({"kind": RecordKind.ABANDONED}, {"system": "gitlab"}, {"objects": ()}, {"place": PLACES[1]}, {"landing": None}):
        changes: dict[str, Any] = other
        assert replace(RECORD, **changes).key != RECORD.key


def test_a_long_reason_is_cut_and_says_so(keys: Keys) -> None:
    data = build_record(replace(RECORD, reason="x" * 9000), BUCKET, RETENTION, keys.landing)
    reason = read_record(data, RECORD.key).reason
    assert (len(reason), reason[-5:]) == (MAX_REASON, "[cut]")


@pytest.mark.parametrize(("key", "bucket"), [(PLACES[1].record(RECORD.id), BUCKET), (RECORD.key, "other")])
def test_a_record_in_another_place_is_tampered(keys: Keys, key: str, bucket: str) -> None:
    data = build_record(RECORD, BUCKET, RETENTION, keys.landing)
    with pytest.raises(Tampered, match="it was signed for"):
        check_record(data, key, key_list_of(keys.root.keyid, listed(keys.landing, Scope.LANDING)), bucket)


def test_a_record_answers_for_its_pages(copy: SignedCopy) -> None:
    copy.write(PAGE.key, b"abc")
    report = copy.verify()
    assert copy.outcome(report, PAGE.key).outcome is Outcome.MISSING
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    record = replace(RECORD, objects=(replace(PAGE, sha256=sha256),))
    copy.write(record.key, build_record(record, BUCKET, RETENTION, copy.keys.landing))
    assert copy.verify().outcome is Outcome.INTACT
    copy.write(PAGE.key, b"abd")
    assert copy.outcome(copy.verify(), record.key).outcome is Outcome.TAMPERED


def manifests(copy: SignedCopy) -> list[Manifest]:
    return [read_manifest(copy.path(key).read_bytes(), key) for key in copy.manifests]


def test_the_register_holds_records_and_what_manifests_say(copy: SignedCopy) -> None:
    first = copy.statement(copy.manifests[1])["predicate"]["landing"]

    def change(said: dict[str, Any]) -> None:
        said["predicate"]["supersedes"] = {"landing": first, "manifest_sha256": "b" * 64, "reason": "a row was missed"}
        said["predicate"]["extraction"] = {"state": "later", "lag_seconds": 864_000}
        said["predicate"]["ipe"]["drops"] = [{"reason": "outside the window", "rows": 4}, {"reason": "none", "rows": 0}]

    copy.sign_again(change)
    rows = register(manifests(copy), {RECORD.key: RECORD})
    said = {(row.kind, row.rows, row.objects, row.reason) for row in rows if row.control == "cc8_1_change_management"}
    assert said == {
        ("did not land", 0, 1, "ContractError: row 3"),
        ("superseded", 0, 2, "a row was missed"),
        ("late extraction", 0, 0, "Extracted 10.0 days after the window's end."),
        ("dropped", 4, 0, "Read and not part of the population: outside the window."),
    }
    assert [row.kind for row in rows if row.control == "cc6_1_access"] == ["zero population"]


@pytest.mark.parametrize("kind", sorted(STATEMENTS))
def test_what_is_said_of_a_period_or_a_campaign_took_nothing_away(keys: Keys, kind: RecordKind) -> None:
    said = replace(RECORD, kind=kind, objects=(), landing=None)
    assert read_record(build_record(said, BUCKET, RETENTION, keys.landing), said.key) == said
    assert register([], {said.key: said}) == []


@pytest.mark.parametrize("window", ["true-up-2026-07-02", "reconciled-tickets-2026-03", "deviations-2026-07-02"])
def test_a_comparison_that_found_nothing_is_no_zero_population(copy: SignedCopy, window: str) -> None:
    empty = next(manifest for manifest in manifests(copy) if manifest.predicate["control"]["id"] == "cc6_1_access")
    empty.predicate["window"]["key"] = window
    assert register([empty], {}) == []


def test_the_register_ties_to_what_the_digests_name(copy: SignedCopy) -> None:
    files = sorted(path.relative_to(copy.folder).as_posix() for path in copy.folder.rglob("*") if path.is_file())
    tied = tie_out([*files, PAGE.key, RECORD.key], manifests(copy), {RECORD.key: RECORD})
    assert (tied.ties, tied.digested, tied.unaccounted) == (True, len(files) + 2, ())
    assert tied.counts == {
        "digests": 2,
        "key lists": 1,
        "manifests": 3,
        "parts landed": 4,
        "raw pages landed": 3,
        "raw pages unusable: did not land": 1,
        "records": 1,
    }
    loose = tie_out([*files, PAGE.key, "odd"], manifests(copy), {})
    assert (loose.ties, loose.unaccounted) == (False, ("odd", PAGE.key))
