# SPDX-License-Identifier: Apache-2.0
"""Land the register of a period's deviations, and that of its risk acceptances, as evidence: each control and system for itself.

A register lands when it says something else than the last one that landed, so that a quiet day lands nothing; the last one stands
until the next. One without rows lands too: that there are no deviations is a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.audit.deviations import DEVIATION_TYPE
from tieout.audit.risk_acceptances import RISK_ACCEPTANCE_TYPE
from tieout.contracts.odcs import Contract
from tieout.criteria.periods import DEVIATIONS, RISK_ACCEPTANCES
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import MANIFESTS
from tieout.evidence.rowhash import key_order, rows_sha256
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.derived import derived_job, derived_landing, land_derived
from tieout.flows.deviations import Register, Slot
from tieout.flows.status import Program
from tieout.provenance import code_version
from tieout.settings import Settings
from tieout.times import instant

_AT_ONCE = 10_000
_REASON = "The register was read again on the same day, and evidence or responses had come since."
_SPOTS = (
    "It lists what the landings of the period show. What has not landed shows nothing; the axis of extractions says so.",
    "What management says is as it was stored: who answered is asserted by the entity.",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One register of one control and system, before it lands.

    Attributes:
        prefix: What the key of its window starts with.
        evidence_type: Of its rows.
        rows: As dictionaries, one after the other: a hundred thousand of them at once would not fit beside all else.
        row_count: How many there are.
        second_count: How many there have to be, counted another way.
        query: What it lists, in words.
        documents: Keys of the signed documents that it is folded from.
    """

    prefix: str
    evidence_type: str
    rows: Iterator[dict[str, Any]]
    row_count: int
    second_count: int
    query: str
    documents: list[str]


def land_registers(
    settings: Settings,
    store: S3Store,
    signer: DocumentSigner,
    program: Program,
    register: Register,
    folder: Path,
    clock: Callable[[], datetime],
) -> list[LandingReference]:
    """Land both registers of each control and system of a period, where they say something new.

    Args:
        settings: The installation's.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        program: The program's files.
        register: From `tieout.flows.deviations.read_register`, as of now.
        folder: An empty work folder.
        clock: Tells the time, UTC.

    Returns:
        What landed now. On the first day of a period, or of a control, there is nothing to say yet.

    Raises:
        ContractError: A register holds other rows than manifests and performances count: nothing of it lands.
        LandingConflict: A landing is not what the index or its manifest says.
        StoreUnavailable: The store did not answer; run it again.
    """
    period = register.period
    landed = []
    for control_id, control in sorted(program.controls.items()):
        first, end = max(period.first_day, control.effective_from), min(period.end_day, register.today)
        for source in control.systems:
            slot = (control_id, source.system)
            if slot not in register.counted or end <= first:
                continue
            for sheet in _sheets(register, slot):
                key = f"{sheet.prefix}{register.today.isoformat()}"
                job = flow.plan_span(settings, *slot, period, key, (first, end))
                landed += _land(job, sheet, register, register.landed.get((*slot, sheet.prefix)), store, signer, folder, clock)
    return landed


def _sheets(register: Register, slot: Slot) -> list[Sheet]:
    control, system = slot
    found = register.of(slot)
    shown = [each.observed for each in found if each.observed.in_evidence]
    twice = sum(each.occurrences - 1 for each in shown)
    about = [(each, [one for one in found if each.names(one)]) for each in register.acceptances if each.control == control]
    about = [(each, named) for each, named in about if each.accepted.rule or named]
    answered = {given.document for each in found for given in each.history}
    return [
        Sheet(
            DEVIATIONS, DEVIATION_TYPE, (each.as_row() for each in found), len(found),
            register.counted[slot] - twice + len(found) - len(shown),
            f"rule results that are not met, late and missed performances of {control} in {system}, with the responses to them",
            sorted(answered | {each.document for each in shown if each.document}),
        ),
        Sheet(
            RISK_ACCEPTANCES, RISK_ACCEPTANCE_TYPE, (each.as_row(system, named, register.today) for each, named in about),
            len(about), len(about),
            f"responses that accept a risk of {control} and are about {system}",
            sorted(each.document for each, _ in about),
        ),
    ]  # fmt: skip


def _land(
    job: flow.Job,
    sheet: Sheet,
    register: Register,
    last: dict[str, Any] | None,
    store: S3Store,
    signer: DocumentSigner,
    folder: Path,
    clock: Callable[[], datetime],
) -> list[LandingReference]:
    job = derived_job(job, sheet.evidence_type)
    rows = _table(sheet.rows, job.contract)
    rows_hash = rows_sha256(rows)
    if last and (last["rows_sha256"], last["contract_sha256"]) == (rows_hash, job.contract.sha256):
        return []
    extraction = {
        "landing": derived_landing(job, rows_sha256=rows_hash, after=last and last["landing"]),
        "collected_at": instant(register.as_of),
        "extraction": flow.extraction_state(job, register.as_of),
        "ipe": _ipe(job, sheet, register, store),
    }
    reference = land_derived(job, rows, sheet.second_count, extraction, (), store, signer, clock, folder, _REASON)
    return [reference] if reference.landed_now else []


def _table(rows: Iterator[dict[str, Any]], contract: Contract) -> pa.Table:
    """Return rows in the contract's types, in key order."""
    tables = [contract.schema.empty_table()]
    while some := list(islice(rows, _AT_ONCE)):
        tables.append(pa.Table.from_pylist(some, schema=contract.schema))
    table = pa.concat_tables(tables)
    order = key_order(table, contract.key)
    return table if order is None else table.take(order)


def _ipe(job: flow.Job, sheet: Sheet, register: Register, store: S3Store) -> dict[str, Any]:
    """Return how the rows were produced: from the bucket alone, which the manifests and responses in it answer for."""
    return {
        "kind": "population for testing",
        "system": job.source.system,
        "environment": job.settings.environment,
        "collector": "register",
        "source": {"kind": "evidence bucket", "location": f"s3://{store.bucket}/{MANIFESTS}", "account": None},
        "request": {"query": sheet.query, "parameters": {"observation_period": job.period.id, "as_of": instant(register.as_of)}},
        "source_total": {"rows": sheet.row_count, "how": "rows, responses and performances, folded"},
        "second_count": {"rows": sheet.second_count, "how": "manifests and performances, counted", "class": "other endpoint"},
        "rows_read": sheet.row_count,
        "rows_in_window": sheet.row_count,
        "drops": [],
        "blind_spots": list(_SPOTS),
        "documents": sheet.documents,
        "started_at": instant(register.as_of),
        "finished_at": instant(register.as_of),
        "code": code_version(job.settings.home).as_document(),
    }
