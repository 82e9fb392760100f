# SPDX-License-Identifier: Apache-2.0
"""What the bench of campaigns makes of answers."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from tests.bench.campaign.clicks import Clicker
from tests.bench.campaign.figures import AGAIN, OTHER, STORED, Compared, compare, percentile, shown
from tests.unit.slack.scene import running

from tieout.slack.blocks.modals import TRY_AGAIN, busy_view, refused_view

P, Q = ("U1", ("i1", "i2")), ("U2", ("i1", "i2"))


def answer(**said: Any) -> str:
    return json.dumps(said)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, answer(response_action="update", view={"type": "modal", "callback_id": "tieout_page"}), STORED),
        (200, answer(response_action="update", view={"type": "modal", "title": {"text": "Stored"}}), STORED),
        (200, answer(response_action="update", view=busy_view()), AGAIN),
        (200, answer(response_action="errors", errors={"decision.1.2": TRY_AGAIN}), AGAIN),
        (200, answer(response_action="errors", errors={"reason.1.2": "A reason is needed."}), OTHER),
        (200, answer(response_action="update", view=refused_view("No.", "us")), OTHER),
        (200, "", OTHER), (200, answer(response_action="clear"), OTHER), (503, answer(error="try again"), OTHER), (0, "", OTHER),
    ],
)  # fmt: skip
def test_what_somebody_is_shown(status: int, body: str, expected: str) -> None:
    assert shown(status, body) == expected


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7
    assert math.isnan(percentile([], 0.5))


@pytest.mark.parametrize(
    ("accepted", "stored", "expected", "equal"),
    [
        ([P, Q], [Q, P], Compared(2, 2, 0, 0, 0), True),
        ([P, Q], [P], Compared(2, 1, 1, 0, 0), False),
        ([P], [P, Q], Compared(1, 2, 0, 1, 0), False),
        ([P], [P, P], Compared(1, 1, 0, 0, 1), False),
        ([], [], Compared(0, 0, 0, 0, 0), True),
    ],
)
def test_accepted_is_held_against_stored(accepted: list[Any], stored: list[Any], expected: Compared, equal: bool) -> None:
    assert compare(accepted, stored) == expected
    assert expected.equal == equal


def test_the_load_fills_in_pages_as_people_do() -> None:
    with running() as scene:
        owner = scene.owner()
        owner.press_in_message(owner.messages[0], "open_review")
        clicker = Clicker(owner.user, owner.view.id, json.dumps(owner.view.given))
        outcomes = [clicker.submit(scene.url, 0.0) for _ in range(2)]
        scene.settle()
        assert [each["outcome"] for each in outcomes] == [STORED, STORED], outcomes
        assert scene.slack.wrong == []
        assert [sorted(line.item for line in said.decisions) for _, _, said in scene.desk.stored] == [
            each["items"] for each in outcomes
        ]
        assert sum(line.choice == "revoke" for _, _, said in scene.desk.stored for line in said.decisions) == 2
