# SPDX-License-Identifier: Apache-2.0
"""What we ask of Slack's Web API, and what our simulated Slack takes and answers, is what Slack's own description says.

A whole review runs against the simulator: pins, summary, reminder, pages, question, receipts, App Home, repairs. Each call is
then held against the description in the folder that ``TEST_OPENAPI_FOLDER`` names (`tests.openapi`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.openapi import FOLDER_VARIABLE, folder
from tests.simulators.slack import TEAM
from tests.simulators.slack.parameters import HISTORY, METHODS, SOCKET_MODE
from tests.simulators.slack.server import Call
from tests.unit.slack.scene import CAMPAIGN, Scene, person_of, running
from tieout.desks.desk import Member, Posted
from tieout.slack import pacing
from tieout.slack.directory import members
from tieout.slack.notices import Pin, find_member, repair_summary, send_escalation, send_reminder, still_there

pytestmark = pytest.mark.integration
OWNER = Pin(TEAM, "U0OWNER001")
BY_HEADER = "token"
"""Described as a header of most methods and as a query parameter of some: it is sent as a bearer token, as Slack asks today."""


@pytest.fixture(scope="module")
def described() -> dict[str, dict[str, Any]]:
    """Return the description of each method, by its name."""
    found = folder()
    path = found and found / "slack_web.json"
    if path is None or not path.is_file():
        pytest.skip(f"no description of Slack's Web API: put slack_web.json into the folder that {FOLDER_VARIABLE} names")
    data = json.loads(Path(path).read_text())
    return {name.removeprefix("/"): next(iter(verbs.values())) for name, verbs in data["paths"].items()}


@pytest.fixture(scope="module")
def calls() -> Iterator[list[Call]]:
    """Run a review with everything in it, and return what was asked of Slack."""
    with running() as scene:
        assert scene.front.sender.call("auth.test").error is None
        _review(scene)
        _trouble(scene)
        assert scene.slack.wrong == []
        yield scene.slack.asked


def _review(scene: Scene) -> None:
    """Go through a review from its pins to its repaired summary."""
    sender = scene.front.sender
    assert find_member(sender, "owner@acme.example", person_of) == OWNER
    first = sender.call("users.list", limit=1)
    assert sender.call("users.list", limit=200, cursor=first.data["response_metadata"]["next_cursor"]).error is None
    assert OWNER.user in [each["id"] for each in members(sender)]
    assert still_there(sender, OWNER) is None
    owner = scene.owner()
    owner.press_in_message(owner.messages[0], "ask_question")
    owner.fill_text("question", "question", "Who owns the build user?")
    owner.submit()
    owner.press_in_message(owner.messages[0], "open_review")
    owner.fill(lambda item, _: ("later" if item.endswith("1") else "keep", None))
    owner.submit()
    owner.fill(lambda _, __: ("revoke", "has left"))
    owner.submit()
    owner.press_in_view("next_page")
    owner.fill(lambda _, __: ("keep", None))
    owner.submit()
    owner.close()
    owner.open_home()
    scene.settle()
    summary = scene.desk.summary(Member(TEAM, OWNER.user, "person-owner"), CAMPAIGN)
    assert summary is not None
    posted = scene.desk.campaigns[CAMPAIGN].posted["person-owner"]
    assert repair_summary(sender, posted, summary) is None
    assert isinstance(send_reminder(sender, OWNER, summary, 1), Posted)
    assert isinstance(send_escalation(sender, OWNER, summary, "the reviewer is away"), Posted)


def _trouble(scene: Scene) -> None:
    """Ask for what Slack refuses."""
    sender = scene.front.sender
    for user in ("U0GONE0001", "U0NOBODY01"):
        assert sender.call("conversations.open", users=user).error is not None
    assert sender.call("users.info", user="U0NOBODY01").error is not None
    assert sender.call("users.lookupByEmail", email="nobody@acme.example").error is not None
    assert sender.call("users.list", limit=0).error is not None
    message = {"channel": "D000000000", "text": "x", "blocks": [{"type": "divider"}]}
    assert sender.call("chat.postMessage", **message).error is not None
    assert sender.call("chat.update", ts="1.000000", **message).error is not None


def test_each_call_has_documented_parameters_only_and_all_that_are_needed(
    calls: list[Call], described: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [said for call in calls for said in _request_problems(call, described[call.method])]
    counts = Counter(call.method for call in calls)
    with capsys.disabled():
        print(f"\nslack: {len(calls)} calls of {len(counts)} methods, parameters of all documented: {len(wrong)} problems")
        for method, count in sorted(counts.items()):
            names = sorted({name for call in calls if call.method == method for name in call.said})
            print(f"  {method}: {count} with {', '.join(names) or 'none'}")
    assert wrong == []
    assert counts.keys() == pacing.METHODS.keys() - HISTORY.keys(), "a method that the review did not call"


def test_what_the_simulator_answers_is_as_described(calls: list[Call], described: dict[str, dict[str, Any]]) -> None:
    assert [said for call in calls for said in _answer_problems(call, described[call.method])] == []
    assert {call.reply["ok"] for call in calls} == {True, False}


def test_our_tables_of_parameters_are_as_described(described: dict[str, dict[str, Any]]) -> None:
    assert METHODS.keys() == pacing.METHODS.keys() - HISTORY.keys()
    for method, ours in METHODS.items():
        stated = {each["name"]: each for each in described[method]["parameters"] if each["name"] != BY_HEADER}
        assert ours.needs | ours.may <= stated.keys(), method
        assert {name for name, each in stated.items() if each.get("required")} <= ours.needs, method
        assert set(ours.bodies) == set(described[method]["consumes"]), method
        assert pacing.METHODS[method].parameters <= ours.needs | ours.may, method
    for method, ours in HISTORY.items():
        assert pacing.METHODS[method].parameters <= ours.needs | ours.may, method
    assert not (SOCKET_MODE | HISTORY).keys() & described.keys(), "described by now: take it into METHODS"


def _request_problems(call: Call, method: dict[str, Any]) -> list[str]:
    stated = {each["name"]: each for each in method["parameters"] if each["name"] != BY_HEADER}
    wrong = [f"{call.method}: {name} is not documented" for name in call.said.keys() - stated.keys()]
    wrong += [
        f"{call.method}: {name} is absent" for name, each in stated.items() if each.get("required") and name not in call.said
    ]
    if call.body and call.body not in method["consumes"]:
        wrong.append(f"{call.method}: {call.body} is not documented")
    for name, value in call.said.items():
        kind = stated.get(name, {}).get("type")
        # Lists and objects are described as text that holds JSON, as in a form; in a body of JSON they are what they are.
        fits = isinstance(value, bool) if kind == "boolean" else isinstance(value, str | list | dict)
        if not fits:
            wrong.append(f"{call.method}: {name} is no {kind}")
    return wrong


def _answer_problems(call: Call, method: dict[str, Any]) -> list[str]:
    schema = method["responses"]["200" if call.reply["ok"] else "default"]["schema"]
    wrong = [f"{call.method}: answer without {name}" for name in schema.get("required", ()) if name not in call.reply]
    if schema.get("additionalProperties") is False:
        wrong += [f"{call.method}: answer with {name}" for name in call.reply.keys() - schema["properties"].keys()]
    known = schema.get("properties", {}).get("error", {}).get("enum")
    if not call.reply["ok"] and known and call.reply["error"] not in known:
        wrong.append(f"{call.method}: error {call.reply['error']} is not documented")
    return wrong
