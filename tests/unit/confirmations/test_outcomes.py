# SPDX-License-Identifier: Apache-2.0
"""What a confirmation came to, row for row: confirmed, or why not; in time by the first answer; uncovered days are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.campaigns.scene import A1, DAY, HOUR, Story
from tests.unit.campaigns.test_looking import CAMPAIGN, DUE, END, Looks, closing_of, looked_at, told

from tieout.campaigns.definition import Schedule
from tieout.campaigns.events import Decided
from tieout.campaigns.leftovers import Closing
from tieout.confirmations.handed import HandedIn
from tieout.confirmations.outcomes import Confirmations
from tieout.errors import ExtractionRefused

BERLIN = ZoneInfo("Europe/Berlin")
FROZEN = {
    "item": "i1", "system": "confirmations", "campaign_id": CAMPAIGN.campaign, "title": "Restore test", "form_sha256": "f" * 64,
    "as_of": datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), "owner_role": "Platform Lead", "owner": "a",
}  # fmt: skip


def handed(event: Decided) -> HandedIn:
    """Return what an answer handed in; its day is that on which it was handed in."""
    said: dict[str, Any] = {"values": {"system": event.id}, "effective_on": event.at.date().isoformat()}
    said["uncovered"] = [["2026-01-01", "2026-01-31"], ["2026-06-30", "2026-06-30"]]
    return HandedIn("f" * 64, said, ())


def row(story: Story, now: datetime = END) -> dict[str, Any]:
    """Close, and return the row."""
    closing = closing_of(story, now)
    assert isinstance(closing, Closing)
    story.close(closing)
    [found] = Confirmations(told(story), {each.id: each for each in story.events}, handed, BERLIN).rows([FROZEN])
    return found


def test_nothing_comes_of_what_is_open() -> None:
    with pytest.raises(ExtractionRefused, match="Close it first"):
        Confirmations(told(Looks()), {}, handed, BERLIN)


def test_what_nobody_handed_in_says_so() -> None:
    found = row(Looks())
    assert (found["outcome"], found["second_review"], found["outcome_reason"]) == (
        "not confirmed", "not handed in", "nobody handed it in"
    )  # fmt: skip
    assert (found["in_time"], found["files"], found["performed_at"], found["effective_on"]) == (False, 0, None, None)


def test_what_was_accepted_is_the_last_answer_and_in_time_by_the_first() -> None:
    story = Looks()
    first = story.hand_in(at=DUE - HOUR)
    story.look("d", first, "Which system?", at=DUE + HOUR)
    second = story.hand_in(at=DUE + DAY)
    story.look("e", second, at=DUE + 2 * DAY)
    found = row(story, DUE + 3 * DAY)
    assert (found["outcome"], found["second_review"], found["in_time"], found["returns"]) == ("confirmed", "accepted", True, 1)
    assert (found["response"], found["handed_in_at"], found["second_reviewer"]) == (second.id, second.at, "e")
    assert found["question"] == "Which system?"
    assert found["effective_on"] == second.at.date()
    noon = datetime.combine(second.at.date(), datetime.min.time(), BERLIN).replace(hour=12)
    assert found["performed_at"] == noon
    assert (found["uncovered"], found["uncovered_days"]) == ('[["2026-01-01","2026-01-31"],["2026-06-30","2026-06-30"]]', 32)


def test_what_was_handed_in_late_and_never_looked_at_stands_in_the_row_and_is_not_confirmed() -> None:
    story = Looks()
    late = story.hand_in(at=DUE + HOUR)
    found = row(story)
    assert (found["outcome"], found["second_review"], found["in_time"]) == ("not confirmed", "not looked at", False)
    assert "expired" in found["outcome_reason"]
    assert (found["response"], found["performed_at"]) == (late.id, None)
    assert found["effective_on"] == date(*late.at.timetuple()[:3])


def test_what_does_not_count_is_no_answer() -> None:
    story = Looks()
    story.hand_in("c")  # not the one whom it was given to
    first = story.hand_in()
    story.look("d", first)
    story.hand_in()  # accepted already
    assert row(story, DUE)["response"] == first.id


def test_where_nobody_looks_there_is_no_second_review() -> None:
    story = Looks(looked_at(lookers=(), schedule=Schedule(CAMPAIGN.schedule.opened_at, DUE)))
    story.decide("a", "1", "confirmed", assignment=A1, reason=None)
    found = row(story, DUE - DAY)
    assert (found["outcome"], found["second_review"], found["second_reviewer"], found["looked_at"]) == (
        "confirmed", "none", None, None
    )  # fmt: skip
