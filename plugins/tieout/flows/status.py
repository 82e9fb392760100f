# SPDX-License-Identifier: Apache-2.0
"""The state of a period as a fact: controls on both axes, folded from the index and the records of the bucket.

Nothing is kept between two runs, and nothing is asked of Airflow: what Airflow knows and the bucket does not is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tieout.audit.coverage import CriterionCoverage, coverage
from tieout.criteria.assessments import Assessment, load_assessments
from tieout.criteria.catalogue import Catalogue, Series, load_catalogue
from tieout.criteria.controls import Control, control_files, load_control
from tieout.criteria.extractions import EventCounts, ExtractionState, LandedExtraction, Noted
from tieout.criteria.periods import Gap, ObservationPeriod, gaps_between, is_regular
from tieout.criteria.scope import Scope, load_scope
from tieout.criteria.standing import Completeness, Standing, stand
from tieout.errors import ConfigurationError
from tieout.evidence.digest import read_digest
from tieout.evidence.layout import MANIFESTS, Class, digest_key
from tieout.evidence.records import Record
from tieout.evidence.store import S3Store
from tieout.flows.documents import firsts, read_all
from tieout.flows.index import landings
from tieout.settings import Settings
from tieout.times import instant

_ORDER = (Completeness.INCOMPLETE, Completeness.NOT_DETERMINABLE, Completeness.COMPLETE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bucket holds, by control."""

    landed: Mapping[str, list[LandedExtraction]]
    noted: Mapping[str, list[Noted]]
    established: datetime | None
    """When the bucket's chain began; ``None`` where it has none."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the bucket holds, read once.

    Attributes:
        index: A row of the index for each landing, superseded ones among them.
        records: Every record, by time.
        facts: Both, as of an instant.
    """

    index: list[dict[str, Any]]
    records: list[Record]
    facts: Facts


@dataclass(frozen=True, slots=True)
class Program:
    """The program's files, read once."""

    scope: Scope
    catalogue: Catalogue
    controls: Mapping[str, Control]
    assessments: Mapping[str, Assessment]
    broken: tuple[str, ...]
    """What is wrong with control files that can not be read; their DAGs say so too."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a period stands as of an instant."""

    scope: Scope
    period: ObservationPeriod
    as_of: datetime
    series: tuple[Series, ...]
    controls: tuple[Standing, ...]
    criteria: tuple[CriterionCoverage, ...]
    gaps: tuple[Gap, ...]
    broken: tuple[str, ...]

    @property
    def completeness(self) -> Completeness:
        """That of the control which stands worst."""
        found = {standing.completeness for standing in self.controls}
        return next((each for each in _ORDER if each in found), Completeness.COMPLETE)

    @property
    def is_behind(self) -> bool:
        """Whether anything that is overdue is absent, or can not be told, or a control file is broken."""
        return any(standing.is_behind for standing in self.controls) or bool(self.broken)

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        scope = self.scope.as_of(self.scope.calendar.day_of(self.as_of))
        return {
            "system_name": self.scope.system_name,
            "observation_period": {
                "id": self.period.id,
                "type": self.period.type,
                "printed": self.period.printed(),
                "first_day": self.period.first_day.isoformat(),
                "end_day": self.period.end_day.isoformat(),
                "time_zone": self.scope.time_zone,
            },
            "as_of": instant(self.as_of),
            "scope": {
                "categories": sorted(entry.category for entry in scope.categories),
                "systems": [entry.system for entry in scope.systems],
                "criteria_not_applicable": [entry.criterion for entry in scope.criteria_not_applicable],
            },
            "status": self.completeness.value,
            "behind": self.is_behind,
            "controls": [standing.as_document() for standing in self.controls],
            "criteria": [criterion.as_document() for criterion in self.criteria],
            "gaps_between_periods": [
                {"after": gap.after, "before": gap.before, "first_day": str(gap.first_day), "end_day": str(gap.end_day)}
                for gap in self.gaps
            ],
            "broken_files": list(self.broken),
        }


def read_program(settings: Settings) -> Program:
    """Read scope, catalogue, controls and assessments. A broken control file is named and left out.

    Raises:
        ConfigurationError: Scope, catalogue or an assessment is wrong.
    """
    scope = load_scope(settings.scope_file)
    controls, broken = {}, []
    for control_id, path in control_files(settings.controls_folder).items():
        try:
            controls[control_id] = load_control(path)
        except ConfigurationError as error:
            broken.append(str(error))
    return Program(
        scope,
        load_catalogue(settings.criteria_folder / f"{scope.edition}.yaml"),
        controls,
        load_assessments(settings.criteria_folder / "assessments"),
        tuple(broken),
    )


def read_holdings(store: S3Store, now: datetime) -> Holdings:
    """Read the index, the landings that it does not hold yet, and the records; its facts are those of an instant.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    index, records = landings(store, superseded=True), read_records(store)
    return Holdings(index, records, facts_of(index, records, established_at(store), now))


def read_facts(store: S3Store, now: datetime) -> Facts:
    """Read what the bucket held at an instant.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    return read_holdings(store, now).facts


def facts_of(index: Iterable[Mapping[str, Any]], records: Iterable[Record], established: datetime | None, now: datetime) -> Facts:
    """Return what a bucket held at an instant.

    Args:
        index: A row of the index for each landing, superseded ones among them.
        records: Every record.
        established: When the bucket's chain began.
        now: The instant.
    """
    landed: dict[str, list[LandedExtraction]] = {}
    for row in index:
        if row["landed_at"] <= now and is_regular(row["window"]):
            landed.setdefault(row["control"], []).append(landed_extraction(row))
    return Facts(landed, noted_by_control(record for record in records if record.at <= now), established)


