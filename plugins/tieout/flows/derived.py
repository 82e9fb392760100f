# SPDX-License-Identifier: Apache-2.0
"""Lands what was worked out from other landings: differences of a true-up or a reconciliation, registers of a period."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.contracts.expectations import require_contract, run_rules
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, StoredPage, land
from tieout.evidence.parts import write_parts
from tieout.evidence.store import Retention, S3Store
from tieout.flows import population_export as flow

_NOTHING_PERFORMED = {"shown": None, "events": None}


def land_derived(
    job: flow.Job,
    rows: pa.Table,
    second_count: int,
    extraction: dict[str, Any],
    pages: Sequence[StoredPage],
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
    clock: flow.Clock,
    folder: Path,
    reason: str | None,
) -> LandingReference:
    """Hold rows against their contract, and land them; they show no performance of the control.

    Args:
        job: Control, system and window of the rows, with their contract.
        rows: In the contract's types, all in memory.
        second_count: How many there have to be, counted in another way.
        extraction: As `tieout.flows.population_export.collect` returns it: landing id, IPE record, when and how late.
        pages: Raw pages that they came from, locked.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock of what lands.
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
    predicate = flow.predicate_of(job, extraction, results, _NOTHING_PERFORMED, rows.num_rows, rows_hash)
    draft = Draft(job.place, landing, job.source.system, tuple(parts), tuple(pages), predicate)
    return land(draft, store, signer, retention, clock, folder, reason)
