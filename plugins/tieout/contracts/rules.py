# SPDX-License-Identifier: Apache-2.0
"""Rule results: met, not met, or not determinable. The last is never a pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tieout.contracts.odcs import RuleKind


class Result(StrEnum):
    """What a rule says of one row, or of a whole population."""

    MET = "met"
    NOT_MET = "not met"
    NOT_DETERMINABLE = "not determinable"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule says of one population.

    Attributes:
        rule: Id of the rule in the contract.
        name: Its name, as people read it.
        kind: Contract or control.
        expectation: The Great Expectations expectation that ran.
        met: Rows that met it. For a rule about the whole table: all rows, or none.
        not_met: Rows that did not.
        not_determinable: Rows it can say nothing about.
        observed: What a rule about the whole table saw, as text; else ``None``.
    """

    rule: str
    name: str
    kind: RuleKind
    expectation: str
    met: int
    not_met: int
    not_determinable: int
    observed: str | None
    holds: bool
    """Whether the expectation as a whole succeeded."""

    @property
    def result(self) -> Result:
        """The result for the population: one row that did not meet it decides; else one that can not be judged."""
        if not self.holds:
            return Result.NOT_MET
        return Result.NOT_DETERMINABLE if self.not_determinable else Result.MET

    def and_then(self, later: RuleResult) -> RuleResult:
        """Return what the rule says of these rows and later ones together, where it judges each row, or each key, by itself."""
        return replace(
            self,
            met=self.met + later.met,
            not_met=self.not_met + later.not_met,
            not_determinable=self.not_determinable + later.not_determinable,
            holds=self.holds and later.holds,
        )

    def as_document(self) -> dict[str, Any]:
        """Return the result as the manifest states it."""
        return {
            "rule": self.rule,
            "name": self.name,
            "kind": self.kind.value,
            "expectation": self.expectation,
            "result": self.result.value,
            "met": self.met,
            "not_met": self.not_met,
            "not_determinable": self.not_determinable,
            "observed": self.observed,
        }
