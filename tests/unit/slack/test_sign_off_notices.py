# SPDX-License-Identifier: Apache-2.0
"""Those who may sign off are asked once by each asking, whatever fails or runs twice, and their messages say what holds then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import boto3
import pytest
from tests.simulators.memory_s3 import memory_s3
from tests.simulators.slack import TEAM, TOKEN, Account, Slack
from tests.unit.campaigns.scene import definition
from tests.unit.slack.test_sign_off import request

from tieout.campaigns.definition import Definition, Pin
from tieout.campaigns.outbox import Outbox
from tieout.desks.sign_off_desk import SignOffStanding
from tieout.evidence.identities import UnlockedStore
from tieout.slack.sending import Sender
from tieout.slack.sign_off_notices import ask_signers, settle_messages
from tieout.slack.workspace import Workspace

_NUMBERS = count()
NOW = datetime(2026, 4, 20, 9, 30, tzinfo=UTC)
REVIEW = definition(pins={"s": Pin(TEAM, "U0SIGNER01"), "a": Pin(TEAM, "U0GONE0001"), "d": None})
RETURNED = request(standing=SignOffStanding(False, NOW, "1" * 32))
SIGNED = request(standing=SignOffStanding(True, NOW, "2" * 32))


@dataclass
class Scene:
    slack: Slack
    sender: Sender
    outbox: Outbox
    review: Definition = REVIEW

    def ask(self, asked: Any = None, reminder: date | None = None) -> int:
        return ask_signers(self.sender, self.outbox, self.review, asked or request(), ("s", "d"), reminder)

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.slack.messages]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


@pytest.fixture
def scene(client: Any) -> Iterator[Scene]:
    bucket = f"staging-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket)
    with Slack([Account("s@acme.example", "U0SIGNER01", "S"), Account("a@acme.example", "U0GONE0001", "A")]) as slack:
        sender = Sender(Workspace(team=TEAM, bot_token=TOKEN, base_url=slack.base_url), sleep=lambda _: None)
        yield Scene(slack, sender, Outbox(REVIEW.campaign, UnlockedStore(client, bucket)))


def test_each_who_has_an_account_is_asked_once(scene: Scene) -> None:
    assert [scene.ask(), scene.ask()] == [1, 0]
    assert len(scene.texts) == 1
    assert "your sign-off is asked for" in scene.texts[0]


def test_what_was_returned_is_asked_about_again_once(scene: Scene) -> None:
    assert [scene.ask(), scene.ask(RETURNED), scene.ask(RETURNED)] == [1, 1, 0]
    assert "returned" in str(scene.slack.messages[1].blocks)


def test_another_document_is_asked_about_by_itself(scene: Scene) -> None:
    assert [scene.ask(), scene.ask(request(about_sha256="e" * 64))] == [1, 1]


def test_each_is_reminded_once_for_each_day_and_a_reminder_says_that_it_is_one(scene: Scene) -> None:
    first, second = date(2026, 4, 28), date(2026, 5, 4)
    assert [scene.ask(), scene.ask(None, first), scene.ask(None, first), scene.ask(None, second)] == [1, 1, 0, 1]
    assert ["reminder" in text for text in scene.texts] == [False, True, True]
    assert settle_messages(scene.sender, scene.outbox, SIGNED) == 3


def test_messages_say_that_it_is_signed_off_and_ask_no_more(scene: Scene) -> None:
    scene.ask()
    scene.ask(RETURNED)
    assert settle_messages(scene.sender, scene.outbox, SIGNED) == 2
    assert [each.updates for each in scene.slack.messages] == [1, 1]
    assert all("signed off" in each.text and "open_sign_off" not in str(each.blocks) for each in scene.slack.messages)
    assert settle_messages(scene.sender, scene.outbox, request(about_sha256="e" * 64, standing=SIGNED.standing)) == 0


def test_a_messenger_that_does_not_answer_keeps_nobody_from_anything(scene: Scene) -> None:
    scene.sender = replace(scene.sender, workspace=replace(scene.sender.workspace, base_url="http://127.0.0.1:9/api/"))
    assert scene.ask() == 0
    assert settle_messages(scene.sender, scene.outbox, SIGNED) == 0


def test_a_signer_whose_account_can_not_be_written_to_is_passed_by(scene: Scene) -> None:
    scene.review = replace(REVIEW, pins={**REVIEW.pins, "s": Pin(TEAM, "U0NOBODY01")})
    assert scene.ask() == 0
    assert scene.texts == []
