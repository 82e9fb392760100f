# SPDX-License-Identifier: Apache-2.0
"""Rows of a closed review: every column says what was frozen, answered and found again, and null where nobody said anything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.campaigns.scene import DAY, HOUR
from tests.unit.reviews.answered import (
    CLEO,
    DUE,
    IVO,
    OPENED,
    REMOVAL_DUE,
    REVIEWS,
    ROB,
    SECOND,
    Review,
    as_table,
    proof,
    small,
)
from tests.unit.reviews.world import company, entry, mail

from tieout.campaigns.definition import Leftovers
from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.facts import Why
from tieout.errors import ExtractionRefused
from tieout.reviews.items import FLAGS, asked_flags
from tieout.reviews.proof import ProofState
from tieout.reviews.quality import Relations
from tieout.reviews.rows import ReviewRows, SignOff, Ticketed, signed_off

MAX = mail("max")
"""Whose reports Ivo is: who decides on Ivo's own account."""


def test_a_row_says_who_decided_what_in_what_capacity_and_what_was_shown(tmp_path: Path) -> None:
    review = small(tmp_path)
    kept = review.decide(IVO, ["a1", "a3"], dwell_ms=9_000, presented_sha256="e" * 64, channel=("slack", True))
    review.decide(MAX, ["a2"], "change", reason="read only")
    review.close()
    rows = review.rows()
    assert list(rows["a1"].keys() ^ set(REVIEWS.schema.names)) == []
    assert as_table(rows.values()).num_rows == 3
    expected: dict[str, Any] = {
        "decision": "keep", "decided_by": "person", "decided_at": kept.at, "decided_in_time": True, "frozen_at": OPENED,
        "due_at": DUE, "assigned_reviewer": IVO, "reviewer": IVO, "reviewer_authority": "owner of idp (IT Lead)",
        "reviewer_how": "own", "reviewer_instead_of": None, "reviewer_relation": "same department", "reviewer_decision": "keep",
        "reviewer_decided_at": kept.at, "reason": None, "reviewer_is_holder": False, "second_asked": False,
        "assigned_second": None, "second_reviewer": None, "second_decided_as_asked": True, "terminated_access_kept": False,
        "response": kept.id, "presented_sha256": "e" * 64, "batch": 2, "dwell_ms": 9_000, "kept_per_mille": 1_000,
        "removal_due_at": None, "ticket": None, "proof": None, "before_sha256": None, "carried_out_in_time": True,
        "signed_off_by": None, "signed_off_by_another": False, "flags": None, "flags_unknown": None, "orphaned": False,
        "since_last": None, "revoked_before": None,
    }  # fmt: skip
    assert {name: rows["a1"][name] for name in expected} == expected
    changed = rows["a2"]
    assert (changed["decision"], changed["reviewer"], changed["reason"], changed["kept_per_mille"]) == (
        "change", MAX, "read only", 0,
    )  # fmt: skip
    assert changed["reviewer_authority"].endswith("passed over: owner of idp (IT Lead) is the holder")
    assert (rows["a3"]["orphaned"], rows["a3"]["flags"], rows["a3"]["reviewer_is_holder"]) == (True, "orphaned", None)


def test_combinations_are_unknown_only_where_the_control_names_some(tmp_path: Path) -> None:
    assert asked_flags({}) == asked_flags({"toxic_combinations": None}) == FLAGS[:-1]
    assert asked_flags({"toxic_combinations": {"path": "x", "sha256": "y"}}) == FLAGS
    sides = [{"system": "idp", "entitlement": ".*"}, {"system": "erp", "entitlement": "role:pay"}]
    world = company(entry("a3", None), systems=("idp",), combinations=[{"id": "pay", "risk": "r", "sides": sides}])
    review = Review(world, tmp_path)
    review.decide(IVO, ["a3"])
    review.close()
    row = review.rows()["a3"]
    assert (row["toxic"], row["flags_unknown"]) == (None, "terminated toxic")


def test_what_the_rule_decided_nobody_decided(tmp_path: Path) -> None:
    review = small(tmp_path, Leftovers.DECIDE)
    review.decide(IVO, ["a1"])
    state = review.close(DUE + HOUR)
    row = review.rows()["a3"]
    assert (row["decision"], row["decided_by"], row["decided_at"], row["decided_in_time"]) == (
        "revoke", "rule", state.closed and state.closed.at, False,
    )  # fmt: skip
    assert row["reason"] == "Nobody had decided it when the review was closed; the control's file says revoke then."
    for name in ("reviewer", "reviewer_authority", "reviewer_how", "reviewer_decision", "response", "batch", "kept_per_mille"):
        assert row[name] is None, name
    assert (row["assigned_reviewer"], row["reviewer_is_holder"]) == (IVO, None)


