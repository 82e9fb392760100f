# SPDX-License-Identifier: Apache-2.0
"""Post-period extract: the populations of events, from a period's end up to a stated date."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.unit.change_csv import line
from tests.unit.criteria.axes import PERIOD, make_control
from tests.unit.flows.programs import make_program
from tests.unit.flows.project import CONTROL, Project

from tieout.criteria.periods import is_regular
from tieout.errors import ExtractionRefused
from tieout.flows.post_period import plan_post_period, populations


def test_the_populations_of_events_of_active_controls_are_extracted() -> None:
    program = make_program(
        {
            "a": make_control("per_event", systems=("idp", "cloud")),
            "b": make_control("monthly"),
            "c": make_control("per_event", criteria=("P1.1",)),
            "d": make_control("per_event", retired_on=date(2026, 1, 1)),
            "e": make_control("per_event"),
        }
    )
    assert populations(program, PERIOD) == [("a", "idp"), ("a", "cloud"), ("e", "idp")]


def test_it_runs_from_the_end_of_the_period_to_the_end_of_the_stated_day(project: Project) -> None:
    job = plan_post_period(project.settings, CONTROL, "shop_csv", PERIOD, date(2026, 7, 31))
    assert (job.window.start, job.window.end) == (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
    assert job.place.partition == f"observation_period=2026-H1/control={CONTROL}/window=post-period-2026-07-31"
    assert not is_regular(job.window.key)


def test_one_day_after_the_period_is_enough_and_none_is_refused(project: Project) -> None:
    job = plan_post_period(project.settings, CONTROL, "shop_csv", PERIOD, date(2026, 7, 1))
    assert job.window.end == datetime(2026, 7, 2, tzinfo=UTC)
    with pytest.raises(ExtractionRefused, match="2026-H1: expected a date on or after 2026-07-01, got 2026-06-30"):
        plan_post_period(project.settings, CONTROL, "shop_csv", PERIOD, date(2026, 6, 30))


def test_a_stated_date_that_is_not_over_is_refused_and_one_that_is_gives_its_rows(project: Project) -> None:
    project.export(line(1), line(2, committed_at="2026-07-10T00:00:00Z"), line(3, committed_at="2026-08-01T00:00:00Z"))
    job = plan_post_period(project.settings, CONTROL, "shop_csv", PERIOD, date(2026, 7, 31))
    with pytest.raises(ExtractionRefused, match="not over before 2026-08-01"):
        project.collect(job, now=datetime(2026, 7, 31, 23, tzinfo=UTC))
    document, _ = project.collect(job, now=datetime(2026, 8, 1, tzinfo=UTC))
    assert document["expected_rows"] == 1
