# SPDX-License-Identifier: Apache-2.0
"""What a check says: what was expected, what was found, and whether that is weaker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What a check comes to."""

    AS_EXPECTED = "as expected"
    WEAKER = "weaker than policy"
    CANNOT_CHECK = "cannot check"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a name, what was expected, what was found."""

    name: str
    expected: str
    found: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fact that could not be read, and the error code that came instead."""

    code: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was checked, as whom, and what was left alone."""

    subject: tuple[tuple[str, str], ...]
    """Who looked at what: identity, bucket, endpoint, time."""
    checks: tuple[Check, ...]
    not_tried: tuple[str, ...] = ()
    """What a probe would change if it were let through, and is therefore read and not tried."""

    def count(self, outcome: Outcome) -> int:
        """Return how many checks came to an outcome."""
        return sum(check.outcome is outcome for check in self.checks)

    @property
    def all_as_expected(self) -> bool:
        """Whether there is something, and nothing of it is weaker or could not be checked."""
        return bool(self.checks) and self.count(Outcome.AS_EXPECTED) == len(self.checks)

    def as_document(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        checks = [
            {"check": check.name, "expected": check.expected, "found": check.found, "outcome": check.outcome.value}
            for check in self.checks
        ]
        return {
            "subject": dict(self.subject),
            "all_as_expected": self.all_as_expected,
            "checks": checks,
            "not_tried": list(self.not_tried),
        }


def judge(name: str, expected: str, found: str, holds: bool) -> Check:
    """Return a check of something that could be read."""
    return Check(name, expected, found, Outcome.AS_EXPECTED if holds else Outcome.WEAKER)


def unread(name: str, expected: str, refusal: Refusal) -> Check:
    """Return a check of something that could not be read."""
    return Check(name, expected, refusal.code, Outcome.CANNOT_CHECK)


def listed(names: Iterable[str]) -> str:
    """Return names in order, or ``nobody``."""
    return ", ".join(sorted(names)) or "nobody"
