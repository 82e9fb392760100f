# SPDX-License-Identifier: Apache-2.0
"""The axis of performances: each state, from landed rows alone, and silence that says nothing either way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.criteria.axes import (
    AFTER,
    MONTHS,
    PERIOD,
    SYSTEM,
    each_month,
    landing,
    make_control,
    make_scope,
    noon,
    note,
    standing,
    states,
)

from tieout.criteria.extractions import EventCounts
from tieout.criteria.performances import Performance, PerformanceState, performances_expected
from tieout.criteria.scope import Scope

GRACE = {"grace_days": 10}
MONTHLY = make_control(frequency=GRACE)
EVENTS = make_control("per_event")
APRIL_1 = datetime(2026, 4, 1, tzinfo=UTC)


def keys(control: object, scope: Scope | None = None) -> list[str]:
    """Return the keys of what is expected of a control in the first half of 2026."""
    return [
        due.key
        for due in performances_expected(control, scope or make_scope(), PERIOD.first_day, PERIOD.end_day)  # type: ignore[arg-type]
    ]


def march(day: int, month: int = 3) -> Performance:
    """Return March's performance, where February was performed in time and the next one on a day of March or April."""
    landed = each_month(20, 20, 0)
    if month == 3:
        landed[2] = landing("2026-03", (("R-3", date(2026, 3, day)),))
    else:
        landed.append(landing("2026-04", (("R-3", date(2026, 4, day)),)))
    [found] = (each for each in standing(MONTHLY, *landed).performances if each.key == "2026-03")
    return found


@pytest.mark.parametrize(
    ("day", "month", "state", "performed_on"),
    [
        (1, 3, PerformanceState.ON_TIME, date(2026, 3, 1)),
        (31, 3, PerformanceState.ON_TIME, date(2026, 3, 31)),
        (1, 4, PerformanceState.LATE, date(2026, 4, 1)),
        (10, 4, PerformanceState.LATE, date(2026, 4, 10)),
        (11, 4, PerformanceState.NOT_PERFORMED, None),
    ],
)
def test_a_performance_is_on_time_up_to_its_due_day_late_up_to_its_grace_and_then_not_performed(
    day: int, month: int, state: PerformanceState, performed_on: date | None
) -> None:
    found = march(day, month)
    assert (found.state, found.performed_on, found.due) == (state, performed_on, date(2026, 3, 31))
    assert found.potential_deviations == (state is not PerformanceState.ON_TIME)


def test_a_performance_names_the_rows_and_the_document_that_show_it() -> None:
    found = march(10, 4)
    assert (found.name, found.document) == ("R-3", "manifests/observation_period=2026-H1/idp-2026-04.json")
    absent = march(11, 4)
    assert (absent.name, absent.document) == (None, None)


def test_nothing_shown_where_everything_landed_is_not_performed() -> None:
    assert states(standing(MONTHLY, *each_month(5, 5, 5, 5, 5, 0)))["2026-06"] == "not performed"


def test_a_window_with_rows_of_another_day_only_does_not_perform_the_control() -> None:
    found = standing(MONTHLY, *each_month(20, 20, 0, 20, 20, 20))
    assert {key for key, state in states(found).items() if state != "performed on time"} == {"2026-03"}
    assert found.potential_deviations == 1


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (APRIL_1 - timedelta(seconds=1), "upcoming"),  # due on its last day
        (APRIL_1, "upcoming"),  # over, and its window is awaited
        (APRIL_1 + timedelta(days=7) - timedelta(seconds=1), "upcoming"),
        (APRIL_1 + timedelta(days=7), "not determinable"),  # the window's grace is over and nothing has landed
    ],
)
def test_it_is_upcoming_until_its_window_has_had_its_time(now: datetime, state: str) -> None:
    assert states(standing(MONTHLY, *each_month(5, 5), now=now))["2026-03"] == state


def test_upcoming_is_no_potential_deviation_and_neither_is_what_can_not_be_told() -> None:
    assert standing(MONTHLY, *each_month(5, 5), now=APRIL_1).potential_deviations == 0
    assert standing(MONTHLY, now=AFTER).potential_deviations == 0


def test_a_performance_that_has_landed_counts_before_it_is_due() -> None:
    weekly = make_control("monthly", "weekly")
    shown = landing("2026-W10", (("R-3", date(2026, 3, 4)),), kind=weekly.extraction_schedule.window)
    assert states(standing(weekly, shown, now=noon(date(2026, 3, 12))))["2026-03"] == "performed on time"


