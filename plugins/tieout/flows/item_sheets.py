# SPDX-License-Identifier: Apache-2.0
"""Item sheets: for each row of a selection what it says, each tested attribute as a fact, and its raw record with its hash.

An attribute is a control rule of the evidence type: met, not met, or not determinable, with the reason that landed. It is not
concluded what that means. A number that is no row of the population says "not available".
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.audit.trace import TracedLanding
from tieout.contracts.listing import row_keys
from tieout.contracts.odcs import LANDING_COLUMN, Contract, RuleKind
from tieout.contracts.rules import Result
from tieout.evidence.layout import EVIDENCE
from tieout.evidence.manifest import Manifest
from tieout.evidence.part_search import open_part, search_part
from tieout.evidence.verify.outcome import Outcome
from tieout.flows.sealed_population import PeriodPopulation
from tieout.flows.traced_landing import SYSTEM, Hit, traced_landing
from tieout.flows.trusted import Trusted, checked_manifest, find_contract, find_landing, opened

NOT_AVAILABLE = "not available"
_RULES = "rule_result"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A control rule and what it says of the row: ``met``, ``not met`` or ``not determinable``, and why, where it is not met."""

    rule: str
    name: str
    result: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ItemSheet:
    """One item of a selection.

    Attributes:
        number: As it was selected.
        facts: The row's columns; empty where it is not available.
        personal: Names of those that are personal data.
        attributes: Of the evidence type's control rules, in their order.
        trace: The way back to the source, checked; ``None`` where it is not available.
    """

    number: int
    facts: Mapping[str, Any]
    personal: frozenset[str]
    attributes: tuple[Attribute, ...]
    trace: TracedLanding | None

    @property
    def outcome(self) -> str:
        """The worst of its steps, or that it is not available."""
        return self.trace.outcome.value if self.trace else NOT_AVAILABLE


def item_sheets(trusted: Trusted, population: PeriodPopulation, numbers: Iterable[int], contracts: Path) -> Iterator[ItemSheet]:
    """Yield the sheet of each number, in their order.

    Args:
        trusted: Where to read, and what is trusted.
        population: As it was sealed.
        numbers: Row numbers of it.
        contracts: Folder of the installation's contracts, where the evidence holds no snapshot.

    Raises:
        Missing: A part is not there.
        CannotCheck: A part or a contract can not be read.
    """
    landings: dict[str, _Landing] = {}
    for number in numbers:
        if not 1 <= number <= population.rows.num_rows:
            yield ItemSheet(number, {}, frozenset(), (), None)
            continue
        row = population.rows.slice(number - 1, 1)
        [values] = row.to_pylist()
        name = values[LANDING_COLUMN]
        if name not in landings:
            landings[name] = _landing(trusted, name, population.sealed.evidence_type, contracts)
        yield landings[name].sheet(trusted, number, row, values, population.key)


@dataclass(frozen=True, slots=True)
class _Landing:
    """A landing that items are of: its manifest, the contract of its rows, and what its rules say of rows, by row key."""

    manifest: Manifest
    contract: Contract | None
    results: Mapping[tuple[str, str], Mapping[str, Any]]

    def sheet(self, trusted: Trusted, number: int, row: pa.Table, values: Mapping[str, Any], key: tuple[str, ...]) -> ItemSheet:
        personal = frozenset(each.name for each in self.contract.columns if each.personal) if self.contract else frozenset()
        [row_key] = row_keys(row, key).to_pylist()
        facts = {name: value for name, value in values.items() if not name.startswith("_")}
        hit = self._hit(trusted, {name: str(values[name]) for name in key if name != SYSTEM})
        trace = traced_landing(trusted, hit, self.contract) if hit else None
        return ItemSheet(number, facts, personal, tuple(self._attributes(row_key)), trace)

    def _attributes(self, row_key: str) -> Iterator[Attribute]:
        for rule in self.manifest.predicate["rule_results"]:
            if rule["kind"] != RuleKind.CONTROL.value:
                continue
            said = self.results.get((rule["rule"], row_key))
            result = said["result"] if said else Result.MET.value
            yield Attribute(rule["rule"], rule["name"], result, said["reason"] if said else None)

    def _hit(self, trusted: Trusted, wanted: Mapping[str, str]) -> Hit | None:
        table = self.manifest.predicate["contract"]["evidence_type"].partition(".v")[0]
        for subject in self.manifest.subjects:
            if subject.role == "part" and subject.key.startswith(f"{EVIDENCE}{table}/"):
                version = subject.version_id if trusted.evidence.profile == "bucket" else None
                with opened(trusted.evidence, subject.key, version) as file:
                    for found in search_part(open_part(file, subject.key), wanted, (), 1):
                        return Hit(subject.key, found)
        return None


def _landing(trusted: Trusted, name: str, evidence_type: str, contracts: Path) -> _Landing:
    checked = checked_manifest(trusted, find_landing(trusted.evidence, name))
    manifest = checked.manifest
    if manifest is None:
        raise AssertionError(Outcome.MISSING)  # the population was read from it
    contract = find_contract(trusted.evidence, contracts, evidence_type, manifest.predicate["contract"]["sha256"])
    results: dict[tuple[str, str], dict[str, Any]] = {}
    for subject in manifest.subjects:
        if subject.role == "part" and subject.key.startswith(f"{EVIDENCE}{_RULES}/"):
            version = subject.version_id if trusted.evidence.profile == "bucket" else None
            with opened(trusted.evidence, subject.key, version) as file:
                for said in pq.read_table(io.BytesIO(file.read())).to_pylist():
                    results[said["rule"], said["row_key"]] = said
    return _Landing(manifest, contract, results)
