# SPDX-License-Identifier: Apache-2.0
"""A store that is slow, hangs or is down: people are told to try again in time, and nothing is shown as accepted that was not."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.simulators.slack import Person
from tests.unit.slack.memory_desk import MemoryDesk
from tests.unit.slack.scene import CAMPAIGN, Scene, campaign, running

from tieout.slack import storing
from tieout.slack.blocks.modals import TRY_AGAIN
from tieout.slack.endpoint import Sizes


def opened(scene: Scene) -> Person:
    """Return the owner with a page that is filled in."""
    owner = scene.owner()
    owner.press_in_message(owner.messages[0], "open_review")
    owner.fill(lambda _, __: ("keep", None))
    return owner


def test_a_store_that_hangs_is_answered_for_within_three_seconds_and_counts_when_it_ends() -> None:
    with running() as scene:
        owner = opened(scene)
        scene.desk.hold = threading.Event()
        answer = owner.submit()
        assert answer.seconds < 3
        assert list(owner.view.errors.values()) == [TRY_AGAIN]
        assert owner.submit().seconds < 3
        assert scene.desk.stored == []
        scene.desk.hold.set()
        scene.desk.hold = None
        assert owner.submit().said["response_action"] == "update"
        scene.settle()
        assert len(scene.desk.stored) == 1
        assert len(owner.thread(owner.messages[0])) == 1
        assert "8 accounts to decide" in owner.messages[0].text


def test_what_was_stored_too_late_still_gets_its_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "STORE_SECONDS", 0.05)
    with running() as scene:
        owner = opened(scene)
        scene.desk.slow = 0.3
        owner.submit()
        assert list(owner.view.errors.values()) == [TRY_AGAIN]
        until = time.monotonic() + 10
        while not owner.thread(owner.messages[0]) and time.monotonic() < until:
            time.sleep(0.02)
        assert [each.text for each in owner.thread(owner.messages[0])] == ["Stored: 12 keep."]


def test_stores_that_hang_hold_no_other_page() -> None:
    sizes = Sizes(threads=8, waiting=8, stores=2)
    with running(sizes=sizes) as scene:
        owner, other = opened(scene), scene.invited("U0OTHER001", "person-other")
        scene.desk.hold = threading.Event()
        with ThreadPoolExecutor(6) as pool:
            hanging = [pool.submit(owner.submit) for _ in range(6)]
            time.sleep(0.3)
            began = time.monotonic()
            assert other.press_in_message(other.messages[0], "open_review").status == 200
            assert time.monotonic() - began < 1
            assert other.view.given["callback_id"] == "tieout_page"
            assert all(each.result().said["response_action"] == "errors" for each in hanging)
        scene.desk.hold.set()


def test_a_full_front_asks_to_try_again_at_once() -> None:
    sizes = Sizes(threads=1, waiting=0, stores=1)
    with running(sizes=sizes) as scene:
        owner = opened(scene)
        scene.desk.hold = threading.Event()
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(owner.submit)
            time.sleep(0.2)
            second = owner.submit()
            assert second.seconds < 1
            assert list(second.said["errors"].values()) == [TRY_AGAIN]
            home = owner.press_in_message(owner.messages[0], "open_review")
            assert (home.status, home.said) == (503, {"error": "try again"})
            first.result()
        scene.desk.hold.set()


def test_slack_being_down_takes_nobody_at_their_word() -> None:
    with running() as scene:
        owner = opened(scene)
        scene.front.members._known.clear()
        scene.slack.down = True
        owner.submit()
        assert list(owner.view.errors.values()) == [TRY_AGAIN]
        assert scene.desk.asked == 0
        scene.slack.down = False
        owner.submit()
        assert len(scene.desk.stored) == 1


def test_receipts_that_slack_does_not_take_lose_no_answer() -> None:
    with running() as scene:
        owner = opened(scene)
        scene.slack.limits = {"chat.postMessage": 0, "chat.update": 0}
        assert owner.submit().said["response_action"] == "update"
        scene.settle()
        assert len(scene.desk.stored) == 1
        assert owner.thread(owner.messages[0]) == []


def test_many_people_at_once_are_each_stored_once() -> None:
    with running(MemoryDesk({CAMPAIGN: campaign(12)}, slow=0.02)) as scene:
        people = [opened(scene), scene.invited("U0OTHER001", "person-other"), scene.invited("U0MANAGER1", "person-manager")]
        for person in people[1:]:
            person.press_in_message(person.messages[0], "open_review")
            person.fill(lambda _, __: ("revoke", "not needed"))
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda person: person.submit(), people))
        assert {each.said["response_action"] for each in answers} == {"update"}
        assert sorted(person for _, person, _ in scene.desk.stored) == ["person-manager", "person-other", "person-owner"]
