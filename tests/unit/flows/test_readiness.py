# SPDX-License-Identifier: Apache-2.0
"""Before a period starts, each collector is run: of a campaign, those of everything that it will be frozen from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.unit.flows.review_project import CONTROL, OWNERS, SYSTEMS, drop_access, drop_people, make_project
from tests.unit.reviews.world import entry, person

from tieout.criteria.periods import ObservationPeriod
from tieout.flows.readiness import Ready, check_collectors
from tieout.flows.status import read_program
from tieout.settings import Settings

NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)
AS_OF = datetime(2026, 6, 30, 22, tzinfo=UTC) - timedelta(seconds=1)


def test_the_lists_of_a_review_are_collected_for_the_last_window_that_is_over(tmp_path: Path, repository: Path) -> None:
    owners = [(role, f"h{number}") for number, role in enumerate(sorted({*OWNERS.values(), "Security Lead"}))]
    settings = make_project(tmp_path / "project", repository, owners=owners)
    dated = {"as_of": AS_OF, "read_at": AS_OF}
    rows = [{**entry(f"a-{name}", "ann", system=name), **dated} for name in SYSTEMS if name != "bank"]
    drop_access(settings, "access-2026-Q2", rows)
    (settings.home / "drop/bank-access-2026-Q2.csv").unlink()
    drop_people(settings, "access-2026-Q2", [{**person("ann"), "as_of": AS_OF}])
    program = read_program(settings)
    period = ObservationPeriod(id="2026-H2", type=2, first_day=NOW.date(), end_day=NOW.date() + timedelta(days=180))
    done: list[tuple[int, int]] = []
    checks = list(check_collectors(settings, program, period, lambda: NOW, lambda *said: done.append(said)))
    assert {each.subject: each.outcome for each in checks} == {
        f"{CONTROL} idp": Ready.READY,
        f"{CONTROL} erp": Ready.READY,
        f"{CONTROL} bank": Ready.NOT_READY,
        f"{CONTROL} people": Ready.READY,
        f"{CONTROL} scope": Ready.READY,
    }, [each.detail for each in checks]
    assert [each.detail for each in checks if each.subject.endswith("idp")] == ["2026-Q2: 1 rows"]
    assert done[-1] == (5, 5)


def test_the_people_of_an_acknowledgment_campaign_are_collected_and_a_form_has_nothing_to_collect(repository: Path) -> None:
    settings, asked = Settings(home=repository, environment="test"), ("cc5_3_policy_campaign", "a1_3_restore_confirmation")
    program = read_program(settings)
    program = replace(program, controls={name: program.controls[name] for name in asked})
    now = datetime(2026, 3, 30, 6, tzinfo=UTC)
    period = ObservationPeriod(id="2026-Q2", type=2, first_day=now.date(), end_day=now.date() + timedelta(days=92))
    [check] = check_collectors(settings, program, period, lambda: now)
    assert (check.subject, check.outcome) == ("cc5_3_policy_campaign hris", Ready.READY), check.detail
    assert check.detail == "2026-W13: 400 rows"
