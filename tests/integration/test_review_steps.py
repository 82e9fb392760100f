# SPDX-License-Identifier: Apache-2.0
"""A review after its decisions, step by step: killed between any two steps it comes to the same, and nothing lands too early."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.review_scene import (
    BEFORE,
    CLEO,
    EVA,
    IVO,
    MIA,
    NEXT,
    SYSTEMS,
    WINDOW,
    Scene,
    changed_control,
    lists,
    make_scene,
    until_done,
)
from tests.stack import Store
from tests.unit.flows.review_project import drop_access
from tieout.campaigns.events import Cancelled
from tieout.errors import ExtractionRefused, LandingConflict
from tieout.evidence.records import RecordKind, read_record
from tieout.evidence.verify import Outcome
from tieout.flows.campaign_cancelled import record_cancelled
from tieout.flows.documents import read_documents
from tieout.flows.remediation import read_tickets
from tieout.flows.upkeep import abandoned

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def scene(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return a program without a review yet."""
    return make_scene(own_store, repository, tmp_path_factory.mktemp("review") / "project")


def answer(scene: Scene, window: str) -> None:
    """Decide everything: four accesses are revoked."""
    scene.decide(IVO, ["i1", "i2", "i4"], window=window)
    scene.decide(MIA, ["i3"], "revoke", window)
    others = [row["account"] for row in lists(window)[0] if row["system"] != "idp" and row["account"] not in ("e1", "b1", "b2")]
    scene.decide(EVA, others, window=window)
    scene.decide(EVA, ["e1", "b1", "b2"], "revoke", window)


def test_killed_between_any_two_steps_the_same_comes_out(scene: Scene) -> None:
    scene.open()
    with pytest.raises(ExtractionRefused, match="it is open"):
        scene.tickets()
    answer(scene, WINDOW)
    scene.close()

    *kills, done = until_done(scene.store, lambda store: scene.tickets(store=store))
    assert (len(kills), done.recorded_now + done.recorded_before) == (3, 4)
    tickets = read_tickets(scene.answered())
    assert sorted(ticket.id for ticket, _ in tickets.by_item.values()) == [f"SEC-{number}" for number in range(1, 5)]
    assert len(scene.site.issues) == 4

    scene.collect_again(gone=["i3", "e1"], systems=("idp", "erp"))
    *kills, prepared = until_done(scene.store, lambda store: scene.prepare(store=store))
    assert len(kills) == 1
    about = prepared.document_sha256
    with pytest.raises(ExtractionRefused, match="nobody has signed off"):
        scene.land("bank", about)
    with pytest.raises(ExtractionRefused, match="no result of SHA-256"):
        scene.land("bank", "0" * 64, unsigned_because="a test")
    unsigned = scene.land("bank", about, unsigned_because="Nobody holds the role any more.")
    assert {(row["signed_off_by"], row["signed_off_by_another"]) for row in scene.rows(unsigned)} == {(None, False)}
    assert scene.manifest(unsigned).predicate["performances"]["shown"] == []
    assert "Nobody holds the role any more." in scene.page(unsigned, "page-00000.html").decode()

    scene.sign_off(about, by=CLEO)  # who may not
    returned = scene.sign_off(about, approved=False)
    with pytest.raises(ExtractionRefused, match=f"returned it in response {returned}"):
        scene.land("bank", about)
    scene.sign_off(about)
    with pytest.raises(LandingConflict, match="has landed already"):
        scene.land("bank", about)
    reason = "Somebody has the role again, and signed it off."
    *kills, bank = until_done(scene.store, lambda store: scene.land("bank", about, store=store, reason=reason))
    assert len(kills) == len(scene.manifest(bank).subjects) + 1  # pages and parts, each; then the manifest
    erp = scene.land("erp", about)
    assert scene.manifest(bank).predicate["supersedes"]["landing"] == unsigned.landing
    for again in ({}, {"reason": reason}):
        assert scene.land("bank", about, **again) == replace(bank, landed_now=False)

    proofs = {row["account"]: (row["proof"], row["carried_out_in_time"], row["ticket"] is None) for row in scene.rows(bank)}
    assert proofs == {"b1": ("not determinable", None, False), "b2": ("not determinable", None, False), "b3": (None, True, True)}
    [said] = [each for each in scene.manifest(bank).predicate["rule_results"] if each["rule"] == "carried_out_in_time"]
    assert (said["result"], said["met"], said["not_determinable"]) == ("not determinable", 1, 2)
    assert "The system was not collected again" in scene.page(bank, "page-00000.html").decode()
    assert {row["carried_out_in_time"] for row in scene.rows(erp)} == {True}

    bucket, now = scene.store.bucket("auditor"), datetime.now(UTC)
    assert list(abandoned(bucket, read_documents(bucket), now, now, "a test")) == []
    _another_second_list(scene, about)


