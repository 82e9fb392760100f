# SPDX-License-Identifier: Apache-2.0
"""Land what a review came to, for one system, under the window that it performs the control for.

1. It is closed, and the document that was made of it is signed off; or it is said why it lands without that.
2. What stands already with that sign-off is found.
3. The rows are made again from the bucket. They have the hash that the document states, or nothing lands.
4. Pages are locked: the packet, rows and documents as CSV, and the document that was signed off.
5. The rows are judged and written as those of any other population, and land with everything that they were made of named.

A review that was cancelled lands nothing (`tieout.flows.campaign_cancelled`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from tieout.campaigns.said import told
from tieout.collectors.ipe import AirflowRun
from tieout.contracts.odcs import Contract
from tieout.criteria.reviews import REVIEW_TYPE
from tieout.errors import ExtractionRefused, LandingConflict
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.flows import population_export as flow
from tieout.flows.campaign_landing import StagedRows, ipe_of, land_staged, landing_job, standing_of
from tieout.flows.campaigns import Campaigns
from tieout.flows.remediation import read_tickets
from tieout.flows.review_answered import Answered, read_answered
from tieout.flows.review_inputs import ReviewWindow
from tieout.flows.review_lineage import lineage, sign_off_document
from tieout.flows.review_pages import Landing, write_pages
from tieout.flows.review_proof import made_of
from tieout.flows.review_rows import Assembled, assemble, delta_counts
from tieout.flows.review_sign_off import Result, read_result, sign_off_of
from tieout.reviews.items import TOXIC, asked_flags
from tieout.times import instant

_PEOPLE = 500
"""People whose facts the manifest lists; the packet's page lists more."""
_SPOTS = (
    "A decision shows that somebody chose, not how carefully.",
    "Proof is absence from a later list: what stood between the two lists is not shown, and what the first list left out appears "
    "nowhere.",
    "Who answered is asserted by the entity: by its messenger or its pages, and by the key that signs responses.",
)


def land_review(
    planned: ReviewWindow,
    campaigns: Campaigns,
    system: str,
    document_sha256: str,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    *,
    reason: str | None = None,
    unsigned_because: str | None = None,
) -> LandingReference:
    """Land one system of a review, or find that it has landed.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's, whose store is the writer's.
        system: One of its systems.
        document_sha256: Of what was put before whoever signs off (`tieout.flows.review_sign_off.prepare_sign_off`).
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why it supersedes what stands in the slot; ``None`` where it must not.
        unsigned_because: Why it lands although nobody has signed it off; ``None`` where it must not.

    Raises:
        ConfigurationError: The control's file asks for rows of another type.
        ExtractionRefused: It is not closed, was cancelled, or is not signed off.
        LandingConflict: Something that it was made of is another by now than what was signed off, or something else stands.
        ContractError: The rows break their contract: nothing lands, and a record says so.
        VerificationError: A document or manifest is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    started = clock()
    answered = read_answered(planned, campaigns)
    sign_off = sign_off_of(answered, document_sha256) if answered.closed_at else None  # (1)
    if sign_off is None and not unsigned_because:
        msg = f"review {planned.campaign}: nobody has signed off the document of SHA-256 {document_sha256}. Nothing lands."
        raise ExtractionRefused(msg)
    result = read_result(answered, document_sha256)
    job = landing_job(planned, system, REVIEW_TYPE)
    job = replace(job, contract=asked_rules(job.contract, asked_flags(made_of(answered))))
    signed = sign_off_document(result, sign_off, unsigned_because)
    if (there := standing_of(job, campaigns.store, lambda made: made.get("sign_off") == signed, reason)) is not None:
        return there  # (2)
    tickets = read_tickets(answered)
    found = assemble(answered, tickets, system, folder / "made", sign_off, folder)
    _require_signed_rows(planned, result, found)  # (3)
    said = told(answered.state, answered.ledger.events)
    landing = Landing(
        answered=answered, tickets=tickets, found=found, result=result, sign_off=sign_off, unsigned_because=unsigned_because,
        told=said, contract=job.contract,
    )  # fmt: skip
    frozen = frozen_rows(answered, system)
    rows = StagedRows(
        job=job, folder=folder, run=run, origin=f"review {planned.campaign}", expected=frozen,
        settled_at=answered.removal_due_at, pages=write_pages(landing, folder),
    )  # fmt: skip
    ipe = ipe_of(job, campaigns.store, run, started, _produced(landing, frozen))
    inputs = {**lineage(landing), "sign_off": signed}
    return land_staged(rows, ipe, inputs, campaigns.store, signer, clock, reason)  # (4), (5)


def asked_rules(contract: Contract, flags: Collection[str]) -> Contract:
    """Return a contract with the rules that a review which asks about some flags can be held against.

    Where the control names no combinations of entitlements, nothing is said about them, rather than that nothing can be told.
    """
    absent = {TOXIC} - set(flags)
    return replace(contract, rules=tuple(rule for rule in contract.rules if rule.arguments.get("column") not in absent))


def _require_signed_rows(planned: ReviewWindow, result: Result, found: Assembled) -> None:
    stated = result.document["systems"].get(found.system, {}).get("rows_sha256")
    if found.rows_sha256 != stated:
        msg = (
            f"review {planned.campaign}, {found.system}: the rows are others by now ({found.rows_sha256[:16]}) than those that "
            f"were signed off ({str(stated)[:16]}). Nothing lands. Prepare the result again, and have it signed off."
        )
        raise LandingConflict(msg)


def frozen_rows(answered: Answered, system: str) -> int:
    """Return how many items of a system were frozen, as their manifest counts them."""
    for manifest in answered.rows.manifests:
        if manifest.predicate["system"] == system:
            return int(manifest.predicate["population"]["rows"])
    raise AssertionError(system)


def _produced(landing: Landing, frozen: int) -> dict[str, Any]:
    """Return what the rows' IPE record says of a review."""
    answered, found = landing.answered, landing.found
    count = found.tally.whole.count
    return {
        "report": "decisions of a review of access, and what came of them",
        "request": {
            "query": "every frozen item, with what the campaign's responses come to when they are folded in their order, the "
            "ticket that is recorded of it, and what the list that was collected again shows of it",
            "parameters": {
                "campaign": answered.definition.campaign,
                "definition_sha256": answered.definition.sha256,
                "removal_due_at": instant(answered.removal_due_at),
            },
        },
        "source_total": {"rows": count, "how": "items of the system in the campaign's definition"},
        "second_count": {"rows": frozen, "how": "items that the manifest of their landing counts", "class": "other endpoint"},
        "rows_read": count,
        "rows_in_window": count,
        "review": {**found.tally.as_document(_PEOPLE), "delta": delta_counts(found.since, found.system)},
        "blind_spots": list(_SPOTS),
    }
