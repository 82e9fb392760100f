# SPDX-License-Identifier: Apache-2.0
"""Close of a period: what is still open; when nothing is, the last snapshot and a signed record. The final digest follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tieout.audit.deviations import Deviation
from tieout.criteria.extractions import ExtractionState
from tieout.criteria.performances import POTENTIAL_DEVIATIONS, PerformanceState
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import Scope
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.evidence.store import Retention, S3Store
from tieout.flows.deviations import totals
from tieout.flows.differences import TrueUp
from tieout.flows.reconciliation_state import ReconciledWindow, reconciliation_points
from tieout.flows.snapshot import CLOSE, CLOSE_WINDOW, PROGRAM, period_document, take_snapshot
from tieout.flows.status import Program, Status
from tieout.flows.true_up import owed_until, trued_up
from tieout.settings import Settings


def open_points(
    program: Program,
    found: Status,
    true_ups: Sequence[TrueUp],
    deviations: Sequence[Deviation],
    now: datetime,
    reconciled: Sequence[ReconciledWindow] = (),
) -> list[str]:
    """Return what keeps a period from being closed, for a person to read; nothing means that it can be.

    1. The period is over, every extraction is due, and every campaign has come to a landing, or was cancelled.
    2. A true-up of each system of each control, snapshots apart, reaches to the period's end, and was made after it.
    3. Every difference that it found is explained.
    4. Follow-up: no performance is still to come, and each that was late, not performed or can not be told is explained.
    5. Every extraction that is absent or unusable is answered by a signed record.
    6. Every deviation that the evidence shows has a disposition. An explanation is none: it says how a performance came to stand
       as it does, and a disposition what management concludes, and does about it.
    7. Every window that a reconciliation is owed of has been reconciled, and every difference that it found is explained.

    Args:
        program: The program's files.
        found: Where the period stands.
        true_ups: `tieout.flows.true_up.read_true_ups` of the period.
        deviations: `tieout.flows.deviations.read_register` of the period.
        now: UTC.
        reconciled: `tieout.flows.reconciliation_state.read_reconciliations` of the period; what is owed and absent is open.
    """
    period, scope = found.period, found.scope
    end = period.end(scope.zone)
    if now < end:
        return [f"the period ends {period.end_day - timedelta(days=1)}"]
    points = [f"file: {problem}" for problem in found.broken]
    for standing in found.controls:
        name, running = standing.control, {each.window for each in standing.campaigns}
        awaited = [each for each in standing.extractions.awaited if each[0] not in running]
        points += [f"{name}: window {window} ({system}) is awaited" for window, system in awaited]  # (1)
        points += [f"{name}: {each.as_text()}" for each in standing.campaigns]
        for extraction in standing.extractions.due:  # (5)
            absent = extraction.state in (ExtractionState.NOT_EXTRACTED, ExtractionState.INCOMPLETE)
            if absent and extraction.document is None:
                points.append(
                    f"{name}: window {extraction.window} ({extraction.system}) {extraction.state}, and no record says so"
                )
        for performance in standing.performances:  # (4)
            what = f"{name}: {performance.key} ({performance.system}) {performance.state}"
            if performance.state is PerformanceState.UPCOMING:
                points.append(what)
            elif performance.state in _TO_EXPLAIN and not performance.explanation:
                points.append(f"{what}, and nobody has explained it")
    points += _true_up_points(program, period, true_ups, end) + _deviation_points(deviations)
    return points + reconciliation_points(program, period, reconciled)  # (7)


_TO_EXPLAIN = POTENTIAL_DEVIATIONS | {PerformanceState.NOT_DETERMINABLE}


def _true_up_points(program: Program, period: ObservationPeriod, true_ups: Sequence[TrueUp], end: datetime) -> list[str]:
    done = {
        (each.control, each.system): each
        for each in true_ups
        if each.collected_at >= end and each.control in program.controls and each.end >= owed_until(program, each.control, period)
    }
    points = []
    for control_id, system in trued_up(program, period):
        found = done.get((control_id, system))
        if found is None:  # (2)
            points.append(f"{control_id}: no true-up of {system} reaches to the period's end")
        elif found.unexplained:  # (3)
            points.append(f"{control_id}: {found.unexplained} differences of {system} are not explained")
    return points


def _deviation_points(deviations: Sequence[Deviation]) -> list[str]:
    open_ = Counter(  # (6)
        (each.observed.control, each.observed.system, each.observed.rule or each.observed.kind.value)
        for each in deviations
        if each.is_open
    )
    return [
        f"{control}: {number} deviations of {system} have no disposition ({what})"
        for (control, system, what), number in sorted(open_.items())
    ]


def close(
    settings: Settings,
    found: Status,
    true_ups: Sequence[TrueUp],
    deviations: Sequence[Deviation],
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
    by: str,
    now: datetime,
    reconciled: Sequence[ReconciledWindow] = (),
) -> str:
    """Land the last snapshot of a period and the record that closes it; returns the record's key.

    Run again, it finds both standing. The caller has seen that there are no `open_points`.
    """
    period, scope = found.period, found.scope
    snapshot, _ = take_snapshot(settings, scope, period, f"{CLOSE}-{period.end_day}", store, signer, retention, by, now)
    record = Record(
        place=Place(period.id, PROGRAM, CLOSE_WINDOW),
        kind=RecordKind.CLOSED,
        system=PROGRAM,
        reason=f"True-up, follow-up, dispositions and snapshot of {period.printed()} are done.",
        by=by,
        at=now,
        facts={
            "observation_period": period_document(period, scope),
            "snapshot": snapshot,
            **_totals(found, true_ups),
            "reconciled_windows": len(reconciled),
            "reconciliation_differences": sum(len(each.differences) for each in reconciled),
            "deviations": totals(deviations),
            "once": period_document(period, scope),
        },
    )
    write_record(record, store, signer, retention)
    return record.key


def _totals(found: Status, true_ups: Sequence[TrueUp]) -> dict[str, Any]:
    performances = Counter(each.state.value for standing in found.controls for each in standing.performances)
    extracted = Counter(each.state.value for standing in found.controls for each in standing.extractions.due)
    return {
        "controls": len(found.controls),
        "performances": dict(sorted(performances.items())),
        "extractions": dict(sorted(extracted.items())),
        "potential_deviations_by_time": sum(standing.potential_deviations for standing in found.controls),
        "true_ups": len(true_ups),
        "differences": sum(len(each.differences) for each in true_ups),
    }


def is_closed(records: Sequence[Record], period: ObservationPeriod, scope: Scope) -> bool:
    """Whether a period is closed, as it is defined now: one that was moved after its close has to be closed again."""
    document = period_document(period, scope)
    return any(record.kind is RecordKind.CLOSED and record.facts.get("observation_period") == document for record in records)
