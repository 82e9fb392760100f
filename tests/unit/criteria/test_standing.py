# SPDX-License-Identifier: Apache-2.0
"""Where a control stands: whether its evidence is all there, and why not; which wording was in force; when it last operated."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.criteria.axes import (
    AFTER,
    MONTHS,
    PERIOD,
    each_month,
    landing,
    make_control,
    make_scope,
    noon,
    note,
    standing,
    states,
)

from tieout.criteria.extractions import EventCounts, ExtractionState
from tieout.criteria.standing import Completeness

MONTHLY = make_control(frequency={"grace_days": 10})
ALL = each_month(20, 20, 20, 20, 20, 20)


def test_everything_performed_and_extracted_is_complete() -> None:
    found = standing(MONTHLY, *ALL)
    assert (found.completeness, found.because, found.potential_deviations) == (Completeness.COMPLETE, (), 0)
    assert found.is_due


def test_late_is_complete_evidence_of_a_potential_deviation() -> None:
    february = landing("2026-02", (("R-1", date(2026, 2, 3)), ("R-2", date(2026, 2, 20))))
    found = standing(MONTHLY, landing("2026-01"), february, now=noon(date(2026, 3, 3)))
    assert list(states(found).values())[:3] == ["performed late", "performed on time", "upcoming"]
    assert (found.completeness, found.potential_deviations) == (Completeness.COMPLETE, 1)


def test_what_was_not_performed_is_incomplete_and_says_which() -> None:
    found = standing(MONTHLY, *each_month(20, 20, 0, 20, 20, 20))
    assert (found.completeness, found.because) == (Completeness.INCOMPLETE, ("2026-03 not performed (idp)",))


def test_what_came_and_can_not_be_used_is_incomplete() -> None:
    landed = [each for each in ALL if each.window != "2026-03"]
    found = standing(MONTHLY, *landed, noted=(note("did not land", "2026-03"),))
    assert found.completeness is Completeness.INCOMPLETE
    assert found.because == ("2026-03 not determinable (idp)", "window 2026-03 incomplete (idp)")


@pytest.mark.parametrize("noted", [(), (note("not extracted", "2026-03"),)])
def test_what_was_not_extracted_can_not_be_told(noted: tuple[Any, ...]) -> None:
    landed = [each for each in ALL if each.window != "2026-03"]
    found = standing(MONTHLY, *landed, noted=noted)
    assert found.completeness is Completeness.NOT_DETERMINABLE
    assert found.because == ("2026-03 not determinable (idp)", "window 2026-03 not extracted (idp)")
    assert found.potential_deviations == 0


def test_known_absence_says_more_than_what_can_not_be_told() -> None:
    landed = [each for each in each_month(20, 20, 20, 20, 0, 20) if each.window != "2026-03"]
    assert standing(MONTHLY, *landed).completeness is Completeness.INCOMPLETE


def test_a_window_that_was_not_extracted_counts_though_each_performance_is_shown() -> None:
    quarterly = make_control("quarterly")
    landed = [landing(key, ((f"R-{number}", date(2026, number, 5)),)) for number, key in enumerate(MONTHS, 1) if key != "2026-02"]
    found = standing(quarterly, *landed)
    assert set(states(found).values()) == {"performed on time"}
    assert (found.completeness, found.because) == (Completeness.NOT_DETERMINABLE, ("window 2026-02 not extracted (idp)",))


def test_what_is_still_to_come_is_not_missing() -> None:
    found = standing(MONTHLY, *ALL, now=noon(date(2026, 3, 20)))
    assert (found.completeness, found.because) == (Completeness.COMPLETE, ())
    assert found.extractions.awaited == tuple((key, "idp") for key in MONTHS[2:])


def test_a_window_that_is_over_and_awaited_leaves_it_not_determinable_and_not_behind() -> None:
    found = standing(MONTHLY, *ALL[:2], now=noon(date(2026, 4, 3)))
    assert (found.completeness, found.is_behind) == (Completeness.NOT_DETERMINABLE, False)
    assert found.because == ("window 2026-03 awaited (idp)",)
    assert (found.as_document()["status"], found.as_document()["behind"]) == ("not determinable", False)


@pytest.mark.parametrize(
    ("landed", "noted"),
    [
        (each_month(20, 20, 0, 20, 20, 20), ()),
        ([each for each in ALL if each.window != "2026-03"], ()),
        ([each for each in ALL if each.window != "2026-03"], (note("did not land", "2026-03"),)),
    ],
)
def test_what_is_overdue_and_absent_or_can_not_be_told_is_behind(landed: list[Any], noted: tuple[Any, ...]) -> None:
    assert standing(MONTHLY, *landed, noted=noted).is_behind
    assert not standing(MONTHLY, *ALL).is_behind


def test_no_event_in_a_window_is_complete() -> None:
    found = standing(make_control("per_event"), *(landing(key, events=EventCounts()) for key in MONTHS))
    assert set(states(found).values()) == {"did not operate"}
    assert found.completeness is Completeness.COMPLETE


def test_an_explanation_does_not_make_it_complete() -> None:
    said = note("explained", "2026-03", performance="2026-03")
    found = standing(MONTHLY, *each_month(20, 20, 0, 20, 20, 20), noted=(said,))
    assert (found.completeness, found.potential_deviations) == (Completeness.INCOMPLETE, 1)


def test_a_control_that_is_not_due_in_the_period_says_when_it_was_last_performed() -> None:
    annual = make_control("annual", "quarterly")
    kind = annual.extraction_schedule.window
    last = landing("2025-Q4", (("2025", date(2025, 11, 20)),), kind=kind)
    found = standing(annual, last, *(landing(key, kind=kind) for key in ("2026-Q1", "2026-Q2")))
    assert (found.performances, found.is_due, found.last_performed) == ((), False, date(2025, 11, 20))
    assert (found.completeness, found.as_document()["state"]) == (Completeness.COMPLETE, "not due in period")
    assert [each.window for each in found.extractions.due] == ["2026-Q1", "2026-Q2"]
    assert standing(annual).last_performed is None


def test_last_performed_looks_no_further_than_the_instant_asked_about() -> None:
    landed = [*each_month(5, 5), landing("2026-03", (("a plan", date(2026, 8, 1)),))]
    assert standing(MONTHLY, *landed, now=noon(date(2026, 4, 20))).last_performed == date(2026, 2, 5)
    assert standing(MONTHLY, *landed, now=AFTER).last_performed == date(2026, 8, 1)


def test_a_control_per_event_was_last_performed_in_the_last_window_that_has_rows() -> None:
    landed = [landing("2026-01", events=EventCounts(2)), landing("2026-02", events=EventCounts())]
    assert standing(make_control("per_event"), *landed).last_performed == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("since", "versions"),
    [
        ((date(2020, 1, 1),), (1,)),
        ((date(2020, 1, 1), date(2026, 1, 1)), (2,)),
        ((date(2020, 1, 1), date(2026, 1, 2)), (1, 2)),
        ((date(2020, 1, 1), date(2026, 6, 30)), (1, 2)),
        ((date(2020, 1, 1), date(2026, 7, 1)), (1,)),
        ((date(2020, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2027, 1, 1)), (1, 2, 3)),
        ((date(2026, 8, 1),), ()),
    ],
)
def test_the_wordings_of_a_period_are_those_in_force_on_some_day_of_it(
    since: tuple[date, ...], versions: tuple[int, ...]
) -> None:
    assert standing(make_control(since=since)).statement_versions == versions


def test_a_control_added_mid_period_owes_nothing_before() -> None:
    found = standing(make_control(since=(date(2026, 4, 1),)), *ALL[3:])
    assert (list(states(found)), found.completeness) == (MONTHS[3:], Completeness.COMPLETE)
    assert [each.window for each in found.extractions.due] == MONTHS[3:]


def test_a_retired_control_owes_nothing_from_then_on() -> None:
    found = standing(make_control(retired_on=date(2026, 4, 1)), *ALL[:3])
    assert (list(states(found)), found.completeness) == (MONTHS[:3], Completeness.COMPLETE)
    assert [each.window for each in found.extractions.due] == MONTHS[:3]


def test_a_control_whose_only_criterion_does_not_apply_is_extracted_and_expected_to_do_nothing() -> None:
    waived = {"criterion": "CC6.2", "reason": "None here.", "decided_by": "CISO"}
    found = standing(MONTHLY, *ALL, scope=make_scope(criteria_not_applicable=[waived]))
    assert (found.performances, found.completeness) == ((), Completeness.COMPLETE)


def test_what_has_landed_counts_under_whatever_label_it_is_stored() -> None:
    moved = [landing(key, ((key, date(2026, number, 5)),), observation_period="old") for number, key in enumerate(MONTHS, 1)]
    assert standing(MONTHLY, *moved).completeness is Completeness.COMPLETE


def test_a_superseded_landing_shows_nothing() -> None:
    first = landing("2026-03", (("R", date(2026, 3, 5)),), landing="first")
    second = landing("2026-03", landing="second", supersedes="first", after=timedelta(days=2), potential_deviations=2)
    found = standing(MONTHLY, *[each for each in ALL if each.window != "2026-03"], first, second)
    assert states(found)["2026-03"] == "not performed"
    assert [each.state for each in found.extractions.due if each.window == "2026-03"] == [
        ExtractionState.SUPERSEDED,
        ExtractionState.IN_WINDOW,
    ]
    assert found.rows_not_meeting_rules == 2


def test_the_same_window_landed_under_two_labels_counts_once() -> None:
    events = make_control("per_event")
    landed = [
        landing("2026-03", events=EventCounts(late=2), landing=label, observation_period=label, after=timedelta(days=number))
        for number, label in enumerate(("2026-Q1", "2026-H1"), start=1)
    ]
    found = standing(events, *landed)
    assert found.potential_deviations == 2
    assert [each.landing for each in found.extractions.due if each.landing] == ["2026-Q1", "2026-H1"]


def test_rows_that_do_not_meet_rules_and_performances_are_two_numbers() -> None:
    landed = [*each_month(20, 0, 20, 20, 20), landing("2026-06", (("R", date(2026, 6, 20)),), potential_deviations=3)]
    assert standing(MONTHLY, *landed).as_document()["potential_deviations"] == {"performances": 1, "rows": 3}


def test_the_bucket_that_came_later_gives_every_window_its_grace() -> None:
    established = datetime.fromisoformat("2026-08-01T00:00:00+00:00")
    found = standing(MONTHLY, now=established + timedelta(days=6), established=established)
    assert set(states(found).values()) == {"upcoming"}
    assert (found.completeness, found.is_behind) == (Completeness.NOT_DETERMINABLE, False)
    over = standing(MONTHLY, now=established + timedelta(days=7), established=established)
    assert set(states(over).values()) == {"not determinable"}
    assert (over.completeness, over.is_behind) == (Completeness.NOT_DETERMINABLE, True)


def test_a_period_of_one_day_counts_what_is_due_on_it() -> None:
    as_of = PERIOD.model_copy(update={"id": "as-of", "type": 1, "first_day": date(2026, 3, 31), "end_day": date(2026, 4, 1)})
    assert states(standing(MONTHLY, *ALL, period=as_of)) == {"2026-03": "performed on time"}
    before = as_of.model_copy(update={"first_day": date(2026, 3, 30), "end_day": date(2026, 3, 31)})
    assert states(standing(MONTHLY, *ALL, period=before)) == {}


def test_a_standing_is_printed_with_both_axes() -> None:
    document = standing(MONTHLY, *ALL, now=noon(date(2026, 6, 20))).as_document()
    assert {name: document[name] for name in ("control", "kind", "criteria", "every", "status", "state", "last_performed")} == {
        "control": "cc6_2_access_review",
        "kind": "access_review",
        "criteria": ["CC6.2"],
        "every": "monthly",
        "status": "complete",
        "state": None,
        "last_performed": "2026-05-20",
    }
    assert [each["key"] for each in document["performances"]] == MONTHS
    assert [each["window"] for each in document["extractions"]] == MONTHS[:5]
    assert document["awaited"] == [{"window": "2026-06", "system": "idp"}]
