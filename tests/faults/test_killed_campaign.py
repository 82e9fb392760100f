# SPDX-License-Identifier: Apache-2.0
"""Worker, triggerer and api-server die in turn during a campaign: nobody is told twice, no answer is lost, the campaign ends."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.campaign_project import LATE, REVOKED, SYSTEM, WINDOW, accounts, drop_again
from tests.faults.campaign_scene import RUN, Scene, running
from tests.simulators.slack.members import dm_of
from tests.unit.flows.review_project import CONTROL
from tieout.campaigns.assignments import person_digits
from tieout.evidence.records import RecordKind
from tieout.evidence.verify import Outcome
from tieout.flows.status import read_records

pytestmark = pytest.mark.integration

RECORD = rf"^PUT /[^/]+/manifests/.*window={WINDOW}/all-[0-9a-f]+\.record"
"""A record of the campaign is put."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("campaign"), repository) as made:
        yield made


def test_a_campaign_in_which_everything_dies_in_turn(scene: Scene) -> None:
    started = time.monotonic()
    for each in (
        _the_worker_dies_while_it_opens,
        _and_while_it_invites,
        _the_triggerer_and_the_api_server_die_while_two_answer,
        _the_worker_dies_while_it_reminds,
        _workers_die_while_it_closes_and_while_tickets_are_opened,
        _the_triggerer_and_a_worker_die_while_it_is_signed_off,
        _nobody_was_told_twice,
        _no_answer_is_lost,
        _all_is_intact_and_stands_once,
    ):
        each(scene)
        print(f"{time.monotonic() - started:6.1f} s {each.__name__}")


def _the_worker_dies_while_it_opens(scene: Scene) -> None:
    """Its reminder comes as long after the opening as that took: the first look comes before."""
    kill, began = scene.kill_task("worker that opens"), datetime.now(UTC)

    def while_another_run_opens(port: int) -> None:
        scene.open(datetime.now(UTC) - began)
        scene.cut(RECORD, scene.kill_task("worker that has recorded invitations"), answered=True)
        kill(port)

    scene.cut(rf"^PUT /[^/]+/{re.escape(scene.opening)}", while_another_run_opens)
    of_max = dm_of(scene.crowd.who("max").user)
    scene.slack.cuts.arm(f"^chat.postMessage {of_max} ", scene.kill_task("worker whose invitation was taken"), answered=True)
    scene.airflow.api.trigger(CONTROL, WINDOW, RUN, {"collect_again": "now"})
    scene.airflow.start("triggerer")
    scene.until(lambda: len(scene.killed) == 1)


def _and_while_it_invites(scene: Scene) -> None:
    told = {("mia", "invitation"), ("max", "invitation"), ("ivo", "escalation")}
    scene.until(lambda: len(scene.killed) == 3 and told <= scene.crowd.messages().keys())
    of_ivo = dm_of(scene.crowd.who("ivo").user)
    scene.cut(RECORD, scene.kill_task("worker that records reminders"))
    scene.slack.cuts.arm(f"^chat.postMessage {of_ivo} .*still to decide", scene.kill_task("worker whose reminder was not taken"))


def _the_triggerer_and_the_api_server_die_while_two_answer(scene: Scene) -> None:
    """One answer is on its way to the store, the other one stands there: neither was told to the person."""
    scene.until(lambda: scene.health("triggerer") == "healthy")
    scene.kill_server("triggerer")
    scene.airflow.start("triggerer")
    stands, dead = threading.Event(), threading.Event()

    def kill(_: int) -> None:
        stands.wait(10)
        scene.kill_server("api-server")
        dead.set()

    def wait(_: int) -> None:
        stands.set()
        dead.wait(30)

    for name in ("mia", "ivo"):
        scene.crowd.open_page(name, scene.crowd.who(name).messages[0])
    scene.cut(response_to(scene, "mia"), kill)
    scene.cut(response_to(scene, "eva"), wait, answered=True)
    with ThreadPoolExecutor(2) as pool:
        told = pool.map(lambda name: scene.crowd.submit(name, LATE), ("mia", "ivo"))
        assert list(told) == [False, False]
    assert dead.wait(30)
    assert len(scene.responses()) == 1
    scene.airflow.start("api-server")
    for name in ("mia", "ivo"):  # the page still stands there as it was filled in
        scene.crowd.insist(name, LATE)
    assert len(scene.responses()) == 2


