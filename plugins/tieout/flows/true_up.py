# SPDX-License-Identifier: Apache-2.0
"""True-up of a period: extract the whole of it again, compare with the union of its landings, land the differences.

One system of one control at a time. What is compared against is read from the bucket and checked against its manifests; what is
extracted again is locked like any other raw page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tieout.audit.true_up import LANDING_COLUMN, TRUE_UP_TYPE, Compared, Explanation, compare, explain
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import AirflowRun
from tieout.contracts.expectations import require_contract, run_rules
from tieout.contracts.odcs import Contract, contract_file, load_contract
from tieout.criteria.periods import TRUE_UP, ObservationPeriod, is_regular, window_key
from tieout.errors import ConfigurationError, ExtractionRefused, LandingConflict, TerminalError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, LandingReference, land
from tieout.evidence.manifest import read_manifest
from tieout.evidence.parts import write_parts
from tieout.evidence.records import RecordKind
from tieout.evidence.store import S3Store
from tieout.flows import population_export as flow
from tieout.flows.index import landings
from tieout.flows.status import Facts, Program, read_records, status
from tieout.settings import Settings

NOTHING_PERFORMED = {"shown": None, "events": None}


def plan_true_up(settings: Settings, control_id: str, system: str, period: ObservationPeriod, today: date) -> flow.Job:
    """Plan the true-up of a period up to the start of today, or to its end where that is past.

    Args:
        settings: The installation's.
        control_id: The control.
        system: Its system.
        period: A Type 2 period.
        today: Local day on which it runs; the true-ups of two days stand beside each other.

    Raises:
        ExtractionRefused: The period has not begun.
        ConfigurationError: A file is wrong.
    """
    end = min(today, period.end_day)
    if end <= period.first_day:
        msg = f"true-up of {period.id}: the period begins on {period.first_day}, and today is {today}."
        raise ExtractionRefused(msg)
    return flow.plan_span(settings, control_id, system, period, f"{TRUE_UP}{today.isoformat()}", (period.first_day, end))


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
    frame = Frame(job.settings, job.source, job.window, folder)
    try:
        extraction = flow.collect(job, frame, clock, run)
        after = flow.typed_rows(job, extraction, folder)
        results = run_rules(after, job.contract, {"second_count": extraction["expected_rows"]})
        require_contract(results, after, job.contract, extraction["origin"])
    except TerminalError as error:
        flow.keep_unusable(job, frame, error, run, clock(), store, signer)
        raise
    before, compared_with = union_of_landings(job, store, folder)
    target = difference_contract(job.settings)
    found = compare(
        before, after.select(job.contract.schema.names), job.contract, job.control.population.inclusion_date_field,
        lambda at: window_key(job.window.kind, job.scope.calendar.day_of(at)), target,
    )  # fmt: skip
    extraction["ipe"]["true_up"] = {
        "landings": compared_with,
        "rows_before": found.before,
        "rows_after": found.after,
        "rows_on_both_sides": found.matched,
    }
    reference = _land(replace(job, contract=target), extraction, found, store, signer, clock, frame)
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
    results = run_rules(found.rows, job.contract, {"second_count": found.second_count})
    require_contract(results, found.rows, job.contract, "true-up")
    retention = flow.retention_of(job, clock())
    pages = flow.lock_pages(job, frame, store, retention, clock)
    landing = flow.landing_of_pages(job, frame.pages)
    extraction = {**extraction, "landing": landing}
    parts, rows_hash = write_parts(found.rows, job.contract, landing, frame.folder, job.settings.part_rows)
    predicate = flow.predicate_of(job, extraction, results, NOTHING_PERFORMED, found.rows.num_rows, rows_hash)
    draft = Draft(job.place, landing, job.source.system, tuple(parts), pages, predicate)
    reason = "The true-up was run again on the same day, and the source or the landings had changed."
    return land(draft, store, signer, retention, clock, frame.folder, reason)


def union_of_landings(job: flow.Job, store: S3Store, folder: Path) -> tuple[pa.Table, list[str]]:
    """Return the rows of every landing of a control's system that lie in a job's interval, and the landings' ids.

    Raises:
        LandingConflict: A manifest or a part is not what the index or the manifest says: run tieout verify.
    """
    schema = pa.schema([*job.contract.schema, pa.field(LANDING_COLUMN, pa.string())])
    rows = [row for row in landings(store, control=job.control_id) if _is_of(row, job)]
    tables = [schema.empty_table()]
    for row in sorted(rows, key=lambda row: (row["effective_from"], row["landed_at"])):
        data = store.read(row["manifest_key"], None) or b""
        manifest = read_manifest(data, row["manifest_key"])
        if manifest.sha256 != row["manifest_sha256"]:
            msg = f"{row['manifest_key']}: it is not the manifest that the index names. Run tieout verify."
            raise LandingConflict(msg)
        for subject in manifest.subjects:
            if f"/{job.contract.table}/" not in f"/{subject.key}":
                continue
            path = folder / subject.key.rsplit("/", 1)[-1]
            store.download(subject.key, path, subject.sha256)
            tables.append(_as_landed(pq.read_table(path), schema, row["landing"]))
            path.unlink()
    table = pa.concat_tables(tables)
    times = table[job.control.population.inclusion_date_field]
    inside = pc.and_(pc.greater_equal(times, pa.scalar(job.window.start, times.type)),
                     pc.less(times, pa.scalar(job.window.end, times.type)))  # fmt: skip
    return table.filter(inside), [row["landing"] for row in rows]


def _is_of(row: dict[str, Any], job: flow.Job) -> bool:
    return (
        row["system"] == job.source.system
        and is_regular(row["window"])
        and row["effective_from"] < job.window.end
        and job.window.start < row["effective_to"]
    )


def _as_landed(table: pa.Table, schema: pa.Schema, landing: str) -> pa.Table:
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


def difference_contract(settings: Settings) -> Contract:
    """Return the contract of `TRUE_UP_TYPE`."""
    return load_contract(contract_file(settings.contracts_folder, TRUE_UP_TYPE))


@dataclass(frozen=True, slots=True)
class TrueUp:
    """The last true-up of one system of one control in a period."""

    control: str
    system: str
    window: str
    landing: str
    manifest_key: str
    start: datetime
    end: datetime
    collected_at: datetime
    differences: tuple[tuple[dict[str, Any], str | None], ...]
    """Each row of `TRUE_UP_TYPE`, and its explanation."""

    @property
    def unexplained(self) -> int:
        """Differences that nobody has explained."""
        return sum(reason is None for _, reason in self.differences)


def read_true_ups(store: S3Store, period: ObservationPeriod, zone_start: datetime, folder: Path) -> list[TrueUp]:
    """Return the last true-up of each control and system of a period, with the explanations that stand.

    Args:
        store: The evidence bucket.
        period: The period.
        zone_start: Its first instant.
        folder: Work folder.
    """
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in landings(store, period=period.id):
        if row["window"].startswith(TRUE_UP) and row["effective_from"] <= zone_start:
            slot = (row["control"], row["system"])
            if slot not in newest or newest[slot]["collected_at"] < row["collected_at"]:
                newest[slot] = row
    explanations: dict[tuple[str, str], list[Explanation]] = {}
    for record in read_records(store):
        if record.kind is RecordKind.EXPLAINED and "true_up" in record.facts:
            each = Explanation(record.reason, **record.facts["true_up"])
            explanations.setdefault((record.place.control, record.system), []).append(each)
    found = []
    for slot, row in sorted(newest.items()):
        rows = [each for key in row["parts"] for each in _rows(store, key, folder)]
        said = explanations.get(slot, [])
        found.append(
            TrueUp(
                *slot, row["window"], row["landing"], row["manifest_key"], row["effective_from"], row["effective_to"],
                row["collected_at"], tuple((dict(each), reason) for each, reason in explain(rows, row["landing"], said)),
            )
        )  # fmt: skip
    return found


def true_ups_due(
    store: S3Store, program: Program, facts: Facts, period: ObservationPeriod, now: datetime
) -> list[tuple[str, str]]:
    """Return control and system of each true-up of an ended period that is due.

    None was made since the period's end, and no regular extraction is awaited, whose rows it would find missing.
    """
    end = period.end(program.scope.zone)
    done = {
        (row["control"], row["system"])
        for row in landings(store, period=period.id)
        if row["window"].startswith(TRUE_UP) and row["effective_to"] >= end and row["collected_at"] >= end
    }
    return [
        (standing.control, source.system)
        for standing in status(program, facts, period, now).controls
        for source in program.controls[standing.control].systems
        if (standing.control, source.system) not in done
        and all(system != source.system for _, system in standing.extractions.awaited)
    ]


def _rows(store: S3Store, key: str, folder: Path) -> Sequence[dict[str, Any]]:
    data = store.read(key, None)
    if data is None:
        msg = f"s3://{store.bucket}/{key}: its manifest names it, and it is not there. Run tieout verify."
        raise LandingConflict(msg)
    path = folder / "part.parquet"
    path.write_bytes(data)
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def find_differences(true_ups: Sequence[TrueUp], control: str, system: str | None) -> TrueUp:
    """Return the one true-up of a control, and of a system where it has several.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    found = [each for each in true_ups if each.control == control and system in (None, each.system)]
    if len(found) != 1:
        known = ", ".join(f"{each.control} {each.system}" for each in true_ups) or "none"
        msg = f"true-up of {control} {system or ''}: expected one, found {len(found)}. There are: {known}."
        raise ConfigurationError(msg)
    return found[0]


def rows_named(found: TrueUp, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the one difference that each text stands in the key of.

    Raises:
        ConfigurationError: A text stands in the key of none, or of several.
    """
    meant = []
    for text in texts:
        named = [row for row, _ in found.differences if text in row["row_key"]]
        if len(named) != 1:
            known = "; ".join(as_text(row) for row, _ in found.differences[:20]) or "none"
            whose = f"{found.control} {found.system}"
            msg = f"row {text!r}: expected one difference of {whose}, found {len(named)}. There are: {known}."
            raise ConfigurationError(msg)
        meant += named
    return meant


def as_text(row: dict[str, Any]) -> str:
    """Return a difference for a person to read."""
    key = " ".join(str(value) for name, value in json.loads(row["row_key"]).items() if name != "system")
    what = f" ({row['changed_columns']})" if row["changed_columns"] else ""
    return f"{row['difference']}{what}  {row['window']}  {key}"
