# SPDX-License-Identifier: Apache-2.0
"""Remediation after a review is closed: a ticket for each access that is revoked or changed, and a signed record of each ticket.

1. A ticket is asked for first and recorded then; a task that was killed between the two finds its ticket by its mark (`tickets`).
2. What is recorded is not asked for again: each item of a review has one record.
3. Where no ticket is opened, a record says so and why: the control's file names no place for them, or nothing had to be done.

One request is made after the other, each of at most `tieout.evidence.outbound.TIMEOUT_SECONDS` and `MAX_ANSWER_BYTES`. An answer
of 429 or 5xx ends the run as transient: the next one goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.campaigns.statements import SYSTEM, VERSION
from tieout.collectors.reach import Reach
from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place
from tieout.evidence.outbound import post
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.flows.campaign_answered import Document
from tieout.flows.campaigns import Campaigns
from tieout.flows.review_answered import Answered, read_answered
from tieout.flows.review_inputs import ReviewWindow
from tieout.flows.review_records import checked_records
from tieout.flows.tickets import Post, Removal, Ticket, ticket_desk
from tieout.flows.upkeep import retention_for
from tieout.reviews.capacity import holding, rule_in_words
from tieout.reviews.rows import Ticketed

_REFUSED_AT_ONCE = 3
"""So many refusals, and no ticket before them, end a run: the desk takes none."""
_NO_PLACE = "No ticket was opened: the control's file has no section 'tickets', which says where."
_NOTHING = "No ticket was opened: nothing was revoked or changed."


@dataclass(frozen=True, slots=True)
class Remediation:
    """What a run came to: tickets opened or found by it, those recorded before it, and why there is none."""

    recorded_now: int
    recorded_before: int
    none_because: str | None = None


@dataclass(frozen=True, slots=True)
class TicketRecords:
    """The records of a review's tickets.

    Attributes:
        by_item: Each ticket and the record that says so.
        none_because: What the record says that none was opened; ``None`` where there is no such record.
        none: That record.
    """

    by_item: dict[str, tuple[Ticketed, Document]]
    none_because: str | None
    none: Document | None


def open_tickets(
    planned: ReviewWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    reach: Reach,
    clock: Callable[[], datetime],
    by: str,
    send: Post = post,
) -> Remediation:
    """Open the tickets of a review that are not recorded yet, and record them.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        reach: Hands out the connection that the control's file names.
        clock: Tells the time, UTC.
        by: The task, for the records.
        send: Posts to the desk.

    Raises:
        ExtractionRefused: The review is not closed.
        ConfigurationError: The desk refused some for good; all others are open. The message names the first by its item.
        SourceUnavailable: The desk did not answer; run it again.
        StoreUnavailable: The store did not answer; run it again.
    """
    answered = read_answered(planned, campaigns)
    removals = list(removals_of(answered))
    tickets = planned.review.tickets
    retention = retention_for(planned.settings, planned.scope, answered.place.observation_period, clock())

    def write(record: Record) -> bool:
        return write_record(record, campaigns.store, signer, retention)

    if tickets is None or not removals:
        because = _NOTHING if not removals else _NO_PLACE
        written = write(none_record(answered, because, by, clock()))
        return Remediation(0, int(not written), because)
    keys = {_key(answered.place, each): each for each in removals}
    standing = set(_standing(answered, keys))
    waiting = [each for key, each in keys.items() if key not in standing]
    desk, opened, refused = ticket_desk(tickets, reach, send), 0, []
    for each in waiting:
        try:
            ticket = desk.open(each)
        except ConfigurationError as error:
            refused.append((each, error))
            if len(refused) == _REFUSED_AT_ONCE and not opened:
                break
            continue
        opened += write(ticket_record(answered, each, ticket, by, clock()))
    if refused:
        raise _refused(refused, opened, len(waiting))
    return Remediation(opened, len(standing))


def removals_of(answered: Answered) -> Iterator[Removal]:
    """Yield what has to be taken away or changed, by system and key of the rows.

    Raises:
        ExtractionRefused: The review is not closed.
    """
    planned, due = answered.planned, answered.planned.removal_day(answered.closed_on)
    owners = {entry.system: entry.owner for entry in planned.scope.systems}
    for system in sorted(planned.systems):
        for row in answered.not_kept(system):
            holds = holding(answered.state, row["item"])
            yield Removal(
                campaign=planned.campaign,
                item=row["item"],
                system=system,
                account=row["account"],
                entitlement=row["entitlement"],
                decision=holds.decision,
                reason=rule_in_words(holds.decision) if holds.by_rule else holds.reason or "",
                decided_at=holds.at,
                due=due,
                owner=owners.get(system, ""),
            )


def ticket_record(answered: Answered, removal: Removal, ticket: Ticket, by: str, at: datetime) -> Record:
    """Return the record that a removal's ticket is open: the same for the same item of the same review."""
    named = f"Ticket {ticket.id}" if ticket.id else "A ticket that the desk gave no name"
    facts = {
        **_facts(removal.campaign, f"ticket {removal.item}"),
        "item": removal.item,
        "row_sha256": answered.definition.items[removal.item].row_sha256,
        "decision": removal.decision,
        "decided_in": holding(answered.state, removal.item).event,
        "due": removal.due.isoformat(),
        "mark": removal.mark,
        "ticket": ticket.id or None,
        "url": ticket.url or None,
        "found_standing": not ticket.opened_now,
    }
    reason = f"{named} asks to {removal.decision} item {removal.item} by {removal.due}."
    return Record(
        place=answered.place, kind=RecordKind.TICKET, system=removal.system, reason=reason, by=by, at=at, facts=facts
    )  # fmt: skip


