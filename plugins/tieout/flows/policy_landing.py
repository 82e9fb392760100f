# SPDX-License-Identifier: Apache-2.0
"""Land what an acknowledgment campaign came to, for one system, under the window that it performs the control for.

1. It is closed. All that was said in it is read and folded again; what stands already of the same close is found.
2. Whoever a later list shows to have left is known: the people land once more as of the close.
3. Each assigned row gets what it came to (`tieout.policies.outcomes`), and is staged.
4. Pages are locked: the rows as CSV, each document of the campaign with what of it counts, and all signed responses in one file,
   so that nobody has to fetch them one by one.
5. The rows are judged and written as those of any other population, and land with everything that they were made of named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tieout.collectors.ipe import AirflowRun
from tieout.criteria.acknowledgments import ACKNOWLEDGMENT_TYPE, PEOPLE_TYPE
from tieout.criteria.periods import REMOVAL
from tieout.errors import ExtractionRefused
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
from tieout.flows.campaign_window import NAMES, input_files, standing_inputs
from tieout.flows.campaigns import Campaigns
from tieout.flows.policy_inputs import PolicyWindow
from tieout.flows.staged_rows import Staged
from tieout.persons import normalised
from tieout.policies.obligations import ASSIGNED
from tieout.policies.outcomes import Outcomes
from tieout.times import instant

Row = dict[str, Any]
_AT_ONCE = 2_000
_SPOTS = (
    "An acknowledgment shows that somebody confirmed, not that the text was read or understood.",
    "Who answered is asserted by the entity: by its messenger or its pages, and by the key that signs responses; of a personal "
    "link, that somebody held it.",
    "Whoever has left is known as far as the people system says so by the close.",
)


def land_policies(
    planned: PolicyWindow,
    campaigns: Campaigns,
    system: str,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    reason: str | None = None,
) -> LandingReference:
    """Land one system of an acknowledgment campaign, or find that it has landed.

    Args:
        planned: From `tieout.flows.policy_inputs.plan_policies`.
        campaigns: The installation's, whose store is the writer's.
        system: One of its systems.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why it supersedes what stands in the slot; ``None`` where it must not.

    Raises:
        ConfigurationError: The control's file asks for rows of another type.
        ExtractionRefused: It is not closed, was cancelled, or the people have not landed again.
        LandingConflict: Something that it was made of is not what was sealed, or something else stands.
        ContractError: The rows break their contract: nothing lands, and a record says so.
        VerificationError: A document or manifest is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    started, job = clock(), landing_job(planned, system, ACKNOWLEDGMENT_TYPE)
    answered = read_campaign(planned, campaigns, folder / "documents")
    if (there := standing_of_close(job, answered, reason)) is not None:
        return there  # (1)
    again, store = _again(planned, campaigns), campaigns.store
    counts, assigned = _stage(job, answered, left_on(planned, campaigns, again, folder), folder), _assigned(answered, system)
    staged = StagedRows(
        job=job, folder=folder, run=run, origin=f"campaign {planned.campaign}", expected=assigned,
        settled_at=answered.closed_at, pages=response_pages(answered, job.contract, folder),
    )  # fmt: skip
    inputs = {
        "items": items_input(each for each in answered.definition.populations if each.system == system),
        "campaign": campaign_input(answered),
        "people": [{name: row[name] for name in NAMES} for row in again.values()],
    }
    ipe = ipe_of(job, store, run, started, _produced(answered, counts, assigned))
    return land_staged(staged, ipe, inputs, store, signer, clock, reason)  # (4), (5)


def _again(planned: PolicyWindow, campaigns: Campaigns) -> dict[str, Row]:
    key = f"{REMOVAL}{planned.window.key}"
    there = standing_inputs(campaigns.store, planned.control_id, key)
    absent = [system for system in planned.systems if system not in there]
    if absent:
        msg = f"campaign {planned.campaign}: window {key} has not landed of {', '.join(absent)}. Collect it, and land then."
        raise ExtractionRefused(msg)
    return {system: there[system] for system in planned.systems}


def left_on(planned: PolicyWindow, campaigns: Campaigns, again: Mapping[str, Row], folder: Path) -> dict[str, date]:
    """Return the last days of those whom every later list that names them shows to have left."""
    table, found, present = flow.contract_of(planned.settings, PEOPLE_TYPE).table, dict[str, date](), set[str]()
    for row in again.values():
        campaigns.signed_manifest(row)
        for path in input_files(campaigns.store, [row], table, folder):
            for batch in pq.ParquetFile(path).iter_batches(columns=["person", "employment", "left_on"]):
                for each in batch.to_pylist():
                    person = normalised(each["person"])
                    if each["employment"] == "left" and each["left_on"] is not None:
                        found[person] = max(each["left_on"], found.get(person, each["left_on"]))
                    else:
                        present.add(person)
            path.unlink()
    return {person: day for person, day in found.items() if person not in present}


def _stage(job: flow.Job, answered: CampaignAnswered, left: Mapping[str, date], folder: Path) -> Counter[str]:
    """Stage the rows of the system, and return what they come to: how many of each outcome."""
    frozen = (row for row in answered.items_of(job.source.system) if row["status"] == ASSIGNED)
    rows, counts = Outcomes(answered.state, answered.ledger.events, left).rows(frozen), Counter[str]()
    with Staged(folder, job.contract) as staged:
        while some := list(islice(rows, _AT_ONCE)):
            staged.add(some)
            counts.update(row["outcome"] for row in some)
    return counts


def _assigned(answered: CampaignAnswered, system: str) -> int:
    """Return how many rows of the system were assigned, as the manifest of the frozen rows counts them."""
    for manifest in answered.rows.manifests:
        if manifest.predicate["system"] == system:
            return int(manifest.predicate["ipe"]["statuses"].get(ASSIGNED, 0))
    raise AssertionError(system)


def _produced(answered: CampaignAnswered, counts: Mapping[str, int], assigned: int) -> dict[str, Any]:
    """Return what the rows' IPE record says of acknowledgments."""
    count = sum(counts.values())
    return {
        "report": "acknowledgments of policies, and who gave none",
        "request": {
            "query": "every assigned row, with what the campaign's responses come to when they are folded in their order",
            "parameters": {
                "campaign": answered.definition.campaign,
                "definition_sha256": answered.definition.sha256,
                "due_at": instant(answered.definition.schedule.due_at),
                "closed_at": instant(answered.closed_at),
            },
        },
        "source_total": {"rows": count, "how": "items of the system in the campaign's definition"},
        "second_count": {
            "rows": assigned,
            "how": "assigned rows that the manifest of the frozen rows counts",
            "class": "other endpoint",
        },
        "rows_read": count,
        "rows_in_window": count,
        "outcomes": dict(sorted(counts.items())),
        "blind_spots": list(_SPOTS),
    }
