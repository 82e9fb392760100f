# SPDX-License-Identifier: Apache-2.0
"""Population export: collect, validate, land, for one window of one system.

Each step takes what the one before left in a folder and leaves its own; whoever runs them moves the files. A document of the
steps names every file with its hash, so that what lies between two steps can be unlocked storage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.frame import ROWS_FILE, Frame, extract
from tieout.collectors.ipe import AirflowRun, RawPage
from tieout.contracts.cast import cast_rows
from tieout.contracts.expectations import require_contract, run_rules
from tieout.contracts.listing import RULE_RESULT_TYPE, result_rows
from tieout.contracts.odcs import Contract, RuleKind, contract_file, load_contract
from tieout.contracts.rules import RuleResult
from tieout.criteria.controls import Control, SystemSource, control_files, load_control
from tieout.criteria.periods import ObservationPeriod, Window, period_of, window
from tieout.criteria.scope import Scope, load_scope
from tieout.errors import ConfigurationError, TerminalError
from tieout.evidence.identities import IdentityTable
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import Draft, StoredPage, landing_id, retain_until, retention_years
from tieout.evidence.layout import LAYOUT_VERSION, Place
from tieout.evidence.parts import WRITER, Part, write_parts
from tieout.evidence.records import Record, RecordKind, objects_of, write_record
from tieout.evidence.rowhash import ENCODING
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256
from tieout.flows.performed import performed
from tieout.settings import Settings
from tieout.times import instant, parse_instant

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Job:
    """One window of one system of one control: everything that is known before the source is read."""

    settings: Settings
    control_id: str
    control: Control
    control_sha256: str
    contract: Contract
    source: SystemSource
    scope: Scope
    period: ObservationPeriod
    window: Window
    retention_years: int
    """How long everything that lands is locked, counted from the period's end."""

    @property
    def place(self) -> Place:
        """The slot of the store."""
        return Place(self.period.id, self.control_id, self.window.key)


def plan(settings: Settings, control_id: str, system: str, window_key: str) -> Job:
    """Read control, contract and scope, and place the window.

    Raises:
        ConfigurationError: A file is wrong, asks for a longer lock than allowed, or there is no such control or system.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, scope = read_control(settings, control_id)
    target = window(control.extraction_schedule.window, window_key, scope.zone)
    period = period_of(target, scope.observation_periods, scope.zone)
    return _job(settings, control_id, control, scope, system, target, period)


def plan_span(
    settings: Settings, control_id: str, system: str, period: ObservationPeriod, key: str, days: tuple[date, date]
) -> Job:
    """Plan an interval that is no regular window: a period extracted again, or what came after it.

    Args:
        settings: The installation's.
        control_id: The control.
        system: Its system.
        period: The period that it is stored with.
        key: Names the interval; none of a regular window.
        days: First local day, and the day after the last one.

    Raises:
        ConfigurationError: As `plan`.
    """
    control, scope = read_control(settings, control_id)
    start, end = (scope.calendar.midnight(day) for day in days)
    target = Window(key, control.extraction_schedule.window, start, end)
    return _job(settings, control_id, control, scope, system, target, period)


def read_control(settings: Settings, control_id: str) -> tuple[Control, Scope]:
    """Read a control and the scope.

    Raises:
        ConfigurationError: A file is wrong, or there is no such control.
    """
    files = control_files(settings.controls_folder)
    if control_id not in files:
        msg = f"no control {control_id!r} in {settings.controls_folder}. Controls there: {', '.join(files) or 'none'}."
        raise ConfigurationError(msg)
    return load_control(files[control_id]), load_scope(settings.scope_file)


def _job(
    settings: Settings,
    control_id: str,
    control: Control,
    scope: Scope,
    system: str,
    target: Window,
    period: ObservationPeriod,
) -> Job:
    path = settings.controls_folder / f"{control_id}.yaml"
    contract, rules = (_contract(settings, name) for name in (control.evidence_type, RULE_RESULT_TYPE))
    _check_inclusion(path, control.population.inclusion_date_field, contract)
    return Job(
        settings=settings,
        control_id=control_id,
        control=control,
        control_sha256=file_sha256(path),
        contract=contract,
        source=control.source(system),
        scope=scope,
        period=period,
        window=target,
        retention_years=retention_years((contract, rules), settings.retention_years, settings.retention_cap_years),
    )


def _contract(settings: Settings, evidence_type: str) -> Contract:
    return load_contract(contract_file(settings.contracts_folder, evidence_type))


def _check_inclusion(path: Path, name: str, contract: Contract) -> None:
    # A null would fall out of every window without a word, so the column has to be a required one.
    fit = [column.name for column in contract.columns if pa.types.is_timestamp(column.type) and column.required]
    if name not in fit:
        msg = (
            f"{path}: population.inclusion_date_field: expected a required timestamp column of "
            f"{contract.evidence_type} ({', '.join(fit) or 'it has none'}), got {name!r}."
        )
        raise ConfigurationError(msg)


def retention_of(job: Job, now: datetime) -> Retention:
    """Return the lock of everything that a job lands.

    Raises:
        ConfigurationError: It is past, or further than the cap allows.
    """
    settings = job.settings
    until = retain_until(job.period.end(job.scope.zone), job.retention_years, settings.retention_cap_years, now)
    return Retention(settings.retention_mode, until, settings.sse, settings.sse_key_id)


def landing_of_pages(job: Job, pages: list[RawPage]) -> str:
    """Return the landing's id: what was read, under which definition, written by what."""
    identity = {
        "layout": LAYOUT_VERSION,
        "period": job.period.id,
        "control": job.control_id,
        "control_sha256": job.control_sha256,
        "contract_sha256": job.contract.sha256,
        "window": job.window.key,
        # Not of what was received where addresses were taken out: who guesses the whole page would have them confirmed.
        "pages": [page.stored_sha256 if page.redactions else page.received_sha256 for page in pages],
        "writer": WRITER,
    }
    return landing_id(job.source.system, identity)