@pytest.mark.parametrize("kind", ["did not land", "not extracted"])
def test_where_a_needed_window_is_absent_nothing_can_be_told(kind: str) -> None:
    quarterly = make_control("quarterly", frequency=GRACE)
    landed = [landing(key) for key in MONTHS if key != "2026-02"]
    found = standing(quarterly, *landed, noted=(note(kind, "2026-02"),))
    assert states(found) == {"2026-Q1": "not determinable", "2026-Q2": "not performed"}


def test_a_window_that_is_not_needed_may_be_absent() -> None:
    assert states(standing(MONTHLY, *each_month(5, 5, 5, 5, 5)))["2026-05"] == "performed on time"
    late = each_month(5, 5, 5, 5, 5, 5)
    del late[3]
    assert states(standing(MONTHLY, *late))["2026-03"] == "performed on time"


def test_a_window_that_landed_later_shows_what_happened_all_the_same() -> None:
    landed = [landing("2026-01", (("R", date(2026, 1, 5)),), after=timedelta(days=100))]
    assert states(standing(MONTHLY, *landed))["2026-01"] == "performed on time"


def test_windows_before_the_period_are_needed_where_its_first_interval_opens_there() -> None:
    quarterly = make_control("quarterly", frequency={"due": {"days": 10}})
    landed = each_month(0, 0, 0, 0, 0, 0)
    scope = make_scope()
    assert states(standing(quarterly, *landed, scope=scope))["2025-Q4"] == "not determinable"
    autumn = [landing(f"2025-{month}", (("R-Q4", date(2025, 12, 20)),) if month == 12 else ()) for month in (10, 11, 12)]
    found = standing(quarterly, *autumn, *landed)
    assert states(found)["2025-Q4"] == "performed on time"
    assert [each.window for each in found.extractions.due] == MONTHS, "windows before the period are not owed in it"
    nothing = [landing(f"2025-{month}") for month in (10, 11, 12)]
    assert states(standing(quarterly, *nothing, *landed))["2025-Q4"] == "not performed"


def test_what_is_late_for_one_interval_is_not_on_time_for_the_next() -> None:
    landed = each_month(20, 0, 5, 0, 0, 0)
    assert list(states(standing(MONTHLY, *landed)).values())[:3] == ["performed on time", "performed late", "not performed"]


def test_what_is_late_for_an_interval_before_the_period_is_not_on_time_for_its_first() -> None:
    december = landing("2025-12")
    found = standing(MONTHLY, landing("2025-11", (("R", date(2025, 11, 20)),)), december, *each_month(5, 0, 0, 0, 0, 0))
    assert states(found)["2026-01"] == "not performed"


def test_a_control_that_is_always_late_is_late_in_its_third_year_too() -> None:
    control = make_control(frequency=GRACE, since=(date(2023, 1, 1),))
    months = [(year, month) for year in range(2023, 2027) for month in range(1, 13)]
    landed = [
        landing(f"{year}-{month:02}", ((f"R{year}{month:02}", date(year, month, 9)),) if (year, month) > (2023, 1) else ())
        for year, month in months
    ]
    assert set(states(standing(control, *landed, now=datetime(2027, 3, 1, tzinfo=UTC))).values()) == {"performed late"}


def test_two_performances_in_one_interval_do_not_fill_the_next() -> None:
    landed = [landing("2026-01", (("R-1", date(2026, 1, 5)), ("R-2", date(2026, 1, 25)))), *each_month(0, 0)[1:]]
    found = standing(MONTHLY, *landed, now=noon(date(2026, 3, 20)))
    assert [each.name for each in found.performances][:2] == ["R-1", None]


def test_rows_of_one_performance_in_two_windows_are_performed_on_the_last_day() -> None:
    first = landing("2026-01", (("Q1 review", date(2026, 1, 28)), ("other", date(2026, 1, 3))))
    quarterly = make_control("quarterly")
    found = standing(quarterly, first, landing("2026-04", (("Q1 review", date(2026, 4, 2)),)), *each_month(0, 0, 0)[1:])
    assert states(found)["2026-Q1"] == "performed on time", "another performance of the quarter was in time"
    found = standing(
        make_control("quarterly", frequency=GRACE),
        *each_month(0, 0),
        landing("2026-03", (("Q1 review", date(2026, 3, 28)),)),
        landing("2026-04", (("Q1 review", date(2026, 4, 2)),)),
    )
    assert states(found)["2026-Q1"] == "performed late"


