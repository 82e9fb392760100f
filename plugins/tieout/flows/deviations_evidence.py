# SPDX-License-Identifier: Apache-2.0
"""What the evidence of a period shows by itself: rows that do not meet a rule, events and performances that were late or missed.

What is listed is held against what was signed: a landing whose rows are not as many as its manifest counts is a conflict.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.audit.deviations import DEVIATION_TYPE, DeviationKind, Observed
from tieout.contracts.listing import row_keys
from tieout.contracts.rules import Result
from tieout.criteria.extractions import ExtractionState
from tieout.criteria.performances import Performance, PerformanceState
from tieout.criteria.standing import Standing
from tieout.errors import LandingConflict
from tieout.evidence.store import S3Store
from tieout.flows.jobs import contract_of
from tieout.flows.performed import timed
from tieout.flows.status import Program
from tieout.flows.true_up import landed_parts
from tieout.settings import Settings

_PERFORMANCES = {PerformanceState.LATE: DeviationKind.LATE, PerformanceState.NOT_PERFORMED: DeviationKind.NOT_PERFORMED}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the evidence is read from.

    Attributes:
        settings: The installation's.
        store: The evidence bucket.
        program: The program's files.
        folder: Work folder.
        by_landing: Each landing's row of the index.
    """

    settings: Settings
    store: S3Store
    program: Program
    folder: Path
    by_landing: Mapping[str, dict[str, Any]]

    def parts(self, row: Mapping[str, Any], table: str) -> Iterator[pa.Table]:
        """Return the parts of one table of a landing, checked; several threads may read at once."""
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            yield from landed_parts(self.store, dict(row), table, Path(work))


def shown_by(evidence: Evidence, standing: Standing) -> Iterator[Observed]:
    """Return what the evidence that stands of a control shows, oldest window first.

    Raises:
        LandingConflict: A landing is not what the index or its manifest says.
    """
    by_manifest = {row["manifest_key"]: row for row in evidence.by_landing.values()}
    for extraction in standing.extractions.due:
        if extraction.landed is not None:
            yield from rule_hits(evidence, evidence.by_landing[extraction.landed.landing])
    for performance in standing.performances:
        if performance.events is not None:
            if performance.potential_deviations:
                yield from _events(evidence, by_manifest[performance.document or ""])
        elif performance.state in _PERFORMANCES:
            yield _performance(standing.control, performance)


def shown_before(evidence: Evidence, standing: Standing) -> Iterator[Observed]:
    """Return what landings that are superseded showed.

    Raises:
        LandingConflict: A landing is not what the index or its manifest says.
    """
    for extraction in standing.extractions.due:
        if extraction.state is ExtractionState.SUPERSEDED:
            row = evidence.by_landing[extraction.landing or ""]
            yield from rule_hits(evidence, row)
            yield from _events(evidence, row)


def registered_before(evidence: Evidence, row: Mapping[str, Any]) -> Iterator[Observed]:
    """Return what a register that landed before lists.

    Raises:
        LandingConflict: It is not what the index or its manifest says.
    """
    if row["rows"] == 0:
        return
    names = ("system", "evidence_type", "rule", "row_key", "performance", "reason", "landing", "document")
    for part in evidence.parts(row, DEVIATION_TYPE.partition(".")[0]):
        for said in part.to_pylist():
            shown = {name: said[name] for name in names}
            yield Observed(control=row["control"], kind=DeviationKind(said["kind"]), window=said["evidence_window"], **shown)


def rule_hits(evidence: Evidence, row: Mapping[str, Any]) -> Iterator[Observed]:
    """Return each row and control rule that is not met in a landing."""
    if row["potential_deviations"] == 0:
        return
    parts = list(evidence.parts(row, "rule_result"))
    found = [said for part in parts for said in part.to_pylist() if said["result"] == Result.NOT_MET.value]
    _require(row, "rule hits", row["potential_deviations"], len(found))
    for said in found:
        names = ("system", "evidence_type", "rule", "row_key", "reason")
        yield Observed(kind=DeviationKind.RULE_NOT_MET, **_place(row), **{name: said[name] for name in names})


def _events(evidence: Evidence, row: Mapping[str, Any]) -> Iterator[Observed]:
    """Return each event of a landing that was late or missed.

    Its manifest counts them by the control as it stood. Where the control or the calendar has been changed so that other rows
    are late today, they are as many as the manifest counts and bear numbers: which they were, nobody can work out any more.
    """
    counted = {DeviationKind.LATE: row["events_late"] or 0, DeviationKind.NOT_PERFORMED: row["events_not_performed"] or 0}
    if not any(counted.values()):
        return
    listed = list(_listed_events(evidence, row))
    if {kind: sum(each.kind is kind for each in listed) for kind in counted} == counted:
        yield from listed
        return
    for kind, count in counted.items():
        for number in range(1, count + 1):
            yield Observed(
                system=row["system"],
                kind=kind,
                performance=f"{row['window']}: {kind}, {number}",
                reason=f"{number} of {count}. The control or the calendar has changed since: which row it is can not be told.",
                **_place(row),
            )


def _listed_events(evidence: Evidence, row: Mapping[str, Any]) -> Iterator[Observed]:
    control = evidence.program.controls[row["control"]]
    contract = contract_of(evidence.settings, row["evidence_type"])
    frequency = control.control_frequency
    needed = {frequency.performed_field, frequency.event_field or control.population.inclusion_date_field}
    if not needed <= set(contract.schema.names):
        return  # the control has another evidence type today
    for part in evidence.parts(row, contract.table):
        found = timed(control, part, evidence.program.scope.calendar, row["collected_at"])
        if found is None:
            return
        for kind, which in ((DeviationKind.LATE, found.late), (DeviationKind.NOT_PERFORMED, found.not_performed)):
            keys = row_keys(found.rows.filter(pa.array(which)), contract.key).to_pylist()
            days = zip(keys, found.due[which].tolist(), found.performed_on[which].tolist(), strict=True)
            for key, due, performed_on in days:
                yield Observed(
                    system=json.loads(key).get("system", row["system"]),
                    kind=kind,
                    evidence_type=row["evidence_type"],
                    row_key=key,
                    reason=_when(due, performed_on, row["collected_at"]),
                    **_place(row),
                )


def _performance(control: str, performance: Performance) -> Observed:
    return Observed(
        control=control,
        system=performance.system,
        kind=_PERFORMANCES[performance.state],
        performance=performance.key,
        reason=_when(performance.due, performance.performed_on),
        document=performance.document,
    )


def _when(due: date | None, performed_on: date | None, collected_at: datetime | None = None) -> str:
    if performed_on is not None:
        return f"Due {due}; performed {performed_on}."
    return f"Due {due}; not performed." if collected_at is None else f"Due {due}; not performed by {collected_at:%Y-%m-%d}."


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"control": row["control"], "window": row["window"], "landing": row["landing"], "document": row["manifest_key"]}


def _require(row: Mapping[str, Any], what: str, counted: int, listed: int) -> None:
    if counted != listed:
        msg = f"{row['manifest_key']}: it counts {counted} {what}, and {listed} are listed beside it. Run tieout verify."
        raise LandingConflict(msg)
