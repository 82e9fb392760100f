# SPDX-License-Identifier: Apache-2.0
"""Calls keep Slack's pace, wait where it asks up to a bound, and say who can not be reached; nothing of them is logged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tests.simulators.slack import TEAM, TOKEN, Slack
from tests.simulators.slack.members import dm_of
from tests.unit.slack.scene import accounts, everything_logged

from tieout.desks.desk import Posted
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.slack.pacing import METHODS, Pace
from tieout.slack.sending import Sender, Unreachable, open_channel, post
from tieout.slack.workspace import Workspace

OWNER = "U0OWNER001"
BLOCKS = [{"type": "section", "text": {"type": "plain_text", "text": "quetzal"}}]


@dataclass
class Time:
    """A clock that sleeping moves."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def slack() -> Iterator[Slack]:
    """Run a workspace."""
    with Slack(accounts()) as running:
        yield running


def sender(slack: Slack, time: Time, token: str = TOKEN) -> Sender:
    """Return who calls it."""
    workspace = Workspace(team=TEAM, bot_token=token, base_url=slack.base_url)
    return Sender(workspace, Pace(time), time, time.sleep)


def test_a_message_is_posted_into_a_members_channel_and_thread(slack: Slack) -> None:
    calls = sender(slack, Time())
    channel = open_channel(calls, OWNER)
    assert channel == dm_of(OWNER)
    first = post(calls, str(channel), "hello", BLOCKS)
    assert isinstance(first, Posted)
    again = post(calls, first.channel, "reply", BLOCKS, first.ts)
    assert isinstance(again, Posted)
    assert [each.thread for each in slack.messages] == [None, first.ts]
    assert slack.wrong == []
    _, said = slack.calls[-1]
    assert (said["unfurl_links"], said["unfurl_media"]) == (False, False)


@pytest.mark.parametrize(("user", "reason"), [("U0GONE0001", "user_disabled"), ("U0NOBODY01", "user_not_found")])
def test_who_can_not_be_reached_is_said_with_slacks_word(user: str, reason: str, slack: Slack) -> None:
    assert open_channel(sender(slack, Time()), user) == Unreachable(reason)


def test_posting_to_nowhere_is_unreachable(slack: Slack) -> None:
    assert post(sender(slack, Time()), "D000000000", "hello", BLOCKS) == Unreachable("channel_not_found")


def test_one_message_a_second_goes_to_one_channel(slack: Slack) -> None:
    time = Time()
    calls = sender(slack, time)
    for _ in range(3):
        post(calls, dm_of(OWNER), "hello", BLOCKS)
    assert time.slept == [pytest.approx(1.0), pytest.approx(1.0)]
    post(calls, dm_of("U0OTHER001"), "hello", BLOCKS)
    assert len(time.slept) == 2


def test_a_method_is_called_at_its_pace_after_a_burst() -> None:
    time = Time()
    pace = Pace(time, burst_seconds=6.0)
    waits = []
    for _ in range(10):
        waits.append(pace.reserve("chat.update"))
        time.now += waits[-1]
    gap = 60 / METHODS["chat.update"].per_minute
    assert waits[:6] == [pytest.approx(0.0)] * 6
    assert waits[6:] == [pytest.approx(gap)] * 4


def test_a_limit_is_waited_for_as_slack_says(slack: Slack) -> None:
    time = Time()
    calls = sender(slack, time)
    slack.limits = {"conversations.open": 0}
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        slack.limits = {}

    calls.sleep = sleep
    slack._past.clear()
    slack.limits = {"conversations.open": 1}
    assert open_channel(calls, OWNER) == dm_of(OWNER)
    assert open_channel(calls, OWNER, patience=90.0) == dm_of(OWNER)
    assert 50 < time.slept[-1] <= 61


def test_a_wait_beyond_patience_is_not_waited_for(slack: Slack) -> None:
    time = Time()
    calls = sender(slack, time)
    slack.limits = {"conversations.open": 1}
    open_channel(calls, OWNER)
    with pytest.raises(SourceUnavailable, match=r"conversations\.open.*asks to wait"):
        open_channel(calls, OWNER, patience=30.0)
    asked = len(slack.calls)
    with pytest.raises(SourceUnavailable):
        open_channel(calls, OWNER, patience=0.0)
    assert len(slack.calls) == asked, "Slack has asked to wait, and nobody calls meanwhile"
    assert time.slept == []


def test_who_waits_for_an_answer_is_not_paced(slack: Slack) -> None:
    time = Time()
    calls = sender(slack, time)
    for _ in range(150):
        assert calls.call("users.info", user=OWNER, patience=0).error is None
    assert time.slept == []


@pytest.mark.parametrize("down", [True, False])
def test_a_slack_that_is_not_there_may_be_asked_again(down: bool, slack: Slack) -> None:
    calls = sender(slack, Time())
    slack.down = down
    slack.delay = 0.0 if down else 0.5
    with pytest.raises(SourceUnavailable, match=r"users\.info"):
        calls.call("users.info", user=OWNER, timeout=0.2)


def test_our_own_token_is_ours_to_mend_and_is_not_shown(slack: Slack) -> None:
    with pytest.raises(ConfigurationError, match=r"slack_app_manifest\.yaml") as caught:
        sender(slack, Time(), "xoxb-wrong").call("auth.test")
    assert "xoxb" not in str(caught.value)


def test_a_parameter_that_is_not_in_the_table_is_a_mistake_of_ours(slack: Slack) -> None:
    with pytest.raises(TypeError, match="as_user"):
        sender(slack, Time()).call("chat.postMessage", channel="D", as_user=True)
    assert slack.calls == []


def test_nothing_that_is_sent_is_logged(slack: Slack) -> None:
    with everything_logged() as logged:
        calls = sender(slack, Time())
        post(calls, dm_of(OWNER), "hello quetzal", BLOCKS)
        post(calls, "D000000000", "hello quetzal", BLOCKS)
    assert not any("quetzal" in line or TOKEN in line for line in logged.lines)


def test_secrets_show_themselves_nowhere(slack: Slack) -> None:
    workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret="simulated-signing-secret", app_token="xapp-1")
    for each in (workspace, Sender(workspace)):
        assert not any(secret in repr(each) for secret in (TOKEN, "simulated-signing-secret", "xapp-1"))
