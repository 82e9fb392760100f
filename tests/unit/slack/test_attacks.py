# SPDX-License-Identifier: Apache-2.0
"""The attack table of the Slack endpoint: for each attack what came back, what was stored, and that nothing of it was logged.

Over real HTTP with uvicorn, with every logger of the process at DEBUG. ``pytest -s`` prints the table.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from tests.simulators.slack import TOKEN, Slack
from tests.simulators.slack.delivery import Answer
from tests.unit.slack import attacks_on_content, attacks_on_envelope
from tests.unit.slack.attacks import MARK, OWNER, Attack, Try, came_back
from tests.unit.slack.scene import SECRET_WORDS, Logged, everything_logged, running

from tieout.desks.desk import PAGE_ITEMS
from tieout.slack.sending import web_client
from tieout.slack.workspace import Workspace

ATTACKS = (*attacks_on_envelope.ATTACKS, *attacks_on_content.ATTACKS)


@pytest.fixture(scope="module")
def logged() -> Iterator[Logged]:
    """Capture all logging."""
    with everything_logged() as handler:
        yield handler


@pytest.fixture(scope="module")
def attempt(logged: Logged) -> Iterator[Try]:
    """Return a scene to attack, and print what became of it."""
    with running() as scene:
        yield Try(scene)


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Collect the lines of the table, and print them at the end."""
    lines: list[str] = []
    yield lines
    print(f"\n{'attack':<44} {'came back':<76} {'stored':<7} logged")
    for number, line in enumerate(lines, start=1):
        print(f"{number:>3} {line}")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack: Attack, attempt: Try, logged: Logged, table: list[str]) -> None:
    attempt.reset()
    logged.lines.clear()
    found = attack.run(attempt)
    said = came_back(found) if isinstance(found, Answer) else found
    attempt.scene.settle()
    stored = attempt.scene.desk.stored
    leaked = [line for line in logged.lines if _is_told(line, attempt)]
    table.append(f"{attack.name:<40} {_short(said):<76} {len(stored):<7} {'LEAKED' if leaked else 'nothing of it'}")
    assert re.match(attack.expected, said), said
    assert len(stored) == attack.stored
    assert all(person == "person-owner" and answer.decisions[0].reason == MARK for _, person, answer in stored)
    assert leaked == []


def test_the_table_is_long_enough_and_names_each_attack_once() -> None:
    assert len(ATTACKS) >= 25
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_the_same_page_is_stored_when_nothing_is_wrong_with_it(attempt: Try, logged: Logged) -> None:
    attempt.reset()
    assert attempt.send(attempt.submission()).said["response_action"] == "update"
    [(_, person, answer)] = attempt.scene.desk.stored
    assert (person, len(answer.decisions)) == ("person-owner", PAGE_ITEMS)


def test_what_is_refused_is_logged_by_its_kind(attempt: Try, logged: Logged) -> None:
    logged.lines.clear()
    attempt.body(b"payload=%5B%5D")
    assert any("refused a request: JSON that is no object (HTTP 400)" in line for line in logged.lines)


def test_the_capture_would_have_seen_a_body(logged: Logged) -> None:
    """A control: slack_sdk as it comes, at DEBUG, logs what it sends; ours does not."""
    logger = logging.getLogger("slack_sdk.web.base_client")
    logger.setLevel(logging.DEBUG)
    with Slack() as slack:
        logged.lines.clear()
        _ask(WebClient(token=TOKEN, base_url=slack.base_url))
        assert any(MARK in line for line in logged.lines)
        logged.lines.clear()
        _ask(web_client(Workspace(team="T0TIEOUT01", bot_token=TOKEN, base_url=slack.base_url)))
        assert not any(MARK in line for line in logged.lines)


def _ask(client: WebClient) -> None:
    with pytest.raises(SlackApiError):
        client.api_call("users.info", params={"user": MARK})


def _is_told(line: str, attempt: Try) -> bool:
    """Whether a line of the log holds a part of what was sent, or anything personal."""
    starts = {body[:24].decode("latin-1") for body in attempt.bodies if len(body) >= 24}
    return any(word in line for word in (MARK, *SECRET_WORDS, OWNER, *starts))


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= 74 else f"{text[:71]}..."
