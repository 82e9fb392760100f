# SPDX-License-Identifier: Apache-2.0
"""Selections in the bucket: a population is sealed, rows are selected from it, and both stay as signed records.

1. Sealing records what the period's population consists of (`tieout.audit.selections.SealedPopulation`), once for each seal.
2. A selection names the seal that it is of. Rows are the auditor's own, or follow from seal and seed; either way the record holds
   every row number, so that nothing has to be worked out again to know them.
3. A second draw from a seal needs a reason, and the first stays. The auditor's own lists need none: interim and roll-forward are
   two of them.
4. A selection of a population that has changed since says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785

from tieout.audit.selections import Chosen, Method, SealedPopulation, draw, draw_stratified
from tieout.criteria.periods import ObservationPeriod
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.evidence.store import S3Store
from tieout.flows.deviations_answer import open_label
from tieout.flows.sealed_population import PERIOD, PeriodPopulation, period_population
from tieout.flows.status import Program, read_records
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings

LEAST_SHOWN = 8
"""Digits of a seal or of a selection's id that name it."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where sealed populations are read.

    Attributes:
        settings: The installation's.
        program: The program's files.
        store: The evidence bucket, as an identity that may read it.
    """

    settings: Settings
    program: Program
    store: S3Store


@dataclass(frozen=True, slots=True)
class Fieldwork(Archive):
    """Where selections are recorded, and by whom; the identity may put records.

    Attributes:
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        by: Who records it: a role or a person id.
    """

    signer: DocumentSigner
    clock: Callable[[], datetime]
    by: str

    def write(
        self, period: ObservationPeriod, kind: RecordKind, sealed: SealedPopulation, reason: str, facts: dict[str, Any]
    ) -> Record:
        """Store a record under the period's label, or today's where that is closed; the same one is stored once."""
        now = self.clock()
        label = open_label(self.program, period, read_records(self.store), now)
        place = Place(label.id, sealed.control, f"{PERIOD}{period.id}")
        once = hashlib.sha256(rfc8785.dumps(facts)).hexdigest()
        record = Record(
            place=place, kind=kind, system=sealed.system, reason=reason, by=self.by, at=now, facts={**facts, "once": once}
        )  # fmt: skip
        write_record(record, self.store, self.signer, retention_for(self.settings, self.program.scope, label.id, now))
        return record


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal that stands: when it was recorded, by whom, and of what."""

    at: datetime
    by: str
    key: str
    population: SealedPopulation


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection that stands.

    Attributes:
        id: Its record's.
        at: When it was recorded, UTC.
        by: Who recorded it.
        key: Key of its record.
        seal: Of the population.
        method: How rows were chosen.
        numbers: The rows.
        facts: All that the record says.
    """

    id: str
    at: datetime
    by: str
    key: str
    seal: str
    method: Method
    numbers: tuple[int, ...]
    facts: Mapping[str, Any]


def seal_population(fieldwork: Fieldwork, control: str, system: str, period: ObservationPeriod, folder: Path) -> Sealed:
    """Seal the population of a period as it stands now; one that is sealed already is found.

    Raises:
        ConfigurationError: A file is wrong, or there is no such control, system, or open period to record it under.
        ExtractionRefused: The control covers no day of the period.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    found = period_population(fieldwork.settings, control, system, period, fieldwork.store, folder)
    standing = [each for each in sealed_populations(fieldwork.store) if each.population.seal == found.sealed.seal]
    if standing:
        return standing[0]
    rows = f"{found.sealed.rows:,} rows of {control}, {system}, in {period.id}"
    facts = {"seal": found.sealed.seal, "population": found.sealed.as_document()}
    record = fieldwork.write(period, RecordKind.SEALED, found.sealed, f"Sealed: {rows}.", facts)
    return Sealed(record.at, record.by, record.key, found.sealed)


def sealed_populations(store: S3Store) -> list[Sealed]:
    """Return every seal that stands, the oldest first; one that a later release wrote is left out."""
    return seals_in(read_records(store))


