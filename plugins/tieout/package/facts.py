# SPDX-License-Identifier: Apache-2.0
"""What a package says, read from a bucket as one digest saw it. Nothing is kept between two packages."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tieout.audit.pbc_questions import PbcQuestion
from tieout.audit.pbc_status import PbcStanding
from tieout.criteria.pbc import FOLDER, RequestList
from tieout.criteria.periods import ObservationPeriod
from tieout.documents import load
from tieout.errors import CannotCheck, ConfigurationError, Missing, Tampered
from tieout.evidence.layout import MANIFESTS, Class
from tieout.evidence.manifest import Manifest
from tieout.evidence.records import Record
from tieout.evidence.register import RegisterRow, register
from tieout.evidence.verify.outcome import Outcome
from tieout.flows.deviations import Register, read_register
from tieout.flows.documents import Documents, firsts, read_all
from tieout.flows.index import standing_rows
from tieout.flows.pbc_questions import read_questions
from tieout.flows.pbc_standing import pbc_status
from tieout.flows.sealed_population import PeriodPopulation, period_population
from tieout.flows.selection import Sealed, Selection, seals_in, selections_in
from tieout.flows.status import Holdings, Program, Status, read_holdings, read_program, status
from tieout.flows.trusted import Trusted, trust
from tieout.package.choosing import slots_within
from tieout.package.program import ProgramAsOf, program_as_of
from tieout.package.sealed_store import SealedBucket, SealedStore
from tieout.settings import Settings


@dataclass(frozen=True, slots=True)
class Requests:
    """A list of the auditor's, where each of its requests stands, and what was asked about them."""

    name: str
    listed: RequestList
    standings: tuple[PbcStanding, ...]
    questions: tuple[PbcQuestion, ...]


@dataclass(frozen=True)
class Facts:
    """Everything that pages and tables are made of.

    Attributes:
        store: The bucket, as of a digest.
        trusted: The same, with its chain and key list checked under the root.
        program_as_of: Which of the program's files they were made with.
        program: Those files.
        period: The observation period, or the day of a Type 1.
        status: Where the period stood.
        holdings: What the bucket held.
        documents: Records, and manifests as `slim` leaves them.
        slots: Slots of landings whose effective time lies, in part, in the period.
        landings: Rows of the index of what belongs to the period, superseded ones among them.
        register: Deviations.
        taken_away: What did not become evidence, or was taken away from it.
        sealed: Populations that were sealed for the period.
        selections: Of those.
        requests: The auditor's lists that are for the period.
    """

    store: SealedStore
    trusted: Trusted
    program_as_of: ProgramAsOf
    program: Program
    period: ObservationPeriod
    status: Status
    holdings: Holdings
    documents: Documents
    slots: frozenset[str]
    landings: tuple[dict[str, Any], ...]
    register: Register
    taken_away: tuple[RegisterRow, ...]
    sealed: tuple[Sealed, ...]
    selections: tuple[Selection, ...]
    requests: tuple[Requests, ...]

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """Every manifest, by its landing."""
        return {each.landing: each for each in self.documents.manifests}

    @property
    def settings(self) -> Settings:
        """With the program's files as they stood."""
        return self.program_as_of.settings

    @property
    def as_of(self) -> datetime:
        """When the digest ended that all of this is of, UTC."""
        return self.store.as_of

    def population(self, control: str, system: str, folder: Path) -> PeriodPopulation:
        """Return the population of the period as it stood; raises as `tieout.flows.sealed_population.period_population`."""
        stood = [row for row in standing_rows(self.holdings.index) if row["control"] == control]
        return period_population(self.settings, control, system, self.period, self.store, folder, stood)

    @property
    def spoken_of(self) -> set[str]:
        """Keys of documents that may stand under another label: what was said and asked, and selections."""
        said = {given.document for each in self.register.deviations for given in each.history}
        accepted = {each.document for each in self.register.acceptances}
        questions = [question for each in self.requests for question in each.questions]
        asked = {each.key for each in questions} | {answer.key for each in questions for answer in each.answers}
        return said | accepted | asked | {each.key for each in self.sealed} | {each.key for each in self.selections}

    @property
    def standing(self) -> list[dict[str, Any]]:
        """The landings that no other supersedes."""
        return standing_rows(self.landings)


def chosen_period(program: Program, period_id: str | None, day: date | None) -> ObservationPeriod:
    """Return the period of a package: one of the scope, or a day, of which a Type 1 speaks.

    Raises:
        ConfigurationError: There is no such period.
    """
    listed = program.scope.observation_periods
    if day is not None:
        named = [each for each in listed if each.type == 1 and each.first_day == day and period_id in (None, each.id)]
        end = day + timedelta(days=1)
        return named[0] if named else ObservationPeriod(id=f"as-of-{day}", type=1, first_day=day, end_day=end)
    for each in listed:
        if each.id == period_id:
            return each
    names = ", ".join(each.id for each in listed) or "none"
    msg = f"observation period {period_id!r}: scope.yaml has no such period. Periods there: {names}."
    raise ConfigurationError(msg)


