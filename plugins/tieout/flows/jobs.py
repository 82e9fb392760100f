# SPDX-License-Identifier: Apache-2.0
"""One window of one system of one control: planned from control, contract and scope before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import RawPage
from tieout.collectors.reach import NoReach, Reach
from tieout.contracts.listing import RULE_RESULT_TYPE
from tieout.contracts.odcs import Contract, contract_file, load_contract
from tieout.criteria.controls import Control, control_files, load_control
from tieout.criteria.periods import ObservationPeriod, Window, is_regular, period_of, window
from tieout.criteria.scope import Scope, load_scope
from tieout.criteria.systems import SystemSource
from tieout.errors import ConfigurationError
from tieout.evidence.landing import landing_id, retain_until, retention_years
from tieout.evidence.layout import LAYOUT_VERSION, Place
from tieout.evidence.manifest import read_manifest
from tieout.evidence.parts import WRITER
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256
from tieout.settings import Settings

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
    reach: Reach = field(default_factory=NoReach)
    """Hands its collector the connections that it names."""
    performs: bool = True
    """Whether its rows show performances of the control; what a review is made of shows none."""

    @property
    def place(self) -> Place:
        """The slot of the store."""
        return Place(self.period.id, self.control_id, self.window.key)


def plan(settings: Settings, control_id: str, system: str, window_key: str, reach: Reach | None = None) -> Job:
    """Read control, contract and scope, and place the window.

    Raises:
        ConfigurationError: A file is wrong, asks for a longer lock than allowed, or there is no such control or system.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, scope = read_control(settings, control_id)
    target = window(control.extraction_schedule.window, window_key, scope.zone)
    period = period_of(target, scope.observation_periods, scope.zone)
    return _job(settings, control_id, control, scope, system, target, period, reach)


def plan_span(
    settings: Settings,
    control_id: str,
    system: str,
    period: ObservationPeriod,
    key: str,
    days: tuple[date, date],
    reach: Reach | None = None,
) -> Job:
    """Plan an interval that is no regular window: a period extracted again, or what came after it.

    Args:
        settings: The installation's.
        control_id: The control.
        system: Its system.
        period: The period that it is stored with.
        key: Names the interval; none of a regular window.
        days: First local day, and the day after the last one.
        reach: Hands its collector the connections that it names; ``None`` where it reads files of this machine.

    Raises:
        ConfigurationError: As `plan`.
    """
    control, scope = read_control(settings, control_id)
    start, end = (scope.calendar.midnight(day) for day in days)
    target = Window(key, control.extraction_schedule.window, start, end)
    return _job(settings, control_id, control, scope, system, target, period, reach)


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
    reach: Reach | None,
) -> Job:
    path = settings.controls_folder / f"{control_id}.yaml"
    contract, rules = (contract_of(settings, name) for name in (control.evidence_type, RULE_RESULT_TYPE))
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
        reach=reach or NoReach(),
    )


def open_frame(job: Job, folder: Path, store: S3Store | None = None) -> Frame:
    """Return the frame of a job's extraction.

    Args:
        job: The job.
        folder: An empty work folder.
        store: Where the landings before it are; ``None`` where a collector has to do without them.
    """

    def previous() -> dict[str, Any] | None:
        from tieout.flows.index import landings

        rows = [] if store is None else landings(store, control=job.control_id)
        mine = [row for row in rows if row["system"] == job.source.system and is_regular(row["window"])]
        if store is None or not mine:
            return None
        key = max(mine, key=lambda row: row["collected_at"])["manifest_key"]
        ipe: dict[str, Any] = read_manifest(store.read(key, None) or b"", key).predicate["ipe"]
        return ipe

    return Frame(job.settings, job.source, job.window, folder, job.reach, previous)


def contract_of(settings: Settings, evidence_type: str) -> Contract:
    """Return the contract of an evidence type.

    Raises:
        ConfigurationError: There is none, or it is wrong.
    """
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
