# SPDX-License-Identifier: Apache-2.0
"""Land what an owner confirmation came to, under the window that it performs the control for.

1. It is closed. All that was said in it is read and folded again; what stands already of the same close is found.
2. What was handed in is read: the document that the last answer names, with the hash that it names. Each of its files is there,
   in the version that the response pins.
3. The row is made (`tieout.confirmations.outcomes`), and staged.
4. Pages are locked: the row as CSV, each document of the campaign with what of it counts, and all signed responses in one file.
5. The row is judged and written as those of any other population, and lands with everything that it was made of named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tieout.campaigns.events import Decided
from tieout.collectors.extraction import ROWS_FILE
from tieout.collectors.ipe import AirflowRun
from tieout.confirmations.handed import HandedIn
from tieout.confirmations.outcomes import Confirmations
from tieout.confirmations.requests import Row
from tieout.criteria.forms import CONFIRMATION_TYPE
from tieout.errors import ConfigurationError, TerminalError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, land, standing_landing
from tieout.files import file_sha256
from tieout.flows import population_export as flow
from tieout.flows.campaign_answered import CampaignAnswered, read_campaign
from tieout.flows.campaign_pages import response_pages
from tieout.flows.campaigns import Campaigns
from tieout.flows.confirmation_files import Handed, other_files
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.derived import derived_landing
from tieout.flows.staged_rows import Staged
from tieout.flows.unusable import kept
from tieout.flows.written_pages import WrittenPage, lock_written
from tieout.provenance import code_version
from tieout.times import instant

_SPOTS = (
    "A confirmation is the word of whoever confirms; the effective date is what that person says.",
    "Files were told by their bytes and stored; nobody here has opened them, and no scan for malware was made.",
    "Who answered is asserted by the entity: by its pages, and by the key that signs responses.",
)


@dataclass(frozen=True)
class _Context:
    """What every step of one landing needs."""

    job: flow.Job
    answered: CampaignAnswered
    folder: Path
    run: AirflowRun | None
    started: str
    row: Row
    handed: tuple[Decided, HandedIn] | None


def land_confirmation(
    planned: ConfirmationWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    reason: str | None = None,
) -> LandingReference:
    """Land what a confirmation came to, or find that it has landed.

    Args:
        planned: From `tieout.flows.confirmation_inputs.plan_confirmation`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why it supersedes what stands in the slot; ``None`` where it must not.

    Raises:
        ConfigurationError: The control's file asks for rows of another type.
        ExtractionRefused: It is not closed, or was cancelled.
        CannotCheck: What was handed in is not what the response names, or a later release wrote it.
        LandingConflict: Something that it was made of is not what was sealed, a file is gone, or something else stands.
        ContractError: The row breaks its contract: nothing lands, and a record says so.
        VerificationError: A document or manifest is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    started, job = clock(), flow.plan(planned.settings, planned.control_id, planned.system, planned.window.key)
    if job.contract.evidence_type != CONFIRMATION_TYPE:
        got = job.contract.evidence_type
        msg = f"control {planned.control_id!r}: evidence_type: expected {CONFIRMATION_TYPE}, got {got}. Run tieout lint."
        raise ConfigurationError(msg)
    answered = read_campaign(planned, campaigns, folder / "documents")
    if (there := _standing(job, answered, reason)) is not None:  # (1)
        return there
    handed = Handed(answered)
    made = Confirmations(answered.state, answered.ledger.events, handed, planned.scope.zone)
    [row] = made.rows(answered.rows.table.to_pylist())  # (3)
    last = made.last_answer(row["confirmation_id"])
    said = (last, handed(last)) if last else None
    if last:
        handed.check_files(last)  # (2)
    with Staged(folder, job.contract) as staged:
        staged.add([row])
    return _land(_Context(job, answered, folder, run, instant(started), row, said), signer, clock, reason)


def _standing(job: flow.Job, answered: CampaignAnswered, reason: str | None) -> LandingReference | None:
    """Return the landing that stands of the same close: what was said after it changes nothing."""
    found = standing_landing(answered.campaigns.store, job.place, job.source.system)
    closed = _closed(answered)
    if found is None or (found.predicate["ipe"].get("inputs") or {}).get("campaign", {}).get("closed") != closed:
        return None
    said = found.predicate
    if reason and (said["supersedes"] or {}).get("reason") != reason:
        return None
    rows, potential = said["population"]["rows"], said["potential_deviations"]
    return LandingReference(found.landing, found.key, found.sha256, rows, potential, landed_now=False)


