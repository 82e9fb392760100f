# SPDX-License-Identifier: Apache-2.0
"""Freeze the population of an acknowledgment campaign: everybody who is listed, held against every policy in force, lands.

1. The lists of people stand, read as of the window's end. The documents of the policies are as they were approved.
2. What earlier campaigns have asked and heard is read from the bucket.
3. Every person gets a row for every policy: assigned, or why not (`tieout.policies.obligations`).
4. The rows land, one landing for each system, with the documents locked beside them as raw pages.

What stands already stays as it is, so that a task that was killed goes on where it was; a reason supersedes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tieout.collectors.ipe import AirflowRun
from tieout.criteria.acknowledgments import ASSIGNMENT_TYPE, PEOPLE_TYPE
from tieout.criteria.periods import ACCESS, ITEMS
from tieout.criteria.policies import FOLDER, policy_files
from tieout.errors import ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.evidence.store import S3Store
from tieout.files import file_sha256
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import NAMES, input_files, standing_inputs, standing_list
from tieout.flows.campaigns import Campaigns
from tieout.flows.derived import derived_job, derived_landing, land_derived
from tieout.flows.policy_documents import policy_pages
from tieout.flows.policy_history import Past, read_past
from tieout.flows.policy_inputs import PolicyWindow
from tieout.flows.written_pages import WrittenPage, in_tables, lock_written
from tieout.policies.obligations import Terms, obligations
from tieout.provenance import code_version
from tieout.times import instant

Row = dict[str, Any]
_SPOTS = (
    "Whoever no list names appears nowhere.",
    "Leave, days of employment and who reports to whom are what the people system said.",
)


@dataclass(frozen=True)
class _Made:
    """Everything that the landings of one freeze share."""

    planned: PolicyWindow
    campaigns: Campaigns
    terms: Terms
    people: dict[str, Row]
    past: Past
    documents: tuple[WrittenPage, ...]
    rows: pa.Table
    started: str
    run: AirflowRun | None


def freeze_policies(
    planned: PolicyWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    reason: str | None = None,
    due_at: datetime | None = None,
) -> dict[str, LandingReference]:
    """Work out who is to acknowledge what, and land it.

    Args:
        planned: From `tieout.flows.policy_inputs.plan_policies`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        clock: Tells the time, UTC. Its local day is the day of the freeze.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why the rows supersede those that stand, if any do. Items that a campaign asks about are never superseded.
        due_at: By when everybody is to acknowledge, UTC, where that is not as the control's file says.

    Returns:
        The landing of each system.

    Raises:
        ExtractionRefused: A list has not landed, or all of them are empty.
        ConfigurationError: A policy is not there, or its document another one than was approved.
        SourceUnavailable: A document could not be fetched; run it again.
        ContractError: The rows break their contract.
        LandingConflict: A landing is not what its manifest says.
        StoreUnavailable: The store did not answer; run it again.
    """
    jobs = {system: derived_job(_items_job(planned, system), ASSIGNMENT_TYPE) for system in planned.systems}
    found = {system: None if reason else standing_list(campaigns.store, job) for system, job in jobs.items()}
    if all(found.values()):
        return {system: each for system, each in found.items() if each}
    made = _make(planned, campaigns, clock, folder, run, due_at)
    references = {}
    for system, job in jobs.items():
        own = folder / f"landing-{system}"
        own.mkdir()
        references[system] = found[system] or _land(made, job, system, signer, clock, own, reason)
    return references


def _make(
    planned: PolicyWindow,
    campaigns: Campaigns,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    due_at: datetime | None,
) -> _Made:
    started = clock()
    people = _standing_people(planned, campaigns.store)  # (1)
    frozen_on = planned.scope.calendar.day_of(started)
    terms = Terms(
        campaign=planned.campaign, acknowledgment=planned.acknowledgment, policies=planned.policies(),
        calendar=planned.scope.calendar, frozen_on=frozen_on, due_at=due_at,
    )  # fmt: skip
    work = [folder / name for name in ("documents", "past", "people")]
    for each in work:
        each.mkdir()
    documents = policy_pages(planned.settings, terms.in_force(), work[0])
    past = read_past(planned, campaigns, work[1])  # (2)
    contract = flow.contract_of(planned.settings, ASSIGNMENT_TYPE)
    listed = _people(planned, campaigns.store, people, work[2])
    made = pa.concat_tables(
        [contract.schema.empty_table(), *in_tables(obligations(listed, terms, past.history), contract.schema)]
    )
    return _Made(planned, campaigns, terms, people, past, documents, made, instant(started), run)  # (3)


def _standing_people(planned: PolicyWindow, store: S3Store) -> dict[str, Row]:
    """Return the landings of the lists, by system, in the control's order."""
    key = f"{ACCESS}{planned.window.key}"
    there = standing_inputs(store, planned.control_id, key)
    absent = [system for system in planned.systems if system not in there]
    if absent:
        msg = f"campaign {planned.campaign}: window {key} has not landed of {', '.join(absent)}. Collect it, and freeze then."
        raise ExtractionRefused(msg)
    if not any(there[system]["rows"] for system in planned.systems):
        msg = f"campaign {planned.campaign}: no list names anybody: nobody could be asked. Collect them again."
        raise ExtractionRefused(msg)
    return {system: there[system] for system in planned.systems}


