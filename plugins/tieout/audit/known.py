# SPDX-License-Identifier: Apache-2.0
"""What management knows of a period, as a list of facts: deviations, incidents, changes and overrides.

It supports management's assertion and its representation letter. It says what the bucket holds and what management has said of
it, as of a digest; that nothing else happened it does not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from tieout.audit.deviations import Deviation, DeviationState
from tieout.criteria.controls import Control
from tieout.criteria.periods import ObservationPeriod
from tieout.evidence.manifest import Manifest
from tieout.evidence.register import RegisterRow
from tieout.times import instant

VERSION = 1
INCIDENT_TABLE = "incident"
"""Table of the evidence type that has one row for each incident."""
OVERRIDES = frozenset({"superseded", "cancelled", "released", "legal hold on", "legal hold off", "redacted"})
"""Kinds of the register by which a person changed what stands or what may go; the others say what did not come."""
STATEMENT = (
    "This lists what the evidence bucket holds and what management has said of it, as of the digest named here. It does not say "
    "that nothing else happened. A deviation is what a rule or a due day shows; nothing that was said of one takes it away. Who "
    "said what, and when, is asserted by the entity."
)


@dataclass(frozen=True, slots=True)
class Head:
    """The last digest of the chain: what it names can be checked against it."""

    sequence: int
    key: str
    version_id: str
    sha256: str
    to: str


@dataclass(frozen=True, slots=True, order=True)
class Incident:
    """One row of the evidence type of incidents. Times are UTC instants as text; empty where the source has none."""

    declared_at: str
    control: str
    system: str
    incident_id: str
    title: str
    severity: str
    contained_at: str
    resolved_at: str
    customers_notified_at: str
    after_period: bool
    """Whether it was declared after the period's end: a post-period extract shows it."""
    landing: str
    document: str


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One change of the tool or of a control."""

    at: str
    """When it was seen first, or the day from which it is in force."""
    kind: str
    about: str
    """The control; empty where it is the tool."""
    what: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a period, as of an instant."""

    period: ObservationPeriod
    zone: str
    bucket: str
    as_of: datetime
    head: Head
    deviations: tuple[Deviation, ...]
    incidents: tuple[Incident, ...]
    changes: tuple[Change, ...]
    overrides: tuple[RegisterRow, ...]
    not_digested: tuple[str, ...] = ()
    """Keys of documents behind the list that no digest names yet: they landed after the head."""

    def as_document(self, by: str) -> dict[str, Any]:
        """Return it as it is signed: schema ``known_list.v1``."""
        return {
            "version": VERSION,
            "bucket": self.bucket,
            "observation_period": {
                "id": self.period.id,
                "type": self.period.type,
                "first_day": self.period.first_day.isoformat(),
                "end_day": self.period.end_day.isoformat(),
                "time_zone": self.zone,
            },
            "made_at": {"at": instant(self.as_of), "attested_by": "asserted by the entity"},
            "made_by": by,
            "statement": STATEMENT,
            "as_of_digest": asdict(self.head),
            "not_digested": list(self.not_digested),
            "deviation_counts": counts(self.deviations),
            "deviations": [deviation_document(each) for each in self.deviations],
            "incidents": [asdict(each) for each in self.incidents],
            "changes": [asdict(each) for each in self.changes],
            "overrides": [each.as_document() for each in self.overrides],
        }


def documents_of(deviations: Iterable[Deviation], incidents: Iterable[Incident], overrides: Iterable[RegisterRow]) -> set[str]:
    """Return the keys of the signed documents that a list rests on."""
    listed = list(deviations)
    found = {each.observed.document for each in listed if each.observed.document}
    found |= {given.document for each in listed for given in each.history}
    return found | {each.document for each in incidents} | {each.document for each in overrides}


def counts(deviations: Iterable[Deviation]) -> dict[str, int]:
    """Return how many deviations the evidence shows, how many of them are in each state, and those it shows no more."""
    listed = list(deviations)
    states = Counter(each.state for each in listed if each.observed.in_evidence)
    return {
        "in_evidence": sum(states.values()),
        **{state.value.replace(" ", "_"): states[state] for state in DeviationState},
        "without_disposition": sum(each.is_open for each in listed),
        "in_evidence_no_more": sum(not each.observed.in_evidence for each in listed),
    }


def deviation_document(deviation: Deviation) -> dict[str, Any]:
    """Return a deviation with its state, its disposition, and who said so when, as JSON values."""
    said = {"control": deviation.observed.control, **deviation.as_row()}
    return {name: _json(value) for name, value in said.items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value


def incident(row: Mapping[str, Any], control: str, landing: str, document: str, *, after_period: bool) -> Incident:
    """Return a landed row as the list has it.

    Args:
        row: In the columns of its contract; one that it has not is empty.
        control: Whose population it is of.
        landing: The landing that shows it.
        document: Key of that landing's manifest.
        after_period: Whether a post-period extract shows it.
    """

    def said(name: str) -> str:
        value = row.get(name)
        return "" if value is None else str(_json(value))

    columns = (
        "declared_at",
        "system",
        "incident_id",
        "title",
        "severity",
        "contained_at",
        "resolved_at",
        "customers_notified_at",
    )
    found = {name: said(name) for name in columns}
    return Incident(control=control, landing=landing, document=document, after_period=after_period, **found)


def tool_changes(manifests: Iterable[Manifest]) -> list[Change]:
    """Return each state of the code that landed something, from when on, and how much it landed."""
    landed: dict[str, list[str]] = {}
    for manifest in manifests:
        landed.setdefault(code_in_words(manifest.predicate["code"]), []).append(manifest.predicate["times"]["landed_at"]["at"])
    return sorted(
        Change(min(times), "code of the tool", "", f"{code}: {len(times)} landings, the last at {max(times)}")
        for code, times in landed.items()
    )


def code_in_words(code: Mapping[str, Any]) -> str:
    """Return which code landed something, as its manifest says."""
    tree = {True: "with changes in its tracked files", False: "as committed", None: "state of its files not known"}
    return f"version {code['version']}, commit {code['commit'] or 'not known'}, {tree[code['modified']]}"


def control_changes(controls: Mapping[str, Control], first: date, end: date | None = None) -> list[Change]:
    """Return what changes in controls from a day on, as their files say: statements, beginnings and ends.

    Args:
        controls: By id.
        first: First day that counts.
        end: The day after the last one; ``None`` where there is none.
    """

    def counts_here(day: date | None) -> bool:
        return day is not None and first <= day and (end is None or day < end)

    found = []
    for control_id, control in controls.items():
        for number, statement in enumerate(control.statements):
            if counts_here(statement.effective_from):
                kind = "control statement" if number else "control began"
                what = f"version {statement.version}: {statement.text}"
                found.append(Change(statement.effective_from.isoformat(), kind, control_id, what))
        if control.retired_on is not None and counts_here(control.retired_on):
            found.append(
                Change(control.retired_on.isoformat(), "control retired", control_id, "It operates no more from that day on.")
            )
    return sorted(found)


def overrides_of(rows: Sequence[RegisterRow], period: ObservationPeriod) -> tuple[RegisterRow, ...]:
    """Return the overrides among a register's rows that are stored under a period's label, by time."""
    found = [row for row in rows if row.kind in OVERRIDES and row.observation_period == period.id]
    return tuple(sorted(found, key=lambda row: (row.at, row)))
