# SPDX-License-Identifier: Apache-2.0
"""The rows of a review that is closed, as ``account_review.v2`` states them: frozen item, decisions, what came of them.

1. Nothing is looked up and nothing is judged here: what the campaign's fold says is put into columns.
2. What nobody said is null. What the control's rule decided was decided by nobody.
3. Without a second collection the proof is *not determinable*, and whether it was carried out in time is null.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.campaigns.events import Event
from tieout.campaigns.rights import Counted, Standing
from tieout.campaigns.state import State
from tieout.errors import ExtractionRefused
from tieout.persons import normalised
from tieout.reviews.capacity import KEPT, NOTHING, Answers, holding
from tieout.reviews.items import FLAGS, flags_of
from tieout.reviews.proof import Proof
from tieout.reviews.quality import Relations

Row = dict[str, Any]
_FROZEN = (
    "system", "review_id", "account", "entitlement", "as_of", "item", "holder", "account_kind", "privileged", "orphaned",
    "service_without_owner", "toxic", "toxic_with", "terminated", "since_last",
)  # fmt: skip
"""Columns that are those of the frozen item."""
_OF_REVIEWER = ("authority", "how", "instead_of", "relation", "decision", "decided_at")
_PLAIN = ("reason", "response", "presented_sha256", "batch", "dwell_ms", "kept_per_mille")


@dataclass(frozen=True, slots=True)
class Ticketed:
    """A remediation ticket that is recorded.

    Attributes:
        id: Its id, or the mark by which it can be found.
        url: Where it is read; ``None`` where that is not told.
        recorded_at: When it was recorded that it is open, UTC.
        record: Key of the record.
    """

    id: str
    url: str | None
    recorded_at: datetime
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What came of the decisions on the items of one system.

    Attributes:
        removal_due_at: Until when a revoke or change was to be carried out, UTC.
        tickets: By item.
        proofs: By account and entitlement, of all that is not kept.
        revoked_before: Account and entitlement of what the last review revoked and is there again; ``None`` where there was no
            review before, or what it came to has not landed.
    """

    removal_due_at: datetime
    tickets: Mapping[str, Ticketed]
    proofs: Mapping[tuple[str, str], Proof]
    revoked_before: Collection[tuple[str, str]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """Who signed a review off.

    Attributes:
        person: Who.
        at: When, UTC.
        response: Id of the signed response.
        about_sha256: SHA-256 of the document that was signed off.
        reviewed: Whether the person was asked about an item of the review, of whatever system, or has decided one.
    """

    person: str
    at: datetime
    response: str
    about_sha256: str
    reviewed: bool


class ReviewRows:
    """Makes the rows of a campaign that is closed.

    Args:
        state: Where it stands.
        events: All that has been said in it, by id.
        relations: What people are to each other.
        flags: Flags that it asks about.

    Raises:
        ExtractionRefused: It is not closed.
    """

    def __init__(self, state: State, events: Mapping[str, Event], relations: Relations, flags: tuple[str, ...] = FLAGS) -> None:
        if state.closed is None:
            msg = f"campaign {state.definition.campaign}: it is {state.phase}, so that nothing has come of it. Close it first."
            raise ExtractionRefused(msg)
        self._state, self._answers, self._flags = state, Answers(state, events, relations), flags

    def row(self, item: Mapping[str, Any], after: Aftermath) -> Row:
        """Return the row of a frozen item, nobody having signed it off.

        Args:
            item: Of ``review_item.v1``.
            after: Of its system.
        """
        standings, holds = self._state.standings(item["item"]), holding(self._state, item["item"])
        second = standings[1] if len(standings) > 1 else None
        return {
            **{name: item[name] for name in _FROZEN},
            "flags": flags_of(item),
            "flags_unknown": " ".join(name for name in self._flags if item[name] is None) or None,
            "revoked_before": _revoked_before(item, after),
            **self._outcome(item, standings, holds),
            **self._first(item, standings[0]),
            **self._second(item, standings[0], second),
            **_carried_out(item, holds, after),
            **signed_off(None),
        }

    def _outcome(self, item: Mapping[str, Any], standings: tuple[Standing, ...], holds: Counted) -> Row:
        schedule = self._state.definition.schedule
        decisions = [each.decision for each in standings if each.decision is not None]
        decided_at = max(each.at for each in decisions)
        people = {normalised(each.by) for each in decisions if not each.by_rule}
        holder = normalised(item["holder"]) if item["holder"] else None
        return {
            "frozen_at": schedule.opened_at,
            "due_at": schedule.due_at,
            "decision": holds.decision,
            "decided_by": "rule" if holds.by_rule else "person",
            "decided_at": decided_at,
            "decided_in_time": decided_at < schedule.due_at,
            "reviewer_is_holder": None if holder is None or not people else holder in people,
            "terminated_access_kept": item["terminated"] if holds.decision == KEPT else False,
        }

    def _first(self, item: Mapping[str, Any], standing: Standing) -> Row:
        said = self._answers.given(standing, item["reviewer_authority"], item["holder"])
        return {
            "assigned_reviewer": item["reviewer"],
            "reviewer": said["person"],
            **{f"reviewer_{name}": said[name] for name in _OF_REVIEWER},
            **{name: said[name] for name in _PLAIN},
        }

    def _second(self, item: Mapping[str, Any], first: Standing, standing: Standing | None) -> Row:
        said = NOTHING if standing is None else self._answers.given(standing, item["second_authority"], item["holder"])
        one = first.decision.by if first.decision and not first.decision.by_rule else None
        return {
            "second_asked": standing is not None,
            "assigned_second": item["second_reviewer"],
            "second_reviewer": said["person"],
            **{f"second_{name}": said[name] for name in (*_OF_REVIEWER, *_PLAIN)},
            "second_decided_as_asked": standing is None or (one is not None and said["person"] not in (None, one)),
        }


def signed_off(found: SignOff | None) -> Row:
    """Return the columns that say who signed the review off."""
    return {
        "signed_off_by": found and found.person,
        "signed_off_at": found and found.at,
        "signed_off_response": found and found.response,
        "signed_off_about_sha256": found and found.about_sha256,
        "signed_off_by_another": found is not None and not found.reviewed,
    }


def _revoked_before(item: Mapping[str, Any], after: Aftermath) -> bool | None:
    return None if after.revoked_before is None else (item["account"], item["entitlement"]) in after.revoked_before


def _carried_out(item: Mapping[str, Any], holds: Counted, after: Aftermath) -> Row:
    ticket = after.tickets.get(item["item"])
    # A proof that is missing would be no proof at all: what is not kept has one, and be it that nothing can be told.
    proof = after.proofs[item["account"], item["entitlement"]] if holds.decision != KEPT else None
    second = proof.second if proof else None
    in_time = proof.carried_out_in_time(holds.decision, after.removal_due_at) if proof else True
    return {
        "removal_due_at": proof and after.removal_due_at,
        "ticket": ticket and ticket.id,
        "ticket_url": ticket and ticket.url,
        "ticket_recorded_at": ticket and ticket.recorded_at,
        "proof": proof and proof.state.value,
        "proof_changed": (proof and " ".join(proof.changed)) or None,
        "proof_as_of": second and second.as_of,
        "proof_read_at": second and second.read_at,
        "before_sha256": proof and proof.before_sha256,
        "after_sha256": proof and proof.after_sha256,
        "carried_out_in_time": in_time,
    }