def _people(planned: PolicyWindow, store: S3Store, people: dict[str, Row], folder: Path) -> Iterator[Row]:
    table = flow.contract_of(planned.settings, PEOPLE_TYPE).table
    for row in people.values():
        for path in input_files(store, [row], table, folder):
            for batch in pq.ParquetFile(path).iter_batches():
                yield from batch.to_pylist()
            path.unlink()


def _items_job(planned: PolicyWindow, system: str) -> flow.Job:
    key = f"{ITEMS}{planned.window.key}"
    return flow.plan_span(planned.settings, planned.control_id, system, planned.period, key, planned.days)


def _land(
    made: _Made, job: flow.Job, system: str, signer: DocumentSigner, clock: flow.Clock, folder: Path, reason: str | None
) -> LandingReference:
    rows = made.rows.filter(pc.equal(made.rows["system"], pa.scalar(system)))
    rows = rows.sort_by([(name, "ascending") for name in ("campaign_id", "person", "policy")])
    ipe = _ipe(made, system, rows)
    name = derived_landing(
        job, control_sha256=job.control_sha256, inputs=ipe["inputs"], parameters=ipe["request"]["parameters"],
        pages=[page.sha256 for page in made.documents],
    )  # fmt: skip
    at, store = clock(), made.campaigns.store
    stored = lock_written(made.documents, job.place, name, store, flow.retention_of(job, at))
    extraction = {
        "landing": name,
        "collected_at": instant(at),
        "extraction": flow.extraction_state(job, at),
        "ipe": {**ipe, "finished_at": instant(at)},
    }
    second_count = made.people[system]["rows"] * len(made.terms.in_force())
    return land_derived(job, rows, second_count, extraction, stored, store, signer, clock, folder, reason)  # (4)


def _ipe(made: _Made, system: str, rows: pa.Table) -> dict[str, Any]:
    """Return how the rows of a system were produced; but for when."""
    planned, store = made.planned, made.campaigns.store
    count = made.people[system]["rows"]
    statuses = pc.value_counts(rows["status"]).to_pylist() if rows.num_rows else []
    return {
        "kind": "population for testing",
        "system": system,
        "environment": planned.settings.environment,
        "report": "who is to acknowledge which policy, and by when",
        "source": {"kind": "landings of the evidence bucket", "location": f"s3://{store.bucket}", "account": None},
        "request": {
            "query": "every person of the lists, for every policy that is in force on the day of the freeze",
            "parameters": _parameters(made),
        },
        "inputs": {
            "people": [{name: row[name] for name in NAMES} for row in made.people.values()],
            "before": made.past.as_document(),
            "policies": _policies(planned),
        },
        "started_at": made.started,
        "source_total": {"rows": count, "how": "people that the manifest of their list counts"},
        "second_count": {
            "rows": count * len(made.terms.in_force()),
            "how": "people that the manifest of their list counts, times the policies in force",
            "class": "other endpoint",
        },
        "rows_read": count,
        "rows_in_window": rows.num_rows,
        "statuses": {each["values"]: each["counts"] for each in sorted(statuses, key=lambda each: each["values"])},
        "drops": [],
        "pages": [page.as_document() for page in made.documents],
        "blind_spots": list(_SPOTS),
        "code": code_version(planned.settings.home).as_document(),
        "airflow": asdict(made.run) if made.run else None,
    }


def _parameters(made: _Made) -> dict[str, Any]:
    asked = made.terms.acknowledgment.model_dump(mode="json", exclude_none=True)
    versions = {
        name: {"version": version.version, "sha256": version.sha256, "effective_from": version.effective_from.isoformat()}
        for name, (_, version) in made.terms.in_force().items()
    }
    due = {"due_at": instant(made.terms.due_at)} if made.terms.due_at else {}
    return {"campaign": made.terms.campaign, "frozen_on": made.terms.frozen_on.isoformat(), **asked, **due, "in_force": versions}


def _policies(planned: PolicyWindow) -> list[dict[str, str]]:
    files = policy_files(planned.settings.criteria_folder / FOLDER)
    return [
        {"path": str(files[name].relative_to(planned.settings.home)), "sha256": file_sha256(files[name])}
        for name in planned.acknowledgment.policies
    ]
