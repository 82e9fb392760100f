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

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tieout.collectors.extraction import ROWS_FILE
from tieout.collectors.ipe import AirflowRun
from tieout.criteria.acknowledgments import ACKNOWLEDGMENT_TYPE, PEOPLE_TYPE
from tieout.criteria.periods import REMOVAL
from tieout.errors import ConfigurationError, ExtractionRefused, TerminalError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, land, standing_landing
from tieout.files import file_sha256
from tieout.flows import population_export as flow
from tieout.flows.campaign_answered import CampaignAnswered, read_campaign
from tieout.flows.campaign_pages import response_pages
from tieout.flows.campaign_window import NAMES, input_files, standing_inputs
from tieout.flows.campaigns import Campaigns
from tieout.flows.derived import derived_landing
from tieout.flows.policy_inputs import PolicyWindow
from tieout.flows.staged_rows import Staged
from tieout.flows.unusable import kept
from tieout.flows.written_pages import WrittenPage, lock_written
from tieout.persons import normalised
from tieout.policies.obligations import ASSIGNED
from tieout.policies.outcomes import Outcomes
from tieout.provenance import code_version
from tieout.times import instant

Row = dict[str, Any]
_AT_ONCE = 2_000
_SPOTS = (
    "An acknowledgment shows that somebody confirmed, not that the text was read or understood.",
    "Who answered is asserted by the entity: by its messenger or its pages, and by the key that signs responses; of a personal "
    "link, that somebody held it.",
    "Whoever has left is known as far as the people system says so by the close.",
)


@dataclass(frozen=True)
class _Context:
    """What every step of one landing needs."""

    job: flow.Job
    answered: CampaignAnswered
    again: Mapping[str, Row]
    folder: Path
    run: AirflowRun | None
    started: str
    counts: dict[str, int]


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
    started, job = clock(), flow.plan(planned.settings, planned.control_id, system, planned.window.key)
    if job.contract.evidence_type != ACKNOWLEDGMENT_TYPE:
        got = job.contract.evidence_type
        msg = f"control {planned.control_id!r}: evidence_type: expected {ACKNOWLEDGMENT_TYPE}, got {got}. Run tieout lint."
        raise ConfigurationError(msg)
    answered = read_campaign(planned, campaigns, folder / "documents")
    if (there := _standing(job, answered, reason)) is not None:
        return there  # (1)
    again = _again(planned, campaigns)
    context = _Context(job, answered, again, folder, run, instant(started), {})
    _stage(context, left_on(planned, campaigns, again, folder))
    return _land(context, signer, clock, reason)


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


def _stage(context: _Context, left: Mapping[str, date]) -> None:
    """Stage the rows of the system, and count what they come to."""
    answered, job = context.answered, context.job
    frozen = (row for row in answered.items_of(job.source.system) if row["status"] == ASSIGNED)
    rows = Outcomes(answered.state, answered.ledger.events, left).rows(frozen)
    with Staged(context.folder, job.contract) as staged:
        while some := list(islice(rows, _AT_ONCE)):
            staged.add(some)
            for row in some:
                context.counts[row["outcome"]] = context.counts.get(row["outcome"], 0) + 1


def _land(context: _Context, signer: DocumentSigner, clock: flow.Clock, reason: str | None) -> LandingReference:
    job, answered, folder = context.job, context.answered, context.folder
    store, pages, inputs = answered.campaigns.store, response_pages(answered, job.contract, folder), _inputs(context)
    name = derived_landing(job, control_sha256=job.control_sha256, inputs=inputs, pages=[each.sha256 for each in pages])
    at = clock()
    extraction = {
        "landing": name,
        "origin": f"campaign {answered.planned.campaign}",
        "expected_rows": _assigned(context),
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


def _assigned(context: _Context) -> int:
    """Return how many rows of the system were assigned, as the manifest of the frozen rows counts them."""
    for manifest in context.answered.rows.manifests:
        if manifest.predicate["system"] == context.job.source.system:
            return int(manifest.predicate["ipe"]["statuses"].get(ASSIGNED, 0))
    raise AssertionError(context.job.source.system)


def _inputs(context: _Context) -> dict[str, Any]:
    answered = context.answered
    frozen = [each for each in answered.definition.populations if each.system == context.job.source.system]
    names = ("system", "landing", "manifest_key", "manifest_sha256")
    return {
        "items": [{name: getattr(each, name) for name in names} for each in frozen],
        "campaign": {
            "id": answered.definition.campaign,
            "definition_sha256": answered.definition.sha256,
            "opened": answered.documents[answered.opened.key].as_document(),
            "closed": _closed(answered),
            "documents": len(answered.documents),
        },
        "people": [{name: row[name] for name in NAMES} for row in context.again.values()],
    }


def _ipe(context: _Context, inputs: Mapping[str, Any], pages: tuple[WrittenPage, ...]) -> dict[str, Any]:
    """Return how the rows were produced; but for when that ended."""
    job, answered, count = context.job, context.answered, sum(context.counts.values())
    schedule = answered.definition.schedule
    return {
        "kind": job.control.population.ipe,
        "system": job.source.system,
        "environment": job.settings.environment,
        "report": "acknowledgments of policies, and who gave none",
        "source": {"kind": "evidence bucket", "location": f"s3://{answered.campaigns.store.bucket}", "account": None},
        "request": {
            "query": "every assigned row, with what the campaign's responses come to when they are folded in their order",
            "parameters": {
                "campaign": answered.definition.campaign,
                "definition_sha256": answered.definition.sha256,
                "due_at": instant(schedule.due_at),
                "closed_at": instant(answered.closed_at),
            },
        },
        "started_at": context.started,
        "source_total": {"rows": count, "how": "items of the system in the campaign's definition"},
        "second_count": {
            "rows": _assigned(context),
            "how": "assigned rows that the manifest of the frozen rows counts",
            "class": "other endpoint",
        },
        "rows_read": count,
        "rows_in_window": count,
        "drops": [],
        "inputs": dict(inputs),
        "outcomes": dict(sorted(context.counts.items())),
        "pages": [each.as_document() for each in pages],
        "blind_spots": list(_SPOTS),
        "code": code_version(job.settings.home).as_document(),
        "airflow": asdict(context.run) if context.run else None,
    }