def read_facts(settings: Settings, store: SealedStore, root: str, period: ObservationPeriod, folder: Path) -> Facts:
    """Read everything that a package says.

    Args:
        settings: The installation's.
        store: The bucket, as of a digest.
        root: The root key's fingerprint.
        period: The period.
        folder: An empty work folder.

    Raises:
        VerificationError: The key list or the chain is not in order: nothing is packaged that can not be relied on.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
        ConfigurationError: A file of the program, as it stood, is wrong.
    """
    trusted, settings = _trusted(store, root), replace(settings, root_fingerprint=root)
    holdings = read_holdings(store, store.as_of)
    end = period.end(read_program(settings).scope.zone)
    (folder / "program").mkdir()
    as_of = program_as_of(settings, store, holdings.records, period.id, end, folder / "program")
    program = read_program(as_of.settings)
    period = program.scope.period(period.id) or period  # as it was defined then
    found = status(program, holdings.facts, period, store.as_of)
    documents = _documents(store, holdings.records)
    slots = frozenset(slots_within(holdings.index, period.start(program.scope.zone), period.end(program.scope.zone)))
    sealed = [each for each in seals_in(holdings.records) if each.population.observation_period == period.id]
    seals = {each.population.seal for each in sealed}
    work = folder / "register"
    work.mkdir()
    return Facts(
        store=store,
        trusted=trusted,
        program_as_of=as_of,
        program=program,
        period=period,
        status=found,
        holdings=holdings,
        documents=documents,
        slots=slots,
        landings=tuple(row for row in holdings.index if _belongs(row, period, slots)),
        register=read_register(as_of.settings, store, program, found, holdings.index, work),
        taken_away=tuple(_taken_away(documents, period, slots)),
        sealed=tuple(sealed),
        selections=tuple(each for each in selections_in(holdings.records) if each.seal in seals),
        requests=tuple(_requests(settings, store, period, found)),
    )


def _documents(store: SealedStore, records: Iterable[Record]) -> Documents:
    """Return records and manifests; of thousands of these whole ones would take hundreds of megabytes."""
    found = read_all(store, firsts(store, MANIFESTS, (Class.MANIFEST,)).values(), slim)
    return Documents(tuple(each for each in found.values() if isinstance(each, Manifest)), {each.key: each for each in records})


def slim(manifest: Manifest) -> Manifest:
    """Return a manifest with what tables are made of: fields of the index, what was dropped and redacted, the code's version."""
    said, ipe = manifest.predicate, manifest.predicate["ipe"]
    drops = [{"reason": each["reason"], "rows": each["rows"]} for each in ipe.get("drops", ())]
    pages = [
        {"name": each.get("name"), "redactions": each["redactions"]} for each in ipe.get("pages", ()) if each.get("redactions")
    ]
    kept = {"drops": drops, "pages": pages, "airflow": ipe.get("airflow")}
    return replace(manifest, predicate={**said, "ipe": kept, "rule_results": [], "control": _index_fields(said["control"])})


def _index_fields(control: Mapping[str, Any]) -> dict[str, Any]:
    return {name: control[name] for name in ("id", "sha256", "statement_version")}


def _trusted(store: SealedStore, root: str) -> Trusted:
    trusted = trust(SealedBucket(store), root)
    for outcome, error in ((Outcome.TAMPERED, Tampered), (Outcome.MISSING, Missing), (Outcome.CANNOT_CHECK, CannotCheck)):
        for finding in trusted.findings:
            if finding.outcome is outcome:
                msg = f"{finding.reason} No package is made of it: run tieout verify."
                raise error(msg)
    return trusted


def _belongs(row: Mapping[str, Any], period: ObservationPeriod, slots: Container[str]) -> bool:
    slot = row["manifest_key"].split("/", 1)[1].rpartition("/")[0]
    return slot.startswith(f"observation_period={period.id}/") or slot in slots


def _taken_away(documents: Documents, period: ObservationPeriod, slots: Container[str]) -> Iterator[RegisterRow]:
    for row in register(documents.manifests, documents.records):
        slot = f"observation_period={row.observation_period}/control={row.control}/window={row.window}"
        if row.observation_period == period.id or slot in slots:
            yield row


def _requests(settings: Settings, store: SealedStore, period: ObservationPeriod, found: Status) -> Iterator[Requests]:
    """Yield the lists of today: what an auditor asks for is of the fieldwork, not of the program as it stood."""
    for path in sorted((settings.criteria_folder / FOLDER).glob("*.yaml")):
        listed = load(path, RequestList)
        if listed.observation_period == period.id:
            stood, asked = pbc_status(listed, found), read_questions(store, path.stem)
            yield Requests(path.stem, listed, tuple(stood), tuple(asked))