def read_records(store: S3Store) -> list[Record]:
    """Read every record, by time; one that can not be read is left out: verification names it."""
    found = read_all(store, firsts(store, MANIFESTS, (Class.RECORD,)).values())
    return sorted((each for each in found.values() if isinstance(each, Record)), key=lambda each: (each.at, each.id))


def established_at(store: S3Store) -> datetime | None:
    """Return when the bucket's chain began; ``None`` where it has none."""
    data = store.read(digest_key(0), None)
    return read_digest(data, digest_key(0)).end if data else None


def landed_extraction(row: Mapping[str, Any]) -> LandedExtraction:
    """Return a row of the index as the axes take it."""
    events = None
    if row["events_on_time"] is not None:
        names = ("on_time", "late", "not_performed", "pending", "not_determinable", "pending_until")
        events = EventCounts(**{name: row[f"events_{name}"] for name in names})
    return LandedExtraction(
        window=row["window"],
        system=row["system"],
        landing=row["landing"],
        start=row["effective_from"],
        end=row["effective_to"],
        state=ExtractionState(row["extraction_state"]),
        lag_seconds=row["lag_seconds"],
        rows=row["rows"],
        landed_at=row["landed_at"],
        manifest_key=row["manifest_key"],
        statement_version=row["statement_version"],
        observation_period=row["manifest_key"].split("/")[1].partition("=")[2],
        performances=tuple((each["name"], each["day"]) for each in row["performances"] or ()),
        events=events,
        supersedes=row["supersedes"],
        potential_deviations=row["potential_deviations"],
        rows_sha256=row["rows_sha256"],
        manifest_sha256=row["manifest_sha256"],
    )


def noted_of(record: Record) -> Noted:
    """Return a record as the axes take it."""
    return Noted(record.kind.value, record.system, record.place.window, record.at, record.key, record.reason, dict(record.facts))


def noted_by_control(records: Iterable[Record]) -> dict[str, list[Noted]]:
    """Return records as the axes take them, by control."""
    noted: dict[str, list[Noted]] = {}
    for record in records:
        noted.setdefault(record.place.control, []).append(noted_of(record))
    return noted


def status(program: Program, facts: Facts, period: ObservationPeriod, now: datetime) -> Status:
    """Work out where a period stands.

    Args:
        program: The program's files.
        facts: What the bucket held at ``now``.
        period: The period.
        now: The instant that is asked about.
    """
    scope = program.scope
    order = {series.id: number for number, series in enumerate(program.catalogue.series)}
    # A series that the catalogue does not have is for tieout lint to name: it stands last.
    place = {control_id: order.get(series_of(control), len(order)) for control_id, control in program.controls.items()}
    active = dict(sorted(active_controls(program, period).items(), key=lambda item: (place[item[0]], item[0])))
    standings = tuple(
        stand(
            control_id,
            control,
            scope,
            period,
            facts.landed.get(control_id, []),
            facts.noted.get(control_id, []),
            facts.established,
            now,
        )
        for control_id, control in active.items()
    )
    start, end = period.start(scope.zone), period.end(scope.zone)
    evidenced = {
        control_id for control_id, landed in facts.landed.items() if any(each.start < end and start < each.end for each in landed)
    }
    categories = scope.categories_between(period.first_day, period.end_day)
    covered = coverage(program.catalogue, categories, active, program.assessments, evidenced)
    gaps = tuple(gaps_between(scope.observation_periods))
    return Status(scope, period, now, program.catalogue.series, standings, tuple(covered), gaps, program.broken)


def series_of(control: Control) -> str:
    """Return the series that a control is listed under: that of the first criterion it is mapped to, in its own order."""
    return control.criteria[0].criterion.partition(".")[0]


def active_controls(program: Program, period: ObservationPeriod) -> dict[str, Control]:
    """Return the controls that operate, for a category in scope, on some day of a period."""
    return {
        control_id: control
        for control_id, control in program.controls.items()
        if control.effective_from < period.end_day
        and (control.retired_on is None or period.first_day < control.retired_on)
        and program.scope.touches(control, period.first_day, period.end_day)
    }


def choose_period(periods: Iterable[ObservationPeriod], period_id: str | None, today: date) -> ObservationPeriod:
    """Return the period of an id; without one, the Type 2 period of today, else the last that has begun, else the first.

    Raises:
        ConfigurationError: There is no such period; the message lists those there are.
    """
    listed = list(periods)
    if period_id is not None:
        for period in listed:
            if period.id == period_id:
                return period
        names = ", ".join(period.id for period in listed) or "none"
        msg = f"observation period {period_id!r}: not in include/criteria/scope.yaml. Periods there: {names}."
        raise ConfigurationError(msg)
    ordered = sorted((period for period in listed if period.type == 2), key=lambda period: period.first_day) or listed
    if not ordered:
        msg = "include/criteria/scope.yaml: expected at least one observation period, got none. Add one."
        raise ConfigurationError(msg)
    begun = [period for period in ordered if period.first_day <= today]
    current = [period for period in begun if today < period.end_day]
    return (current or begun or ordered)[-1 if begun else 0]


def end_of(day: date, scope: Scope, now: datetime) -> datetime:
    """Return the instant that an as-of day means: its end, but no later than now."""
    return min(now, scope.calendar.midnight(day + timedelta(days=1)) - timedelta(microseconds=1))
