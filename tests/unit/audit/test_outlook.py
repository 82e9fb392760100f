# SPDX-License-Identifier: Apache-2.0
"""Freshness and forecast: what is stale, what is about to be missed, and what will be if nothing changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.criteria.axes import (
    MONTHS,
    PERIOD,
    UTC_ZONE,
    each_month,
    landing,
    make_control,
    make_scope,
    noon,
    note,
    standing,
)

from tieout.audit.outlook import Notice, NoticeKind, Prospect, by_kind, forecast, notices
from tieout.criteria.controls import Control
from tieout.criteria.extractions import EventCounts, LandedExtraction, Noted
from tieout.criteria.performances import PerformanceState
from tieout.criteria.periods import WindowKind, windows_between

MONTHLY = make_control(frequency={"grace_days": 25})
BY_WEEKS = make_control("monthly", "weekly", frequency={"grace_days": 25})
YEAR = PERIOD.model_copy(update={"first_day": date(2025, 1, 1)})
MARCH_20 = noon(date(2026, 3, 20))


def told(
    *landed: LandedExtraction,
    now: datetime = MARCH_20,
    days: int = 7,
    noted: tuple[Noted, ...] = (),
    control: Control = MONTHLY,
    established: datetime | None = None,
) -> list[Notice]:
    """Return the notices of a control."""
    found = standing(control, *landed, noted=noted, now=now, established=established)
    return notices(found, control, make_scope().calendar, established, now, days)


def foreseen(landed: list[LandedExtraction], control: Control = BY_WEEKS) -> list[Prospect]:
    """Return the forecast of a control on 20 March 2026, from more than a year of history."""
    history = standing(control, *landed, now=MARCH_20, period=YEAR)
    return forecast(standing(control, *landed, now=MARCH_20), history, MARCH_20.date())


def test_all_in_time_and_nothing_due_soon_is_no_notice() -> None:
    assert told(*each_month(20, 20)) == []


def test_what_was_not_extracted_and_what_can_not_be_used_is_stale() -> None:
    found = told(noted=(note("did not land", "2026-02", at=noon(date(2026, 3, 2)), reason="ContractError: a null."),))
    assert [each.as_text() for each in found if each.kind is NoticeKind.STALE] == [
        "stale: cc6_2_access_review (idp) 2026-01: extraction not extracted. Nothing of it has landed, or was recorded.",
        "stale: cc6_2_access_review (idp) 2026-02: extraction incomplete. ContractError: a null.",
    ]


def test_what_was_not_performed_is_stale_until_somebody_explains_it() -> None:
    [missed] = told(*each_month(20, 0))
    assert (missed.kind, missed.key) == (NoticeKind.STALE, "2026-02")
    assert missed.text == "not performed, due 2026-02-28, and nobody has explained it"
    said = note("explained", "2026-02", at=MARCH_20, performance="2026-02")
    assert told(*each_month(20, 0), noted=(said,)) == []


def test_events_that_were_not_performed_are_stale_too() -> None:
    landed = [landing("2026-01", events=EventCounts(not_performed=1)), landing("2026-02", events=EventCounts(on_time=1))]
    [missed] = told(*landed, control=make_control("per_event"))
    assert missed.text == "not performed, due within its window, and nobody has explained it"


@pytest.mark.parametrize(("days", "keys"), [(10, []), (11, ["2026-03"]), (40, ["2026-03"]), (41, ["2026-03", "2026-04"])])
def test_what_is_due_within_so_many_days_and_not_shown_is_about_to_be_missed(days: int, keys: list[str]) -> None:
    found = told(*each_month(20, 20), days=days)
    assert [each.key for each in found] == keys
    assert {each.kind for each in found} <= {NoticeKind.ABOUT_TO_BE_MISSED}


def test_what_has_landed_as_performed_is_not_about_to_be_missed() -> None:
    weekly = make_control("monthly", "weekly")
    kind = weekly.extraction_schedule.window
    weeks = [
        landing(f"2026-W{week:02}", ((f"R-{week}", date(2026, 3, 4)),) if week == 10 else (), kind=kind) for week in range(1, 12)
    ]
    assert all(each.key != "2026-03" for each in told(*weeks, days=12, control=weekly))


@pytest.mark.parametrize(
    ("day", "days", "keys"),
    [
        (date(2026, 3, 31), 7, []),  # the window is not over
        (date(2026, 4, 1), 6, []),  # its grace ends on 8 April
        (date(2026, 4, 1), 7, ["2026-03"]),
        (date(2026, 4, 7), 1, ["2026-03"]),
    ],
)
def test_a_window_that_is_over_and_whose_grace_ends_soon_is_about_to_be_missed(day: date, days: int, keys: list[str]) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = [each for each in told(*each_month(20, 20), now=now, days=days) if "grace ends" in each.text]
    assert [each.key for each in found] == keys
    if keys:
        assert found[0].text == "its window is over, it is not extracted, and its grace ends 2026-04-08"


@pytest.mark.parametrize(("now", "is_told"), [(date(2026, 4, 8), False), (date(2026, 4, 18), True)])
def test_a_window_in_a_campaign_is_told_of_once_what_that_comes_to_has_to_land_soon(now: date, is_told: bool) -> None:
    schedule = {"due_at": "2026-04-16T00:00:00Z", "extensions": []}
    opened = note(
        "campaign opened",
        "2026-03",
        system="all",
        at=noon(date(2026, 4, 2)),
        campaign="c.2026-03",
        definition={"schedule": schedule},
    )
    found = told(*each_month(20, 20), noted=(opened,), now=noon(now))
    texts = [each.text for each in found if each.key == "2026-03" and "grace" in each.text]
    said = "its window is over, campaign c.2026-03 is open, due 2026-04-15, and its grace ends 2026-04-23"
    assert texts == ([said] if is_told else [])


def test_a_new_bucket_gives_each_window_its_grace_before_anybody_is_told() -> None:
    established = noon(date(2026, 3, 10))
    assert told(established=established, now=noon(date(2026, 3, 11)), days=5) == []
    found = told(established=established, now=noon(date(2026, 3, 11)), days=6)
    assert [each.key for each in found] == ["2026-01", "2026-02"]


def test_notices_are_counted_by_kind_with_none_left_out() -> None:
    found = told(*each_month(20, 0), days=11)
    assert by_kind(found) == {NoticeKind.STALE: 1, NoticeKind.ABOUT_TO_BE_MISSED: 1}
    assert by_kind([]) == {NoticeKind.STALE: 0, NoticeKind.ABOUT_TO_BE_MISSED: 0}


def weeks(*days: int | None) -> list[LandedExtraction]:
    """Return the weeks from September 2025 to the middle of March 2026.

    Args:
        days: Of each month up to February, how many days after it was due it was performed; ``None`` for not at all.
    """
    shown = []
    for number, late in enumerate(days, start=8):
        due = date(2025 + (number + 1) // 12, (number + 1) % 12 + 1, 1) - timedelta(days=1)
        if late is not None:
            shown.append((f"R-{due:%Y-%m}", due + timedelta(days=late)))
    targets = windows_between(WindowKind.WEEKLY, date(2025, 9, 1), date(2026, 3, 16), UTC_ZONE)
    return [
        landing(
            target.key,
            tuple((name, on) for name, on in shown if target.start.date() <= on < target.end.date()),
            kind=WindowKind.WEEKLY,
        )
        for target in targets
    ]


def test_a_control_that_was_always_in_time_is_foreseen_in_order() -> None:
    assert foreseen(weeks(-5, -5, -5, -5, -5, -5)) == []


def test_a_control_that_was_late_the_last_times_is_foreseen_late_with_the_median() -> None:
    found = foreseen(weeks(-5, -5, 4, 6, 8, 10))
    assert [(each.key, each.will_be) for each in found] == [(key, PerformanceState.LATE) for key in MONTHS[2:]]
    assert found[0].as_text() == (
        "If nothing changes, 2026-03 of cc6_2_access_review (idp), due 2026-03-31, will not be performed in time because "
        "the last 4 were performed 7 days after they were due (median)."
    )


def test_once_late_is_no_habit_and_only_the_last_four_count() -> None:
    assert foreseen(weeks(-5, -5, -5, -5, -5, 10)) == []
    assert foreseen(weeks(20, 20, -3, -3, -3, -3)) == []


def test_a_control_whose_last_time_failed_is_foreseen_not_performed() -> None:
    found = foreseen(weeks(-5, -5, -5, -5, -5, None))
    assert {each.will_be for each in found} == {PerformanceState.NOT_PERFORMED}
    assert found[0].because == ("the last one, 2026-02, was not performed",)
    assert "will not be performed because the last one" in found[0].as_text()


def test_a_source_that_has_fallen_silent_makes_what_comes_not_determinable() -> None:
    found = foreseen([each for each in weeks(-5, -5, -5, -5, -5, -5) if each.window < "2026-W07"])
    assert {each.will_be for each in found} == {PerformanceState.NOT_DETERMINABLE}
    assert found[0].because == ("its source has not been extracted: 2026-W07, 2026-W08, 2026-W09, 2026-W10",)
    assert "will not be determinable because its source" in found[0].as_text()


def test_a_gap_that_was_closed_again_is_no_silence() -> None:
    assert foreseen([each for each in weeks(-5, -5, -5, -5, -5, -5) if each.window != "2026-W07"]) == []


def test_without_any_history_nothing_is_foreseen() -> None:
    assert foreseen([], make_control(since=(date(2026, 3, 1),))) == []


def test_what_can_not_be_told_yet_has_no_due_day_where_each_event_has_its_own() -> None:
    found = foreseen([landing("2026-01", events=EventCounts(1))], make_control("per_event"))
    assert found[0].as_text() == (
        "If nothing changes, 2026-03 of cc6_2_access_review (idp) will not be determinable because "
        "its source has not been extracted: 2026-02."
    )