def _another_second_list(scene: Scene, about: str) -> None:
    """After the sign-off a system is collected once more, and shows something else."""
    job = scene.removal_jobs()["idp"]
    inside = job.window.end - (job.window.end - job.window.start) / 1000
    rows = [{**row, "as_of": inside, "read_at": inside} for row in lists(WINDOW)[0]]
    drop_access(scene.store.settings, f"removal-{WINDOW}", rows)
    scene.store.land_job(job, job.window.end, "the first list left somebody out")
    with pytest.raises(LandingConflict, match="the rows are others by now"):
        scene.land("idp", about)
    again = scene.prepare()
    assert again.document_sha256 != about
    with pytest.raises(ExtractionRefused, match="nobody has signed off the document"):
        scene.land("idp", again.document_sha256)
    scene.sign_off(again.document_sha256)
    assert scene.land("idp", again.document_sha256).landed_now
    scene.store.seal()
    assert scene.store.verify().outcome is Outcome.INTACT


def test_a_control_without_tickets_or_combinations_says_that_it_has_none(scene: Scene) -> None:
    with changed_control(scene.store.settings.home, toxic_combinations=None):
        scene.open(BEFORE)
    answer(scene, BEFORE)
    scene.close(BEFORE)
    before = len(scene.site.issues)
    with changed_control(scene.store.settings.home, tickets=None):
        first, again = scene.tickets(BEFORE), scene.tickets(BEFORE)
    assert (first.none_because, again.none_because) == (first.none_because, first.none_because)
    assert first.none_because == "No ticket was opened: the control's file has no section 'tickets', which says where."
    assert (first.recorded_before, again.recorded_before, len(scene.site.issues)) == (0, 1, before)
    found = read_tickets(scene.answered(BEFORE))
    assert (found.by_item, found.none_because) == ({}, first.none_because)
    about = scene.prepare(BEFORE).document_sha256
    scene.sign_off(about, window=BEFORE)
    landed = scene.land("erp", about, BEFORE)
    inputs = scene.manifest(landed).predicate["ipe"]["inputs"]
    assert (inputs["tickets"]["count"], inputs["tickets"]["none_because"]) == (0, first.none_because)
    page = scene.page(landed, "page-00000.html").decode()
    assert first.none_because.replace("'", "&#x27;") in page
    assert "The control names no combinations of entitlements that nobody should have" in page
    assert "no_toxic_combination" not in {each["rule"] for each in scene.manifest(landed).predicate["rule_results"]}
    assert inputs["toxic_combinations"] is None
    assert not [row for row in scene.rows(landed) if "toxic" in (row["flags_unknown"] or "")]


def test_a_review_that_was_cancelled_lands_nothing_and_records_say_so(scene: Scene) -> None:
    scene.open(NEXT)
    scene.decide(IVO, ["i1"], window=NEXT)
    planned, campaigns = scene.planned(NEXT), scene.campaigns()
    with pytest.raises(ExtractionRefused, match="was not cancelled"):
        record_cancelled(planned, campaigns, scene.signer, scene.store.clock, "the test")
    answered = scene.answered(NEXT)
    cancelled = scene.writer(answered).cancel("the program's manager", "the wrong roster", scene.store.clock())
    assert isinstance(cancelled.event, Cancelled)
    for _ in range(2):
        keys = record_cancelled(planned, campaigns, scene.signer, scene.store.clock, "the test")
    records = [read_record(scene.store.bucket().read(key, None) or b"", key) for key in keys]
    assert [(record.kind, record.system) for record in records] == [(RecordKind.NOT_EXTRACTED, system) for system in SYSTEMS]
    assert all("the wrong roster" in record.reason for record in records)
    assert {record.facts["cancelled"]["key"] for record in records} == {cancelled.key}
    for step in (scene.tickets, scene.prepare, lambda window: scene.land("erp", "0" * 64, window)):
        with pytest.raises(ExtractionRefused, match="it is cancelled"):
            step(NEXT)
    documents = read_documents(scene.store.bucket())
    assert not [each for each in documents.manifests if each.predicate["window"]["key"] == NEXT]