def test_of_two_people_the_stronger_decision_holds_and_both_are_named(tmp_path: Path) -> None:
    review = small(tmp_path, second_reviewer="control_owner")
    review.decide(IVO, ["a1", "a3"])
    review.decide(MAX, ["a2"])
    last = review.decide(CLEO, ["a1", "a2", "a3"], "revoke", slot=2, batch=3, dwell_ms=30_000, presented_sha256="c" * 64)
    review.close()
    row = review.rows()["a1"]
    assert (row["decision"], row["decided_by"], row["decided_at"]) == ("revoke", "person", last.at)
    assert (row["reviewer_decision"], row["second_decision"], row["second_reason"]) == ("keep", "revoke", "no longer needed")
    assert (row["second_asked"], row["assigned_second"], row["second_reviewer"], row["second_how"]) == (True, CLEO, CLEO, "own")
    assert (row["second_batch"], row["second_dwell_ms"], row["second_presented_sha256"]) == (3, 30_000, "c" * 64)
    assert (row["kept_per_mille"], row["second_kept_per_mille"]) == (1_000, 0)
    assert (row["second_decided_as_asked"], row["second_response"]) == (True, last.id)
    assert row["second_authority"].startswith("owner of the control (Security Lead)")


@pytest.mark.parametrize(("first", "decided_by", "second_decided"), [(True, "rule", False), (False, "person", False)])
def test_where_one_of_two_did_not_decide_it_was_not_decided_as_asked(
    tmp_path: Path, first: bool, decided_by: str, second_decided: bool
) -> None:
    review = small(tmp_path, Leftovers.DECIDE, second_reviewer="control_owner")
    review.decide(*((IVO, ["a1"], "keep") if first else (CLEO, ["a1"], "revoke")), slot=1 if first else 2)
    review.close(DUE + HOUR)
    row = review.rows()["a1"]
    assert (row["decision"], row["decided_by"], row["second_decided_as_asked"]) == ("revoke", decided_by, second_decided)
    assert (row["reviewer"] is None, row["second_reviewer"] is None) == (not first, first)


def test_cover_is_named_with_whom_it_is_for(tmp_path: Path) -> None:
    review = small(tmp_path)
    review.story.cover(IVO, IVO, CLEO)
    review.decide(CLEO, ["a1", "a3"])
    review.decide(MAX, ["a2"])
    review.close()
    row = review.rows()["a1"]
    assert (row["reviewer"], row["reviewer_how"], row["reviewer_instead_of"]) == (CLEO, "covered", IVO)
    assert row["reviewer_authority"] == "by cover for the reviewer; as frozen: owner of idp (IT Lead)"
    assert row["assigned_reviewer"] == IVO


@pytest.mark.parametrize(("by", "who"), [(CLEO, "a manager of the program"), (IVO, "the reviewer before")])
def test_a_reassignment_is_named_with_who_entered_it(tmp_path: Path, by: str, who: str) -> None:
    review = small(tmp_path)
    review.story.reassign(by, review.assignment("a1"), mail("mia"))
    review.decide(mail("mia"), ["a1", "a3"])
    review.decide(MAX, ["a2"])
    review.close()
    row = review.rows()["a1"]
    assert (row["reviewer"], row["reviewer_how"], row["reviewer_relation"]) == (
        mail("mia"),
        "reassigned",
        "manager of the holder",
    )
    assert row["reviewer_authority"] == f"by reassignment, entered by {who}; as frozen: owner of idp (IT Lead)"


@pytest.mark.parametrize(("by", "how"), [("mia", "escalated"), ("ivo", "passed on")])
def test_an_escalation_is_told_whoever_of_both_decides(tmp_path: Path, by: str, how: str) -> None:
    review = small(tmp_path)
    assignment, item = review.assignment("a1"), review.item("a1")["item"]
    review.story.notice([Notice("n1", NoticeKind.ESCALATION, mail("mia"), "no answer", open=1, items={assignment: (item,)})])
    review.decide(mail(by), ["a1"])
    review.decide(IVO, ["a3"])
    review.decide(MAX, ["a2"])
    review.close()
    row = review.rows()["a1"]
    assert (row["reviewer"], row["reviewer_how"]) == (mail(by), how)
    said = {
        "escalated": "next in order, by escalation; as frozen: owner of idp (IT Lead)",
        "passed on": "owner of idp (IT Lead); it had gone on to the next in order",
    }
    assert row["reviewer_authority"] == said[how]
    assert "@" not in row["reviewer_authority"]


def decided(folder: Path, decision: str = "revoke") -> Review:
    """Return a closed review in which everything but Ivo's account is revoked or changed."""
    review = small(folder)
    review.decide(IVO, ["a1", "a3"], decision)
    review.decide(MAX, ["a2"])
    review.close()
    return review


