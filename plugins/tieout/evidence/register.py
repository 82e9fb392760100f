# SPDX-License-Identifier: Apache-2.0
"""The register of everything that was taken away, or never came: one table of who, why and when, tied to the digests.

Rows come from records, and from what manifests say themselves: a population of zero, a late extraction, a landing that
supersedes another, rows that were dropped, pages that were redacted. Nothing is said twice in the bucket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tieout.criteria.periods import is_derived
from tieout.evidence.layout import Class, class_of
from tieout.evidence.manifest import Manifest
from tieout.evidence.records import STATEMENTS, Record, RecordKind
from tieout.times import instant

ENTITY = "the run that landed"


@dataclass(frozen=True, slots=True, order=True)
class RegisterRow:
    """One thing that was taken away or did not come."""

    observation_period: str
    control: str
    window: str
    system: str
    kind: str
    landing: str
    at: str
    by: str
    reason: str
    rows: int
    """Rows concerned, where that is known."""
    objects: int
    """Stored objects concerned: they stay locked."""
    document: str
    """Key of the signed document that says so."""

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return asdict(self)


def register(manifests: Sequence[Manifest], records: Mapping[str, Record]) -> list[RegisterRow]:
    """Return the register, by period, control and window.

    Args:
        manifests: Every manifest.
        records: Every record, by key.
    """
    by_landing = {manifest.landing: manifest for manifest in manifests}
    rows = [row for manifest in manifests for row in _of_manifest(manifest, by_landing)]
    rows += [_of_record(key, record) for key, record in records.items() if record.kind not in STATEMENTS]
    return sorted(rows)


def _of_record(key: str, record: Record) -> RegisterRow:
    place = record.place
    return RegisterRow(
        observation_period=place.observation_period,
        control=place.control,
        window=place.window,
        system=record.system,
        kind=record.kind.value,
        landing=record.landing or "",
        at=instant(record.at),
        by=record.by,
        reason=record.reason,
        rows=0,
        objects=len(record.objects),
        document=key,
    )


def _of_manifest(manifest: Manifest, by_landing: Mapping[str, Manifest]) -> Iterator[RegisterRow]:
    said = manifest.predicate
    if said["population"]["rows"] == 0 and not is_derived(said["window"]["key"]):
        yield _row(manifest, "zero population", "The extraction ran, and its source had no row in the window.")
    if said["extraction"]["state"] == "later":
        days = said["extraction"]["lag_seconds"] / 86_400
        yield _row(manifest, "late extraction", f"Extracted {days:.1f} days after the window's end.")
    for drop in said["ipe"].get("drops", ()):
        if drop["rows"]:
            yield _row(manifest, "dropped", f"Read and not part of the population: {drop['reason']}.", rows=drop["rows"])
    for page in said["ipe"].get("pages", ()):
        for redaction in page.get("redactions", ()):
            what = (
                f"{page.get('name', 'a page')}: {redaction.get('what')}, {redaction.get('count')} times: {redaction.get('how')}"
            )
            yield _row(manifest, "redacted", what, objects=1)
    claim = said["supersedes"]
    if claim:
        before = by_landing.get(claim["landing"])
        objects = len(before.subjects) if before else 0
        gone = before.predicate["population"]["rows"] if before else 0
        yield _row(manifest, "superseded", claim["reason"], landing=claim["landing"], rows=gone, objects=objects)


def _row(manifest: Manifest, kind: str, reason: str, *, landing: str = "", rows: int = 0, objects: int = 0) -> RegisterRow:
    said = manifest.predicate
    airflow = said["ipe"].get("airflow") or {}
    return RegisterRow(
        observation_period=said["observation_period"]["id"],
        control=said["control"]["id"],
        window=said["window"]["key"],
        system=said["system"],
        kind=kind,
        landing=landing or manifest.landing,
        at=said["times"]["landed_at"]["at"],
        by=" ".join(str(airflow[name]) for name in ("dag_id", "run_id", "task_id") if name in airflow) or ENTITY,
        reason=reason,
        rows=rows,
        objects=objects,
        document=manifest.key,
    )


@dataclass(frozen=True, slots=True)
class TieOut:
    """Whether every version that the digests name is accounted for: the register ties to their totals.

    Attributes:
        digested: Versions that the digests name.
        counts: How many there are of each kind; evidence and raw pages by what became of them.
        unaccounted: Keys that nobody answers for.
    """

    digested: int
    counts: Mapping[str, int]
    unaccounted: tuple[str, ...]

    @property
    def ties(self) -> bool:
        """Whether all of it is accounted for."""
        return not self.unaccounted and sum(self.counts.values()) == self.digested


_FATES = {
    RecordKind.DID_NOT_LAND: "unusable: did not land",
    RecordKind.ABANDONED: "abandoned",
    RecordKind.REDACTED: "redacted",
    RecordKind.CANCELLED: "cancelled",
}


def tie_out(digested: Iterable[str], manifests: Sequence[Manifest], records: Mapping[str, Record]) -> TieOut:
    """Account for every version that the digests name.

    Args:
        digested: Key of each version, repeated where a key has several; delete markers are left out.
        manifests: Every manifest.
        records: Every record, by key.
    """
    gone = {claim["landing"] for manifest in manifests if (claim := manifest.predicate["supersedes"])}
    fate: dict[str, str] = {}
    for record in records.values():
        for entry in record.objects:
            if record.kind in _FATES:
                fate[entry.key] = _FATES[record.kind]
    for manifest in manifests:
        state = "superseded" if manifest.landing in gone else "landed"
        fate.update((subject.key, state) for subject in manifest.subjects)
    counts: Counter[str] = Counter()
    unaccounted = []
    for key in digested:
        kind = class_of(key)
        if kind in (Class.PART, Class.RAW_PAGE):
            if key not in fate:
                unaccounted.append(key)
                continue
            counts[f"{kind}s {fate[key]}"] += 1
        elif kind is Class.UNKNOWN:
            unaccounted.append(key)
        else:
            counts[f"{kind}s"] += 1
    return TieOut(sum(counts.values()) + len(unaccounted), dict(sorted(counts.items())), tuple(sorted(unaccounted)))
