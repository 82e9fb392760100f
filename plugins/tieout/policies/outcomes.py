# SPDX-License-Identifier: Apache-2.0
"""What an acknowledgment campaign that is closed came to: rows of ``acknowledgment.v2``, one for each assigned item.

1. Nothing is judged here but time: what the campaign's fold says is put into columns.
2. Whoever has not acknowledged and is known to have left since is excluded, and the row says so; whoever acknowledged first, and
   left then, has acknowledged.
3. An acknowledgment is in time that was given before the item was due, by the time at which the person acted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tieout.campaigns.events import Decided, Event, ItemDecision, NoticeKind
from tieout.campaigns.rights import Counted
from tieout.campaigns.state import State
from tieout.errors import ExtractionRefused
from tieout.policies.obligations import ASSIGNED

Row = dict[str, Any]
ACKNOWLEDGED, NOT_ACKNOWLEDGED, EXCLUDED = "acknowledged", "not acknowledged", "excluded"
_FROZEN = (
    "system",
    "campaign_id",
    "person",
    "policy",
    "document_version",
    "document_sha256",
    "statement_sha256",
    "basis",
    "as_of",
)
_TELLING = frozenset({NoticeKind.INVITATION, NoticeKind.HANDOVER, NoticeKind.REMINDER, NoticeKind.LINK})


@dataclass(slots=True)
class _Told:
    """What somebody was told of what is theirs: when first, and how often they were reminded."""

    at: datetime | None = None
    reminders: int = 0
    unreachable: str | None = None


@dataclass(frozen=True)
class Outcomes:
    """Makes the rows of one campaign.

    Attributes:
        state: Where it stands.
        events: All that has been said in it, by id.
        left_on: Last days of people whom a later list shows to have left.

    Raises:
        ExtractionRefused: It is not closed.
    """

    state: State
    events: Mapping[str, Event]
    left_on: Mapping[str, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.state.closed is None:
            name = self.state.definition.campaign
            msg = f"campaign {name}: it is {self.state.phase}, so that nothing has come of it. Close it first."
            raise ExtractionRefused(msg)

    def rows(self, frozen: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Yield the row of each frozen row of ``policy_assignment.v1`` that is assigned, in their order."""
        told, opened_at = self._told(), self.state.definition.schedule.opened_at
        for row in frozen:
            if row["status"] == ASSIGNED:
                said = told.get(row["person"], _Told())
                yield {
                    **{name: row[name] for name in _FROZEN},
                    "assignment_id": row["item"],
                    "document": row["policy_title"],
                    "assigned_at": opened_at,
                    "due_at": row["due_at"],
                    "told_at": said.at,
                    "reminders": said.reminders,
                    "unreachable": said.unreachable,
                    **self._account(row["person"]),
                    **self._came_to(row),
                }

    def _account(self, person: str) -> Row:
        pin = self.state.definition.pins.get(person)
        return {"message_user": pin.user if pin else None, "message_team": pin.team if pin else None}

    def _came_to(self, row: Mapping[str, Any]) -> Row:
        [standing] = self.state.standings(row["item"])
        counted = standing.decision
        if counted is not None and not counted.by_rule:
            return self._acknowledged(row, counted)
        left = self._left(row["person"])
        outcome = {"outcome": EXCLUDED if left else NOT_ACKNOWLEDGED, "outcome_reason": left, "in_time": None if left else False}
        return {**_NOTHING, **outcome}

    def _acknowledged(self, row: Mapping[str, Any], counted: Counted) -> Row:
        event = self.events[counted.event]
        if not isinstance(event, Decided):
            raise AssertionError(counted.event)
        answer = _line(event, row["item"]).answer
        expected = row["question_expected"]
        return {
            "outcome": ACKNOWLEDGED,
            "outcome_reason": None,
            "acknowledged_at": counted.at,
            "in_time": counted.at < row["due_at"],
            "answer": answer,
            "answer_expected": None if expected is None or answer is None else answer == expected,
            "channel": event.channel[0],
            "signature_checked": event.channel[1],
            "response": event.id,
            "presented_sha256": event.presented_sha256,
        }

    def _left(self, person: str) -> str | None:
        if person in self.left_on:
            return f"the person has left, with {self.left_on[person]} as the last day"
        return "a manager of the program recorded that the person has left" if person in self.state.facts.left else None

    def _told(self) -> dict[str, _Told]:
        found: dict[str, _Told] = {}
        for each in self.state.noticed.values():
            notice = each.notice
            said = found.setdefault(notice.person, _Told())
            if notice.kind in _TELLING:
                said.at = min(each.at, said.at or each.at)
                said.reminders += notice.kind is NoticeKind.REMINDER or (notice.kind is NoticeKind.LINK and notice.number > 1)
            elif notice.kind is NoticeKind.UNREACHABLE:
                said.unreachable = notice.why
        return found


_NOTHING: Row = dict.fromkeys(
    ("acknowledged_at", "answer", "answer_expected", "channel", "signature_checked", "response", "presented_sha256"),
)


def _line(event: Decided, item: str) -> ItemDecision:
    return next(each for each in event.decisions if each.item == item)
