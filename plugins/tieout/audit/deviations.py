# SPDX-License-Identifier: Apache-2.0
"""Deviations: what the evidence shows by itself, and what management says of it.

1. A row that does not meet a control rule, and a performance that was late or missed, is a potential deviation without anybody's
   doing. Its id says what it is about, not which landing shows it: what supersedes a landing and shows the same is the same one.
2. Management's answers are append-only. The state is a fold over them, by time and then by id, and history stays.
3. An answer is bound to the kind of deviation that it was given to: one to a performance that was late says nothing about one
   that was missed.
4. No answer takes a deviation away. One that the evidence shows no more is listed as such, and is not counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from tieout.documents import Document

DEVIATION_TYPE = "deviation.v1"
CAMPAIGN = "deviations"
"""What responses to deviations are stored under."""


class DeviationKind(StrEnum):
    """What deviates."""

    RULE_NOT_MET = "rule not met"
    LATE = "performed late"
    NOT_PERFORMED = "not performed"


class DeviationState(StrEnum):
    """What management has said of it."""

    POTENTIAL = "potential"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    """By management. It counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the evidence shows: one row and rule, one event, or one performance of a periodic control.

    Attributes:
        control: The control whose evidence shows it.
        system: The system that it is about.
        kind: What deviates.
        evidence_type: Of the row; ``None`` for a performance of a periodic control.
        rule: The rule of its contract; ``None`` for a performance.
        row_key: The row's key; ``None`` for a performance of a periodic control.
        performance: Key of the performance; ``None`` for a row or an event that has a key.
        window: Window whose landing shows it; ``None`` for a performance of a periodic control.
        reason: What was expected, and what was found.
        landing: The landing that shows it; ``None`` where it is that nothing does.
        document: Key of the manifest that shows it.
        in_evidence: Whether the evidence that stands shows it.
        occurrences: Landings that stand and show it: two, where a row has moved from one window to another.
    """

    control: str
    system: str
    kind: DeviationKind
    evidence_type: str | None = None
    rule: str | None = None
    row_key: str | None = None
    performance: str | None = None
    window: str | None = None
    reason: str
    landing: str | None = None
    document: str | None = None
    in_evidence: bool = True
    occurrences: int = 1

    @property
    def id(self) -> str:
        """The deviation's id, over what it is about."""
        about = [self.control, self.system, self.evidence_type, self.rule, self.row_key, self.performance]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def merge(shown: Iterable[Observed], gone: Iterable[Observed]) -> dict[str, Observed]:
    """Return each deviation once, by id.

    Args:
        shown: What the evidence that stands shows, oldest window first: the last one describes a deviation.
        gone: What was shown once; whatever of it is not among the others is in evidence no more.
    """
    found: dict[str, Observed] = {}
    for each in shown:
        before = found.get(key := each.id)
        found[key] = replace(each, occurrences=each.occurrences + before.occurrences) if before else each
    for each in gone:
        found.setdefault(each.id, replace(each, in_evidence=False, occurrences=0))
    return found


class Retest(Document):
    """That somebody looked again: what, when, and what came of it."""

    what: str
    on: date
    result: Literal["met", "not met", "not determinable"]


