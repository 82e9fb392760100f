# SPDX-License-Identifier: Apache-2.0
"""A sign-off in Slack, from the message that asks for it to its receipt, over real, signed HTTP; and that all of it fits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.blockkit import message_problems, view_problems
from tests.simulators.slack import TEAM, Person
from tests.unit.slack.scene import CAMPAIGN, Scene, everything_logged
from tests.unit.slack.test_blocks import TEXT, carried

from tieout.desks.desk import Tasks
from tieout.desks.sign_off_desk import SignOffRequest, SignOffStanding, SignOffStored
from tieout.slack.blocks.home import home_view
from tieout.slack.blocks.modals import TRY_AGAIN
from tieout.slack.blocks.sign_off import presented, sign_off_message, sign_off_view, signed_message, signed_view
from tieout.slack.guard import MAX_BODY
from tieout.slack.notices import Pin
from tieout.slack.sending import Unreachable, open_channel, post

OPENED = 1_790_000_000_123
NOW = datetime(2026, 4, 20, 9, 30, tzinfo=UTC)
LINES = ("Review of access, closed.", "", "idp: 34 items: 30 keep, 4 revoke.", "- Not proven: 1.", "  - a1, admin: it stands.")
OWNER = Pin(TEAM, "U0OWNER001")


def request(**changed: Any) -> SignOffRequest:
    """Return what is asked."""
    values: dict[str, Any] = {
        "campaign": CAMPAIGN, "title": "Access review 2026-Q1", "about_sha256": "d" * 64, "lines": LINES, "recorded_at": NOW,
    }  # fmt: skip
    return SignOffRequest(**(values | changed))


def asked(scene: Scene, **changed: Any) -> Person:
    """Return the owner, who has been asked."""
    scene.desk.to_sign["person-owner", CAMPAIGN] = request(**changed)
    message = sign_off_message(scene.desk.to_sign["person-owner", CAMPAIGN])
    channel = open_channel(scene.front.sender, OWNER.user)
    assert not isinstance(channel, Unreachable)
    post(scene.front.sender, channel, message.text, message.blocks)
    return scene.person(OWNER.user)


def opened(scene: Scene, **changed: Any) -> Person:
    """Return the owner with the modal open."""
    owner = asked(scene, **changed)
    assert owner.press_in_message(owner.messages[0], "open_sign_off").status == 200
    assert owner.view.given["callback_id"] == "tieout_sign_off"
    return owner


def say(owner: Person, said: str | None, reason: str | None = None) -> Any:
    """Fill the modal in and submit it."""
    for block, inputs in owner.view.values.items():
        if block.startswith("said."):
            options = next(each for each in owner.view.given["blocks"] if each.get("block_id") == block)["element"]["options"]
            inputs["said"]["selected_option"] = next((each for each in options if each["value"] == said), None)
        else:
            inputs["reason"]["value"] = reason
    return owner.submit()


def test_what_waits_is_read_signed_off_and_receipted(scene: Scene) -> None:
    owner = opened(scene)
    text = str(owner.view.given["blocks"])
    assert all(line in text for line in LINES if line)
    assert "initial_option" not in text
    say(owner, "approve")
    assert "You signed it off" in str(owner.view.given["blocks"])
    scene.settle()
    [(person, said)] = scene.desk.signed
    assert (person, said.approved, said.reason, said.channel) == ("person-owner", True, "", ("slack", True))
    assert said.about_sha256 == said.presented["about_sha256"] == "d" * 64
    assert abs((datetime.now(UTC) - said.acted_at).total_seconds()) < 5
    message = owner.messages[0]
    assert "signed off" in message.text
    assert "open_sign_off" not in str(message.blocks)
    assert [each.text for each in owner.thread(message)] == ["Stored: signed off."]
    assert scene.slack.wrong == scene.slack.views.problems == []


def test_returning_needs_a_reason_and_waits_again(scene: Scene) -> None:
    owner = opened(scene)
    for reason in (None, "  ", "..."):
        say(owner, "return", reason)
        assert list(owner.view.errors.values()) == ["Please say why you return it."]
    assert scene.desk.signed == []
    say(owner, "return", "b2 still stands")
    scene.settle()
    [(_, said)] = scene.desk.signed
    assert (said.approved, said.reason) == (False, "b2 still stands")
    message = owner.messages[0]
    assert "returned" in str(message.blocks)
    assert owner.press_in_message(message, "open_sign_off").status == 200
    say(owner, "approve")
    assert [each.approved for _, each in scene.desk.signed] == [False, True]


@pytest.mark.parametrize("said", [None, "later", "certify"])
def test_nothing_is_assumed(scene: Scene, said: str | None) -> None:
    owner = opened(scene)
    if said is not None:
        block = next(each for each in owner.view.values if each.startswith("said."))
        owner.view.values[block]["said"]["selected_option"] = {"text": {"type": "plain_text", "text": "?"}, "value": said}
        owner.submit()
    else:
        say(owner, None)
    assert list(owner.view.errors.values()) == ["Choose one."]
    assert scene.desk.signed == []


def test_a_submission_that_comes_twice_is_stored_and_receipted_once(scene: Scene) -> None:
    owner = opened(scene)
    say(owner, "approve")
    for _ in range(3):
        assert owner.submit_again().status == 200
    scene.settle()
    assert len(scene.desk.signed) == 1
    assert len(owner.thread(owner.messages[0])) == 1


def test_what_has_become_another_document_is_to_be_opened_again(scene: Scene) -> None:
    owner = opened(scene)
    scene.desk.to_sign["person-owner", CAMPAIGN] = request(about_sha256="e" * 64, lines=("Another.",))
    say(owner, "approve")
    assert "Not possible" in str(owner.view.given)
    assert scene.desk.signed == []


def test_a_modal_that_was_made_for_somebody_else_signs_nothing(scene: Scene) -> None:
    owner = opened(scene)
    other = scene.person("U0OTHER001")
    scene.slack.views.open[other.user] = owner.view
    scene.desk.to_sign["person-other", CAMPAIGN] = request()
    say(other, "approve")
    assert scene.desk.signed == []


def test_who_is_not_asked_sees_why_and_nothing_else(scene: Scene) -> None:
    owner = asked(scene)
    del scene.desk.to_sign["person-owner", CAMPAIGN]
    owner.press_in_message(owner.messages[0], "open_sign_off")
    assert "Nothing here waits for your sign-off" in str(owner.view.given)
    assert "idp" not in str(owner.view.given)


def test_what_is_signed_off_says_so_when_it_is_opened(scene: Scene) -> None:
    owner = asked(scene)
    done = SignOffStanding(True, NOW, "0" * 32)
    scene.desk.to_sign["person-owner", CAMPAIGN] = request(standing=done)
    owner.press_in_message(owner.messages[0], "open_sign_off")
    assert "signed off" in str(owner.view.given["blocks"])
    assert owner.view.given["callback_id"] == "tieout_note"


def test_a_store_that_is_down_keeps_what_was_filled_in_and_accepts_nothing(scene: Scene) -> None:
    owner = opened(scene)
    scene.desk.down = True
    say(owner, "return", "b2 still stands")
    assert list(owner.view.errors.values()) == [TRY_AGAIN]
    scene.desk.down = False
    owner.submit()
    scene.settle()
    assert len(scene.desk.signed) == 1


def test_home_shows_what_waits_and_opens_it(scene: Scene) -> None:
    owner = asked(scene)
    assert "Waits for your sign-off" in str(owner.open_home())
    assert owner.press_in_home("open_sign_off").status == 200
    say(owner, "approve")
    scene.settle()
    assert "Waits for your sign-off" not in str(scene.slack.views.homes[OWNER.user])
    assert len(scene.desk.signed) == 1


def test_neither_what_was_said_nor_by_whom_reaches_a_log(scene: Scene) -> None:
    with everything_logged() as logged:
        owner = opened(scene, lines=("quetzal-reason of Zerberus",))
        say(owner, "return", "quetzal-reason")
        scene.settle()
    for secret in ("quetzal", "Zerberus", "owner@acme"):
        assert not [line for line in logged.lines if secret in line and line.startswith("tieout")]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=25)
@given(TEXT, st.lists(TEXT, max_size=40), st.sampled_from([None, True, False]))
def test_everything_fits_whatever_it_says(title: str, lines: list[str], approved: bool | None) -> None:
    standing = None if approved is None else SignOffStanding(approved, NOW, "a" * 32)
    one = request(title=title, lines=tuple(lines), standing=standing)
    view = sign_off_view(one, carried(), OPENED)
    assert view_problems(view) == []
    assert view_problems(home_view(Tasks(), (one,) * 9)) == []
    for message in (sign_off_message(one), signed_message(SignOffStored("r" * 80, NOW, True), title)):
        assert message_problems(message.text, message.blocks) == []
    assert view_problems(signed_view(SignOffStored("r" * 80, NOW, False))) == []
    assert presented(one, OPENED) == presented(replace(one, standing=None), OPENED)


def test_the_longest_document_comes_back_in_a_body_that_the_guard_takes() -> None:
    view = sign_off_view(request(lines=("\N{CJK UNIFIED IDEOGRAPH-4E00}" * 400,) * 500), carried(), OPENED)
    assert view_problems(view) == []
    assert "There is more of it" in str(view["blocks"])
    inputs = {each["block_id"]: each["element"] for each in view["blocks"] if each["type"] == "input"}
    values = {
        name: {element["action_id"]: {"type": element["type"], "value": "\N{EURO SIGN}" * 500}}
        for name, element in inputs.items()
    }
    body = {"type": "view_submission", "view": {**view, "state": {"values": values}}}
    assert len(f"payload={quote_plus(json.dumps(body))}") < MAX_BODY - 8192