def test_each_of_two_systems_has_its_own_performances() -> None:
    control = make_control(systems=("idp", "cloud"))
    found = standing(control, *each_month(5, 5, 5, 5, 5, 5), *(landing(key, system="cloud") for key in MONTHS))
    assert set(states(found).values()) == {"performed on time"}
    assert set(states(found, "cloud").values()) == {"not performed"}
    assert found.potential_deviations == 6


def test_what_is_not_known_to_have_been_missed_makes_no_later_performance_late() -> None:
    # Nothing of December has ever landed: the bucket is new. Each month's is performed on its fifth day, within the grace after.
    found = standing(MONTHLY, *each_month(5, 5, 5, 5, 5, 5))
    assert set(states(found).values()) == {"performed on time"}
    landed = each_month(20, 20, 20, 5, 5, 5)
    del landed[2]
    assert list(states(standing(MONTHLY, *landed)).values())[2:] == ["not determinable", *["performed on time"] * 3]


def test_once_a_missing_window_lands_later_what_was_late_for_it_is_late() -> None:
    landed = each_month(20, 20, 0, 5)
    march = landed.pop(2)
    assert states(standing(MONTHLY, *landed))["2026-03"] == "not determinable"
    assert states(standing(MONTHLY, *landed, march))["2026-03"] == "performed late"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, MONTHS),
        ({"since": (date(2026, 3, 10),)}, MONTHS[2:]),  # some of March is its
        ({"since": (date(2026, 4, 1),)}, MONTHS[3:]),
        (
            {"since": (date(2026, 4, 5),), "frequency": {"due": {"days": 10}}},
            ["2026-04", "2026-05"],
        ),  # not March, due on 10 April
        ({"retired_on": date(2026, 3, 31)}, MONTHS[:2]),
        ({"retired_on": date(2026, 4, 1)}, MONTHS[:3]),
        ({"criteria": ("A1.2",)}, []),
        ({"criteria": ("A1.2", "CC6.2")}, MONTHS),
    ],
)
def test_a_performance_is_expected_where_the_control_is_in_force_and_serves_a_category_in_scope(
    changed: dict[str, object], expected: list[str]
) -> None:
    assert keys(make_control(**changed)) == expected


def test_a_category_that_is_switched_off_takes_the_performances_due_from_then_on() -> None:
    available = make_control(criteria=("A1.2",))
    categories = [
        {"category": "security"},
        {"category": "availability", "effective_from": "2026-02-01", "effective_to": "2026-04-01"},
    ]
    assert keys(available, make_scope(categories=categories)) == ["2026-02", "2026-03"]


def test_a_criterion_that_does_not_apply_takes_a_control_that_serves_no_other() -> None:
    waived = {"criterion": "CC6.2", "reason": "None here.", "decided_by": "CISO", "effective_from": "2026-03-01"}
    scope = make_scope(criteria_not_applicable=[waived])
    assert keys(MONTHLY, scope) == ["2026-01", "2026-02"]
    assert keys(make_control(criteria=("CC6.2", "CC6.3")), scope) == MONTHS


def test_each_performance_carries_the_statement_in_force_when_it_was_due() -> None:
    reworded = make_control(since=(date(2020, 1, 1), date(2026, 3, 31), date(2026, 5, 15)))
    found = standing(reworded, *each_month(5, 5, 5, 5, 5, 5))
    assert [each.statement_version for each in found.performances] == [1, 1, 2, 2, 3, 3]


def events(*counts: int, until: date | None = None) -> EventCounts:
    """Return counts in the order of the fields."""
    return EventCounts(*counts, pending_until=until)


@pytest.mark.parametrize(
    ("counts", "state", "deviations"),
    [
        (events(3), "performed on time", 0),
        (events(3, 1), "performed late", 1),
        (events(3, 1, 2), "not performed", 3),
        (events(3, 1, 2, 1, 1), "not performed", 3),
        (events(3, 1, 0, 1, 1), "not determinable", 1),
        (events(3, 1, 0, 1), "performed late", 1),
        (events(3, 0, 0, 1, 1), "not determinable", 0),
        (events(3, 0, 0, 2, until=date(2026, 9, 1)), "upcoming", 0),
        (events(3, 0, 0, 2, until=date(2026, 8, 31)), "not determinable", 0),  # it was due since, and nobody looked again
        (events(0, 0, 0, 0, 1), "not determinable", 0),
    ],
)
def test_a_window_of_events_has_the_state_that_says_most_against_it(counts: EventCounts, state: str, deviations: int) -> None:
    found = standing(EVENTS, landing("2026-03", events=counts, rows=9), now=AFTER)
    [march] = (each for each in found.performances if each.key == "2026-03")
    assert (march.state.value, march.potential_deviations, march.due) == (state, deviations, None)
    assert march.events == counts


