# SPDX-License-Identifier: Apache-2.0
"""Jobs of what a review is made of: each collects and validates like any other, under its own key, and shows nothing done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from tests.unit.flows.review_project import CONTROL, OWNERS, SYSTEMS, drop_access, drop_people, make_project
from tests.unit.reviews.world import entry, mail, person

from tieout.criteria.periods import is_regular
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.flows.jobs import Job, open_frame
from tieout.flows.population_export import Validated, collect, validate
from tieout.flows.review_inputs import (
    ReviewWindow,
    access_job,
    input_jobs,
    plan_review,
    removal_job,
    roles_job,
    roster_job,
)
from tieout.settings import Settings

END = datetime(2026, 3, 31, 22, tzinfo=UTC)
"""Midnight in Berlin."""
NOW = datetime(2026, 4, 28, 6, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, repository: Path) -> Settings:
    """Return a project in which somebody holds every role."""
    owners = [(role, f"h{number}") for number, role in enumerate(sorted({*OWNERS.values(), "Security Lead"}))]
    return make_project(tmp_path / "project", repository, owners=owners)


@pytest.fixture
def planned(settings: Settings) -> ReviewWindow:
    """Return the review of the first quarter."""
    return plan_review(settings, CONTROL, "2026-Q1")


def run(job: Job, folder: Path) -> tuple[dict[str, Any], Validated]:
    """Collect and validate; return the extraction document too."""
    folder.mkdir()
    extraction = collect(job, open_frame(job, folder), lambda: NOW, None)
    return extraction, validate(job, extraction, folder)


def test_a_review_is_of_one_window_with_one_campaign(planned: ReviewWindow) -> None:
    assert planned.campaign == f"{CONTROL}.2026-Q1"
    assert (planned.systems, planned.period.id) == (SYSTEMS, "2026-H1")
    assert planned.days == (date(2026, 1, 1), date(2026, 4, 1))
    assert planned.window.end == END


def test_every_list_is_a_job_under_the_window_s_own_key_with_its_own_contract(planned: ReviewWindow) -> None:
    jobs = input_jobs(planned)
    assert {name: job.contract.evidence_type for name, job in jobs.items()} == {
        **dict.fromkeys(SYSTEMS, "access_entry.v1"), "people": "roster_entry.v1", "scope": "role_holder.v1",
    }  # fmt: skip
    for name, job in jobs.items():
        assert (job.source.system, job.window.key, job.performs) == (name, "access-2026-Q1", False)
        assert (job.window.start, job.window.end) == (planned.window.start, planned.window.end)
        assert not is_regular(job.window.key)
        assert job.control.source(name) == job.source
        assert job.retention_years == 7
    assert len({job.place for job in jobs.values()}) == 1


def test_entitlements_land_as_a_report_that_shows_no_performance(
    settings: Settings, planned: ReviewWindow, tmp_path: Path
) -> None:
    as_of = END - timedelta(seconds=1)
    drop_access(settings, "access-2026-Q1", [entry(as_of=as_of), entry("a2", as_of=as_of - timedelta(days=365))])
    drop_access(settings, "access-2025-Q4", [entry("older", as_of=as_of)])
    extraction, validated = run(access_job(planned, "idp"), tmp_path / "work")
    said = validated.predicate
    assert (said["ipe"]["kind"], said["ipe"]["system"]) == ("report used in a control", "idp")
    assert said["performances"] == {"shown": None, "events": None}
    assert (said["population"]["rows"], said["contract"]["evidence_type"]) == (1, "access_entry.v1")
    assert {drop["reason"]: drop["rows"] for drop in extraction["ipe"]["drops"]} == {"outside the window": 1}
    assert pq.read_table(validated.parts[0].path)["account"].to_pylist() == ["a1"]


def test_people_and_holders_of_roles_land_beside_them(settings: Settings, planned: ReviewWindow, tmp_path: Path) -> None:
    as_of = END - timedelta(seconds=1)
    drop_people(settings, "access-2026-Q1", [{**person(name), "as_of": as_of} for name in ("ann", "mia")])
    _, people = run(roster_job(planned), tmp_path / "people")
    assert pq.read_table(people.parts[0].path)["person"].to_pylist() == [mail("ann"), mail("mia")]
    _, roles = run(roles_job(planned), tmp_path / "roles")
    rows = pq.read_table(roles.parts[0].path).to_pylist()
    held = {(row["about"], row["capacity"]): (row["role"], row["person"]) for row in rows}
    assert held["idp", "owner"] == ("IT Lead", mail("h1"))
    assert held["control", "sign_off"] == held["control", "reviewer"] == ("Security Lead", mail("h2"))
    assert set(held) == {
        *((system, "owner") for system in SYSTEMS),
        *(("control", each) for each in ("owner", "reviewer", "sign_off")),
    }


def test_another_role_may_sign_off(tmp_path: Path, repository: Path) -> None:
    settings = make_project(tmp_path / "project", repository, {"sign_off": "CEO"})
    parameters = roles_job(plan_review(settings, CONTROL, "2026-Q1")).source.parameters
    assert parameters["control"] == {"owner": "Security Lead", "reviewer": "Security Lead", "sign_off": "CEO"}


def test_entitlements_are_collected_again_up_to_the_end_of_the_day_by_which_they_are_to_be_gone(
    settings: Settings, planned: ReviewWindow, tmp_path: Path
) -> None:
    job = removal_job(planned, "idp", date(2026, 4, 17))
    assert (job.window.key, job.place.window, job.performs) == ("removal-2026-Q1", "removal-2026-Q1", False)
    assert planned.removal_day(date(2026, 4, 17)) == date(2026, 4, 24)
    assert (job.window.start, job.window.end) == (END, datetime(2026, 4, 24, 22, tzinfo=UTC))
    as_of = job.window.end - timedelta(seconds=1)
    drop_access(settings, "removal-2026-Q1", [entry(as_of=as_of, read_at=NOW)])
    drop_access(settings, "access-2026-Q1", [entry("before", as_of=as_of)])
    _, validated = run(job, tmp_path / "work")
    assert pq.read_table(validated.parts[0].path)["account"].to_pylist() == ["a1"]


def test_it_is_not_read_before_it_is_due(planned: ReviewWindow, tmp_path: Path) -> None:
    job = removal_job(planned, "idp", date(2026, 4, 24))
    with pytest.raises(ExtractionRefused, match=r"window 'removal-2026-Q1': not over before 2026-05-01T22:00:00"):
        run(job, tmp_path / "work")


def test_a_control_without_a_review_has_none(settings: Settings) -> None:
    path = settings.controls_folder / f"{CONTROL}.yaml"
    said = yaml.safe_load(path.read_text())
    del said["review"]
    path.write_text(yaml.safe_dump(said))
    with pytest.raises(ConfigurationError, match="its file has no section 'review'"):
        plan_review(settings, CONTROL, "2026-Q1")


@pytest.mark.parametrize("name", ["idp", "scope"])
def test_two_lists_never_land_under_one_name(settings: Settings, name: str) -> None:
    path = settings.controls_folder / f"{CONTROL}.yaml"
    path.write_text(path.read_text().replace("system: people", f"system: {name}"))
    with pytest.raises(ConfigurationError, match="need names of their own"):
        plan_review(settings, CONTROL, "2026-Q1")
