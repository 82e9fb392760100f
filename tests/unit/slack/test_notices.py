# SPDX-License-Identifier: Apache-2.0
"""What the campaign task sends, and how it finds people in Slack."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.simulators.slack import TEAM
from tests.simulators.slack.members import dm_of
from tests.unit.slack.memory_desk import DUE
from tests.unit.slack.scene import CAMPAIGN, Scene, person_of

from tieout.desks.desk import Member, Posted, Summary, Task
from tieout.slack.notices import (
    Pin,
    find_member,
    repair_summary,
    send_escalation,
    send_reminder,
    send_summary,
    still_there,
)
from tieout.slack.sending import Unreachable

OWNER = Pin(TEAM, "U0OWNER001")


def summary(scene: Scene, **changes: object) -> Summary:
    """Return what the review asks of the owner."""
    found = scene.desk.summary(Member(TEAM, "U0OWNER001", "person-owner"), CAMPAIGN)
    assert found is not None
    return replace(found, **changes)  # type: ignore[arg-type]


def test_members_are_found_by_the_address_of_the_roster(scene: Scene) -> None:
    assert find_member(scene.front.sender, "owner@acme.example", person_of) == OWNER


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nobody@acme.example", "users_not_found"),
        ("gone@acme.example", "deactivated"),
        ("guest@acme.example", "Guests"),
        ("bot@acme.example", "bot"),
        ("stranger@acme.example", "other workspaces"),
        ("org@acme.example", "Enterprise"),
    ],
)
def test_who_can_not_answer_in_slack_is_said_with_the_reason(address: str, reason: str, scene: Scene) -> None:
    found = find_member(scene.front.sender, address, person_of)
    assert isinstance(found, Unreachable)
    assert reason in found.reason


def test_an_address_that_slack_reads_otherwise_is_nobodys(scene: Scene) -> None:
    account = scene.slack.members["owner@acme.example"]
    account.email = "other.address@acme.example"
    assert isinstance(find_member(scene.front.sender, "owner@acme.example", person_of), Unreachable)


def test_a_pinned_user_is_still_there_or_is_not(scene: Scene) -> None:
    assert still_there(scene.front.sender, OWNER) is None
    scene.slack.members["owner@acme.example"].deleted = True
    gone = still_there(scene.front.sender, OWNER)
    assert gone is not None
    assert "deactivated" in gone.reason
    unknown = still_there(scene.front.sender, Pin(TEAM, "U0NOBODY01"))
    assert unknown is not None
    assert "user_not_found" in unknown.reason


def test_one_summary_is_sent_and_brought_up_to_date(scene: Scene) -> None:
    sender = scene.front.sender
    posted = send_summary(sender, OWNER, summary(scene))
    assert isinstance(posted, Posted)
    assert posted.channel == dm_of(OWNER.user)
    assert repair_summary(sender, posted, summary(scene, closed="Closed on 10 April 2026.")) is None
    [message] = scene.slack.messages
    assert "It takes no more answers" in message.text
    assert not [block for block in message.blocks if block["type"] == "actions" or "accessory" in block]


def test_a_summary_that_is_gone_is_said(scene: Scene) -> None:
    found = repair_summary(scene.front.sender, Posted(dm_of(OWNER.user), "1.000001"), summary(scene))
    assert found == Unreachable("message_not_found")


def test_a_reminder_is_a_message_of_its_own_and_its_button_is_no_summarys(scene: Scene) -> None:
    owner = scene.owner()
    sent = send_reminder(scene.front.sender, OWNER, summary(scene), 2)
    assert isinstance(sent, Posted)
    first, reminder = owner.messages
    assert "20 accounts still to decide" in reminder.text
    owner.review(reminder, lambda _, __: ("keep", None))
    scene.settle()
    assert "Reminder 2" in str(reminder.blocks)
    assert reminder.updates == 0
    assert "All done" in first.text


def test_what_came_to_somebody_says_why_and_is_their_summary(scene: Scene) -> None:
    sent = send_escalation(scene.front.sender, OWNER, summary(scene), "the reviewer can not be reached")
    assert isinstance(sent, Posted)
    [message] = scene.slack.messages
    assert "the reviewer can not be reached" in message.text
    owner = scene.person("U0OWNER001")
    owner.review(message, lambda _, __: ("keep", None))
    scene.settle()
    assert "All done" in message.text
    assert len(owner.thread(message)) == 2


def test_whoever_can_not_be_written_to_is_unreachable(scene: Scene) -> None:
    assert send_summary(scene.front.sender, Pin(TEAM, "U0GONE0001"), summary(scene)) == Unreachable("user_disabled")


def test_a_task_that_is_done_has_no_button(scene: Scene) -> None:
    done = Task(
        campaign=CAMPAIGN, assignment="1-owner", title="Done", total=3, answered=3, due_at=DUE, done_at=DUE
    )  # fmt: skip
    send_summary(scene.front.sender, OWNER, summary(scene, tasks=(done,)))
    [message] = scene.slack.messages
    assert not any("accessory" in block for block in message.blocks)
    assert scene.slack.wrong == []