def lock_pages(
    job: Job, frame: Frame, store: S3Store, retention: Retention, clock: Clock = lambda: datetime.now(UTC)
) -> tuple[StoredPage, ...]:
    """Lock the raw pages that a frame has captured, whatever becomes of their rows; returns where they stand.

    Where person ids are on, the identity table learns first whom they stand for: a locked id that nobody can resolve is worse
    than an entry for a page that was never locked.

    Raises:
        StoreUnavailable: The store did not answer; run it again, what stands is adopted.
    """
    if frame.redactor is not None:
        IdentityTable.beside(store, job.settings).add(frame.redactor.seen, clock())
    landing = landing_of_pages(job, frame.pages)
    stored = []
    for page in frame.pages:
        key = job.place.raw(landing, page.name)
        version = store.put_locked(key, frame.folder / page.name, page.stored_sha256, retention)
        stored.append(StoredPage(key, version, page.stored_sha256, page.stored_bytes, page.received_sha256))
    return tuple(stored)


def record_unusable(
    job: Job,
    landing: str,
    pages: Sequence[StoredPage],
    error: Exception,
    by: str,
    now: datetime,
    store: S3Store,
    signer: DocumentSigner,
    retention: Retention,
) -> str:
    """Record that an extraction is no population: what came is locked, and why it can not be used; return the record's key.

    Args:
        job: The job.
        landing: The id that it would have landed under.
        pages: The raw pages, locked already.
        error: What broke.
        by: The task that found it.
        now: UTC.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock of the record.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    record = Record(
        place=job.place,
        kind=RecordKind.DID_NOT_LAND,
        system=job.source.system,
        landing=landing,
        reason=f"{type(error).__name__}: {error}",
        by=by,
        at=now,
        objects=objects_of(pages),
        facts={"control_sha256": job.control_sha256, "contract_sha256": job.contract.sha256},
    )
    write_record(record, store, signer, retention)
    return record.key


@contextmanager
def keeping_unusable(
    job: Job, frame: Frame, run: AirflowRun | None, clock: Clock, store: S3Store, signer: DocumentSigner
) -> Iterator[None]:
    """Lock what a frame has captured, and record that it is no population, where what happens inside is terminal.

    Args:
        job: The job.
        frame: Its frame.
        run: The task that runs it; ``None`` on the command line.
        clock: Tells the time, UTC.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
    """
    try:
        yield
    except TerminalError as error:
        now = clock()
        retention = retention_of(job, now)
        pages = lock_pages(job, frame, store, retention, clock)
        if pages:
            by = f"{run.dag_id} {run.run_id} {run.task_id}" if run else "the command line"
            record_unusable(job, landing_of_pages(job, frame.pages), pages, error, by, now, store, signer, retention)
        raise


def collect(job: Job, frame: Frame, clock: Clock, run: AirflowRun | None) -> dict[str, Any]:
    """Collect: read the window from the source into the frame's folder.

    Returns:
        The extraction document: landing id, IPE record, and hash of `ROWS_FILE`. Raw pages stand in the folder by name.

    Raises:
        TieoutError: As `extract`. The raw pages captured so far are in ``frame.pages`` all the same.
    """
    extraction = extract(frame, job.contract, job.control.population.inclusion_date_field, clock, run)
    return {
        "landing": landing_of_pages(job, frame.pages),
        "origin": extraction.origin,
        "expected_rows": extraction.ipe.expected_rows,
        "rows_sha256": file_sha256(extraction.rows),
        "collected_at": instant(extraction.ipe.finished_at),
        "extraction": extraction_state(job, extraction.ipe.finished_at),
        "ipe": extraction.ipe.as_document(),
    }


def extraction_state(job: Job, collected_at: datetime) -> dict[str, Any]:
    """Return whether an extraction came in window or later, and its lag behind the window's end in whole seconds."""
    lag = collected_at - job.window.end
    in_window = lag <= timedelta(days=job.control.extraction_schedule.grace_days)
    return {"state": "in window" if in_window else "later", "lag_seconds": int(lag.total_seconds())}


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation leaves: the parts, and the draft of the manifest's predicate."""

    parts: tuple[Part, ...]
    results: tuple[RuleResult, ...]
    predicate: dict[str, Any]


