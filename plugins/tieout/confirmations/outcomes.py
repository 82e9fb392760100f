# SPDX-License-Identifier: Apache-2.0
"""What an owner confirmation that is closed came to: a row of ``owner_confirmation.v2`` for each form that was asked.

1. Nothing is judged here but time: what the campaign's fold says is put into columns.
2. In time is what was first handed in before it was due: what is handed in again after a question answers that question.
3. What nobody accepted where somebody has to look is not confirmed, and its last answer stands in the row all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import rfc8785

from tieout.campaigns.events import Decided, Event
from tieout.campaigns.looking import Looked
from tieout.campaigns.rights import Standing
from tieout.campaigns.state import State
from tieout.confirmations.handed import HandedIn
from tieout.confirmations.requests import CONFIRMED, NOT_CONFIRMED, Row, text_sha256
from tieout.errors import ExtractionRefused

NOBODY_HANDED_IN, NOBODY_LOOKED = "nobody handed it in", "nobody looked at what was handed in by the end: expired"
NOBODY_ANSWERED = "it was returned with a question that was not answered by the end: expired"
NO_REVIEW, ACCEPTED, RETURNED, NOT_LOOKED_AT, NOT_HANDED_IN = "none", "accepted", "returned", "not looked at", "not handed in"
_FROZEN = ("system", "campaign_id", "title", "form_sha256", "as_of", "owner_role")
_OF_ANSWER = (
    "handed_in_at", "handed_in_by", "channel", "signature_checked", "response", "presented_sha256", "effective_on", "filled_in",
    "filled_in_sha256", "uncovered", "uncovered_days",
)  # fmt: skip


@dataclass(frozen=True)
class Confirmations:
    """Makes the rows of one campaign.

    Attributes:
        state: Where it stands.
        events: All that has been said in it, by id.
        handed: Returns what an answer handed in.
        zone: The program's.

    Raises:
        ExtractionRefused: It is not closed.
    """

    state: State
    events: Mapping[str, Event]
    handed: Callable[[Decided], HandedIn]
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.state.closed is None:
            name = self.state.definition.campaign
            msg = f"campaign {name}: it is {self.state.phase}, so that nothing has come of it. Close it first."
            raise ExtractionRefused(msg)

    def rows(self, frozen: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Yield the row of each frozen row of ``confirmation_request.v2``, in their order."""
        schedule = self.state.definition.schedule
        for row in frozen:
            [standing] = self.state.standings(row["item"])
            counted = self.last_answer(row["item"])
            looks = [each for each in self._counting(row["item"]) if isinstance(each, Looked)]
            first = next((each for each in self._counting(row["item"]) if isinstance(each, Decided)), None)
            yield {
                **{name: row[name] for name in _FROZEN},
                "confirmation_id": row["item"],
                "asked": row["owner"],
                "asked_at": schedule.opened_at,
                "due_at": schedule.due_at,
                "in_time": first is not None and first.at < schedule.due_at,
                **self._answer(counted),
                **self._outcome(standing, counted, looks),
            }

    def last_answer(self, item: str) -> Decided | None:
        """Return the last answer to a form that counts, accepted or not; ``None`` where there is none."""
        given = [each for each in self._counting(item) if isinstance(each, Decided)]
        return given[-1] if given else None

    def _counting(self, item: str) -> list[Event]:
        """Return the answers and looks about a form that count, in order."""
        refused = {each.event for each in self.state.refused if each.item in (None, item)}
        touched = {touch.event.id for touch in self.state.touches.get(item, ())}
        found = [self.events[each] for each in touched if each not in refused]
        return sorted((each for each in found if isinstance(each, (Decided, Looked))), key=lambda each: each.order)

    def _answer(self, event: Decided | None) -> Row:
        if event is None:
            return {**dict.fromkeys(_OF_ANSWER), "files": 0}
        handed = self.handed(event)
        filled, uncovered = rfc8785.dumps(handed.filled["values"]).decode(), handed.filled.get("uncovered")
        return {
            "handed_in_at": event.at,
            "handed_in_by": event.by,
            "channel": event.channel[0],
            "signature_checked": event.channel[1],
            "response": event.id,
            "presented_sha256": event.presented_sha256,
            "effective_on": date.fromisoformat(handed.filled["effective_on"]),
            "filled_in": filled,
            "filled_in_sha256": text_sha256(filled),
            "uncovered": None if uncovered is None else rfc8785.dumps(uncovered).decode(),
            "uncovered_days": None if uncovered is None else sum(_days(*each) for each in uncovered),
            "files": len(handed.files),
        }

    def _outcome(self, standing: Standing, counted: Decided | None, looks: list[Looked]) -> Row:
        decision = standing.decision
        confirmed = decision is not None and not decision.by_rule
        last, asked = looks[-1] if looks else None, next((each for each in reversed(looks) if not each.accepted), None)
        review, reason = _review(standing, counted) if self.state.definition.lookers else (NO_REVIEW, NOBODY_HANDED_IN)
        day = self._answer_day(counted) if confirmed and counted else None
        return {
            "outcome": CONFIRMED if confirmed else NOT_CONFIRMED,
            "outcome_reason": None if confirmed else reason,
            "performed_at": datetime.combine(day, time(12), self.zone).astimezone(UTC) if day else None,
            "second_review": review,
            "second_reviewer": last.by if last else None,
            "looked_at": last.at if last else None,
            "question": asked.question if asked else None,
            "returns": sum(not each.accepted for each in looks),
        }

    def _answer_day(self, event: Decided) -> date:
        return date.fromisoformat(self.handed(event).filled["effective_on"])


def _review(standing: Standing, counted: Decided | None) -> tuple[str, str]:
    """Return how far the second review came, and why that is no confirmation where it is none."""
    if counted is None:
        return NOT_HANDED_IN, NOBODY_HANDED_IN
    if standing.look is None:
        return NOT_LOOKED_AT, NOBODY_LOOKED
    return (ACCEPTED, "") if standing.look.accepted else (RETURNED, NOBODY_ANSWERED)


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first) + timedelta(days=1)).days
