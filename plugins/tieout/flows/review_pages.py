# SPDX-License-Identifier: Apache-2.0
"""The pages that land beside the rows of a review: its packet for people, its rows and documents as CSV, what was signed.

    page-00000.html   the packet
    page-00001.csv    the rows, numbered
    page-00002.csv    every document of the campaign: what of it counts, and what does not and why
    page-00003.json   the document that was put before whoever signs off, to the byte
    page-00004.csv    what is another than in the last review, where there was one

The same review gives the same bytes. In CSV an apostrophe stands before what a spreadsheet program could take for a formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tieout.audit.spreadsheet import numbered, numbered_schema, write_csv
from tieout.campaigns.events import Decided
from tieout.campaigns.said import COLUMNS, Told, document_rows, record_row
from tieout.contracts.odcs import Contract
from tieout.files import file_sha256
from tieout.flows.remediation import TicketRecords
from tieout.flows.review_answered import Answered
from tieout.flows.review_proof import Proofs, made_of
from tieout.flows.review_rows import Assembled, delta_counts
from tieout.flows.review_sign_off import Result, tickets_in_words
from tieout.flows.staged_rows import staged_batches
from tieout.flows.written_pages import WrittenPage, in_tables, written
from tieout.reviews.packet import About, packet
from tieout.reviews.packet_page import Line, as_html
from tieout.reviews.result import result_bytes
from tieout.reviews.rows import SignOff
from tieout.reviews.words import minute

_WHAT = {
    "page-00000.html": "packet of the review",
    "page-00001.csv": "rows of the review, numbered",
    "page-00002.csv": "documents of the campaign, each with what of it counts",
    "page-00003.json": "document that was put before whoever signs off",
    "page-00004.csv": "differences to the last review",
}


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What the pages of one landing are made of.

    Attributes:
        answered: The review.
        tickets: The records of its tickets.
        found: What the system comes to; its rows are staged in the work folder.
        result: What was put before whoever signs off.
        sign_off: Who signed it off; ``None`` for nobody.
        unsigned_because: Why it lands all the same then.
        told: What the campaign's ledger says besides the decisions.
        contract: Of the rows.
    """

    answered: Answered
    tickets: TicketRecords
    found: Assembled
    result: Result
    sign_off: SignOff | None
    unsigned_because: str | None
    told: Told
    contract: Contract


def write_pages(landing: Landing, folder: Path) -> tuple[WrittenPage, ...]:
    """Write the pages into a folder that holds the staged rows, and return them in order."""
    names = landing.contract.schema.names
    columns, rows = numbered_schema(landing.contract.schema), numbered(staged_batches(folder, names))
    paths = [folder / name for name in _WHAT]
    write_csv(paths[1], columns, rows)
    documents = in_tables(_documents(landing), COLUMNS)
    write_csv(paths[2], numbered_schema(COLUMNS), numbered(documents))
    paths[3].write_bytes(result_bytes(landing.result.document))
    since = landing.found.since
    if since is None:
        del paths[4]
    else:
        differences = since.delta.rows
        write_csv(paths[4], numbered_schema(differences.schema), numbered([differences]))
    listed = [(path.name, f"{_WHAT[path.name]}, SHA-256 {file_sha256(path)}") for path in paths[1:]]
    paths[0].write_text(as_html(_packet(landing, listed)), encoding="utf-8")
    return tuple(written(path, _WHAT[path.name]) for path in paths)


def _packet(landing: Landing, listed: Sequence[Line]) -> Any:
    answered, found = landing.answered, landing.found
    planned, schedule = answered.planned, answered.definition.schedule
    about = About(
        title=planned.control.title,
        statement=landing.result.document["control"]["statement"],
        control=planned.control_id,
        campaign=planned.campaign,
        system=found.system,
        window=(planned.window.key, planned.period.id),
        times=(
            ("Opened, the population frozen", schedule.opened_at),
            ("Decisions due before", schedule.due_at),
            ("Closed", answered.closed_at),
            ("Changes and removals due before", answered.removal_due_at),
        ),
        lists=tuple(_lists(answered, found.proofs)),
        tickets=tickets_in_words(landing.tickets),
        second_list=second_list_in_words(found.proofs),
        asked=len(answered.state.asked),
        pages=listed,
        document_sha256=landing.result.document_sha256,
        unsigned_because=landing.unsigned_because,
    )
    return packet(about, found.tally, landing.told, delta_counts(found.since, found.system), landing.sign_off)


def _lists(answered: Answered, proofs: Proofs) -> Iterator[Line]:
    frozen = next(each for each in answered.definition.populations if each.system == proofs.first["system"])
    yield "Frozen items, landing", frozen.landing
    yield "Entitlements, landing", proofs.first["landing"]
    for name, label in (("roster", "People, landing"), ("roles", "Holders of roles, landing")):
        yield from ((label, row["landing"]) for row in made_of(answered)[name])
    yield "Entitlements collected again, landing", proofs.second["landing"] if proofs.second else "none"


def second_list_in_words(proofs: Proofs) -> str:
    """Return what is said of the second collection of a system."""
    if proofs.second is None:
        return "The system was not collected again, so that nothing shows whether what was decided was carried out."
    if proofs.unusable_because:
        return proofs.unusable_because
    if proofs.second_list is None:
        return "The system was collected again, and nothing had to be proven by it."
    seen = proofs.second_list
    return f"The system was collected again: the list stands for {minute(seen.as_of)}, and was read at {minute(seen.read_at)}."


def _documents(landing: Landing) -> Iterator[dict[str, Any]]:
    answered, ledger = landing.answered, landing.answered.ledger
    opened = answered.documents[answered.opened.key]
    said = {"at": answered.opened.at, "by": answered.opened.by}
    yield record_row("campaign opened", opened.key, opened.sha256, said)
    known = {
        event: (document.key, document.sha256)
        for event in ledger.events
        if (document := answered.documents.get(ledger.key_of(event) or "")) is not None
    }
    yield from document_rows(answered.state, ledger.events, known)
    if landing.tickets.none is not None:
        yield record_row("remediation ticket", landing.tickets.none.key, landing.tickets.none.sha256, {})
    for _, (ticket, document) in sorted(landing.tickets.by_item.items(), key=lambda each: each[1][1].key):
        yield record_row("remediation ticket", document.key, document.sha256, {"at": ticket.recorded_at, "items": 1})
    yield record_row("review result", landing.result.record.key, landing.result.record.sha256, {})


def presented_keys(answered: Answered) -> set[str]:
    """Return where everything stands that somebody was shown who decided then."""
    campaign = answered.definition.campaign
    return {
        answered.place.presented(campaign, event.assignment, event.presented_sha256)
        for event in answered.ledger.events.values()
        if isinstance(event, Decided) and event.presented_sha256
    }
