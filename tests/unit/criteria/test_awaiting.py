# SPDX-License-Identifier: Apache-2.0
"""A window that people perform in a campaign is awaited while they are in time, and absent from then on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.criteria.axes import landing, make_control, make_scope, note, standing

from tieout.criteria.awaiting import RunningCampaign, running_campaigns
from tieout.criteria.extractions import ExtractionState, Noted
from tieout.criteria.standing import Completeness, Standing

WINDOW, CAMPAIGN = "2026-01", "cc6_2_access_review.2026-01"
REVIEW = {
    "roster": {"system": "people", "collector": "hr_roster"},
    "due": {"days": 10, "count": "business"},
    "removal": {"days": 5, "count": "business"},
}
CONTROL = make_control(evidence_type="account_review.v2", review=REVIEW)
BERLIN = make_scope(time_zone="Europe/Berlin")
DUE, DAY = datetime(2026, 2, 13, 23, tzinfo=UTC), timedelta(days=1)
"""Midnight after the 13th in Berlin, a Friday: five business days later is the 20th."""
UNTIL = DUE + 7 * DAY
GRACE = 7 * DAY


def opened(*, due: datetime = DUE, extensions: tuple[str, ...] = ()) -> Noted:
    schedule = {"due_at": due.isoformat().replace("+00:00", "Z"), "extensions": list(extensions)}
    return note("campaign opened", WINDOW, system="all", at=DUE - 9 * DAY, campaign=CAMPAIGN, definition={"schedule": schedule})


def said(kind: str, at: datetime) -> Noted:
    return note(kind, WINDOW, system="all", at=at, campaign=CAMPAIGN)


def running(*noted: Noted) -> RunningCampaign | None:
    return running_campaigns(CONTROL, BERLIN.calendar, noted).get(WINDOW)


def stands(*noted: Noted, now: datetime, landed: tuple[Any, ...] = ()) -> Standing:
    return standing(CONTROL, *landed, scope=BERLIN, noted=noted, now=now)


def state(*noted: Noted, now: datetime) -> str:
    """Return what is said of the window."""
    found = stands(*noted, now=now).extractions
    [each] = [each.state.value for each in found.due if each.window == WINDOW] or ["awaited"]
    return each


def test_a_campaign_is_due_and_carried_out_on_days_of_the_program() -> None:
    assert running(opened()) == RunningCampaign(
        CAMPAIGN, WINDOW, date(2026, 2, 5), date(2026, 2, 13), None, date(2026, 2, 20), UNTIL
    )
    later = running(opened(extensions=("2026-02-20T23:00:00Z", "2026-02-27T23:00:00Z")))
    assert later is not None
    assert (later.due, later.carried_out_by) == (date(2026, 2, 27), date(2026, 3, 6))
    closed = running(opened(), said("campaign closed", DUE - 4 * DAY), said("campaign closed", DUE))
    assert closed is not None
    assert (closed.closed_on, closed.carried_out_by) == (date(2026, 2, 10), date(2026, 2, 17))
    assert closed.as_text() == f"campaign {CAMPAIGN} closed 2026-02-10, to be carried out by 2026-02-17, has not landed"


def test_one_that_was_cancelled_or_whose_opening_is_malformed_runs_no_more() -> None:
    assert running(opened(), said("cancelled", DUE - DAY)) is None
    assert running(opened(), said("campaign closed", DUE - 2 * DAY), said("cancelled", DUE - DAY)) is not None
    other = note("cancelled", WINDOW, system="all", campaign="another")
    assert running(opened(), other) is not None
    for broken in ({}, {"definition": None}, {"definition": {"schedule": {"due_at": "soon", "extensions": []}}}):
        assert running(note("campaign opened", WINDOW, system="all", campaign=CAMPAIGN, **broken)) is None


@pytest.mark.parametrize("earlier", [False, True])
def test_its_window_is_awaited_while_it_is_in_time_whatever_was_noted_before(earlier: bool) -> None:
    noted = (opened(), note("not extracted", WINDOW, at=DUE - 10 * DAY))[: 1 + earlier]
    assert state(*noted, now=UNTIL + GRACE - timedelta(seconds=1)) == "awaited"
    assert state(*noted, now=UNTIL + GRACE) == ExtractionState.NOT_EXTRACTED
    assert state(*noted[1:], now=UNTIL) == ExtractionState.NOT_EXTRACTED


def test_what_could_not_land_is_said_all_the_same() -> None:
    assert state(opened(), note("did not land", WINDOW, at=DUE), now=DUE) == ExtractionState.INCOMPLETE


def test_where_a_control_stands_says_what_is_going_on_and_is_not_behind() -> None:
    found = stands(opened(), now=DUE - DAY)
    assert [each.campaign for each in found.campaigns] == [CAMPAIGN]
    assert (found.is_behind, found.completeness) == (False, Completeness.NOT_DETERMINABLE)
    assert found.because == (f"window {WINDOW}: campaign {CAMPAIGN} is open, due 2026-02-13",)
    assert found.as_document()["campaigns"] == [
        {
            "campaign": CAMPAIGN,
            "window": WINDOW,
            "opened_on": "2026-02-05",
            "due": "2026-02-13",
            "closed_on": None,
            "carried_out_by": "2026-02-20",
        }
    ]


def test_one_that_is_late_is_behind_and_says_why() -> None:
    found = stands(opened(), now=UNTIL + GRACE)
    assert found.is_behind
    [absent] = [each for each in found.extractions.due if each.window == WINDOW]
    assert absent.reason == f"campaign {CAMPAIGN} is open, due 2026-02-13."


def test_one_that_has_landed_is_no_news_any_more() -> None:
    found = stands(opened(), said("campaign closed", DUE), now=UNTIL + DAY, landed=(landing(WINDOW),))
    assert found.campaigns == ()