def test_a_removal_is_told_with_ticket_due_proof_and_both_hashes(tmp_path: Path) -> None:
    review = decided(tmp_path)
    item = review.item("a1")
    ticket = Ticketed("SEC-1", "https://jira/browse/SEC-1", OPENED + DAY, "manifests/x.record.dsse.json")
    key = ("a1", item["entitlement"])
    there = proof(item, state=ProofState.STILL_THERE, after_sha256="a" * 64)
    proofs = {key: there, ("a3", item["entitlement"]): proof(review.item("a3"))}
    rows = review.rows(tickets={item["item"]: ticket}, proofs=proofs)
    expected = {
        "removal_due_at": REMOVAL_DUE, "ticket": "SEC-1", "ticket_url": "https://jira/browse/SEC-1",
        "ticket_recorded_at": OPENED + DAY, "proof": "still there", "proof_changed": None, "proof_as_of": SECOND.as_of,
        "proof_read_at": SECOND.read_at, "before_sha256": "b" * 64, "after_sha256": "a" * 64, "carried_out_in_time": False,
    }  # fmt: skip
    assert {name: rows["a1"][name] for name in expected} == expected
    gone = rows["a3"]
    assert (gone["proof"], gone["carried_out_in_time"], gone["after_sha256"], gone["ticket"]) == ("removed", True, None, None)


def test_what_was_not_collected_again_is_not_determinable_and_never_carried_out(tmp_path: Path) -> None:
    review = decided(tmp_path, "change")
    unknown = {"state": ProofState.NOT_DETERMINABLE, "second": None}
    proofs = {(name, review.item(name)["entitlement"]): proof(review.item(name), **unknown) for name in ("a1", "a3")}
    row = review.rows(proofs=proofs)["a1"]
    assert (row["proof"], row["carried_out_in_time"], row["proof_as_of"], row["removal_due_at"]) == (
        "not determinable", None, None, REMOVAL_DUE,
    )  # fmt: skip


def test_a_proof_that_is_missing_is_no_proof(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        decided(tmp_path).rows(proofs={})


def test_access_of_somebody_who_has_left_shows_whether_it_was_kept(tmp_path: Path) -> None:
    world = company(entry("kept"), entry("gone"), entry("unknown", account_status=None), systems=("idp",))
    world.review = {"active_words": {"idp": ["active"]}}
    world.people = [{**row, "employment": "left"} if row["person"] == mail("ann") else row for row in world.people]
    review = Review(world, tmp_path)
    review.decide(IVO, ["kept", "unknown"])
    review.decide(IVO, ["gone"], "revoke")
    review.close()
    rows = review.rows()
    assert {name: (row["terminated"], row["terminated_access_kept"]) for name, row in rows.items()} == {
        "kept": (True, True), "gone": (True, False), "unknown": (None, None),
    }  # fmt: skip


def test_what_the_last_review_revoked_and_is_there_again_is_told(tmp_path: Path) -> None:
    review = decided(tmp_path)
    rows = review.rows(revoked_before={("a1", review.item("a1")["entitlement"])})
    assert {name: row["revoked_before"] for name, row in rows.items()} == {"a1": True, "a2": False, "a3": False}


def test_a_decision_at_the_due_time_is_late(tmp_path: Path) -> None:
    review = small(tmp_path)
    review.decide(IVO, ["a3"], at=DUE - timedelta(microseconds=1))
    review.decide(IVO, ["a1"], at=DUE)
    review.decide(MAX, ["a2"])
    review.close()
    rows = review.rows()
    assert {name: rows[name]["decided_in_time"] for name in ("a1", "a3")} == {"a1": False, "a3": True}


def test_the_last_answer_that_counts_is_the_one_that_is_stated(tmp_path: Path) -> None:
    review = small(tmp_path)
    review.decide(IVO, ["a1", "a3"], "revoke")
    last = review.decide(IVO, ["a1"], dwell_ms=1_000)
    own = review.decide(IVO, ["a2"])
    review.decide(MAX, ["a2"])
    state = review.close()
    rows = review.rows()
    assert (rows["a1"]["response"], rows["a1"]["decision"], rows["a1"]["batch"]) == (last.id, "keep", 1)
    assert rows["a1"]["kept_per_mille"] == 500
    assert rows["a2"]["reviewer"] == MAX
    assert [(each.event, each.why) for each in state.refused] == [(own.id, Why.OWN)]


@pytest.mark.parametrize("reviewed", [False, True])
def test_who_signed_it_off_is_told_with_whether_he_was_one_of_the_reviewers(reviewed: bool) -> None:
    said = signed_off(SignOff(person=ROB, at=DUE, response="r1", about_sha256="d" * 64, reviewed=reviewed))
    assert said == {
        "signed_off_by": ROB, "signed_off_at": DUE, "signed_off_response": "r1", "signed_off_about_sha256": "d" * 64,
        "signed_off_by_another": not reviewed,
    }  # fmt: skip


def test_nothing_has_come_of_a_review_that_is_open(tmp_path: Path) -> None:
    review = small(tmp_path)
    with pytest.raises(ExtractionRefused, match="it is open, so that nothing has come of it"):
        ReviewRows(review.state, review.events, Relations([]))
