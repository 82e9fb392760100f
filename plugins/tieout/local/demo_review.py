# SPDX-License-Identifier: Apache-2.0
"""The access review of the demo as it landed, held against what is known of it and of what its people did in Slack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tieout.criteria.controls import control_files, load_control
from tieout.evidence.layout import RESPONSES, Class, class_of
from tieout.evidence.store import S3Store
from tieout.flows.campaign_window import campaign_of
from tieout.local import object_store
from tieout.local.company import Case, KnownCampaign, KnownReview
from tieout.local.demo_report import read_table
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.persons import load_person_key

NOT_MET = "not met"
Key = tuple[str, str, str]
"""System, account and entitlement."""
Found = tuple[str, str, str, Key]
"""What a result counts against, rule, result and row."""
_COLUMNS = [
    "system", "account", "entitlement", "decision", "reviewer", "reviewer_authority", "reviewer_is_holder", "signed_off_by",
    "proof", "proof_as_of", "removal_due_at",
]  # fmt: skip


@dataclass(frozen=True)
class Landed:
    """What landed of a review.

    Attributes:
        rows: Each row by its key.
        results: Each result of a rule that is not met or not determinable.
        responses: How many signed responses are stored, that of the sign-off among them.
        person: Returns the person id of an address.
    """

    rows: dict[Key, dict[str, Any]]
    results: frozenset[Found]
    responses: int
    person: Callable[[str], str]


@dataclass(frozen=True)
class Line:
    """One line of what people decided: what is known, and what landed."""

    what: str
    known: int
    landed: int
    same: bool


def read_landed(installation: Installation, known: KnownReview) -> Landed:
    """Read what landed of a review, as the auditor."""
    import pyarrow.compute as pc

    wanted = (pc.field("control") == known.control) & (pc.field("window") == known.window)
    rows = read_table(installation, "account_review").to_table(columns=_COLUMNS, filter=wanted).to_pylist()
    listed = read_table(installation, "rule_result").to_table(columns=["system", "rule", "row_key", "result"], filter=wanted)
    control = load_control(control_files(installation.home / "include" / "criteria" / "controls")[known.control])
    against = control.deviations_against

    def found(each: dict[str, Any]) -> Found:
        counts = against.get(each["rule"], known.control) if each["result"] == NOT_MET else known.control
        return counts, each["rule"], each["result"], _key(json.loads(each["row_key"]))

    person = load_person_key(installation.identity_settings["TIEOUT_IDENTITY_KEY"]).person
    results = frozenset(map(found, listed.to_pylist()))
    return Landed({_key(row): row for row in rows}, results, stored_responses(installation, known), person)


def _key(row: dict[str, Any]) -> Key:
    return row["system"], row["account"], row["entitlement"]


def stored_responses(installation: Installation, known: KnownReview | KnownCampaign) -> int:
    """Return how many signed responses to a campaign are stored, that of its sign-off among them."""
    store = S3Store(object_store.client_for(installation, "auditor"), EVIDENCE_BUCKET)
    within = f"/control={known.control}/{campaign_of(known.control, known.window)}/"
    return sum(class_of(key) is Class.RESPONSE and within in key for key in store.keys(RESPONSES))


def compare_cases(known: KnownReview, landed: Landed) -> list[tuple[Case, bool, bool]]:
    """Return each case with whether it is known and whether it landed; what landed and is not known is a case as well."""
    own = landed.rows.get(known.own.row, {})
    met: set[Found] = {_found(known.own)} if own.get("reviewer_is_holder") is False else set()
    there = landed.results | met
    cases = {_found(case): case for case in (*known.cases, known.own)}
    found = [(case, True, key in there) for key, case in cases.items()]
    return [*found, *((Case("not known", *each), False, True) for each in sorted(there - cases.keys()))]


def _found(case: Case) -> Found:
    return case.control, case.rule, case.result, case.row


def compare_decisions(known: KnownReview, landed: Landed, done: dict[str, Any] | None) -> Iterator[Line]:
    """Yield what people decided, row for row, and how many answers are stored.

    Args:
        known: Of the review.
        landed: What landed of it.
        done: What people did in Slack; ``None`` where they had answered before.
    """
    expected = {row: (landed.person(reviewer), decision) for row, (reviewer, decision) in known.rows.items()}
    shown = {key: (row["reviewer"], row["decision"]) for key, row in landed.rows.items()}

    def line(what: str, count: Callable[[dict[Key, tuple[Any, str]]], set[Any]]) -> Line:
        sides = count(expected), count(shown)
        return Line(what, len(sides[0]), len(sides[1]), same=sides[0] == sides[1])

    yield line("accounts in the three lists", lambda rows: {key[:2] for key in rows})
    yield line("access rights that were frozen", set)
    yield line("people who decided", lambda rows: {who for who, _ in rows.values()})
    for decision, label in (("keep", "kept"), ("change", "changed"), ("revoke", "revoked")):
        yield line(label, lambda rows, said=decision: {(key, *each) for key, each in rows.items() if each[1] == said})  # type: ignore[misc]
    own = sum(row["reviewer_is_holder"] is True for row in landed.rows.values())
    yield Line("decided by whom they are about", 0, own, same=own == 0)
    signed = {row["signed_off_by"] for row in landed.rows.values()}
    yield Line("people who signed it off", 1, len(signed - {None}), same=signed == {landed.person(known.signer)})
    if done is not None:
        pages = done["pages"]
        yield Line("pages that were accepted, and signed responses", pages, landed.responses, same=pages == landed.responses)