def none_record(answered: Answered, because: str, by: str, at: datetime) -> Record:
    """Return the record that no ticket was opened for a review, and why."""
    facts = {**_facts(answered.planned.campaign, "no tickets"), "ticket": None}
    return Record(place=answered.place, kind=RecordKind.TICKET, system=SYSTEM, reason=because, by=by, at=at, facts=facts)


def read_tickets(answered: Answered) -> TicketRecords:
    """Return the records of a review's tickets, each checked.

    Raises:
        ExtractionRefused: The review is not closed.
        VerificationError: One is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    place, at = answered.place, answered.closed_at
    keys = {_key(place, each): each.item for each in removals_of(answered)}
    nothing = none_record(answered, _NOTHING, "", at).key
    found = checked_records(answered.campaigns, place, (*keys, nothing))
    none = found.pop(nothing, None)
    by_item = {keys[key]: (_ticketed(key, record), document) for key, (record, document) in found.items()}
    return TicketRecords(by_item, none and none[0].reason, none and none[1])


def _ticketed(key: str, record: Record) -> Ticketed:
    facts: dict[str, Any] = record.facts
    name = facts.get("ticket") or facts.get("mark")
    if record.kind is not RecordKind.TICKET or not name:
        msg = f"{key}: expected the record of a ticket, got another one. Run tieout verify."
        raise CannotCheck(msg)
    return Ticketed(str(name), facts.get("url"), record.at, key)


def _key(place: Place, removal: Removal) -> str:
    facts = _facts(removal.campaign, f"ticket {removal.item}")
    return Record(
        place=place, kind=RecordKind.TICKET, system=removal.system, reason="", by="", at=removal.decided_at, facts=facts
    ).key  # fmt: skip


def _facts(campaign: str, once: str) -> dict[str, Any]:
    return {"once": f"{campaign} {once}", "campaign": campaign, "version": VERSION}


def _standing(answered: Answered, keys: Iterable[str]) -> Iterator[str]:
    listed: set[str] = set()
    for system in answered.planned.systems:
        listed.update(version.key for version in answered.campaigns.store.versions(answered.place.manifests_of(system)))
    yield from (key for key in keys if key in listed)


def _refused(refused: list[tuple[Removal, ConfigurationError]], opened: int, waiting: int) -> ConfigurationError:
    first, error = refused[0]
    msg = (
        f"review {first.campaign}: {len(refused)} of {waiting} tickets were refused, {opened} are open now. "
        f"The first refused is that of item {first.item}: {error}"
    )
    return ConfigurationError(msg)