def validate(job: Job, extraction: dict[str, Any], folder: Path) -> Validated:
    """Validate: contract rules, then control rules, then the Parquet parts as they will land.

    Args:
        job: The job.
        extraction: What `collect` returned.
        folder: Holds `ROWS_FILE`; the parts are written into it.

    Raises:
        ContractError: A type or a contract rule is broken: nothing lands as a population.
    """
    rows = typed_rows(job, extraction, folder)
    results, listed, rules = judge(job, extraction, rows)
    said = performed(job.control, rows, job.scope.calendar, parse_instant(extraction["collected_at"]))
    landing, most = extraction["landing"], job.settings.part_rows
    parts, rows_hash = write_parts(rows, job.contract, landing, folder, most)
    rule_parts, _ = write_parts(listed, rules, landing, folder, most)
    predicate = predicate_of(job, extraction, results, said, rows.num_rows, rows_hash)
    return Validated(tuple(parts + rule_parts), tuple(results), predicate)


def typed_rows(job: Job, extraction: dict[str, Any], folder: Path) -> pa.Table:
    """Return the staged rows in the contract's types.

    Raises:
        ContractError: A value does not fit.
    """
    with pa.OSFile(str(folder / ROWS_FILE)) as staged:
        return cast_rows(pa.ipc.open_stream(staged).read_all(), job.contract, extraction["origin"])


def judge(job: Job, extraction: dict[str, Any], rows: pa.Table) -> tuple[list[RuleResult], pa.Table, Contract]:
    """Hold the rows against the contract; return the results, every row that did not meet a control rule, and their contract.

    Raises:
        ContractError: A contract rule is broken.
    """
    results = run_rules(rows, job.contract, {"second_count": extraction["expected_rows"]})
    require_contract(results, rows, job.contract, extraction["origin"])
    rules = _contract(job.settings, RULE_RESULT_TYPE)
    return results, result_rows(rows, job.contract, results, rules), rules


def predicate_of(
    job: Job, extraction: dict[str, Any], results: list[RuleResult], said: dict[str, Any], rows: int, rows_hash: str
) -> dict[str, Any]:
    """Return the draft of the manifest's predicate: all that is known before anything has landed."""
    zone = job.scope.zone
    statement = job.control.statement_on((job.window.end - timedelta(microseconds=1)).astimezone(zone).date())
    return {
        "layout_version": LAYOUT_VERSION,
        "landing": extraction["landing"],
        "control": {
            "id": job.control_id,
            "title": job.control.title,
            "statement_version": statement.version,
            "statement": statement.text,
            "sha256": job.control_sha256,
        },
        "system": job.source.system,
        "observation_period": {
            "id": job.period.id,
            "from": instant(job.period.start(zone)),
            "to": instant(job.period.end(zone)),
            "time_zone": job.scope.time_zone,
        },
        "window": {"key": job.window.key, "from": instant(job.window.start), "to": instant(job.window.end)},
        "extraction": extraction["extraction"],
        "population": {"rows": rows, "rows_sha256": rows_hash, "encoding": ENCODING},
        "contract": {
            "evidence_type": job.contract.evidence_type,
            "id": job.contract.id,
            "version": job.contract.version,
            "sha256": job.contract.sha256,
        },
        "rule_results": [result.as_document() for result in results],
        "potential_deviations": sum(result.not_met for result in results if result.kind is RuleKind.CONTROL),
        "performances": said,
        "ipe": extraction["ipe"],
        "code": extraction["ipe"]["code"],
        "times": {"collected_at": {"at": extraction["collected_at"], "attested_by": "asserted by the entity"}},
    }


def part_document(part: Part) -> dict[str, Any]:
    """Return a part as JSON values, its path as a file name."""
    return {**asdict(part), "path": part.path.name}


def draft(job: Job, predicate: dict[str, Any], parts: list[dict[str, Any]], pages: list[dict[str, Any]], folder: Path) -> Draft:
    """Return the draft of a landing from the documents of the steps before; the parts stand in ``folder``."""
    return Draft(
        place=job.place,
        landing=predicate["landing"],
        system=job.source.system,
        parts=tuple(Part(**{**part, "path": folder / part["path"]}) for part in parts),
        pages=tuple(StoredPage(**page) for page in pages),
        predicate=predicate,
    )


def write_document(path: Path, document: dict[str, Any]) -> str:
    """Write a document between two steps, and return the SHA-256 of its bytes."""
    data = json.dumps(document, sort_keys=True).encode()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
