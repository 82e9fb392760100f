# SPDX-License-Identifier: Apache-2.0
"""What the landings of campaigns share, of whatever kind: what stands, what they were made of, and how staged rows land."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tieout.campaigns.definition import Population
from tieout.collectors.extraction import ROWS_FILE
from tieout.collectors.ipe import AirflowRun
from tieout.errors import ConfigurationError, TerminalError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, land, standing_landing
from tieout.evidence.store import S3Store
from tieout.files import file_sha256
from tieout.flows import population_export as flow
from tieout.flows.campaign_answered import CampaignAnswered
from tieout.flows.campaign_window import CampaignWindow
from tieout.flows.derived import derived_landing
from tieout.flows.unusable import kept
from tieout.flows.written_pages import WrittenPage, lock_written
from tieout.provenance import code_version
from tieout.times import instant


@dataclass(frozen=True, kw_only=True)
class StagedRows:
    """Rows of a campaign that are staged, and are to be judged and to land.

    Attributes:
        job: Where they land, and under which contract.
        folder: Where they are staged.
        run: The Airflow task; ``None`` on the command line.
        origin: What they come from, in words.
        expected: How many there have to be, as counted elsewhere.
        settled_at: When nothing of them could change any more, UTC; ``None`` if never.
        pages: What is locked beside them.
    """

    job: flow.Job
    folder: Path
    run: AirflowRun | None
    origin: str
    expected: int
    settled_at: datetime | None
    pages: tuple[WrittenPage, ...]


def landing_job(planned: CampaignWindow, system: str, evidence_type: str) -> flow.Job:
    """Return what lands what a campaign came to.

    Raises:
        ConfigurationError: The control's file asks for rows of another type.
    """
    job = flow.plan(planned.settings, planned.control_id, system, planned.window.key)
    if job.contract.evidence_type != evidence_type:
        got = job.contract.evidence_type
        msg = f"control {planned.control_id!r}: evidence_type: expected {evidence_type}, got {got}. Run tieout lint."
        raise ConfigurationError(msg)
    return job


def standing_of(
    job: flow.Job, store: S3Store, is_same: Callable[[Mapping[str, Any]], bool], reason: str | None
) -> LandingReference | None:
    """Return the landing that stands and was made of the same: what was said too late since then changes nothing of it.

    Args:
        job: What lands.
        store: The evidence bucket.
        is_same: Whether the inputs of a landing are these.
        reason: Where one is to be superseded, only the one that was landed for the same reason is meant.
    """
    found = standing_landing(store, job.place, job.source.system)
    if found is None or not is_same(found.predicate["ipe"].get("inputs") or {}):
        return None
    said = found.predicate
    if reason and (said["supersedes"] or {}).get("reason") != reason:
        return None
    rows, potential = said["population"]["rows"], said["potential_deviations"]
    return LandingReference(found.landing, found.key, found.sha256, rows, potential, landed_now=False)


def standing_of_close(job: flow.Job, answered: CampaignAnswered, reason: str | None) -> LandingReference | None:
    """Return the landing that stands of the same close; raises as `campaign_input`."""
    closed = campaign_input(answered)["closed"]
    store = answered.campaigns.store
    return standing_of(job, store, lambda made_of: made_of.get("campaign", {}).get("closed") == closed, reason)


def campaign_input(answered: CampaignAnswered) -> dict[str, Any]:
    """Return what a landing names of the campaign that it was made of: its definition, and who opened and closed it.

    Raises:
        ExtractionRefused: It is not closed.
    """
    state = answered.state
    closed = answered.ledger.key_of(state.closed.id) if answered.closed_at and state.closed else None
    return {
        "id": answered.definition.campaign,
        "definition_sha256": answered.definition.sha256,
        "opened": answered.documents[answered.opened.key].as_document(),
        "closed": answered.documents[closed or ""].as_document(),
        "documents": len(answered.documents),
    }


def items_input(populations: Iterable[Population]) -> list[dict[str, str]]:
    """Return what a landing names of the frozen rows that it was made of."""
    names = ("system", "landing", "manifest_key", "manifest_sha256")
    return [{name: getattr(each, name) for name in names} for each in populations]


def ipe_of(job: flow.Job, store: S3Store, run: AirflowRun | None, started: datetime, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return how rows of a campaign were produced; but for when that ended, what they were made of, and their pages.

    Args:
        job: What lands.
        store: The bucket that it was read from.
        run: The Airflow task; ``None`` on the command line.
        started: When that began, UTC.
        said: What the kind of campaign says itself: ``report``, ``request``, counts, ``blind_spots``.
    """
    return {
        "kind": job.control.population.ipe,
        "system": job.source.system,
        "environment": job.settings.environment,
        "source": {"kind": "evidence bucket", "location": f"s3://{store.bucket}", "account": None},
        "started_at": instant(started),
        "drops": [],
        "code": code_version(job.settings.home).as_document(),
        "airflow": asdict(run) if run else None,
        **said,
    }


def land_staged(
    rows: StagedRows,
    ipe: Mapping[str, Any],
    inputs: Mapping[str, Any],
    store: S3Store,
    signer: DocumentSigner,
    clock: flow.Clock,
    reason: str | None,
) -> LandingReference:
    """Lock the pages, judge the rows, and land both.

    Args:
        rows: The rows.
        ipe: From `ipe_of`.
        inputs: Everything that they were made of; their landing's id follows from it.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        reason: Why it supersedes what stands in the slot; ``None`` where it must not.

    Raises:
        ContractError: The rows break their contract: nothing lands, and a record says so.
        LandingConflict: Something else stands.
        StoreUnavailable: The store did not answer; run it again.
    """
    job, folder = rows.job, rows.folder
    hashes = [each.sha256 for each in rows.pages]
    name = derived_landing(job, control_sha256=job.control_sha256, inputs=dict(inputs), pages=hashes)
    at = clock()
    produced = {**ipe, "inputs": dict(inputs), "pages": [each.as_document() for each in rows.pages], "finished_at": instant(at)}
    extraction = {
        "landing": name,
        "origin": rows.origin,
        "expected_rows": rows.expected,
        "rows_sha256": file_sha256(folder / ROWS_FILE),
        "collected_at": instant(at),
        "extraction": flow.extraction_state(job, at, rows.settled_at),
        "ipe": produced,
        "source_rules": [],
    }
    retention = flow.retention_of(job, at)
    stored = lock_written(rows.pages, job.place, name, store, retention)
    try:
        validated = flow.validate(job, extraction, folder)
    except TerminalError as error:
        raise kept(job, name, stored, error, rows.run, clock(), store, signer) from error
    draft = Draft(job.place, name, job.source.system, validated.parts, stored, validated.predicate)
    return land(draft, store, signer, retention, clock, folder, reason)