class Answer(Document):
    """What one response says of some deviations; what it leaves out stays as it was."""

    about: dict[DeviationKind, tuple[str, ...]]
    """Ids of the deviations, by the kind that each had when this was said."""
    state: Literal[DeviationState.CONFIRMED, DeviationState.NOT_CONFIRMED] | None = None
    disposition: str | None = None
    root_cause: str | None = None
    compensating_control: str | None = None
    retest: Retest | None = None
    owner: str | None = None
    due: date | None = None
    against_control: str | None = None
    follows: tuple[str, ...] = ()
    """The last responses to these deviations when this was said: who says again what was said before says something new."""

    @property
    def said(self) -> dict[str, Any]:
        """What it sets, by field."""
        names = ("state", "disposition", "root_cause", "compensating_control", "retest", "owner", "due", "against_control")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and which response gave it."""

    response: str
    at: datetime
    by: str
    document: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A deviation with all that management has said of it.

    Attributes:
        id: Its id (`Observed.id`).
        observed: What the evidence shows.
        against_control: The control that it counts against.
        state: As the last answer has it.
        disposition: What management concludes, and does about it.
        root_cause: Why it happened.
        compensating_control: What kept the risk down meanwhile.
        retest: That somebody looked again.
        owner: Role that answers for what is to be done.
        due: Day by which it is to be done.
        acceptance: Id of the risk acceptance that covers it, or covered it last.
        acceptance_state: In force, expired, not yet in force; ``None`` where none covers it.
        accepted_until: Last day of that acceptance.
        history: Every answer to it in order, those to an earlier kind included.
    """

    id: str
    observed: Observed
    against_control: str
    state: DeviationState = DeviationState.POTENTIAL
    disposition: str | None = None
    root_cause: str | None = None
    compensating_control: str | None = None
    retest: Retest | None = None
    owner: str | None = None
    due: date | None = None
    acceptance: str | None = None
    acceptance_state: str | None = None
    accepted_until: date | None = None
    history: tuple[Given, ...] = field(default=(), repr=False)

    @property
    def is_open(self) -> bool:
        """Whether the evidence shows it, and it has no disposition yet."""
        return self.observed.in_evidence and (self.state is DeviationState.POTENTIAL or not self.disposition)

    def concerns(self, control: str) -> bool:
        """Whether a control's evidence shows it, or it counts against that control."""
        return control in (self.observed.control, self.against_control)

    def as_row(self) -> dict[str, Any]:
        """Return it in the columns of `DEVIATION_TYPE`; the control is its partition."""
        observed, last = self.observed, self.history[-1] if self.history else None
        shown = ("system", "evidence_type", "rule", "row_key", "performance", "reason", "in_evidence", "occurrences", "landing",
                 "document")  # fmt: skip
        said = ("against_control", "disposition", "root_cause", "compensating_control", "owner", "due")
        return {
            "deviation": self.id,
            "kind": observed.kind.value,
            "evidence_window": observed.window,
            **{name: getattr(observed, name) for name in shown},
            "state": self.state.value,
            **{name: getattr(self, name) for name in said},
            "retest": self.retest and self.retest.what,
            "retested_on": self.retest and self.retest.on,
            "retest_result": self.retest and self.retest.result,
            "risk_acceptance": self.acceptance,
            "risk_acceptance_state": self.acceptance_state,
            "risk_accepted_until": self.accepted_until,
            "responses": len(self.history),
            "last_response": last and last.response,
            "last_response_at": last and last.at,
            "last_response_by": last and last.by,
        }


def fold(
    observed: Mapping[str, Observed], given: Iterable[Given], against: Mapping[tuple[str, str | None], str] | None = None
) -> list[Deviation]:
    """Return every deviation with what management has said of it, by control, system and id.

    Args:
        observed: What the evidence shows, by id.
        given: Answers, in any order: by time and then by id, each sets what it says.
        against: By control and rule: the control that a row which does not meet it counts against until an answer names another.
    """
    answers: dict[str, list[tuple[DeviationKind, Given, dict[str, Any]]]] = {}
    for each in sorted(given, key=lambda each: (each.at, each.response)):
        said = each.answer.said
        for kind, ids in each.answer.about.items():
            for key in ids:
                answers.setdefault(key, []).append((kind, each, said))
    others = against or {}
    found = [
        _folded(key, each, others.get((each.control, each.rule), each.control), answers.get(key, ()))
        for key, each in observed.items()
    ]
    return sorted(found, key=lambda each: (each.observed.control, each.observed.system, each.id))


def _folded(
    key: str, observed: Observed, against: str, answers: Sequence[tuple[DeviationKind, Given, dict[str, Any]]]
) -> Deviation:
    values: dict[str, Any] = {"against_control": against}
    for kind, _, said in answers:
        if kind is observed.kind:
            values |= said
    return Deviation(id=key, observed=observed, history=tuple(each for _, each, _ in answers), **values)
