# SPDX-License-Identifier: Apache-2.0
"""The task of a sign-off, step by step: it goes on by the ledger alone, and fails once for each return."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.flows import signing_bench
from tests.unit.flows.campaign_bench import WINDOW, Bench, now
from tests.unit.flows.review_project import CONTROL
from tests.unit.reviews.world import mail
from tieout.errors import ExtractionRefused, SourceUnavailable
from tieout.flows.signing import read_signing

_NUMBERS = count(1)
ANSWERED = {
    "chosen_options": ["Approve"],
    "params_input": {},
    "responded_at": now(),
    "responded_by_user": {"id": "1", "name": "x"},
}
PARKED = ("parked", "execute_complete", timedelta(minutes=15))
TIME_TO_LOOK = {"error": "The Human-in-the-loop response timeout has passed", "error_type": "timeout"}


@pytest.fixture(scope="module", autouse=True)
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep Airflow, which is imported once per process, out of the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        if "airflow" not in sys.modules:
            patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    with signing_bench.closed_bench(tmp_path_factory.mktemp("task"), repository) as made:
        yield made


class Store(dict[str, Any]):
    """Airflow's store of a task's state: it outlives tries."""

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        assert retention is not None
        self[key] = value


class Task:
    """A task that is run as Airflow does, over a ledger."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow.sdk.exceptions import TaskAwaitingInput
        from airflow.sdk.execution_time import task_runner

        from tieout.tasks.sign_off import SignOffOperator

        self.bench, self.sha256 = bench, signing_bench.record(bench, next(_NUMBERS))
        self.parked, self.requests, self.shows = TaskAwaitingInput, list[Any](), None
        self.context: Any = {
            "dag_run": SimpleNamespace(partition_key=WINDOW),
            "task_instance": SimpleNamespace(id="01a21917-afbc-773b-ac5b-58c65fea1e72"),
            "ti": SimpleNamespace(max_tries=2),
            "task_state_store": Store(),
            "params": {"unsigned_because": None},
        }
        self.operator = SignOffOperator(
            task_id="sign_off", control_id=CONTROL, about_sha256=self.sha256, response_timeout=PARKED[2],
            patience=timedelta(seconds=0.2), retries=0,
        )  # fmt: skip
        monkeypatch.setattr(
            self.operator, "_read", lambda *_: read_signing(bench.planned, bench.campaigns, self.operator.about_sha256)
        )
        monkeypatch.setattr("tieout.tasks.sign_off._LOOK_SECONDS", 0.1)
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(send=self._send), raising=False)

    def _send(self, msg: Any) -> Any:
        self.requests.append(msg)
        return self.shows or msg

    def start(self) -> Any:
        """Start a try: it parks, or returns what stands."""
        return self._run(lambda: self.operator.execute(self.context))

    def clear(self) -> None:
        """Be cleared, as Airflow does it."""
        self.context["ti"].max_tries += 1

    def resume(self, event: dict[str, Any]) -> Any:
        """Go on after it was parked."""
        return self._run(lambda: self.operator.execute_complete(self.context, event=event))

    def _run(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except self.parked as parked:
            return "parked", parked.method_name, parked.timeout

    def sign(self, person: str = "rob", *, approved: bool = True) -> str:
        return signing_bench.sign(self.bench, person, self.sha256, approved=approved, reason="so")


@pytest.fixture
def task(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Task:
    return Task(bench, monkeypatch)


def test_what_is_signed_off_already_is_returned_without_asking(task: Task) -> None:
    response = task.sign()
    done = task.start()
    assert (done["response"], done["about_sha256"]) == (response, task.sha256)
    assert "rob" not in str(done)
    assert task.requests == []


def test_who_may_sign_is_asked_and_the_task_parks(task: Task, bench: Bench) -> None:
    assert task.start() == PARKED
    [request] = task.requests
    assert bench.planned.campaign in request.subject
    assert task.sha256 in request.body
    assert request.options == ["Approve", "Reject"]
    assert [(each.id, each.name) for each in request.assigned_users] == [(mail("rob"), mail("rob"))]
    assert request.params["reason"]["value"] is None


def test_users_whom_the_dag_names_are_asked_in_the_place_of_persons(task: Task) -> None:
    task.operator.assigned_users = [{"id": "7", "name": "cto"}]
    task.start()
    assert [(each.id, each.name) for each in task.requests[0].assigned_users] == [("7", "cto")]


def test_an_answer_in_airflow_counts_once_the_ledger_has_it(task: Task) -> None:
    task.start()
    with pytest.raises(SourceUnavailable, match="an answer was given in Airflow, and no sign-off that counts is in the ledger"):
        task.resume(ANSWERED)
    response = task.sign()
    assert task.resume(ANSWERED)["response"] == response
    assert task.start()["response"] == response


def test_an_answer_that_is_stored_while_the_task_looks_is_found(task: Task) -> None:
    task.start()
    task.operator.patience = timedelta(seconds=30)
    looked = task.operator._holding

    def then_signed(*given: Any) -> Any:
        found = looked(*given)
        if found is None:
            task.sign()
        return found

    task.operator._holding = then_signed
    assert task.resume(ANSWERED)["about_sha256"] == task.sha256


def test_an_answer_of_who_may_not_is_nothing(task: Task) -> None:
    task.start()
    task.sign("ivo")
    with pytest.raises(SourceUnavailable):
        task.resume(ANSWERED)
    assert task.start() == PARKED


def test_when_it_is_time_it_looks_and_parks_without_putting_the_request_again(task: Task) -> None:
    task.start()
    assert [task.resume(TIME_TO_LOOK), task.resume(TIME_TO_LOOK)] == [PARKED, PARKED]
    assert len(task.requests) == 1
    response = task.sign()
    assert task.resume(TIME_TO_LOOK)["response"] == response


@pytest.mark.parametrize("event", [ANSWERED, TIME_TO_LOOK])
def test_each_return_fails_the_task_once_and_it_asks_again(task: Task, event: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    task.start()
    for _ in range(2):
        response = task.sign(approved=False)
        with pytest.raises(AirflowFailException, match=f"returned it in response {response}, which says why") as caught:
            task.resume(event)
        assert "rob" not in str(caught.value)
        task.clear()
        assert task.start() == PARKED
    assert len(task.requests) == 3
    assert task.sign() == task.resume(event)["response"]


def test_a_task_that_is_tried_again_does_not_have_airflow_erase_an_answer(task: Task) -> None:
    task.start()
    assert task.start() == PARKED
    assert len(task.requests) == 1
    task.clear()
    assert task.start() == PARKED
    assert len(task.requests) == 2


def test_a_task_that_is_tried_again_waits_for_what_was_answered_before(task: Task) -> None:
    task.start()
    task.operator.patience = timedelta(seconds=30)
    looked, looks = task.operator._holding, list[Any]()

    def then_signed(*given: Any) -> Any:
        looks.append(1)
        if len(looks) == 3:
            task.sign()
        return looked(*given)

    task.operator._holding = then_signed
    assert task.start()["about_sha256"] == task.sha256


def test_a_return_that_airflow_lost_fails_the_next_try(task: Task) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    task.start()
    task.sign(approved=False)
    with pytest.raises(AirflowFailException):
        task.start()


def test_what_was_returned_before_the_run_began_is_asked_about(task: Task) -> None:
    task.sign(approved=False)
    assert [task.start(), task.resume(TIME_TO_LOOK)] == [PARKED, PARKED]


def test_where_airflow_keeps_an_earlier_text_it_is_said(task: Task, caplog: pytest.LogCaptureFixture) -> None:
    task.shows = SimpleNamespace(subject="Sign off review x", body="another document")
    assert task.start() == PARKED
    assert "an answer to it does not count" in caplog.text


def test_a_sign_off_of_another_document_is_none_of_this_one(task: Task, bench: Bench) -> None:
    task.sign()
    task.operator.about_sha256 = signing_bench.record(bench, next(_NUMBERS))
    assert task.start() == PARKED


def test_a_run_that_says_why_it_lands_without_a_sign_off_waits_for_none(task: Task) -> None:
    task.context["params"]["unsigned_because"] = "Whoever could has left."
    assert task.start() == {"response": None, "about_sha256": task.sha256, "at": None}
    assert task.requests == []
    response = task.sign()
    assert task.start()["response"] == response


def test_what_was_returned_is_asked_about_again_whatever_the_run_says(task: Task) -> None:
    task.context["params"]["unsigned_because"] = "Whoever could has left."
    task.sign(approved=False)
    assert task.start() == PARKED


@pytest.mark.parametrize(("because", "ends_with"), [(None, "nobody has signed off"), ("They left.", "no result of SHA-256")])
def test_only_the_runs_reason_lets_a_system_land_unsigned(
    task: Task, bench: Bench, monkeypatch: pytest.MonkeyPatch, because: str | None, ends_with: str
) -> None:
    from tieout.errors import TieoutError
    from tieout.tasks.review_steps import LandReviewOperator

    operator = LandReviewOperator(task_id="idp", control_id=CONTROL, system="idp", about_sha256="0" * 64)
    monkeypatch.setattr(operator, "review", lambda *_: (bench.planned, bench.campaigns))
    monkeypatch.setenv("TIEOUT_LANDING_KEY", f"file2:{bench.settings.home.parent}/landing.pem")
    ti = SimpleNamespace(dag_id="x", run_id="x", task_id="idp", try_number=1)
    with pytest.raises(TieoutError, match=ends_with):  # it comes to what was not recorded only then
        operator.execute({**task.context, "ti": ti, "params": {"unsigned_because": because}})


def test_a_document_that_was_not_recorded_fails(task: Task) -> None:
    task.operator.about_sha256 = "0" * 64
    with pytest.raises(ExtractionRefused, match="Prepare it"):
        task.start()


def test_a_task_that_airflow_fails_by_mistake_is_tried_again(task: Task) -> None:
    assert task.operator.retries == 2
    assert set(task.operator.template_fields) == {"subject", "body", "about_sha256", "assigned_users"}


def test_a_run_without_a_window_is_refused(bench: Bench) -> None:
    from tieout.tasks.sign_off import SignOffOperator

    operator = SignOffOperator(task_id="sign_off", control_id=CONTROL, about_sha256="0" * 64, response_timeout=PARKED[2])
    with pytest.raises(ExtractionRefused, match="names no window"):
        operator._read(bench.settings, {"dag_run": SimpleNamespace(partition_key=None)})
