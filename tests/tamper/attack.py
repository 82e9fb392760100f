# SPDX-License-Identifier: Apache-2.0
"""What an attack is, and how one is judged: it has to be found, with its own outcome, for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.tamper.documents import Scene
from tests.tamper.stage import Stage
from tieout.evidence import verify_package
from tieout.evidence.verify import Outcome

TAMPERED, MISSING, CANNOT_CHECK = Outcome.TAMPERED, Outcome.MISSING, Outcome.CANNOT_CHECK
Through = Literal["S3", "copy", "ZIP"]


@dataclass(frozen=True)
class Attack:
    """One way to tamper.

    Attributes:
        group: What is attacked.
        title: How.
        through: S3 alone, or a copied folder or archive.
        outcome: What verification has to say of the whole.
        words: What one of its reasons has to hold.
        do: Makes the attacked scene.
    """

    group: str
    title: str
    through: Through
    outcome: Outcome
    words: str
    do: Callable[[Stage], Verdict]


@dataclass(frozen=True)
class Verdict:
    """What verification says."""

    outcome: Outcome
    reasons: tuple[str, ...]

    def found_as(self, attack: Attack) -> bool:
        """Whether it is what the attack has to be found as."""
        return self.outcome is attack.outcome and any(attack.words in reason for reason in self.reasons)

    def reason(self, words: str) -> str:
        """Return the reason that holds words, or the first."""
        return next((reason for reason in self.reasons if words in reason), next(iter(self.reasons), ""))


def judge(scene: Scene, *, quick: bool = False) -> Verdict:
    """Verify a scene as its auditor would."""
    report = scene.verify(quick=quick)
    reasons = [finding.reason for item in report.items for finding in item.findings]
    return Verdict(report.outcome, tuple([report.finding.reason] if report.finding else []) + tuple(reasons))


def judge_archive(report: verify_package.Verification) -> Verdict:
    """Return what the single-file verifier says of an archive."""
    reasons = [finding.reason for item in (*report.landings, *report.others) for finding in item.findings]
    return Verdict(Outcome(report.outcome), tuple([report.finding.reason] if report.finding else []) + tuple(reasons))