def seals_in(records: Iterable[Record]) -> list[Sealed]:
    """Return the seals among records, as `sealed_populations`."""
    found = []
    for record in records:
        population = _population(record.facts) if record.kind is RecordKind.SEALED else None
        if population is not None and population.seal == record.facts.get("seal"):
            found.append(Sealed(record.at, record.by, record.key, population))
    return sorted(found, key=lambda each: each.at)


def find_seal(store: S3Store, name: str) -> Sealed:
    """Return the one seal that begins with a text.

    Raises:
        ConfigurationError: None or several do; the message lists those there are.
    """
    there = sealed_populations(store)
    found = [each for each in there if each.population.seal.startswith(name)] if len(name) >= LEAST_SHOWN else []
    if len(found) != 1:
        listed = "".join(f"\n  {each.population.seal[:16]}  {each.population.control} {each.population.system}" for each in there)
        msg = (
            f"seal {name!r}: expected the first {LEAST_SHOWN} digits or more of one, got {len(found)}. Seals:{listed or ' none'}"
        )
        raise ConfigurationError(msg)
    return found[0]


def record_chosen(fieldwork: Fieldwork, sealed: Sealed, chosen: Chosen, asked: Iterable[str], stage: str) -> Selection:
    """Record an auditor's own selection: exactly the rows that were asked for, and what was not there.

    Args:
        fieldwork: Where, and by whom.
        sealed: What it is of.
        chosen: What the auditor's list came to.
        asked: What the list said.
        stage: What it is for, such as ``interim``; in the auditor's words.

    Raises:
        ConfigurationError: None of the rows is there.
        StoreUnavailable: The store did not answer; run it again.
    """
    if not chosen.numbers:
        msg = f"selection: expected rows of the population, got none of its {sealed.population.rows:,}. Is it another list?"
        raise ConfigurationError(msg)
    facts = {
        "method": Method.AUDITORS_OWN.value, "stage": stage, "asked": list(asked), "numbers": list(chosen.numbers),
        "not_there": list(chosen.not_there), "twice": list(chosen.twice),
    }  # fmt: skip
    return _record(fieldwork, sealed, facts)


def record_draw(
    fieldwork: Fieldwork,
    sealed: Sealed,
    seed: str,
    size: int,
    stage: str,
    windows: Mapping[str, list[int]] | None = None,
    sizes: Mapping[str, int] | None = None,
    reason: str = "",
) -> Selection:
    """Record a selection that the auditor's seed draws.

    Args:
        fieldwork: Where, and by whom.
        sealed: What it is of.
        seed: The auditor's.
        size: How many rows.
        stage: What it is for.
        windows: Row numbers of each window, where it is stratified.
        sizes: How many of each then.
        reason: Why there is a second draw; empty for the first.

    Raises:
        ConfigurationError: The seed is too short, or there is a draw already and no reason for another.
        StoreUnavailable: The store did not answer; run it again.
    """
    seal, rows = sealed.population.seal, sealed.population.rows
    stratified = windows is not None and sizes is not None
    drawn = draw_stratified(seal, seed, windows, sizes) if windows and sizes else draw(seal, seed, range(1, rows + 1), size)
    method = Method.STRATIFIED if stratified else Method.ALL if len(drawn) == rows else Method.RANDOM
    facts: dict[str, Any] = {
        "method": method.value, "stage": stage, "seed": seed, "size": size, "numbers": list(drawn),
        **({"sizes": dict(sizes)} if sizes else {}),
    }  # fmt: skip
    before = [each for each in selections_of(fieldwork.store, seal) if each.method is not Method.AUDITORS_OWN]
    same = [each for each in before if all(each.facts.get(name) == value for name, value in facts.items())]
    if same:
        return same[0]
    if before and not reason.strip():
        msg = f"selection: {len(before)} stand that were drawn from this seal. Say why there is another (--reason); all stay."
        raise ConfigurationError(msg)
    return _record(fieldwork, sealed, facts, reason)


