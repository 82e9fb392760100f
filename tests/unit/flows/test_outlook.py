# SPDX-License-Identifier: Apache-2.0
"""Which periods are current, and what of them is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.criteria.axes import PERIOD, each_month, landing, make_control, noon
from tests.unit.flows.programs import CONTROL, make_facts, make_program

from tieout.audit.outlook import NoticeKind
from tieout.criteria.performances import PerformanceState
from tieout.flows.outlook import current_periods, foresee, look

SECOND = {"id": "2026-H2", "type": 2, "first_day": "2026-07-01", "end_day": "2027-01-01"}
AS_OF = {"id": "as-of", "type": 1, "first_day": "2026-03-01", "end_day": "2026-03-02"}


@pytest.mark.parametrize(
    ("now", "linger", "ids"),
    [
        ("2025-12-31T22:59", 0, []),
        ("2025-12-31T23:00", 0, ["2026-H1"]),  # midnight in Berlin
        ("2026-03-01T12:00", 0, ["2026-H1"]),
        ("2026-06-30T21:59", 0, ["2026-H1"]),
        ("2026-06-30T22:00", 0, ["2026-H2"]),
        ("2026-06-30T22:00", 30, ["2026-H1", "2026-H2"]),
        ("2026-07-30T21:59", 30, ["2026-H1", "2026-H2"]),
        ("2026-07-30T22:00", 30, ["2026-H2"]),
        ("2027-02-01T00:00", 0, []),
    ],
)
def test_a_period_is_current_from_its_start_until_some_time_after_its_end(now: str, linger: int, ids: list[str]) -> None:
    program = make_program(observation_periods=[PERIOD, SECOND, AS_OF], time_zone="Europe/Berlin")
    at = datetime.fromisoformat(f"{now}+00:00")
    assert [period.id for period in current_periods(program, at, timedelta(days=linger))] == ids


def test_each_active_control_is_looked_at() -> None:
    program = make_program({CONTROL: make_control(), "b": make_control(), "p": make_control(criteria=("P1.1",))})
    found = look(program, make_facts(*each_month(20, 20)), PERIOD, noon(date(2026, 3, 20)), 11)
    assert [(each.control, each.key, each.kind) for each in found if each.kind is NoticeKind.ABOUT_TO_BE_MISSED] == [
        ("b", "2026-03", NoticeKind.ABOUT_TO_BE_MISSED),
        (CONTROL, "2026-03", NoticeKind.ABOUT_TO_BE_MISSED),
    ]
    assert [(each.control, each.key) for each in found if each.kind is NoticeKind.STALE] == [("b", "2026-01"), ("b", "2026-02")]


def test_a_new_bucket_is_told_to_the_notices() -> None:
    established = datetime(2026, 3, 18, tzinfo=UTC)
    facts = make_facts(established=established)
    assert look(make_program(), facts, PERIOD, noon(date(2026, 3, 20)), 3) == []


def test_what_went_wrong_before_a_period_says_what_will_in_it() -> None:
    program = make_program(observation_periods=[PERIOD, SECOND])
    facts = make_facts(*each_month(20, 20, 20, 20, 20, 0))
    second = program.scope.observation_periods[1]
    found = foresee(program, facts, second, noon(date(2026, 7, 10)))
    assert found[0].because == ("the last one, 2026-06, was not performed",)
    assert {each.will_be for each in found} == {PerformanceState.NOT_PERFORMED}
    assert found[0].key == "2026-07"


def test_an_annual_control_has_its_last_time_too() -> None:
    annual = make_control("annual", "quarterly", frequency={"grace_days": 60})
    kind = annual.extraction_schedule.window
    shown = {"2025-Q1": (("2024", date(2025, 2, 9)),)}
    landed = [
        landing(f"{year}-Q{quarter}", shown.get(f"{year}-Q{quarter}", ()), kind=kind)
        for year, quarter in [(2024, 1), (2024, 2), (2024, 3), (2024, 4), (2025, 1), (2025, 2), (2025, 3), (2025, 4)]
    ]
    program = make_program(
        {CONTROL: annual}, observation_periods=[{**SECOND, "id": "2025", "first_day": "2025-01-01", "end_day": "2026-01-01"}]
    )
    [period] = program.scope.observation_periods
    [found] = foresee(program, make_facts(*landed[:-1]), period, noon(date(2025, 12, 1)))
    assert (found.key, found.because) == ("2025", ("the last 1 were performed 40 days after they were due (median)",))
