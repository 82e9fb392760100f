# SPDX-License-Identifier: Apache-2.0
"""Reconcile one window of a control's population with another population, and land the differences.

Both sides are read from the bucket and checked against their manifests, which the manifest of the differences names. No row means
that the two reconcile. Run again, it finds what has landed; where an input was superseded, or came late, it supersedes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tieout.audit.reconciliation import HERE, RECONCILIATION_TYPE, THERE, Reconciled, Side, reconcile
from tieout.collectors.ipe import AirflowRun
from tieout.criteria.controls import Control
from tieout.criteria.periods import period_of, window
from tieout.errors import ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference, standing_landing
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.derived import derived_job, derived_landing, land_derived
from tieout.flows.reconciliation_inputs import Inputs, Owed, Population, control_named, definition_sha256, inputs_of
from tieout.flows.status import Program, read_holdings, read_program
from tieout.flows.true_up import landed_files
from tieout.provenance import code_version
from tieout.settings import Settings
from tieout.times import instant

_ONLY_LANDED = "It holds landed rows against landed rows: what neither side has extracted is not seen."


@dataclass(frozen=True, slots=True)
class Plan:
    """One window of one reconciliation: everything that is known before anything is read.

    Attributes:
        job: Of the differences: their contract, and the window they land under.
        program: The program's files.
        owed: Control, reconciliation and window.
    """

    job: flow.Job
    program: Program
    owed: Owed


def plan_reconciliation(settings: Settings, control_id: str, reconciliation_id: str, window_key: str) -> Plan:
    """Plan the reconciliation of one window.

    Raises:
        ConfigurationError: A file is wrong, or there is no such control, reconciliation or system, here or there.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, scope = flow.read_control(settings, control_id)
    rule = control.reconciliation(reconciliation_id)
    target = window(control.extraction_schedule.window, window_key, scope.zone)
    owed = Owed(control_id, rule, target)
    days = scope.calendar.day_of(target.start), scope.calendar.day_of(target.end)
    period = period_of(target, scope.observation_periods, scope.zone)
    program = read_program(settings)
    control_named(program, rule.other.control).source(rule.other.system)
    job = flow.plan_span(settings, control_id, rule.system, period, owed.key, days)
    return Plan(derived_job(job, RECONCILIATION_TYPE), program, owed)


def compare(
    plan: Plan, store: S3Store, clock: flow.Clock, folder: Path, run: AirflowRun | None
) -> tuple[Reconciled, dict[str, Any]]:
    """Compare both sides as they have landed; nothing is written.

    Args:
        plan: From `plan_reconciliation`.
        store: The evidence bucket.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.

    Returns:
        What differs, and the IPE record: a report, with its inputs.

    Raises:
        ExtractionRefused: A window of either side is awaited.
        LandingConflict: A landing is not what its manifest says.
        StoreUnavailable: The store did not answer.
    """
    started, owed, rule = clock(), plan.owed, plan.owed.rule
    held = read_holdings(store, started)
    inputs = inputs_of(plan.program, held.facts, owed, started)
    if inputs.awaited:
        msg = f"{owed.control}: reconciliation {rule.id} of {owed.window.key} awaits {', '.join(inputs.awaited)}."
        raise ExtractionRefused(f"{msg} Run it again when that has landed, or is past its grace.")
    rows = {row["landing"]: row for row in held.index}
    here, there = (_side(plan, population, rows, store, folder) for population in (inputs.here, inputs.there))
    target = plan.job.contract
    found = reconcile(here, there, rule, target, (owed.window.start, owed.window.end), owed.window.key, folder)
    said = _ipe(plan, inputs, rows, found, store, run)
    return found, {**said, "started_at": instant(started), "finished_at": instant(clock())}


