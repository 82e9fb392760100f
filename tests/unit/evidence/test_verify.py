# SPDX-License-Identifier: Apache-2.0
"""Verification of an untouched copy, of parts of it, and without trust; and what a report says."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.unit.evidence.signed_copy import NOW, ROWS, Keys, SignedCopy, build_copy, listed

from tieout.evidence.keys import Scope
from tieout.evidence.layout import KEY_LIST, digest_key
from tieout.evidence.sources import Copy
from tieout.evidence.verify import LANDING, Finding, ItemOutcome, Outcome, Report, verify


def test_an_untouched_copy_is_intact(template: SignedCopy) -> None:
    report = template.verify()
    assert report.outcome is Outcome.INTACT
    assert (report.intact, len(report.landings), report.finding) == (3, 3, None)
    assert [landing.key for landing in report.landings] == sorted(template.manifests)
    assert all(landing.findings == () for landing in report.landings)
    assert {landing.key: landing.rows for landing in report.landings} == dict(zip(template.manifests, ROWS, strict=True))


@pytest.mark.parametrize(
    ("period", "control", "numbers"),
    [
        (None, None, {0, 1, 2}),
        ("2026-H2", None, {0, 1}),
        ("2027-H1", None, {2}),
        ("2026-H2", "cc8_1_change_management", {0}),
        ("2026-H2", "cc6_1_access", {1}),
    ],
)
def test_verification_looks_at_what_it_was_asked_about(
    template: SignedCopy, period: str | None, control: str | None, numbers: set[int]
) -> None:
    report = template.verify(observation_period=period, control=control)
    assert {landing.key for landing in report.landings} == {template.manifests[number] for number in numbers}
    assert report.outcome is Outcome.INTACT


@pytest.mark.parametrize(
    ("period", "control"), [("2026-H1", None), ("2026", None), ("2026-H2", "cc8_1"), ("2027-H1", "cc6_1_access")]
)
def test_a_slot_that_holds_nothing_is_missing(template: SignedCopy, period: str, control: str | None) -> None:
    report = template.verify(observation_period=period, control=control)
    assert (report.outcome, report.landings) == (Outcome.MISSING, ())
    assert report.finding is not None
    assert f"manifests/observation_period={period}/" in report.finding.reason


def test_damage_in_one_period_does_not_touch_another(copy: SignedCopy) -> None:
    copy.path(copy.subjects("part")[0]).write_bytes(b"changed")
    copy.path(copy.manifest).unlink()
    assert copy.verify(observation_period="2027-H1").outcome is Outcome.INTACT
    assert copy.verify(observation_period="2026-H2", control="cc6_1_access").outcome is Outcome.INTACT
    assert copy.verify(observation_period="2026-H2").outcome is Outcome.MISSING


@pytest.mark.parametrize("root", [None, ""])
def test_without_a_root_nothing_can_be_checked(template: SignedCopy, root: str | None) -> None:
    report = verify(Copy(template.folder), root, now=NOW)
    assert report.outcome is Outcome.CANNOT_CHECK
    assert (report.intact, len(report.landings)) == (0, 3)
    assert all("no trust root" in landing.findings[0].reason for landing in report.landings)


def test_without_a_root_an_empty_folder_is_no_better(tmp_path: Path) -> None:
    assert verify(Copy(tmp_path), None, now=NOW).outcome is Outcome.CANNOT_CHECK


def test_an_empty_folder_is_missing(tmp_path: Path, keys: Keys) -> None:
    report = verify(Copy(tmp_path), keys.root.keyid, now=NOW)
    assert (report.outcome, report.landings) == (Outcome.MISSING, ())


def test_a_folder_with_nothing_but_a_key_list_is_missing(copy: SignedCopy) -> None:
    for top in ("manifests", "evidence", "raw"):
        shutil.rmtree(copy.folder / top)
    report = copy.verify()
    assert (report.outcome, report.landings) == (Outcome.MISSING, ())


def test_a_store_signed_again_under_another_root_can_not_be_checked(tmp_path: Path, keys: Keys) -> None:
    forged = build_copy(tmp_path, Keys(keys.other_root, keys.stranger, keys.digest, keys.landing, keys.root))
    assert forged.verify().outcome is Outcome.INTACT
    report = forged.verify(keys.root.keyid)
    assert report.outcome is Outcome.CANNOT_CHECK
    assert {landing.outcome for landing in report.landings} == {Outcome.CANNOT_CHECK}
    assert report.finding is not None
    assert "outside the bucket" in report.finding.reason


def test_an_absent_key_list_is_missing(copy: SignedCopy) -> None:
    copy.path(KEY_LIST).unlink()
    report = copy.verify()
    assert {report.outcome, *(landing.outcome for landing in report.landings)} == {Outcome.MISSING}
    assert len(report.landings) == 3


def test_an_altered_key_list_is_tampered(copy: SignedCopy) -> None:
    said = copy.statement(KEY_LIST)
    said["keys"][0]["valid_from"] = "2020-01-01T00:00:00.000000Z"
    copy.write_payload(json.dumps(said).encode(), KEY_LIST)
    assert copy.verify().outcome is Outcome.TAMPERED


@pytest.mark.parametrize("data", [b"", b"{}x", b"[]", b"\xff" * 100])
def test_a_key_list_that_can_not_be_read_can_not_be_checked(copy: SignedCopy, data: bytes) -> None:
    copy.write(KEY_LIST, data)
    assert copy.verify().outcome is Outcome.CANNOT_CHECK


def test_a_key_list_signed_by_another_root_does_not_let_a_stranger_in(copy: SignedCopy) -> None:
    copy.list_keys([listed(copy.keys.stranger, Scope.LANDING)], copy.keys.other_root)
    copy.sign_again(lambda _: None, copy.keys.stranger)
    assert copy.verify().outcome is Outcome.CANNOT_CHECK


def test_progress_is_told_after_each_landing(template: SignedCopy) -> None:
    told: list[tuple[int, int]] = []
    template.verify(progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def report_of(*outcomes: Outcome, finding: Outcome | None = None) -> Report:
    def why(outcome: Outcome) -> tuple[Finding, ...]:
        return () if outcome is Outcome.INTACT else (Finding(outcome, "why"),)

    landings = tuple(ItemOutcome(LANDING, f"key-{at}", why(outcome)) for at, outcome in enumerate(outcomes))
    return Report("copy", None, landings, None if finding is None else Finding(finding, "why"))


T, M, C, I = Outcome.TAMPERED, Outcome.MISSING, Outcome.CANNOT_CHECK, Outcome.INTACT  # noqa: E741


@pytest.mark.parametrize(
    ("outcomes", "finding", "expected", "intact"),
    [
        ((I, I), None, I, 2),
        ((I, C), None, C, 1),
        ((C, M, I), None, M, 1),
        ((I, C, M, T), None, T, 1),
        ((M, T), None, T, 0),
        ((), None, M, 0),
        ((), C, C, 0),
        ((I,), C, C, 1),
        ((M,), C, M, 0),
    ],
)
def test_the_worst_outcome_is_the_reports(
    outcomes: tuple[Outcome, ...], finding: Outcome | None, expected: Outcome, intact: int
) -> None:
    report = report_of(*outcomes, finding=finding)
    assert (report.outcome, report.intact) == (expected, intact)


def test_the_document_of_an_intact_copy(template: SignedCopy) -> None:
    document = template.verify().as_document()
    assert json.loads(json.dumps(document)) == document
    assert document == {
        "outcome": "intact",
        "profile": "copy",
        "custody": "not checked in a copy",
        "bytes": "read in full",
        "root_fingerprint": template.root,
        "head": {
            "sequence": 1,
            "sha256": hashlib.sha256(template.path(digest_key(1)).read_bytes()).hexdigest(),
            "to": "2026-11-02T07:00:00.000000Z",
        },
        "not_digested_yet": 2,
        "intact": 3,
        "total": 3,
        "finding": None,
        "others": [{"kind": "digest", "key": digest_key(at), "outcome": "intact", "rows": None, "findings": []} for at in (0, 1)],
        "landings": [
            {"kind": "landing", "key": key, "outcome": "intact", "rows": rows, "findings": []}
            for key, rows in sorted(zip(template.manifests, ROWS, strict=True))
        ],
    }


def test_the_document_names_every_finding(copy: SignedCopy) -> None:
    part, other = copy.subjects("part")
    copy.path(part).write_bytes(b"changed")
    copy.path(other).unlink()
    document = copy.verify().as_document()
    assert (document["outcome"], document["intact"], document["total"]) == ("tampered", 2, 3)
    (landing,) = (landing for landing in document["landings"] if landing["key"] == copy.manifest)
    assert (landing["outcome"], landing["rows"]) == ("tampered", 5)
    assert [finding["outcome"] for finding in landing["findings"]] == ["tampered", "missing"]
    assert part in landing["findings"][0]["reason"]
    assert other in landing["findings"][1]["reason"]


def test_the_document_without_a_root(template: SignedCopy) -> None:
    document = verify(Copy(template.folder), None, now=NOW).as_document()
    assert (document["outcome"], document["root_fingerprint"], document["intact"]) == ("cannot check", None, 0)
    assert document["finding"].startswith("no trust root")
    assert {landing["rows"] for landing in document["landings"]} == {None}