def response_to(scene: Scene, person: str) -> str:
    """Return what matches the request that puts a response to what was given to somebody."""
    return rf"^PUT /[^/]+/responses/.*/1-{person_digits(scene.id_of(person))}/[0-9a-f]+\.dsse\.json"


def _the_worker_dies_while_it_reminds(scene: Scene) -> None:
    told = {(name, "reminder") for name in ("mia", "max")}
    scene.until(lambda: "worker whose reminder was not taken" in scene.killed and told <= scene.crowd.messages().keys())


def _workers_die_while_it_closes_and_while_tickets_are_opened(scene: Scene) -> None:
    kill = scene.kill_worker("worker, and all that knew of its task")

    def once_it_is_done(port: int) -> None:
        drop_again(scene.settings)
        kill(port)

    scene.cut(RECORD, scene.kill_task("worker that has closed it"), answered=True)
    scene.cut(rf"^PUT /[^/]+/manifests/.*window={WINDOW}/{SYSTEM}-[0-9a-f]+\.record", once_it_is_done)
    for name in ("mia", "max", "ivo"):
        scene.crowd.decide(name)
    scene.until(lambda: scene.tasks()["sign_off"] == "awaiting_input")


def _the_triggerer_and_a_worker_die_while_it_is_signed_off(scene: Scene) -> None:
    assert "deferred" not in scene.tasks().values()
    scene.kill_server("triggerer")
    scene.cut(
        rf"^PUT /[^/]+/manifests/.*window={WINDOW}/{SYSTEM}-[0-9A-Za-z-]+\.dsse\.json", scene.kill_task("worker that lands")
    )
    scene.crowd.sign_off("rob")
    assert scene.airflow.api.wait(CONTROL, [RUN], 180, lambda _: None) == {RUN: "success"}


def _nobody_was_told_twice(scene: Scene) -> None:
    """Ivo has no reminder: nobody knows whether Slack took it, so that it is not sent again. The log says that of it."""
    assert scene.crowd.messages() == Counter(
        [("mia", "invitation"), ("max", "invitation"), ("ivo", "escalation"), ("mia", "reminder"), ("max", "reminder"),
         ("rob", "sign-off")]
    )  # fmt: skip
    state = scene.ledger().state
    told = Counter((each.notice.kind.value, each.notice.person) for each in state.noticed.values())
    assert set(told.values()) == {1}
    assert Counter(kind for kind, _ in told) == {"invitation": 2, "escalation": 1, "unreachable": 1, "reminder": 3}
    assert "2 messages may not have been sent" in scene.log("answers")
    receipts = Counter(re.findall(r"Response `([0-9a-f]+)`", str([each.blocks for each in scene.slack.messages])))
    assert set(receipts.values()) <= {1}
    assert receipts.keys() <= scene.responses()


def _no_answer_is_lost(scene: Scene) -> None:
    landed = scene.landed()
    assert scene.crowd.told.keys() == {row["account"] for row in accounts()}
    assert {row["account"]: row["decision"] for row in landed} == scene.crowd.told
    stored = scene.responses()
    signed = {row["signed_off_response"] for row in landed}
    assert {row["response"] for row in landed} | signed == stored
    assert len(stored) == 2 + 1 + 2 + 1  # Mia's, Max's, Ivo's, and the sign-off
    state = scene.ledger().state
    assert (state.refused, state.unread) == ((), {})
    proven = {row["account"]: (row["proof"], row["carried_out_in_time"]) for row in landed if row["decision"] == "revoke"}
    assert proven == dict.fromkeys(REVOKED, ("removed", True))


def _all_is_intact_and_stands_once(scene: Scene) -> None:
    tickets = [each for each in read_records(scene.airflow.store.bucket("auditor")) if each.kind is RecordKind.TICKET]
    assert len(scene.jira.issues) == len(tickets) == len(REVOKED)
    assert sorted(each.facts["found_standing"] for each in tickets) == [False, True]  # that of the worker that died was found
    scene.airflow.store.seal()
    report = scene.airflow.store.verify()
    assert [finding.reason for item in (*report.items, *report.others) for finding in item.findings] == []
    assert report.outcome is Outcome.INTACT
    keys = [each.key for each in scene.airflow.store.bucket("auditor").versions("")]
    assert len(keys) == len(set(keys))
    assert len(scene.killed) == 11
    print("killed:", *scene.killed, sep="\n    ")
