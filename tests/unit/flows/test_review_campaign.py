# SPDX-License-Identifier: Apache-2.0
"""A review's campaign opens once, with what stands: who is asked, until when, and which account is theirs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from tests.unit.flows.campaign_bench import OWNERS, WINDOW, Bench, accounts_of_all, frozen_company, mail, now
from tests.unit.flows.review_project import CONTROL, make_project
from tests.unit.reviews.world import role

from tieout.campaigns.definition import Leftovers, Pin, Schedule
from tieout.errors import ConfigurationError, ExtractionRefused, SourceUnavailable, Tampered
from tieout.evidence.keys import Scope
from tieout.flows.campaign_opening import MORNING
from tieout.flows.review_campaign import CHOICES, open_review, schedule_of
from tieout.flows.review_inputs import ReviewWindow, plan_review

FROZEN = date(2026, 4, 2)
"""A Thursday; Good Friday is no holiday of the made-up program."""
OPENED = datetime(2026, 4, 2, 10, tzinfo=UTC)


@pytest.fixture
def plan(tmp_path: Path, repository: Path) -> Callable[..., ReviewWindow]:
    """Return what plans a review with what its file says."""

    def planned(**review: Any) -> ReviewWindow:
        return plan_review(make_project(tmp_path / "project", repository, review, OWNERS), CONTROL, WINDOW)

    return planned


def berlin(day: str) -> datetime:
    """Return an instant of Berlin's summer, UTC."""
    return datetime.fromisoformat(f"{day}+02:00").astimezone(UTC)


def test_days_end_at_midnight_and_people_are_told_in_the_morning(plan: Callable[..., ReviewWindow]) -> None:
    planned = plan(reminders=[5, 2, 20], escalate_days_before_due=1)
    found = schedule_of(planned, FROZEN, OPENED)
    assert found == Schedule(
        OPENED,
        due_at=berlin("2026-04-17T00:00:00"),
        reminders=(berlin("2026-04-09T08:00:00"), berlin("2026-04-14T08:00:00")),
        escalate_at=berlin("2026-04-15T08:00:00"),
    )
    assert MORNING.hour == 8


def test_each_next_person_gets_as_long_as_the_file_says(plan: Callable[..., ReviewWindow]) -> None:
    planned = plan(leftovers="escalate", extension={"days": 2, "count": "business"})
    found = schedule_of(planned, FROZEN, OPENED)
    assert (found.escalate_at, len(found.extensions)) == (None, 5)
    assert found.extensions[:2] == (berlin("2026-04-21T00:00:00"), berlin("2026-04-23T00:00:00"))


def test_what_would_come_before_it_opens_is_left_out(plan: Callable[..., ReviewWindow]) -> None:
    planned = plan(reminders=[5, 2], escalate_days_before_due=2)
    late = schedule_of(planned, FROZEN, berlin("2026-04-14T09:00:00"))
    assert (late.reminders, late.escalate_at, late.due_at) == ((), None, berlin("2026-04-17T00:00:00"))
    with pytest.raises(ExtractionRefused, match=r"frozen on 2026-04-02 and due on 2026-04-16, which is past\. Freeze it again"):
        schedule_of(planned, FROZEN, berlin("2026-04-17T00:00:00"))


def test_it_opens_with_what_was_frozen_and_with_who_held_which_role(make: Callable[..., Bench]) -> None:
    bench = make(leftovers="revoke")
    opening = bench.open()
    definition = opening.loaded.definition
    assert opening.opened_now
    assert (definition.campaign, definition.control, definition.window, definition.observation_period) == (
        f"{CONTROL}.{WINDOW}", CONTROL, WINDOW, "2026-H1",
    )  # fmt: skip
    assert (definition.leftovers, definition.leftover_choice) == (Leftovers.DECIDE, "revoke")
    assert dict(definition.choices) == CHOICES
    assert (definition.managers_of_program, definition.signers) == ((mail("cleo"), mail("rob")), (mail("rob"),))
    asked = {mail(name) for name in ("cleo", "eva", "ivo", "max", "mia", "rob")}
    assert definition.pins == {person: accounts_of_all(person) for person in asked}
    assert definition.people == asked


def test_run_again_it_finds_what_stands_though_people_have_other_accounts_by_now(make: Callable[..., Bench]) -> None:
    bench = make()
    first = bench.open()
    second = bench.open(lambda person: Pin("T0OTHER001", person[:3].upper()), Schedule(now(), now() + timedelta(days=1)))
    assert (first.opened_now, second.opened_now) == (True, False)
    assert second.loaded.definition == first.loaded.definition
    assert second.loaded.opened == first.loaded.opened


def test_of_many_at_once_one_opens_it_and_all_find_the_same(make: Callable[..., Bench]) -> None:
    bench, met = make(), Barrier(3)

    def run(number: int) -> Any:
        met.wait()
        at = now().replace(microsecond=0) - timedelta(minutes=number)
        return bench.open(schedule=Schedule(at, at + timedelta(days=3)))

    with ThreadPoolExecutor(3) as pool:
        openings = list(pool.map(run, (1, 2, 3)))
    assert [each.opened_now for each in openings].count(True) == 1
    assert len({each.loaded.definition.sha256 for each in openings}) == 1


def test_a_messenger_that_does_not_answer_opens_nothing(make: Callable[..., Bench]) -> None:
    bench = make()

    def down(_: str) -> Pin | None:
        raise SourceUnavailable("Slack users.lookupByEmail: no answer")

    with pytest.raises(SourceUnavailable):
        bench.open(down)
    assert bench.campaigns.find() == {}
    assert bench.open().opened_now


def test_two_people_with_one_account_are_refused(make: Callable[..., Bench]) -> None:
    bench = make()
    with pytest.raises(ConfigurationError, match="belong to two people"):
        bench.open(lambda _: Pin("T0TIEOUT01", "U0SAME0001"))


def test_items_that_have_not_landed_open_nothing(make: Callable[..., Bench]) -> None:
    bench = make()
    planned = plan_review(bench.settings, CONTROL, "2026-Q2")
    with pytest.raises(ExtractionRefused, match=r"window items-2026-Q2 has not landed of idp, erp, bank\. Freeze it"):
        open_review(planned, bench.campaigns, bench.signers[Scope.LANDING], None, now, "test")


def test_by_itself_it_is_due_as_its_file_says(make: Callable[..., Bench]) -> None:
    bench = make()
    with pytest.raises(ExtractionRefused, match="frozen on 2026-04-02"):  # the made-up freeze is long ago
        open_review(bench.planned, bench.campaigns, bench.signers[Scope.LANDING], None, now, "test")


def test_without_anybody_who_runs_the_program_nothing_opens(make: Callable[..., Bench]) -> None:
    world = frozen_company()
    world.roles = [each for each in world.roles if each["about"] != "control"] + [role("control", "sign_off", "rob", "CTO")]
    with pytest.raises(ConfigurationError, match="managers_of_program: expected at least one"):
        make(world).open()


def test_systems_that_were_not_frozen_from_the_same_lists_open_nothing(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    monkeypatch.setattr("tieout.flows.review_campaign.agreed", lambda *_: None)
    with pytest.raises(ExtractionRefused, match="were not frozen from the same lists"):
        bench.open()


def test_items_that_the_wrong_key_has_signed_open_nothing(make: Callable[..., Bench]) -> None:
    bench = make(signed_with=Scope.RESPONSE)
    with pytest.raises(Tampered, match="expected a key of scope landing"):
        bench.open()
    assert bench.campaigns.find() == {}