def test_no_event_is_did_not_operate_with_the_document_of_the_query_that_found_none() -> None:
    found = standing(EVENTS, landing("2026-03", events=EventCounts()))
    [march] = (each for each in found.performances if each.key == "2026-03")
    assert (march.state, march.potential_deviations) == (PerformanceState.DID_NOT_OPERATE, 0)
    assert march.document == "manifests/observation_period=2026-H1/idp-2026-03.json"


def test_a_landing_from_before_events_were_counted_says_that_its_rows_were_performed() -> None:
    assert states(standing(EVENTS, landing("2026-03", rows=4)))["2026-03"] == "performed on time"


def test_events_of_a_window_that_is_awaited_are_upcoming_and_of_one_that_is_absent_not_determinable() -> None:
    now = noon(date(2026, 4, 3))
    state = states(standing(EVENTS, landing("2026-01", events=events(1)), now=now))
    assert state == {
        "2026-01": "performed on time",
        "2026-02": "not determinable",
        "2026-03": "upcoming",
        "2026-04": "upcoming",
        "2026-05": "upcoming",
        "2026-06": "upcoming",
    }
    unusable = standing(EVENTS, noted=(note("did not land", "2026-03"),))
    assert states(unusable)["2026-03"] == "not determinable"
    [document] = {each.document for each in unusable.performances if each.document}
    assert "did not land" in document


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"since": (date(2026, 3, 10),)}, MONTHS[2:]),
        ({"retired_on": date(2026, 3, 10)}, MONTHS[:3]),
        ({"retired_on": date(2026, 3, 1)}, MONTHS[:2]),
        ({"criteria": ("P1.1",)}, []),
    ],
)
def test_windows_of_events_count_while_the_control_is_in_force_and_in_scope(
    changed: dict[str, object], expected: list[str]
) -> None:
    assert list(states(standing(make_control("per_event", **changed)))) == expected


def test_events_carry_the_statement_that_they_were_extracted_under() -> None:
    reworded = make_control("per_event", since=(date(2020, 1, 1), date(2026, 3, 15)))
    found = standing(reworded, landing("2026-01", events=events(1)), landing("2026-04", events=events(1), statement_version=2))
    assert [each.statement_version for each in found.performances] == [1, 1, 2, 2, 2, 2]


def test_an_explanation_is_attached_and_takes_nothing_away() -> None:
    said = note("explained", "2026-03", reason="The reviewer was ill.", performance="2026-03")
    found = standing(MONTHLY, *each_month(20, 20, 0, 20, 20, 20), noted=(said,))
    [explained] = (each for each in found.performances if each.explanation)
    assert (explained.key, explained.explanation) == ("2026-03", "The reviewer was ill.")
    assert (explained.state, explained.potential_deviations) == (PerformanceState.NOT_PERFORMED, 1)


def test_an_explanation_of_its_own_system_comes_before_one_of_all_and_the_last_before_those_before() -> None:
    control = make_control(systems=("idp", "cloud"))
    notes = (
        note("explained", "2026-03", reason="First.", performance="2026-03"),
        note("explained", "2026-03", reason="Second.", performance="2026-03"),
        note("explained", "2026-03", system="all", reason="Both.", performance="2026-03"),
    )
    found = standing(control, noted=notes)
    explained = {each.system: each.explanation for each in found.performances if each.key == "2026-03"}
    assert explained == {"idp": "Second.", "cloud": "Both."}


def test_a_record_about_something_else_explains_no_performance() -> None:
    notes = (note("explained", "2026-03", true_up={"content": "x"}), note("did not land", "2026-03", performance="2026-03"))
    assert all(each.explanation is None for each in standing(MONTHLY, noted=notes).performances)


def test_a_performance_is_printed_whole() -> None:
    assert march(10, 4).as_document() == {
        "key": "2026-03",
        "system": "idp",
        "state": "performed late",
        "due": "2026-03-31",
        "performed_on": "2026-04-10",
        "name": "R-3",
        "events": None,
        "statement_version": 1,
        "potential_deviations": 1,
        "document": "manifests/observation_period=2026-H1/idp-2026-04.json",
        "explanation": None,
    }
    counted = Performance("2026-03", SYSTEM, PerformanceState.LATE, events=events(3, 1, 0, 2, until=date(2026, 4, 2)))
    assert counted.as_document()["events"] == {"on_time": 3, "late": 1, "not_performed": 0, "pending": 2, "not_determinable": 0}
    assert counted.as_document()["due"] is None
