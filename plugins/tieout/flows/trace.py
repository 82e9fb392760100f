# SPDX-License-Identifier: Apache-2.0
"""Traces one row back to its source: row, Parquet part, manifest, IPE record, raw page, request.

1. Row: found by its key in the parts of its evidence type, in row groups whose statistics leave room for it.
2. Part: the whole object has the hash that the manifest signs, and the rows have their row hash.
3. Manifest: signed by a key that the root allowed to, when it says and when the store received it.
4. IPE record: signed in the manifest; its pages are the manifest's raw pages, its count the population's.
5. Raw page: the record that holds the key's values is found, and the page has the hash that the manifest signs.
6. Request: what the source was asked, by whom; asserted by the entity.

It reads a bucket or a copied folder, and needs neither Airflow nor the program's files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.audit.trace import Step, Trace
from tieout.contracts.odcs import Contract
from tieout.errors import ConfigurationError, VerificationError
from tieout.evidence.layout import EVIDENCE, Class, class_of, partition_values
from tieout.evidence.part_search import open_part, search_part
from tieout.evidence.sources import Evidence
from tieout.evidence.verify.outcome import Finding, Outcome, finding_of
from tieout.flows.traced_landing import SYSTEM, Hit, traced_landing
from tieout.flows.trusted import find_contract, opened, trust
from tieout.times import instant

_WORKERS = 8
_MOST_HITS = 100
"""Rows of one part: a key has one, the beginning of a key may have many."""
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which row is meant.

    Attributes:
        evidence_type: For example ``change_record.v1``.
        key: ``COLUMN=VALUE`` texts, or one bare value where the key has one column besides ``system``; a text may be a beginning.
        control: Only this control.
        observation_period: Only this period's label.
    """

    evidence_type: str
    key: tuple[str, ...]
    control: str | None = None
    observation_period: str | None = None

    @property
    def table(self) -> str:
        """Folder of the evidence type."""
        return self.evidence_type.partition(".v")[0]

    def includes(self, key: str) -> bool:
        """Whether an object is a part that may hold the row."""
        place = partition_values(key)
        return (
            class_of(key) is Class.PART
            and self.control in (None, place["control"])
            and self.observation_period in (None, place["observation_period"])
        )


def trace(evidence: Evidence, root_fingerprint: str | None, wanted: Wanted, contracts: Path) -> Trace:
    """Trace a row.

    Args:
        evidence: A bucket or a copy.
        root_fingerprint: As received outside the bucket; without it signatures are *cannot check*.
        wanted: The row.
        contracts: Folder of the installation's contracts, if there is one: it tells key and personal columns where the evidence
            holds no snapshot that does.

    Raises:
        ConfigurationError: No row has this key, or rows of several keys begin so: the message lists them.
        CannotCheck: The copy can not be read.
    """
    parts = sorted(filter(wanted.includes, evidence.keys(f"{EVIDENCE}{wanted.table}/")))
    contract = _contract(evidence, parts, wanted, contracts)
    columns = _columns(wanted, contract)
    hits, unsearched = _search(evidence, parts, columns)
    identity = [name for name in contract.key if name != SYSTEM] if contract else list(columns)
    hits = _one_key(hits, columns, identity, wanted, len(parts))
    trusted = trust(evidence, root_fingerprint)
    landings = [traced_landing(trusted, hit, contract) for hit in hits]
    landings.sort(key=lambda each: (instant(each.landed_at) if each.landed_at else "", each.landing))
    facts = {"root": root_fingerprint, "digests": len(trusted.chain.digests)}
    key = {name: str(hits[0].row.values[name]) for name in identity}
    step = Step("trust", facts, trusted.findings)
    return Trace(wanted.evidence_type, key, evidence.profile, step, tuple(landings), tuple(unsearched))


def _contract(evidence: Evidence, parts: Sequence[str], wanted: Wanted, folder: Path) -> Contract | None:
    """Return the contract that the newest readable part names, where it is at hand."""
    for key in reversed(parts):
        try:
            with opened(evidence, key) as file:
                said = open_part(file, key).schema_arrow.metadata or {}
        except VerificationError:
            continue
        sha256 = said.get(b"tieout.contract_sha256", b"").decode()
        return find_contract(evidence, folder, wanted.evidence_type, sha256)
    return None


