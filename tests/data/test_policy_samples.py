# SPDX-License-Identifier: Apache-2.0
"""The lists of the shipped acknowledgment campaign are what their generator writes, and hold what is said of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from tests.simulators.policies import plan
from tests.simulators.policies.files import FOLDER, samples
from tests.simulators.policies.roster import PARTS, PEOPLE, WITHOUT_ACCOUNT, accounts_in_slack, members, user
from tests.simulators.review.staff import LEADS

from tieout.collectors.frame import Frame
from tieout.criteria.controls import load_control
from tieout.criteria.policies import load_policy
from tieout.flows import population_export as flow
from tieout.flows.campaign_kinds import plan_campaign
from tieout.flows.policy_inputs import PolicyWindow, people_job, people_job_until
from tieout.settings import Settings


def test_the_shipped_files_are_what_the_generator_writes(repository: Path) -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in (repository / FOLDER).iterdir()}
    assert shipped == samples()


def test_it_is_a_campaign_of_400_people_and_two_policies() -> None:
    listed = list(csv.DictReader(io.StringIO(samples()[f"hris-access-{plan.WINDOW}.csv"])))
    assert len(listed) == len({each["person"] for each in listed}) == PEOPLE
    assert Counter(each["employment"] for each in listed) == {"active": 386, "left": 10, "not_started": 4}
    assert sum(bool(each["leave_from"]) and not each["leave_until"] for each in listed) == PARTS["on leave"]
    assert sum("2026-03-23" <= each["started_on"] <= "2026-03-27" for each in listed) == PARTS["joiner"]
    assert len({user(each) for each in members()}) == PEOPLE
    assert len(accounts_in_slack()) + len(LEADS) + sum(PARTS[each] for each in WITHOUT_ACCOUNT) == PEOPLE


def test_what_is_known_of_it_adds_up() -> None:
    known = plan.figures()
    assert known["rows frozen"] == 2 * PEOPLE
    assert known["assigned"] + known["excluded when it was frozen"] + known["paused for leave"] == known["rows frozen"]
    assert known["acknowledged"] + known["not acknowledged"] + known["excluded as they left"] == known["assigned"]
    assert known["assigned"] == 738
    assert (known["acknowledged"], known["not acknowledged"], known["acknowledged late"]) == (693, 39, 4)


def test_the_control_names_the_policies_of_the_plan_and_for_whom_they_are(repository: Path) -> None:
    control = load_control(repository / f"include/criteria/controls/{plan.CONTROL}.yaml")
    assert control.acknowledgment is not None
    assert sorted(control.acknowledgment.policies) == list(plan.POLICIES)
    folder = repository / "include/criteria/policies"
    kinds = {name: load_policy(folder / f"{name}.yaml").audience.worker_types for name in plan.POLICIES}
    assert kinds == {plan.SECURITY: (), plan.CONDUCT: ("employee",)}
    [version] = load_policy(folder / f"{plan.CONDUCT}.yaml").versions
    assert version.question is not None
    assert plan.WRONG in set(version.question.options) - {version.question.expected}


def test_both_lists_are_collected_and_hold_all_of_them(repository: Path, tmp_path: Path) -> None:
    planned = plan_campaign(Settings(home=repository, environment="test"), plan.CONTROL, plan.WINDOW)
    assert isinstance(planned, PolicyWindow)
    later = planned.window.end.replace(month=5, day=8)
    for name, job in (("first", people_job(planned, plan.SYSTEM)), ("again", people_job_until(planned, plan.SYSTEM, later))):
        folder = tmp_path / name
        folder.mkdir()
        extraction = flow.collect(job, Frame(planned.settings, job.source, job.window, folder), lambda: later, None)
        assert flow.validate(job, extraction, folder).predicate["population"]["rows"] == PEOPLE
        assert extraction["ipe"]["rows_in_window"] == extraction["ipe"]["rows_read"], name
