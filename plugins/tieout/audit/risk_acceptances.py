# SPDX-License-Identifier: Apache-2.0
"""Risk acceptances: management accepts the risk of some deviations until a day. What one covers counts all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from tieout.audit.deviations import Deviation
from tieout.documents import Document

RISK_ACCEPTANCE_TYPE = "risk_acceptance.v1"
CAMPAIGN = "risk-acceptances"
"""What responses that accept a risk are stored under."""


class AcceptanceState(StrEnum):
    """Whether an acceptance covers anything on a day."""

    NOT_YET = "not yet in force"
    IN_FORCE = "in force"
    EXPIRED = "expired"


class Accepted(Document):
    """What management accepts: all that do not meet one rule of a control, now and until it expires, or some deviations by id.

    Attributes:
        rule: Id of the rule; ``None`` where deviations are named.
        deviations: Their ids; none where a rule is named.
        owner: Role that carries the risk.
        approver: Who accepted it.
        reason: Why.
        compensating_control: What keeps the risk down meanwhile.
        accepted_on: First day on which it covers.
        expires_on: Last day on which it covers.
    """

    rule: str | None = None
    deviations: tuple[str, ...] = ()
    owner: str
    approver: str
    reason: str
    compensating_control: str | None = None
    accepted_on: date
    expires_on: date

    @model_validator(mode="after")
    def _fits(self) -> Accepted:
        if bool(self.rule) == bool(self.deviations):
            msg = "expected a rule or deviations, and not both"
            raise ValueError(msg)
        if self.expires_on < self.accepted_on:
            msg = f"expected it to expire on {self.accepted_on} or later, got {self.expires_on}"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class RiskAcceptance:
    """One acceptance, and which response states it.

    Attributes:
        id: Its id: the same acceptance has the same one.
        control: The control whose deviations it covers.
        accepted: What it says.
        at: When it was recorded.
        by: Who recorded it.
        document: Key of the response.
    """

    id: str
    control: str
    accepted: Accepted
    at: datetime
    by: str
    document: str

    def state(self, day: date) -> AcceptanceState:
        """Return whether it covers anything on a local day: both of its days are included."""
        if day < self.accepted.accepted_on:
            return AcceptanceState.NOT_YET
        return AcceptanceState.EXPIRED if self.accepted.expires_on < day else AcceptanceState.IN_FORCE

    def names(self, deviation: Deviation) -> bool:
        """Whether a deviation is among those that it is about, in force or not."""
        observed = deviation.observed
        about = deviation.id in self.accepted.deviations or (
            self.accepted.rule is not None and observed.rule == self.accepted.rule
        )
        return observed.control == self.control and about

    def as_row(self, system: str, named: Iterable[Deviation], day: date) -> dict[str, Any]:
        """Return it in the columns of `RISK_ACCEPTANCE_TYPE`, for one system; the control is its partition.

        Args:
            system: The system.
            named: Deviations of the system that it is about.
            day: Local day that is asked about.
        """
        said = self.accepted
        names = ("rule", "owner", "approver", "reason", "compensating_control", "accepted_on", "expires_on")
        return {
            "system": system,
            "risk_acceptance": self.id,
            **{name: getattr(said, name) for name in names},
            "state": self.state(day).value,
            "deviations": sum(each.observed.in_evidence for each in named),
            "recorded_at": self.at,
            "recorded_by": self.by,
            "document": self.document,
        }


_BEST = (AcceptanceState.IN_FORCE, AcceptanceState.EXPIRED, AcceptanceState.NOT_YET)


def cover(deviations: Iterable[Deviation], acceptances: Sequence[RiskAcceptance], day: date) -> list[Deviation]:
    """Return the deviations, each with the acceptance that covers it on a day: else the last that did, else the next that will.

    Args:
        deviations: As `tieout.audit.deviations.fold` returns them.
        acceptances: All there are.
        day: Local day.
    """
    named: dict[tuple[str, str | None], list[RiskAcceptance]] = {}
    for each in acceptances:
        for name in each.accepted.deviations or (each.accepted.rule,):
            named.setdefault((each.control, name), []).append(each)

    def with_cover(deviation: Deviation) -> Deviation:
        control = deviation.observed.control
        naming = [*named.get((control, deviation.id), ()), *named.get((control, deviation.observed.rule), ())]
        if not naming:
            return deviation
        best = min(naming, key=lambda each: (_BEST.index(each.state(day)), -each.accepted.expires_on.toordinal(), each.id))
        return replace(
            deviation,
            acceptance=best.id,
            acceptance_state=best.state(day).value,
            accepted_until=best.accepted.expires_on,
        )

    return [with_cover(each) for each in deviations] if named else list(deviations)
