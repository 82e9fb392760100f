# SPDX-License-Identifier: Apache-2.0
"""Airflow's required actions and the ledger are kept in step: what a person said once is in both, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.unit.flows import signing_bench
from tests.unit.flows.campaign_bench import Bench, now
from tests.unit.reviews.world import mail
from tests.unit.web.relaying import HOUR, NUMBERS, World

from tieout.campaigns.ledger import Ledger
from tieout.desks.cases import Cases
from tieout.errors import StoreUnavailable
from tieout.web.reconciling import SETTLED


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    with signing_bench.closed_bench(tmp_path_factory.mktemp("relay"), repository) as made:
        yield made


@pytest.fixture(scope="module")
def cases(bench: Bench) -> Cases:
    """Return campaigns of which everything is read anew whenever somebody looks."""
    made = signing_bench.cases_over(bench)
    made[bench.planned.campaign].clock = count(0.0, 100.0).__next__
    return made


@pytest.fixture(scope="module")
def stranger(bench: Bench) -> Ledger:
    return bench.ledger()


@pytest.fixture
def world(bench: Bench, cases: Cases, stranger: Ledger) -> World:
    return World(bench, cases, stranger, signing_bench.record(bench, next(NUMBERS)))


def test_what_was_said_elsewhere_is_answered_in_airflow_as_the_person(world: World) -> None:
    waiting = world.wait()
    world.look()
    assert world.airflow.answers == []
    signing_bench.sign(world.bench, "rob", world.sha256)
    world.look()
    [(answered, user, approved)] = world.airflow.answers
    assert (answered.id, user, approved) == (waiting.id, "Rob@Example.com", True)


def test_until_airflow_has_it_it_is_given_again(world: World) -> None:
    world.wait()
    signing_bench.sign(world.bench, "rob", world.sha256)
    for status in (500, 403, 409):
        world.airflow.status = status
        world.look()
    assert len(world.airflow.answers) == 3


def test_a_task_that_has_just_parked_is_left_alone(world: World) -> None:
    world.wait(parked_at=now())
    signing_bench.sign(world.bench, "rob", world.sha256)
    world.look()
    assert world.airflow.answers == []
    world.moved = 2 * SETTLED
    world.look()
    assert len(world.airflow.answers) == 1


def test_what_was_returned_before_it_was_asked_about_again_is_not_given_again(world: World) -> None:
    signing_bench.sign(world.bench, "rob", world.sha256, approved=False, reason="b2 still stands")
    world.wait(asked_at=now() + timedelta(seconds=1))
    world.look()
    assert world.airflow.answers == []
    world.airflow.waits.clear()
    world.wait()
    world.look()
    assert [approved for _, _, approved in world.airflow.answers] == [False]


def test_persons_are_listed_as_their_users_and_nobody_else_is_touched(world: World) -> None:
    world.wait(assigned=((mail("rob"), mail("rob")), (mail("ivo"), "Ivo"), ("7", "somebody whom the DAG names")))
    world.look()
    assert world.airflow.assigned == [
        (0, (("Rob@Example.com", "Rob"), (mail("ivo"), "Ivo"), ("7", "somebody whom the DAG names")))
    ]
    world.look()
    assert len(world.airflow.assigned) == 1


def test_a_signer_without_a_user_keeps_the_task_from_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.users = []
    world.wait()
    signing_bench.sign(world.bench, "rob", world.sha256)
    world.look()
    world.look()
    assert world.airflow.answers == world.airflow.assigned == []
    assert caplog.text.count("has no Airflow user; the task finds it in the ledger") == 1
    assert "rob" not in caplog.text.lower()


def test_an_answer_in_airflow_is_stored_as_the_persons_with_what_airflow_showed(world: World) -> None:
    answered = world.answer("Rob@Example.com", approved=False, reason="b2 still stands")
    world.look()
    [said] = world.said
    assert (said.by, said.approved, said.reason, said.at) == (mail("rob"), False, "b2 still stands", answered.at)
    assert said.channel == ("airflow required action", False)
    [key] = [key for key in world.bench.store.keys("responses/") if str(said.presented_sha256) in key]
    assert world.sha256 in (world.bench.store.read(key, None) or b"").decode()


def test_of_two_api_servers_and_of_earlier_tries_it_is_stored_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    answered = world.answer("Rob@Example.com", at=now() - timedelta(seconds=30))
    world.airflow.given.append(answered)  # it stands in the history of tries, and in the present one
    reconcilers = [world.another() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(world.look, reconcilers))
    signing_bench.record(world.bench, next(NUMBERS))
    for each in (reconcilers[0], world.another()):
        world.look(each)
    assert len(world.said) == 1
    assert "not stored" not in caplog.text


def test_what_was_given_in_a_persons_name_is_no_answer_of_theirs(world: World) -> None:
    for approved in (False, True):
        signing_bench.sign(world.bench, "rob", world.sha256, approved=approved, reason="so", channel="slack")
        world.answer("Rob@Example.com", approved=approved)
        world.look(world.another())  # another api-server than the one that gave it
    assert [each.channel for each in world.said] == [("slack", False)] * 2


def test_one_who_returns_again_after_being_asked_again_is_stored_again(world: World) -> None:
    signing_bench.sign(world.bench, "rob", world.sha256, approved=False, reason="so", channel="slack")
    world.answer("Rob@Example.com", approved=False, asked_at=now(), at=now() + timedelta(seconds=1))
    world.look()
    assert [each.channel[0] for each in world.said] == ["slack", "airflow required action"]


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (mail("ivo"), "You were asked in this review"),
        (mail("eva"), "Nothing here waits for your sign-off"),
        ("admin", "nobody can tell whose e-mail address"),
        ("stranger@example.com", "nobody can tell whose e-mail address"),
        ("", "nobody can tell whose e-mail address"),
    ],
)
def test_an_answer_of_who_may_not_is_stored_nowhere(world: World, caplog: pytest.LogCaptureFixture, user: str, why: str) -> None:
    before = set(world.bench.store.keys("responses/"))
    world.answer(user)
    world.look()
    world.look()
    assert world.said == []
    assert set(world.bench.store.keys("responses/")) == before
    assert caplog.text.count(why) == 1
    assert "example.com" not in caplog.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"body": "Do you want lunch?"}, "no document of a campaign says"),
        ({"subject": "Sign off review another.2026-Q1"}, "no campaign that is shown here"),
        ({"subject": "Lunch"}, "no campaign that is shown here"),
    ],
)
def test_an_answer_to_another_text_is_no_sign_off(
    world: World, caplog: pytest.LogCaptureFixture, changed: dict[str, Any], said: str
) -> None:
    world.answer("Rob@Example.com", **changed)
    world.wait(**changed)
    signed = signing_bench.sign(world.bench, "rob", world.sha256)
    world.moved = timedelta(minutes=2)
    world.look()
    assert [each.id for each in world.said] == [signed]
    assert world.airflow.answers == []
    assert said in caplog.text


def test_an_answer_about_an_earlier_document_does_not_sign_off_the_present_one(world: World) -> None:
    world.answer("Rob@Example.com")
    present = signing_bench.record(world.bench, next(NUMBERS))
    world.look()
    assert world.said == []
    assert present not in [each.about_sha256 for each in world.stranger.state.signed_off]


def test_what_is_too_old_to_count_is_not_looked_at(world: World) -> None:
    world.answer("Rob@Example.com", at=now() - HOUR - timedelta(seconds=1))
    world.look()
    assert world.said == []


def test_an_odd_reason_is_stored_as_far_as_it_can_be(world: World) -> None:
    world.answer("Rob@Example.com", approved=False, reason="\ud800" + "x" * 5000)
    world.look()
    [said] = world.said
    assert said.reason.startswith("?xxx")
    assert len(said.reason) == 4000


def test_while_the_store_is_down_nothing_is_taken_for_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.answer("Rob@Example.com")
    case = world.cases[world.bench.planned.campaign]

    def down(*_: Any) -> Any:
        raise StoreUnavailable("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(case.responder), "respond", down)
        with pytest.raises(StoreUnavailable):
            world.look()
    assert world.said == []
    world.look()
    assert len(world.said) == 1
