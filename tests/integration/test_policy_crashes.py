# SPDX-License-Identifier: Apache-2.0
"""A campaign whose task is killed at every call that it makes, of the store and of Slack, before it and after it.

step     killed                                             afterwards
freeze   before each put (test_policy_campaign)             one landing, the same rows
open     before each put (test_policy_campaign)             one campaign
send     before and after each call of Slack and each put   everybody told once, nobody twice, nobody left out
answer   before each put                                    each answer once
fold     before and after each put                          closed once, with all answers
land     before each put (test_policy_campaign)             one landing, complete
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.policy_scene import CONDUCT, SECURITY, Scene, mail, make_scene, worker
from tests.integration.review_scene import Killed, Killing
from tests.integration.test_policy_slack import running
from tests.integration.test_review_campaign import MINUTE
from tests.simulators.slack.members import dm_of
from tests.stack import Store
from tieout.campaigns.state import Phase
from tieout.evidence.store import S3Store
from tieout.flows import campaign_telling
from tieout.flows.campaign_people import People
from tieout.flows.campaign_poke import CampaignTask, Poked, poke
from tieout.local.installation import STAGING_BUCKET
from tieout.slack.messenger import SlackFinder, slack_messenger
from tieout.slack.sending import Sender

pytestmark = pytest.mark.integration

NAMES = ["ann", "ben", "cleo", "mia", "sam"]


class Fuse:
    """Kills the task before its so many-th call, or after it."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.left, self.after, self._lock = at, after, threading.Lock()

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call that may kill."""

        def called(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                self.left -= 1
                dies = self.left < 0
            if dies and not self.after:
                raise Killed
            found = call(*arguments, **named)
            if dies:
                raise Killed
            return found

        return called


@pytest.fixture
def scene(own_store: Store, repository: Path, tmp_path: Path) -> Scene:
    made = make_scene(own_store, repository, tmp_path / "project", f"cc5_3_crash_{tmp_path.name[-12:].strip('_').lower()}")
    made.list_people([worker(name, None if name in ("mia", "sam") else "mia") for name in NAMES])
    made.freeze(due=40 * MINUTE)
    return made


def look(scene: Scene, sender: Sender, clock: Any, fuse: Fuse) -> Poked:
    """Look once, as a task that the fuse may kill."""
    bucket, staging = scene.store.bucket(), S3Store(scene.store.client("writer"), STAGING_BUCKET)
    for each in (bucket._client, staging._client):
        each.put_object = fuse.around(each.put_object)
    deadly = replace(sender)
    deadly.call = fuse.around(sender.call)  # type: ignore[method-assign]
    campaigns = scene.campaigns(bucket)
    return poke(CampaignTask(
        campaigns=campaigns, loaded=campaigns.load(campaigns.named(scene.planned().campaign)), staging=staging,
        clock=clock, by="campaign task", signer=scene.signer, messenger=slack_messenger(scene.settings, deadly, People(None)),
    ))  # fmt: skip


def until_it_ends(scene: Scene, sender: Sender, clock: Any, *, after: bool) -> tuple[int, Poked]:
    """Kill tasks at their first call, their second ... their sixth, and so on; returns how many were, and the last look."""
    for kills in range(200):
        try:
            return kills, look(scene, sender, clock, Fuse(kills % 6, after=after))
        except Killed:
            clock.ahead += timedelta(seconds=2)
    raise AssertionError


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_nobody_is_told_twice_and_nobody_left_out_whenever_the_task_is_killed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr(campaign_telling, "GIVEN_UP", timedelta(seconds=1))
    with running(scene) as office:
        find = SlackFinder(scene.settings, office.front.sender, People(None))
        assert scene.open(closes=50 * MINUTE, find=find).opened_now
        kills, found = until_it_ends(scene, office.front.sender, office.clock, after=after)
        assert kills >= 6
        told = Counter(each.channel for each in office.slack.messages)
        assert told == {dm_of(f"U0{name.upper():0<8}"): 1 for name in NAMES}
        assert (found.uncertain, found.phase) == (0, Phase.OPEN)
        _answers_are_stored_once_each(scene)
        office.clock.ahead = 51 * MINUTE
        kills, found = until_it_ends(scene, office.front.sender, office.clock, after=after)
        assert kills >= 1
        assert (found.phase, found.open) == (Phase.CLOSED, 0)
        answered = scene.answered()
        ends = Counter(each.decision for item in answered.definition.items if (each := answered.state.outcome(item)))
        assert ends == {"acknowledged": 9, "not acknowledged": 1}
        assert answered.state.refused == ()
        assert office.slack.wrong == []


def _answers_are_stored_once_each(scene: Scene) -> None:
    """Whoever answers while the process that stores it is killed answers again, by the same interaction."""
    for name in NAMES:
        policies = (SECURITY,) if name == "ben" else (SECURITY, CONDUCT)
        for kills in range(10):
            try:
                scene.acknowledge(name, *policies, store=Killing(scene.store.bucket("responder"), kills))
                break
            except Killed:
                continue
        assert kills == 2, "what was shown, then the response"
    said = [each for each in scene.answered().ledger.events.values() if type(each).__name__ == "Decided"]
    assert Counter(each.by for each in said) == {mail(name): 1 for name in NAMES}


def test_without_the_scope_to_look_what_may_have_been_sent_is_not_sent_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_telling, "GIVEN_UP", timedelta(seconds=1))
    with running(scene) as office:
        office.slack.readable = False
        find = SlackFinder(scene.settings, office.front.sender, People(None))
        scene.open(closes=50 * MINUTE, find=find)
        _, found = until_it_ends(scene, office.front.sender, office.clock, after=True)
        told = Counter(each.channel for each in office.slack.messages)
        assert max(told.values()) == 1
        assert found.uncertain >= 1
