# SPDX-License-Identifier: Apache-2.0
"""What verification says: one outcome per thing that was looked at, with a reason for each that is not intact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tieout.errors import CannotCheck, Missing, Tampered, TieoutError, VerificationError


class Outcome(StrEnum):
    """What verification says of one thing; the first that applies."""

    TAMPERED = "tampered"
    MISSING = "missing"
    CANNOT_CHECK = "cannot check"
    INTACT = "intact"


_ORDER = list(Outcome)


def worst(outcomes: Iterable[Outcome], nothing: Outcome = Outcome.INTACT) -> Outcome:
    """Return the worst of several outcomes; ``nothing`` when there are none."""
    return min(outcomes, key=_ORDER.index, default=nothing)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was signed."""

    outcome: Outcome
    reason: str


def finding_of(error: TieoutError) -> Finding:
    """Return the finding that an error amounts to: what is no failed check could not be checked."""
    outcomes = {Tampered: Outcome.TAMPERED, Missing: Outcome.MISSING, CannotCheck: Outcome.CANNOT_CHECK}
    kind = type(error) if isinstance(error, VerificationError) else CannotCheck
    return Finding(outcomes.get(kind, Outcome.CANNOT_CHECK), str(error))


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What verification says of one landing, record, digest or other object.

    Attributes:
        kind: ``landing``, or what the object is by its key (`tieout.evidence.layout.Class`).
        key: Of the landing's manifest, or of the object.
        findings: What is not as it was signed; none when it is intact.
        rows: Of a landing whose manifest can be relied on.
    """

    kind: str
    key: str
    findings: tuple[Finding, ...] = ()
    rows: int | None = None

    @property
    def outcome(self) -> Outcome:
        """The worst of its findings."""
        return worst(finding.outcome for finding in self.findings)

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        findings = [{"outcome": finding.outcome.value, "reason": finding.reason} for finding in self.findings]
        return {"kind": self.kind, "key": self.key, "outcome": self.outcome.value, "rows": self.rows, "findings": findings}


LANDING = "landing"


@dataclass(frozen=True, slots=True)
class Head:
    """The last digest of the chain: what an auditor compares with the one that reached him outside the bucket."""

    sequence: int
    sha256: str
    end: str


@dataclass(frozen=True, slots=True)
class Report:
    """What verification says of everything it was asked about."""

    profile: str
    root_fingerprint: str | None
    items: tuple[ItemOutcome, ...]
    finding: Finding | None
    """What keeps everything from being checked, or says that there is nothing to check."""
    head: Head | None = None
    tail: int = 0
    """Objects younger than the head, which no digest names yet."""
    quick: bool = False

    @property
    def landings(self) -> tuple[ItemOutcome, ...]:
        """The landings alone."""
        return tuple(item for item in self.items if item.kind == LANDING)

    @property
    def others(self) -> tuple[ItemOutcome, ...]:
        """Everything else."""
        return tuple(item for item in self.items if item.kind != LANDING)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome; intact only if there is something and all of it is intact."""
        outcomes = [item.outcome for item in self.items] + ([self.finding.outcome] if self.finding else [])
        return worst(outcomes, Outcome.MISSING)

    @property
    def custody(self) -> str:
        """Whether versions, markers and locks were looked at."""
        if self.profile == "copy":
            return "not checked in a copy"
        return "checked" if any(item.rows is not None for item in self.items) else "not checked"

    @property
    def bytes(self) -> str:
        """How the bytes were checked."""
        return "checksums that the store keeps" if self.quick else "read in full"

    @property
    def intact(self) -> int:
        """How many landings are intact."""
        return sum(landing.outcome is Outcome.INTACT for landing in self.landings)

    @property
    def summary(self) -> str:
        """The report in one line: ``intact 12/12``, or the worst outcome and how many are intact."""
        count = f"{self.intact}/{len(self.landings)}"
        return f"intact {count}" if self.outcome is Outcome.INTACT else f"{self.outcome}: {count} intact"

    def as_document(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        head = self.head
        return {
            "outcome": self.outcome.value,
            "profile": self.profile,
            "custody": self.custody,
            "bytes": self.bytes,
            "root_fingerprint": self.root_fingerprint,
            "head": None if head is None else {"sequence": head.sequence, "sha256": head.sha256, "to": head.end},
            "not_digested_yet": self.tail,
            "intact": self.intact,
            "total": len(self.landings),
            "finding": None if self.finding is None else self.finding.reason,
            "landings": [item.as_document() for item in self.landings],
            "others": [item.as_document() for item in self.others],
        }