def _columns(wanted: Wanted, contract: Contract | None) -> dict[str, str]:
    """Return the value of each column that the key names."""
    pairs = [text.partition("=") for text in wanted.key]
    names = None if contract is None else {column.name for column in contract.columns}
    if len(pairs) == 1:
        name, given, _ = pairs[0]
        if not given or (names is not None and name not in names):
            return {_only_column(wanted, contract): wanted.key[0]}
    if any(not given for _, given, _ in pairs):
        msg = f"key {' '.join(wanted.key)!r}: expected COLUMN=VALUE for each column."
        raise ConfigurationError(msg)
    return {name: value for name, _, value in pairs}


def _only_column(wanted: Wanted, contract: Contract | None) -> str:
    if contract is None:
        msg = (
            f"{wanted.evidence_type}: neither the evidence nor this installation holds its contract, so its key is not known "
            f"here: name the column, COLUMN={wanted.key[0]}."
        )
        raise ConfigurationError(msg)
    rest = [name for name in contract.key if name != SYSTEM]
    if len(rest) != 1:
        msg = f"{wanted.evidence_type}: its key has the columns {', '.join(rest)}: name each, as COLUMN=VALUE."
        raise ConfigurationError(msg)
    return rest[0]


def _search(evidence: Evidence, parts: Sequence[str], columns: Mapping[str, str]) -> tuple[list[Hit], list[Finding]]:
    """Search all parts; one that has not all columns, of another version of the contract, does not hold the row.

    Raises:
        ConfigurationError: No part has these columns, or a value does not fit its column.
    """

    def one(key: str) -> tuple[list[Hit], Finding | ConfigurationError | None]:
        try:
            with opened(evidence, key) as file:
                rows = search_part(open_part(file, key), columns, [name for name in columns if name != SYSTEM], _MOST_HITS)
                return [Hit(key, row) for row in rows], None
        except ConfigurationError as error:
            return [], error
        except VerificationError as error:
            return [], finding_of(error)
        except (OSError, ValueError, pa.ArrowException) as error:  # Arrow's own, for a part that is damaged further in
            return [], Finding(Outcome.CANNOT_CHECK, f"{key}: it can not be read ({error}).")

    with ThreadPoolExecutor(_WORKERS) as pool:
        found = list(pool.map(one, parts))
    refused = [problem for _, problem in found if isinstance(problem, ConfigurationError)]
    if refused and len(refused) == len(parts):
        raise refused[0]
    return [hit for hits, _ in found for hit in hits], [problem for _, problem in found if isinstance(problem, Finding)]


def _one_key(hits: list[Hit], columns: Mapping[str, str], identity: Sequence[str], wanted: Wanted, parts: int) -> list[Hit]:
    """Return the hits of the one key that is meant: the one that equals it, else the only one that begins so."""
    exact = [hit for hit in hits if all(_equals(hit.row.values[name], text) for name, text in columns.items())]
    meant = exact or hits
    keys = {tuple(str(hit.row.values[name]) for name in identity): hit for hit in meant}
    if len(keys) == 1:
        return meant
    asked = " ".join(f"{name}={text}" for name, text in columns.items())
    if not keys:
        msg = f"{wanted.evidence_type}: no row with {asked} in {parts} parts. Check the key; tieout verify says what is missing."
        raise ConfigurationError(msg)
    named = [" ".join(f"{name}={text}" for name, text in zip(identity, key, strict=True)) for key in sorted(keys)]
    more = "\n  and more" if len(named) > _MOST_NAMED else ""
    listed = "\n  ".join(named[:_MOST_NAMED])
    msg = f"{wanted.evidence_type}: expected one row, and {asked} fits several:\n  {listed}{more}\nGive more of the key."
    raise ConfigurationError(msg)


def _equals(value: Any, text: str) -> bool:
    return value == text if isinstance(value, str) else True  # a value of another type was compared whole
