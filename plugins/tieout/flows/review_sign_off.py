# SPDX-License-Identifier: Apache-2.0
"""What a review came to, put before whoever signs it off: one document in a signed record, made before anybody is asked.

1. The document says what the rows of every system will say, and holds their hashes (`tieout.reviews.result`).
2. It is made of what the close has heard, of the tickets and of the second collection: made again, it is the same. Where one of
   them is another by then, it is another document, and a sign-off of the first says nothing of it.
3. A sign-off names the document by its SHA-256. Of those that count and are about it, the last one holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tieout.campaigns.said import Told, told
from tieout.campaigns.statements import SYSTEM, VERSION
from tieout.errors import CannotCheck, ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.flows.campaign_answered import Document
from tieout.flows.campaigns import Campaigns
from tieout.flows.remediation import TicketRecords, read_tickets
from tieout.flows.review_answered import Answered, read_answered
from tieout.flows.review_inputs import ReviewWindow
from tieout.flows.review_records import checked_records
from tieout.flows.review_rows import Assembled, assemble, delta_counts
from tieout.flows.signing import holding
from tieout.flows.upkeep import retention_for
from tieout.reviews.result import result_document, result_sha256
from tieout.reviews.rows import SignOff
from tieout.times import instant

_REFUSED = 100
"""Refused answers that the document lists; it states how many there are."""


@dataclass(frozen=True, slots=True)
class ResultReference:
    """What goes through XCom: the document's SHA-256, which a sign-off names, and the record that holds it."""

    document_sha256: str
    record: str
    recorded_now: bool


@dataclass(frozen=True)
class Result:
    """What was put before whoever signs off, as it stands in its record."""

    document: Mapping[str, Any]
    document_sha256: str
    record: Document


def prepare_sign_off(
    planned: ReviewWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    clock: Callable[[], datetime],
    folder: Path,
    by: str,
) -> ResultReference:
    """Make the document, and record it.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        by: The task, for the record.

    Raises:
        ExtractionRefused: The review is not closed.
        LandingConflict: A landing is not what its manifest says.
        VerificationError: A record is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    answered = read_answered(planned, campaigns)
    tickets = read_tickets(answered)
    systems = {system: assemble(answered, tickets, system, folder / system) for system in sorted(planned.systems)}
    document = result_document(
        _about(answered, tickets), {system: (_of_system(answered, each), each.tally) for system, each in systems.items()}
    )
    record = _record(answered, document, by, clock())
    retention = retention_for(planned.settings, planned.scope, answered.place.observation_period, clock())
    written = write_record(record, campaigns.store, signer, retention)
    return ResultReference(result_sha256(document), record.key, written)


def read_result(answered: Answered, document_sha256: str) -> Result:
    """Return a document that was put before whoever signs off.

    Raises:
        ExtractionRefused: None of this hash was recorded.
        CannotCheck: The record holds another one.
        VerificationError: The record is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    key = _record_of(answered, document_sha256, {}, "", "", answered.closed_at).key
    found = checked_records(answered.campaigns, answered.place, [key]).get(key)
    if found is None:
        campaign = answered.planned.campaign
        msg = f"review {campaign}: no result of SHA-256 {document_sha256} was recorded. Prepare it, and have it signed off."
        raise ExtractionRefused(msg)
    document = found[0].facts.get("document")
    if not isinstance(document, dict) or result_sha256(document) != document_sha256:
        msg = f"{key}: expected the document of SHA-256 {document_sha256}, got another one. Run tieout verify."
        raise CannotCheck(msg)
    return Result(document, document_sha256, found[1])


def sign_off_of(answered: Answered, document_sha256: str) -> SignOff | None:
    """Return who signed a document off; ``None`` where nobody has: a sign-off of another document says nothing of it.

    Raises:
        ExtractionRefused: The sign-off that holds returned it.
    """
    last = holding(answered.state, document_sha256)
    if last is None:
        return None
    if not last.approved:
        campaign = answered.planned.campaign
        msg = f"review {campaign}: whoever signs it off returned it in response {last.id}. Answer that, and have it signed off."
        raise ExtractionRefused(msg)
    reviewed = last.by in answered.state.asked
    return SignOff(person=last.by, at=last.at, response=last.id, about_sha256=last.about_sha256, reviewed=reviewed)


def _record(answered: Answered, document: Mapping[str, Any], by: str, at: datetime) -> Record:
    unproven = sum(said["unproven"]["count"] for said in document["systems"].values())
    items = sum(said["items"] for said in document["systems"].values())
    reason = f"Result of review {answered.planned.campaign}: {items} items, of which {unproven} are not proven carried out."
    facts = {"document": dict(document)}
    return _record_of(answered, result_sha256(document), facts, reason, by, at)


def _record_of(answered: Answered, document_sha256: str, facts: Mapping[str, Any], reason: str, by: str, at: datetime) -> Record:
    campaign = answered.planned.campaign
    said = {
        "once": f"{campaign} result {document_sha256}",
        "campaign": campaign,
        "version": VERSION,
        "document_sha256": document_sha256,
        **facts,
    }
    return Record(place=answered.place, kind=RecordKind.RESULT, system=SYSTEM, reason=reason, by=by, at=at, facts=said)


def _about(answered: Answered, tickets: TicketRecords) -> dict[str, Any]:
    planned, definition, closed = answered.planned, answered.definition, answered.state.closed
    if closed is None:  # rows were made of it
        raise AssertionError
    statement = planned.control.statement_on(planned.scope.calendar.day_of(closed.at))
    heard = told(answered.state, answered.ledger.events, closed.heard)
    return {
        "campaign": planned.campaign,
        "control": {"id": planned.control_id, "title": planned.control.title, "statement": statement.text},
        "observation_period": planned.period.id,
        "window": {"key": planned.window.key, "from": instant(planned.window.start), "to": instant(planned.window.end)},
        "definition_sha256": definition.sha256,
        "opened": {**answered.documents[answered.opened.key].as_document(), "at": instant(definition.schedule.opened_at)},
        "closed": {**answered.documents[answered.ledger.key_of(closed.id) or ""].as_document(), "at": instant(closed.at)},
        "due_at": instant(definition.schedule.due_at),
        "removal_due_at": instant(answered.removal_due_at),
        "asked": len(answered.state.asked),
        "heard": len(closed.heard),
        "refused": _refused(heard),
        "unread": len(heard.unread),
        "tickets": tickets_in_words(tickets),
    }


def _refused(heard: Told) -> dict[str, Any]:
    listed = [
        {"response": each.event, "why": each.why.value, "by": each.by, "assignment": each.assignment, "item": each.item}
        for each in heard.refused[:_REFUSED]
    ]
    return {"count": len(heard.refused), "why": dict(heard.why), "listed": listed}


def _of_system(answered: Answered, each: Assembled) -> dict[str, Any]:
    frozen = next(population for population in answered.definition.populations if population.system == each.system)
    names = ("landing", "manifest_key", "manifest_sha256")
    second = each.proofs.second
    return {
        "rows_sha256": each.rows_sha256,
        "frozen": {name: getattr(frozen, name) for name in names},
        "collected_again": second and {name: second[name] for name in names},
        "delta": delta_counts(each.since, each.system),
    }


def tickets_in_words(tickets: TicketRecords) -> str:
    """Return what is said of the tickets of a review."""
    if tickets.none_because:
        return tickets.none_because
    return f"{len(tickets.by_item)} tickets are recorded."
