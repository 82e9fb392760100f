# SPDX-License-Identifier: Apache-2.0
"""Lands what was worked out from other landings: differences of a true-up or a reconciliation, registers of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.contracts.expectations import require_contract, run_rules
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, StoredPage, land, landing_id, retention_years
from tieout.evidence.layout import LAYOUT_VERSION
from tieout.evidence.parts import WRITER, write_parts
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.performed import NOTHING_PERFORMED


def derived_job(job: flow.Job, evidence_type: str) -> flow.Job:
    """Return a job whose rows are of another evidence type: what lands is kept as long as its own contract and the job's ask.

    Raises:
        ConfigurationError: There is no such contract, it is wrong, or asks for a longer lock than allowed.
    """
    settings, contract = job.settings, flow.contract_of(job.settings, evidence_type)
    years = retention_years((contract,), settings.retention_years, settings.retention_cap_years)
    return replace(job, contract=contract, retention_years=max(years, job.retention_years))


def derived_landing(job: flow.Job, **made_of: Any) -> str:
    """Return the landing's id: what the rows were made of, as JSON values, under which definition, written by what."""
    identity = {
        "layout": LAYOUT_VERSION,
        "period": job.period.id,
        "control": job.control_id,
        "contract_sha256": job.contract.sha256,
        "window": job.window.key,
        "writer": WRITER,
        **made_of,
    }
    return landing_id(job.source.system, identity)


def land_derived(
    job: flow.Job,
    rows: pa.Table,
    second_count: int,
    extraction: dict[str, Any],
    pages: Sequence[StoredPage],
    store: S3Store,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    reason: str | None,
) -> LandingReference:
    """Hold rows against their contract, and land them; they show no performance of the control.

    Args:
        job: From `derived_job`.
        rows: In the contract's types, all in memory.
        second_count: How many there have to be, counted in another way.
        extraction: As `tieout.flows.population_export.collect` returns it: landing id, IPE record, when and how late.
        pages: Raw pages that they came from, locked.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: Work folder.
        reason: Why they supersede what stands in the slot, if anything does.

    Raises:
        ContractError: The rows break their contract: nothing lands.
        LandingConflict: Something else stands, and there is no reason to supersede it.
        StoreUnavailable: The store did not answer.
    """
    results = run_rules(rows, job.contract, {"second_count": second_count})
    require_contract(results, rows, job.contract, job.place.partition)
    landing = extraction["landing"]
    parts, rows_hash = write_parts(rows, job.contract, landing, folder, job.settings.part_rows)
    predicate = flow.predicate_of(job, extraction, results, NOTHING_PERFORMED, rows.num_rows, rows_hash)
    draft = Draft(job.place, landing, job.source.system, tuple(parts), tuple(pages), predicate)
    return land(draft, store, signer, flow.retention_of(job, clock()), clock, folder, reason)
