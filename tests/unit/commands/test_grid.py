# SPDX-License-Identifier: Apache-2.0
"""Controls by weeks: one sign for each week, the one that says most against the control."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from rich.text import Text
from tests.unit.criteria.axes import PERIOD, each_month, landing, make_control, noon, note, standing

from tieout.audit.week_grid import EXTRACTION_SIGNS, Awaited, day_of, extractions_by_week, weeks
from tieout.commands.grid import LEGEND, SIGNS, cells
from tieout.criteria.extractions import EventCounts, ExtractionState
from tieout.criteria.performances import Performance, PerformanceState
from tieout.criteria.periods import ObservationPeriod, WindowKind
from tieout.criteria.standing import Standing

COLUMNS = weeks(PERIOD)


def plain(found: Standing, period: ObservationPeriod = PERIOD) -> str:
    """Return the signs without their colours."""
    return Text.from_markup(cells(found, weeks(period), period)).plain


def test_the_weeks_of_a_period_are_those_it_touches_by_their_monday() -> None:
    assert (COLUMNS[0], COLUMNS[-1], len(COLUMNS)) == (date(2025, 12, 29), date(2026, 6, 29), 27)
    assert all(monday.weekday() == 0 for monday in COLUMNS)
    one_day = PERIOD.model_copy(update={"first_day": date(2026, 3, 5), "end_day": date(2026, 3, 6)})
    assert weeks(one_day) == [date(2026, 3, 2)]
    to_sunday = PERIOD.model_copy(update={"first_day": date(2026, 3, 2), "end_day": date(2026, 3, 9)})
    assert weeks(to_sunday) == [date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("key", "due", "day"),
    [
        ("2026-03", date(2026, 4, 10), date(2026, 4, 10)),
        ("2026-03", None, date(2026, 3, 31)),
        ("2026-W10", None, date(2026, 3, 8)),
        ("2026-03-05", None, date(2026, 3, 5)),
        ("2026-Q1", None, date(2026, 3, 31)),
    ],
)
def test_a_performance_is_shown_when_it_was_due_or_on_the_last_day_of_its_window(key: str, due: date | None, day: date) -> None:
    assert day_of(Performance(key, "idp", PerformanceState.ON_TIME, due)) == day


def test_a_month_is_one_sign_in_the_week_that_it_was_due_in() -> None:
    found = standing(make_control(), *each_month(20, 20, 0, 20, 20), now=noon(date(2026, 6, 20)))
    row = plain(found)
    assert len(row) == len(COLUMNS)
    signs = {COLUMNS[number]: sign for number, sign in enumerate(row) if sign != " "}
    assert signs == {
        date(2026, 1, 26): "#",
        date(2026, 2, 23): "#",
        date(2026, 3, 30): "x",
        date(2026, 4, 27): "#",
        date(2026, 5, 25): "#",
        date(2026, 6, 29): ".",
    }


def test_of_a_weeks_performances_the_sign_that_says_most_is_shown() -> None:
    landed = [
        landing(key, tuple((f"R-{day}", date(2026, 3, day)) for day in days), kind=WindowKind.WEEKLY)
        for key, days in (("2026-W10", range(2, 6)), ("2026-W11", range(9, 16)))
    ]
    period = PERIOD.model_copy(update={"first_day": date(2026, 3, 2), "end_day": date(2026, 3, 23)})
    found = standing(make_control("daily", "weekly"), *landed, period=period)
    assert plain(found, period) == "x#?"


@pytest.mark.parametrize(
    ("counts", "sign"),
    [
        (EventCounts(on_time=2), "#"),
        (EventCounts(on_time=2, late=1), "L"),
        (EventCounts(on_time=2, late=1, not_performed=1), "x"),
        (EventCounts(not_determinable=1), "?"),
        (EventCounts(), "0"),
    ],
)
def test_events_are_shown_in_the_last_week_of_their_window(counts: EventCounts, sign: str) -> None:
    rows = counts.on_time + counts.late + counts.not_performed + counts.not_determinable
    found = standing(make_control("per_event"), landing("2026-02", events=counts, rows=rows))
    assert plain(found)[COLUMNS.index(date(2026, 2, 23))] == sign


def test_a_window_across_the_end_is_shown_in_the_last_week() -> None:
    period = PERIOD.model_copy(update={"end_day": date(2026, 6, 10)})
    found = standing(make_control("per_event"), landing("2026-06", events=EventCounts(1)), period=period)
    assert plain(found, period)[-1] == "#"


def test_a_control_that_is_not_due_is_blank() -> None:
    assert plain(standing(make_control("annual", "quarterly"))).strip() == ""


def test_each_state_of_a_performance_has_a_sign_of_its_own_and_the_legend_names_it() -> None:
    assert set(SIGNS) == set(PerformanceState) - {PerformanceState.NOT_DUE}
    signs = [sign for sign, _ in SIGNS.values()]
    assert len(set(signs)) == len(signs)
    assert all(f"{sign} {state.value}" in LEGEND for state, (sign, _) in SIGNS.items())


def test_a_sign_is_marked_up_so_that_it_reads_without_its_colour() -> None:
    row = cells(standing(make_control(), *each_month(20)), COLUMNS, PERIOD)
    assert "[green]#[/]" in row
    assert re.sub(r"\[[a-z /]*\]", "", row) == plain(standing(make_control(), *each_month(20)))


def test_extractions_by_week_say_what_became_of_each_window() -> None:
    landed = [landing("2026-01"), landing("2026-02", after=timedelta(days=20))]
    found = standing(make_control(), *landed, noted=(note("not extracted", "2026-03"),), now=noon(date(2026, 5, 5)))
    by_week = extractions_by_week(found, COLUMNS, PERIOD)
    signs = {COLUMNS[number]: EXTRACTION_SIGNS[state] for number, state in enumerate(by_week) if state}
    assert signs == {
        date(2026, 1, 26): "#",
        date(2026, 2, 23): "L",
        date(2026, 3, 30): "x",
        date(2026, 4, 27): ".",
        date(2026, 5, 25): ".",
        date(2026, 6, 29): ".",
    }


def test_each_state_of_an_extraction_but_superseded_has_a_sign() -> None:
    assert set(EXTRACTION_SIGNS) == set(ExtractionState) - {ExtractionState.SUPERSEDED} | set(Awaited)
    assert len(set(EXTRACTION_SIGNS.values())) == len(EXTRACTION_SIGNS)
