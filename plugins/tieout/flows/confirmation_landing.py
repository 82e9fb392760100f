# SPDX-License-Identifier: Apache-2.0
"""Land what an owner confirmation came to, under the window that it performs the control for.

1. It is closed. All that was said in it is read and folded again; what stands already of the same close is found.
2. What was handed in is read: the document that the last answer names, with the hash that it names. Each of its files is there,
   in the version that the response pins.
3. The rows are made (`tieout.confirmations.outcomes`), one for each form, and staged.
4. Pages are locked: the rows as CSV, each document of the campaign with what of it counts, and all signed responses in one file.
5. The rows are judged and written as those of any other population, and land with everything that they were made of named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tieout.collectors.ipe import AirflowRun
from tieout.confirmations.handed import HandedIn
from tieout.confirmations.outcomes import Confirmations
from tieout.confirmations.requests import Row
from tieout.criteria.forms import CONFIRMATION_TYPE
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.flows import population_export as flow
from tieout.flows.campaign_answered import CampaignAnswered, read_campaign
from tieout.flows.campaign_landing import (
    StagedRows,
    campaign_input,
    ipe_of,
    items_input,
    land_staged,
    landing_job,
    standing_of_close,
)
from tieout.flows.campaign_pages import response_pages
from tieout.flows.campaigns import Campaigns
from tieout.flows.confirmation_files import Handed, other_files
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.staged_rows import Staged
from tieout.times import instant

_SPOTS = (
    "A confirmation is the word of whoever confirms; the effective date is what that person says.",
    "Files were told by their bytes and stored; nobody here has opened them, and no scan for malware was made.",
    "Who answered is asserted by the entity: by its pages, and by the key that signs responses.",
)


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
    started, job = clock(), landing_job(planned, planned.system, CONFIRMATION_TYPE)
    answered = read_campaign(planned, campaigns, folder / "documents")
    if (there := standing_of_close(job, answered, reason)) is not None:  # (1)
        return there
    handed = Handed(answered)
    made = Confirmations(answered.state, answered.ledger.events, handed, planned.scope.zone)
    rows = list(made.rows(answered.rows.table.to_pylist()))  # (3)
    given = [last for row in rows if (last := made.last_answer(row["confirmation_id"])) is not None]
    for last in given:
        handed.check_files(last)  # (2)
    with Staged(folder, job.contract) as staged:
        staged.add(rows)
    store, pages = campaigns.store, response_pages(answered, job.contract, folder)
    frozen = int(answered.rows.manifests[0].predicate["population"]["rows"])
    staged_rows = StagedRows(
        job=job, folder=folder, run=run, origin=f"campaign {planned.campaign}", expected=frozen,
        settled_at=answered.closed_at, pages=pages,
    )  # fmt: skip
    ipe = ipe_of(job, store, run, started, _produced(answered, rows, frozen))
    inputs = _inputs(answered, [handed(last) for last in given])
    return land_staged(staged_rows, ipe, inputs, store, signer, clock, reason)  # (4), (5)


def _inputs(answered: CampaignAnswered, handed: Iterable[HandedIn]) -> dict[str, Any]:
    """Return everything that the rows were made of: the frozen forms, the campaign, and what was handed in with its files."""
    files = [file for each in handed for file in each.files]
    return {
        "items": items_input(answered.definition.populations),
        "campaign": campaign_input(answered),
        # Without their names, which are personal data: what was handed in has them.
        "files": [{"field": each.field, "key": each.key, "version_id": each.version_id, "sha256": each.sha256} for each in files],
        "other_files": other_files(answered, {each.key for each in files}),
    }


def _produced(answered: CampaignAnswered, rows: Sequence[Row], frozen: int) -> dict[str, Any]:
    """Return what the rows' IPE record says of a confirmation."""
    return {
        "report": "what the owner confirmed in a form, and who looked at it; or that nothing was confirmed",
        "request": {
            "query": "the frozen forms, with what the campaign's responses come to when they are folded in their order",
            "parameters": {
                "campaign": answered.definition.campaign,
                "definition_sha256": answered.definition.sha256,
                "forms_sha256": sorted(row["form_sha256"] for row in rows),
                "due_at": instant(answered.definition.schedule.due_at),
                "closed_at": instant(answered.closed_at),
            },
        },
        "source_total": {"rows": len(rows), "how": "items of the campaign's definition"},
        "second_count": {"rows": frozen, "how": "rows that the manifest of the frozen forms counts", "class": "other endpoint"},
        "rows_read": len(rows),
        "rows_in_window": len(rows),
        "blind_spots": list(_SPOTS),
    }
