# SPDX-License-Identifier: Apache-2.0
"""What a trace says of one row: a step per thing it passed through on its way from the source, each with an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tieout.evidence.verify.outcome import Finding, Outcome, worst


class Standing(StrEnum):
    """What has become of a landing."""

    STANDS = "stands"
    SUPERSEDED = "superseded"
    UNKNOWN = "not known: its manifest can not be read"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a row passed through.

    Attributes:
        name: ``row``, ``part``, ``manifest``, ``IPE record``, ``raw page`` or ``request``.
        facts: What it says, by name, in order.
        findings: What is not as it was signed; none when it is intact.
    """

    name: str
    facts: dict[str, Any]
    findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of its findings."""
        return worst(finding.outcome for finding in self.findings)

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        findings = [{"outcome": finding.outcome.value, "reason": finding.reason} for finding in self.findings]
        return {"step": self.name, "outcome": self.outcome.value, "facts": self.facts, "findings": findings}


@dataclass(frozen=True, slots=True)
class TracedLanding:
    """A row as one landing holds it, and the way back to its source."""

    landing: str
    system: str
    window: str
    landed_at: datetime | None
    standing: Standing
    steps: tuple[Step, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of its steps."""
        return worst(step.outcome for step in self.steps)

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "landing": self.landing,
            "system": self.system,
            "window": self.window,
            "landed_at": self.landed_at and self.landed_at.isoformat(),
            "standing": self.standing.value,
            "outcome": self.outcome.value,
            "steps": [step.as_document() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """Every landing that holds a row, in the order in which they landed.

    Attributes:
        evidence_type: What was asked for.
        key: The row's key, as it was found.
        profile: ``bucket`` or ``copy``.
        trust: Whether the key list and the chain of digests can be relied on.
        landings: Those that hold it.
        unsearched: Parts that could not be searched: the row may stand in them, too.
    """

    evidence_type: str
    key: dict[str, str]
    profile: str
    trust: Step
    landings: tuple[TracedLanding, ...]
    unsearched: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of everything."""
        outcomes = [self.trust.outcome, *(each.outcome for each in self.landings), *(each.outcome for each in self.unsearched)]
        return worst(outcomes)

    @property
    def custody(self) -> str:
        """Whether versions, markers and locks were looked at."""
        return "not checked in a copy" if self.profile == "copy" else "checked"

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "evidence_type": self.evidence_type,
            "key": self.key,
            "profile": self.profile,
            "custody": self.custody,
            "outcome": self.outcome.value,
            "trust": self.trust.as_document(),
            "landings": [each.as_document() for each in self.landings],
            "unsearched": [{"outcome": each.outcome.value, "reason": each.reason} for each in self.unsearched],
        }