def _closed(answered: CampaignAnswered) -> dict[str, str]:
    """Return the document that closed the campaign.

    Raises:
        ExtractionRefused: It is not closed.
    """
    key = answered.ledger.key_of(answered.state.closed.id) if answered.closed_at and answered.state.closed else None
    return answered.documents[key or ""].as_document()


def _land(context: _Context, signer: DocumentSigner, clock: flow.Clock, reason: str | None) -> LandingReference:
    job, answered, folder = context.job, context.answered, context.folder
    store, pages, inputs = answered.campaigns.store, response_pages(answered, job.contract, folder), _inputs(context)
    name = derived_landing(job, control_sha256=job.control_sha256, inputs=inputs, pages=[each.sha256 for each in pages])
    at = clock()
    extraction = {
        "landing": name,
        "origin": f"campaign {answered.planned.campaign}",
        "expected_rows": answered.rows.manifests[0].predicate["population"]["rows"],
        "rows_sha256": file_sha256(folder / ROWS_FILE),
        "collected_at": instant(at),
        "extraction": flow.extraction_state(job, at, answered.closed_at),
        "ipe": {**_ipe(context, inputs, pages), "finished_at": instant(at)},
        "source_rules": [],
    }
    retention = flow.retention_of(job, at)
    stored = lock_written(pages, job.place, name, store, retention)  # (4)
    try:
        validated = flow.validate(job, extraction, folder)
    except TerminalError as error:
        raise kept(job, name, stored, error, context.run, clock(), store, signer) from error
    draft = Draft(job.place, name, job.source.system, validated.parts, stored, validated.predicate)
    return land(draft, store, signer, retention, clock, folder, reason)  # (5)


def _inputs(context: _Context) -> dict[str, Any]:
    """Return everything that the row was made of: the frozen form, the campaign, and what was handed in with its files."""
    answered, names = context.answered, ("system", "landing", "manifest_key", "manifest_sha256")
    files = context.handed[1].files if context.handed else ()
    return {
        "items": [{name: getattr(each, name) for name in names} for each in answered.definition.populations],
        "campaign": {
            "id": answered.definition.campaign,
            "definition_sha256": answered.definition.sha256,
            "opened": answered.documents[answered.opened.key].as_document(),
            "closed": _closed(answered),
            "documents": len(answered.documents),
        },
        # Without their names, which are personal data: what was handed in has them.
        "files": [{"field": each.field, "key": each.key, "version_id": each.version_id, "sha256": each.sha256} for each in files],
        "other_files": other_files(answered, {each.key for each in files}),
    }


def _ipe(context: _Context, inputs: Mapping[str, Any], pages: tuple[WrittenPage, ...]) -> dict[str, Any]:
    """Return how the row was produced; but for when that ended."""
    job, answered = context.job, context.answered
    return {
        "kind": job.control.population.ipe,
        "system": job.source.system,
        "environment": job.settings.environment,
        "report": "what the owner confirmed in a form, and who looked at it; or that nothing was confirmed",
        "source": {"kind": "evidence bucket", "location": f"s3://{answered.campaigns.store.bucket}", "account": None},
        "request": {
            "query": "the frozen form, with what the campaign's responses come to when they are folded in their order",
            "parameters": {
                "campaign": answered.definition.campaign,
                "definition_sha256": answered.definition.sha256,
                "form_sha256": context.row["form_sha256"],
                "due_at": instant(answered.definition.schedule.due_at),
                "closed_at": instant(answered.closed_at),
            },
        },
        "started_at": context.started,
        "source_total": {"rows": 1, "how": "items of the campaign's definition"},
        "second_count": {
            "rows": answered.rows.manifests[0].predicate["population"]["rows"],
            "how": "rows that the manifest of the frozen form counts",
            "class": "other endpoint",
        },
        "rows_read": 1,
        "rows_in_window": 1,
        "drops": [],
        "inputs": dict(inputs),
        "pages": [each.as_document() for each in pages],
        "blind_spots": list(_SPOTS),
        "code": code_version(job.settings.home).as_document(),
        "airflow": asdict(context.run) if context.run else None,
    }