def selections_of(store: S3Store, seal: str = "") -> list[Selection]:
    """Return every selection that stands, of one seal where it is named, the oldest first."""
    return selections_in(read_records(store), seal)


def selections_in(records: Iterable[Record], seal: str = "") -> list[Selection]:
    """Return the selections among records, as `selections_of`."""
    found = []
    for record in records:
        if record.kind is not RecordKind.SELECTED or not str(record.facts.get("seal", "")).startswith(seal):
            continue
        try:
            method, numbers = Method(record.facts["method"]), tuple(map(int, record.facts["numbers"]))
        except (KeyError, TypeError, ValueError):
            continue  # of a later release: verification reads it
        found.append(
            Selection(record.id, record.at, record.by, record.key, str(record.facts["seal"]), method, numbers, record.facts)
        )
    return sorted(found, key=lambda each: each.at)


def changed_since(archive: Archive, sealed: Sealed, folder: Path) -> PeriodPopulation | None:
    """Return the population as it stands now where it is another than was sealed; ``None`` where it is the same.

    Raises:
        ConfigurationError: The program has no such period, control or system any more.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    now = _population_now(archive, sealed, folder)
    return None if now.sealed.seal == sealed.population.seal else now


def _population_now(archive: Archive, sealed: Sealed, folder: Path) -> PeriodPopulation:
    said = sealed.population
    periods = {each.id: each for each in archive.program.scope.observation_periods}
    if said.observation_period not in periods:
        msg = f"seal {said.seal[:16]}: scope.yaml has no period {said.observation_period} any more."
        raise ConfigurationError(msg)
    period = periods[said.observation_period]
    return period_population(archive.settings, said.control, said.system, period, archive.store, folder)


def keys_of(archive: Archive, sealed: Sealed, folder: Path) -> dict[str, int]:
    """Return the row number of each key of a sealed population, its columns but for the system joined by a slash.

    Raises:
        ConfigurationError: The population has changed since: numbers would be those of other rows.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    found = unchanged(archive, sealed, folder)
    names = [name for name in found.key if name != "system"]
    columns = [found.rows[name].to_pylist() for name in names]
    return {"/".join(map(str, values)): number for number, values in enumerate(zip(*columns, strict=True), start=1)}


def windows_of(archive: Archive, sealed: Sealed, folder: Path) -> dict[str, list[int]]:
    """Return the row numbers of each window of a sealed population; raises as `keys_of`."""
    return unchanged(archive, sealed, folder).windows


def unchanged(archive: Archive, sealed: Sealed, folder: Path) -> PeriodPopulation:
    """Return a sealed population with its rows; raises as `keys_of`."""
    now = _population_now(archive, sealed, folder)
    if now.sealed.seal != sealed.population.seal:
        before, after = sealed.population.seal[:16], now.sealed.seal[:16]
        msg = f"seal {before}: the population has changed since, and its seal is {after} now. Seal it again."
        raise ConfigurationError(msg)
    return now


def _record(fieldwork: Fieldwork, sealed: Sealed, facts: dict[str, Any], reason: str = "") -> Selection:
    population = sealed.population
    periods = {each.id: each for each in fieldwork.program.scope.observation_periods}
    said = {"seal": population.seal, "sealed_in": sealed.key, **facts, **({"reason": reason.strip()} if reason.strip() else {})}
    words = f"{len(facts['numbers'])} of {population.rows:,} rows, {facts['method']}, {facts['stage']}. {reason.strip()}".strip()
    record = fieldwork.write(periods[population.observation_period], RecordKind.SELECTED, population, words, said)
    method, numbers = Method(facts["method"]), tuple(facts["numbers"])
    return Selection(record.id, record.at, record.by, record.key, population.seal, method, numbers, record.facts)


def _population(facts: Mapping[str, Any]) -> SealedPopulation | None:
    said = dict(facts.get("population") or {})
    if said.pop("version", None) != 1:
        return None
    try:
        return SealedPopulation(**{**said, "landings": tuple(said["landings"])})
    except (KeyError, TypeError):
        return None
