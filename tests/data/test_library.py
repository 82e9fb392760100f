# SPDX-License-Identifier: Apache-2.0
"""The library of controls at work: each made-up export is a population, and a category is switched on by the scope alone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tieout.collectors.frame import Frame
from tieout.criteria.controls import Control, control_files, load_control
from tieout.criteria.performances import performances_expected
from tieout.criteria.scope import ScopedCategory
from tieout.flows import population_export as flow
from tieout.flows.review_inputs import input_jobs, plan_review, removal_job_until
from tieout.flows.status import Facts, Program, read_program, status
from tieout.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Settings(home=REPOSITORY, environment="test")
FIRST_DAY, END_DAY = date(2026, 1, 1), date(2026, 7, 1)
AFTER = datetime(2026, 7, 2, 6, tzinfo=UTC)
CONTROLS = {control_id: load_control(path) for control_id, path in control_files(SETTINGS.controls_folder).items()}
EXPORTS = [
    (control_id, source.system)
    for control_id, control in CONTROLS.items()
    for source in control.systems
    if "path" in source.parameters  # a repository is rebuilt from the sample by tests of its collector
    and control.review is None  # whose systems give entitlements, and no rows of the control's own type
]
REVIEWS = [control_id for control_id, control in CONTROLS.items() if control.review is not None]
NOTHING = Facts({}, {}, None)


@pytest.fixture(scope="module")
def program() -> Program:
    """Return the shipped program."""
    return read_program(SETTINGS)


@pytest.mark.parametrize(("control_id", "system"), EXPORTS, ids=lambda name: name)
def test_an_export_collects_and_validates_with_rows_in_the_first_half_of_2026(
    control_id: str, system: str, program: Program, tmp_path: Path
) -> None:
    period = program.scope.period("2026-H1")
    assert period
    job = flow.plan_span(SETTINGS, control_id, system, period, "a-test", (FIRST_DAY, END_DAY))
    extraction = flow.collect(job, Frame(SETTINGS, job.source, job.window, tmp_path), lambda: AFTER, None)
    # A broken contract rule is raised.
    said = flow.validate(job, extraction, tmp_path).predicate
    assert said["population"]["rows"] > 0
    shown, events = said["performances"]["shown"], said["performances"]["events"]
    assert (shown is None) == (control_id not in periodic())
    if events is not None:
        assert sum(value for value in events.values() if isinstance(value, int)) == said["population"]["rows"]
    else:
        assert all(FIRST_DAY <= date.fromisoformat(each["on"]) < END_DAY for each in shown)


@pytest.mark.parametrize("quarter", ["2026-Q1", "2026-Q2"])
@pytest.mark.parametrize("control_id", REVIEWS)
def test_a_review_has_all_that_it_is_frozen_from_and_the_lists_that_prove_it(
    control_id: str, quarter: str, tmp_path: Path
) -> None:
    planned = plan_review(SETTINGS, control_id, quarter)
    later = planned.window.end + timedelta(days=30)
    again = {f"again-{name}": removal_job_until(planned, name, later) for name in planned.systems}
    for name, job in {**input_jobs(planned), **again}.items():
        folder = tmp_path / name
        folder.mkdir()
        extraction = flow.collect(job, Frame(SETTINGS, job.source, job.window, folder), lambda: later, None)
        found = flow.validate(job, extraction, folder).predicate
        assert found["population"]["rows"] > 0
        assert extraction["ipe"]["rows_in_window"] == extraction["ipe"]["rows_read"], name


def test_the_library_has_a_review_that_people_answer() -> None:
    assert REVIEWS == ["cc6_3_code_and_cloud_review"]


def periodic() -> dict[str, Control]:
    """Return the controls that are performed by the calendar."""
    return {control_id: control for control_id, control in CONTROLS.items() if control.control_frequency.every != "per_event"}


def with_category(program: Program, category: str, since: date) -> Program:
    """Return the program with one more category in scope."""
    added = ScopedCategory.model_validate({"category": category, "effective_from": since})
    scope = program.scope.model_copy(update={"categories": (*program.scope.categories, added)})
    return Program(scope, program.catalogue, program.controls, program.assessments, program.broken)


@pytest.mark.parametrize(
    ("category", "prefix", "criteria"),
    [("privacy", r"p\d_", 18), ("processing_integrity", r"pi\d_", 5)],
    ids=["privacy", "integrity"],
)
def test_a_category_in_scope_activates_exactly_its_controls_and_their_performances(
    category: str, prefix: str, criteria: int, program: Program
) -> None:
    period = program.scope.observation_periods[0].model_copy(update={"end_day": date(2027, 1, 1)})
    before = status(program, NOTHING, period, AFTER)
    after = status(with_category(program, category, FIRST_DAY), NOTHING, period, AFTER)
    standing = {each.control: each for each in after.controls}
    added = set(standing) - {each.control for each in before.controls}
    assert added == {control_id for control_id in CONTROLS if re.match(prefix, control_id)}
    assert len(after.criteria) - len(before.criteria) == criteria
    # Nothing else changes.
    assert [standing[each.control] for each in before.controls] == list(before.controls)
    for control_id in added:
        expected = performances_expected(CONTROLS[control_id], program.scope, period.first_day, period.end_day)
        assert expected == [], "none is expected while the category is out of scope"
        assert standing[control_id].performances, control_id


def test_a_category_added_mid_period_expects_what_is_due_from_then_on(program: Program) -> None:
    since = date(2026, 4, 1)
    with_privacy = with_category(program, "privacy", since)
    for control_id, control in periodic().items():
        before = performances_expected(control, program.scope, FIRST_DAY, END_DAY)
        after = performances_expected(control, with_privacy.scope, FIRST_DAY, END_DAY)
        if re.match(r"p\d_", control_id):
            assert before == []
            assert all(due.due >= since for due in after)
        else:
            assert before == after


def test_the_shipped_program_has_no_broken_file(program: Program) -> None:
    assert program.broken == ()
    assert set(program.controls) == set(CONTROLS)