def _ipe(
    plan: Plan, inputs: Inputs, rows: Mapping[str, dict[str, Any]], found: Reconciled, store: S3Store, run: AirflowRun | None
) -> dict[str, Any]:
    """Return the record of a report: what it was made of, and how; but for when."""
    rule = plan.owed.rule
    return {
        "kind": "report used in a control",
        "system": rule.system,
        "environment": plan.job.settings.environment,
        "report": "two-source reconciliation",
        "source": {"kind": "landings of the evidence bucket", "location": f"s3://{store.bucket}", "account": None},
        "request": {
            "query": list(found.queries),
            "parameters": {"reconciliation": rule.model_dump(mode="json"), "window": plan.owed.window.key},
        },
        "inputs": _inputs(inputs, rows),
        "rows": {HERE: found.here.as_document(), THERE: found.there.as_document(), "matched_and_equal": found.equal},
        "second_count": {"rows": found.second_count, "how": "rows of each side, less those that match", "class": "same endpoint"},
        "blind_spots": [_ONLY_LANDED],
        "code": code_version(plan.job.settings.home).as_document(),
        "airflow": asdict(run) if run else None,
    }


def _side(plan: Plan, population: Population, rows: Mapping[str, dict[str, Any]], store: S3Store, folder: Path) -> Side:
    control: Control = plan.program.controls[population.control]
    contract = flow.contract_of(plan.job.settings, control.evidence_type)
    files = [
        path
        for each in population.landed
        for path in landed_files(store, rows[each.landing], contract.table, folder)
    ]  # fmt: skip
    return Side(files, contract, control.population.inclusion_date_field, population.why_absent)


def _inputs(inputs: Inputs, rows: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what both sides are, as the manifest states it; `Inputs.are_those_of` reads it."""
    names = ("landing", "window", "rows", "rows_sha256", "manifest_key", "manifest_sha256")
    return {
        "definition_sha256": definition_sha256(inputs.rule),
        **{
            name: {
                "control": side.control,
                "system": side.system,
                "landings": [{each: rows[landed.landing][each] for each in names} for landed in side.landed],
                "absent_windows": list(side.absent),
            }
            for name, side in ((HERE, inputs.here), (THERE, inputs.there))
        },
    }


def reconcile_window(
    plan: Plan, store: S3Store, signer: DocumentSigner, clock: flow.Clock, folder: Path, run: AirflowRun | None
) -> tuple[LandingReference, Reconciled]:
    """Compare both sides, and land what differs.

    Args:
        plan: From `plan_reconciliation`.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.

    Raises:
        ContractError: The rows break their contract: nothing lands.
        TieoutError: As `compare`.
    """
    job = plan.job
    found, said = compare(plan, store, clock, folder, run)
    at, landing = clock(), derived_landing(job, control_sha256=job.control_sha256, inputs=said["inputs"])
    extraction = {"landing": landing, "collected_at": instant(at), "extraction": flow.extraction_state(job, at), "ipe": said}
    reference = land_derived(
        job, found.rows, found.second_count, extraction, (), store, signer, clock, folder,
        _reason(store, job, said["inputs"]),
    )  # fmt: skip
    return reference, found


def _reason(store: S3Store, job: flow.Job, inputs: Mapping[str, Any]) -> str | None:
    """Return why the differences supersede those that stand, if any: what they were made of, and are no more."""
    standing = standing_landing(store, job.place, job.source.system)
    if standing is None:
        return None
    before, changes = standing.predicate["ipe"]["inputs"], []
    if before["definition_sha256"] != inputs["definition_sha256"]:
        changes.append("the reconciliation is defined otherwise")
    for name in (HERE, THERE):
        then, now = ([each["landing"] for each in said[name]["landings"]] for said in (before, inputs))
        came, went = (" ".join(each for each in one if each not in other) for one, other in ((now, then), (then, now)))
        changes += [f"{what} of {name}: {which}" for what, which in (("new landings", came), ("no longer", went)) if which]
    return f"Reconciled again: {'; '.join(changes) or 'other code, or other windows absent'}."
