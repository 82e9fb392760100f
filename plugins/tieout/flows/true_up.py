# SPDX-License-Identifier: Apache-2.0
"""True-up of a period: extract the whole of it again, compare with the union of its landings, land the differences.

One system of one control at a time. What is compared against is read from the bucket and checked against its manifests; what is
extracted again is locked like any other raw page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tieout.audit.true_up import TRUE_UP_TYPE, Compared, compare
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import AirflowRun
from tieout.collectors.reach import Reach
from tieout.contracts.expectations import require_contract, run_rules
from tieout.contracts.odcs import LANDING_COLUMN
from tieout.criteria.controls import Control
from tieout.criteria.extractions import windows_expected
from tieout.criteria.periods import TRUE_UP, ObservationPeriod, is_regular, window_key
from tieout.criteria.scope import Scope
from tieout.errors import ExtractionRefused, LandingConflict
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import EVIDENCE
from tieout.evidence.manifest import read_manifest
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.derived import derived_job, land_derived
from tieout.flows.index import landings
from tieout.flows.jobs import open_frame
from tieout.flows.status import Program, active_controls
from tieout.settings import Settings


def plan_true_up(
    settings: Settings, control_id: str, system: str, period: ObservationPeriod, today: date, reach: Reach | None = None
) -> flow.Job:
    """Plan the true-up of a period up to the start of today, or to its end where that is past.

    Args:
        settings: The installation's.
        control_id: The control.
        system: Its system.
        period: A Type 2 period.
        today: Local day on which it runs; the true-ups of two days stand beside each other.
        reach: Hands its collector the connections that it names.

    Raises:
        ExtractionRefused: The period has not begun.
        ConfigurationError: A file is wrong.
    """
    control, scope = flow.read_control(settings, control_id)
    first, end = owed_days(control, scope, period)
    end = min(today, end)
    if end <= first:
        msg = f"true-up of {control_id} in {period.id}: it begins on {first}, and today is {today}."
        raise ExtractionRefused(msg)
    return flow.plan_span(settings, control_id, system, period, f"{TRUE_UP}{today.isoformat()}", (first, end), reach)


def owed_days(control: Control, scope: Scope, period: ObservationPeriod) -> tuple[date, date]:
    """Return the days ``[first, end)`` of a period that a control's windows cover.

    What a source holds from before the control began, or after it was retired, was never to land: it is no difference.
    """
    windows = windows_expected(control, scope.calendar, period.first_day, period.end_day)
    if not windows:
        return period.end_day, period.end_day
    first, end = scope.calendar.day_of(windows[0].start), scope.calendar.day_of(windows[-1].end)
    return max(first, period.first_day), min(end, period.end_day)


def true_up(
    job: flow.Job, store: S3Store, signer: DocumentSigner, clock: flow.Clock, folder: Path, run: AirflowRun | None
) -> tuple[LandingReference, Compared]:
    """Extract, compare and land.

    Run again on the same day, it lands nothing new where nothing has changed since, else it supersedes what it found before.

    Args:
        job: From `plan_true_up`.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.

    Raises:
        ContractError: What came breaks the contract: nothing can be compared. It is kept, locked, and a record says so.
        LandingConflict: A landing is not what its manifest says.
        SourceUnavailable: The source did not answer.
        StoreUnavailable: The store did not answer.
    """
    frame = open_frame(job, folder)
    with flow.keeping_unusable(job, frame, run, clock, store, signer):
        extraction = flow.collect(job, frame, clock, run)
        after = flow.typed_rows(job, extraction, folder)
        results = run_rules(after, job.contract, {"second_count": extraction["expected_rows"]})
        require_contract(results, after, job.contract, extraction["origin"])
    before, compared_with = union_of_landings(job, store, folder)
    target = derived_job(job, TRUE_UP_TYPE)
    found = compare(
        before, after.select(job.contract.schema.names), job.contract, job.control.population.inclusion_date_field,
        lambda at: window_key(job.window.kind, job.scope.calendar.day_of(at)), target.contract,
    )  # fmt: skip
    extraction["ipe"]["true_up"] = {
        "landings": compared_with,
        "rows_before": found.before,
        "rows_after": found.after,
        "rows_on_both_sides": found.matched,
    }
    reference = _land(target, extraction, found, store, signer, clock, frame)
    return reference, found


def _land(
    job: flow.Job,
    extraction: dict[str, Any],
    found: Compared,
    store: S3Store,
    signer: DocumentSigner,
    clock: flow.Clock,
    frame: Frame,
) -> LandingReference:
    pages = flow.lock_pages(job, frame, store, flow.retention_of(job, clock()), clock)
    extraction = {**extraction, "landing": flow.landing_of_pages(job, frame.pages)}
    reason = "The true-up was run again on the same day, and the source or the landings had changed."
    return land_derived(job, found.rows, found.second_count, extraction, pages, store, signer, clock, frame.folder, reason)


def union_of_landings(
    job: flow.Job, store: S3Store, folder: Path, index: Iterable[dict[str, Any]] | None = None
) -> tuple[pa.Table, list[str]]:
    """Return the rows of every landing of a control's system that lie in a job's interval, and the landings' ids.

    Args:
        job: What interval of what.
        store: The evidence bucket.
        folder: Work folder.
        index: Landings of the control that stand, in the order of `tieout.flows.index.landings`; ``None`` to look them up.

    Raises:
        LandingConflict: A manifest or a part is not what the index or the manifest says: run tieout verify.
    """
    schema = pa.schema([*job.contract.schema, pa.field(LANDING_COLUMN, pa.string())])
    listed = landings(store, control=job.control_id) if index is None else index
    rows = [row for row in listed if _is_of(row, job)]
    tables = [schema.empty_table()]
    for row in sorted(rows, key=lambda row: (row["effective_from"], row["landed_at"])):
        tables += [as_landed(part, schema, row["landing"]) for part in landed_parts(store, row, job.contract.table, folder)]
    table = pa.concat_tables(tables)
    times = table[job.control.population.inclusion_date_field]
    inside = pc.and_(pc.greater_equal(times, pa.scalar(job.window.start, times.type)),
                     pc.less(times, pa.scalar(job.window.end, times.type)))  # fmt: skip
    return table.filter(inside), [row["landing"] for row in rows]


def landed_parts(store: S3Store, row: dict[str, Any], table: str, folder: Path) -> Iterator[pa.Table]:
    """Return the parts of one table of a landing, each checked against the manifest, and that against the index.

    Raises:
        LandingConflict: One is not what the index or the manifest says: run tieout verify.
    """
    for path in landed_files(store, row, table, folder):
        yield pq.read_table(path)
        path.unlink()


def landed_files(store: S3Store, row: dict[str, Any], table: str, folder: Path) -> Iterator[Path]:
    """Return the files of one table of a landing, checked as `landed_parts` checks them; they stay in the folder.

    Raises:
        LandingConflict: One is not what the index or the manifest says: run tieout verify.
    """
    manifest = read_manifest(store.read(row["manifest_key"], None) or b"", row["manifest_key"])
    if manifest.sha256 != row["manifest_sha256"]:
        msg = f"{row['manifest_key']}: it is not the manifest that the index names. Run tieout verify."
        raise LandingConflict(msg)
    for subject in manifest.subjects:
        if subject.key.startswith(f"{EVIDENCE}{table}/"):
            path = folder / subject.key.rsplit("/", 1)[-1]
            store.download(subject.key, path, subject.sha256)
            yield path


def _is_of(row: dict[str, Any], job: flow.Job) -> bool:
    return (
        row["system"] == job.source.system
        and is_regular(row["window"])
        and row["effective_from"] < job.window.end
        and job.window.start < row["effective_to"]
    )


def as_landed(table: pa.Table, schema: pa.Schema, landing: str) -> pa.Table:
    """Return a part in today's columns: one that its contract did not have yet is null."""
    columns = [
        pa.repeat(pa.scalar(landing, pa.string()), table.num_rows)
        if field.name == LANDING_COLUMN
        else table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, names=schema.names).cast(pa.schema([field.with_nullable(True) for field in schema])).cast(schema)


def trued_up(program: Program, period: ObservationPeriod) -> list[tuple[str, str]]:
    """Return control and system of each true-up that a period owes: snapshots are left out, as `Population.read_as` says."""
    return [
        (control_id, source.system)
        for control_id, control in active_controls(program, period).items()
        if control.population.read_as == "history"
        for source in control.systems
    ]


def owed_until(program: Program, control_id: str, period: ObservationPeriod) -> datetime:
    """Return the instant that a control's true-up of a period has to reach."""
    return program.scope.calendar.midnight(owed_days(program.controls[control_id], program.scope, period)[1])
