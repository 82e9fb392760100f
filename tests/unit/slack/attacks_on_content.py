# SPDX-License-Identifier: Apache-2.0
"""Attacks by whoever can sign: other people's work, other workspaces, things that are not there, members who may not answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.simulators.slack import TEAM
from tests.simulators.slack.delivery import JSON, Answer
from tests.simulators.slack.payloads import home_opened
from tests.unit.slack.attacks import MARK, OTHER, OWNER, Attack, Try
from tests.unit.slack.scene import CAMPAIGN

from tieout.slack.blocks.messages import as_value

Change = Callable[[dict[str, Any]], None]
STALE = "200 'Not possible': This was not made for you"
NOT_GIVEN = "200 'Not possible': This was not given to you"
UNKNOWN = "200 'Not possible': This review does not know you"


def _changed(change: Change) -> Callable[[Try], Answer]:
    """Submit a page whose payload was changed."""

    def run(attempt: Try) -> Answer:
        payload = attempt.submission()
        change(payload)
        return attempt.send(payload)

    return run


def _pressed(user: str, value: str, action_id: str = "open_review") -> Callable[[Try], str]:
    """Press a button that says something, and return what is shown."""

    def run(attempt: Try) -> str:
        answer = attempt.send(attempt.press(user, value, action_id))
        return f"{answer.status} {attempt.shown(user)}"

    return run


def _by(user: str) -> Callable[[Try], Answer]:
    """Submit a page that was made for this user."""
    return lambda attempt: attempt.send(attempt.submission(user))


def _as_other_team(payload: dict[str, Any]) -> None:
    payload["team"] = {"id": "T0ELSEWHERE", "domain": "elsewhere"}


def _as_other_teams_user(payload: dict[str, Any]) -> None:
    payload["user"]["team_id"] = "T0ELSEWHERE"


def _org_wide(payload: dict[str, Any]) -> None:
    payload |= {"team": None, "is_enterprise_install": True, "enterprise": {"id": "E0ACME0001", "name": "Acme"}}


def _as_other_user(payload: dict[str, Any]) -> None:
    payload["user"]["id"] = OTHER


def _metadata(**changes: Any) -> Change:
    def change(payload: dict[str, Any]) -> None:
        said = json.loads(payload["view"]["private_metadata"])
        payload["view"]["private_metadata"] = json.dumps(said | changes)

    return change


def _no_metadata(payload: dict[str, Any]) -> None:
    payload["view"]["private_metadata"] = ""


def _deep_metadata(payload: dict[str, Any]) -> None:
    payload["view"]["private_metadata"] = "[" * 2900


def _unknown_item(payload: dict[str, Any]) -> None:
    values = payload["view"]["state"]["values"]
    block = next(each for each in values if each.startswith("decision."))
    values[block.replace("0000", "ffff")] = values[block]


def _others_item(payload: dict[str, Any]) -> None:
    values = payload["view"]["state"]["values"]
    for block in list(values):
        kind, item, opened = block.split(".")
        values[f"{kind}.1{item[1:]}.{opened}"] = values.pop(block)


def _fewer_items(payload: dict[str, Any]) -> None:
    values = payload["view"]["state"]["values"]
    for block in [each for each in values if each.split(".")[1].endswith("1")]:
        del values[block]


def _choice(value: str) -> Change:
    def change(payload: dict[str, Any]) -> None:
        for block, inputs in payload["view"]["state"]["values"].items():
            if block.startswith("decision."):
                inputs["decision"]["selected_option"]["value"] = value

    return change


def _long_reason(payload: dict[str, Any]) -> None:
    for block, inputs in payload["view"]["state"]["values"].items():
        if block.startswith("reason."):
            inputs["reason"]["value"] = MARK * 100


def _closed(attempt: Try) -> Answer:
    payload = attempt.submission()
    attempt.scene.desk.campaigns[CAMPAIGN].closed = "The review was closed on 3 April 2026."
    return attempt.send(payload)


def _new_account(attempt: Try) -> Answer:
    """The pinned person has another account since: the old one is not theirs any more."""
    payload = attempt.submission()
    attempt.scene.desk.campaigns[CAMPAIGN].pins["person-owner"] = (TEAM, "U0NEWACC01")
    return attempt.send(payload)


def _new_address(attempt: Try) -> Answer:
    """The account has got another person's address since the freeze."""
    payload = attempt.submission("U0CHANGED1")
    account = attempt.scene.slack.members.pop("changed@acme.example")
    account.email = "somebody.else@acme.example"
    attempt.scene.slack.members[account.email] = account
    return attempt.send(payload)


def _home(user: str, team: str = TEAM) -> Callable[[Try], str]:
    def run(attempt: Try) -> str:
        attempt.scene.slack.views.homes.clear()
        answer = attempt.body(json.dumps(home_opened(team, user, "D0OWNER001")).encode(), JSON)
        return f"{answer.status} {attempt.scene.slack.views.homes.get(user, 'nothing is shown')}"

    return run


def _renamed(payload: dict[str, Any]) -> None:
    payload["view"]["callback_id"] = f"other_{MARK}"


ATTACKS = (
    Attack("other team", _changed(_as_other_team), "200 'Not possible': This app works for members of one"),
    Attack("user of another team", _changed(_as_other_teams_user), "200 'Not possible': This app works for members of one"),
    Attack("installed for a whole organisation", _changed(_org_wide), "200 'Not possible': This app works in one workspace"),
    Attack("App Home from another team", _home(OWNER, "T0ELSEWHERE"), "200 .*Not for you.*the security team"),
    Attack("other user submits this view", _changed(_as_other_user), STALE),
    Attack("other user's assignment opened", _pressed(OTHER, as_value(CAMPAIGN, "1-owner")), NOT_GIVEN),
    Attack("unknown assignment opened", _pressed(OWNER, as_value(CAMPAIGN, "1-nobody")), NOT_GIVEN),
    Attack("unknown campaign opened", _pressed(OWNER, as_value("../../keys", "1-owner")), UNKNOWN),
    Attack("button that says something else", _pressed(OWNER, f'{{"{MARK}": 1}}'), STALE),
    Attack("question about an unknown campaign", _pressed(OWNER, as_value("none"), "ask_question"), STALE),
    Attack("unknown button", _pressed(OWNER, MARK, f"other_{MARK}"), "404 nothing is shown"),
    Attack("view of another app", _changed(_renamed), "404 unhandled request"),
    Attack("closed campaign", _closed, "200 'Not possible': The review was closed"),
    Attack("unknown item", _changed(_unknown_item), "200 'Not possible': An item is not part"),
    Attack("items of another person", _changed(_others_item), "200 'Not possible': An item is not part"),
    Attack("items left out", _changed(_fewer_items), STALE),
    Attack("no item at all", _changed(lambda payload: payload["view"]["state"]["values"].clear()), "200 'Not possible': An item"),
    Attack("edited private_metadata: assignment", _changed(_metadata(assignment="1-other")), STALE),
    Attack("edited private_metadata: opened earlier", _changed(_metadata(opened_ms=1)), STALE),
    Attack("edited private_metadata: more fields", _changed(_metadata(person="person-other")), STALE),
    Attack("edited private_metadata: no MAC", _changed(_metadata(mac=None)), STALE),
    Attack("private_metadata removed", _changed(_no_metadata), STALE),
    Attack("private_metadata of 2,900 brackets", _changed(_deep_metadata), STALE),
    Attack("choice that is not offered", _changed(_choice("approve-all")), "200 at an input: Choose one"),
    Attack("reason that is too long", _changed(_long_reason), "200 at an input: At most 500"),
    Attack("guest", _by("U0GUEST001"), "200 'Not possible': Guests can not answer"),
    Attack("bot", _by("U0BOT00001"), "200 'Not possible': An app or a bot"),
    Attack("terminated since the freeze: deactivated", _by("U0GONE0001"), "200 'Not possible': Your account is deactivated"),
    Attack("terminated since the freeze: left", _by("U0LEFT0001"), "200 'Not possible': You have left"),
    Attack("stranger of a shared channel", _by("U0STRANGE1"), "200 'Not possible': Members of other workspaces"),
    Attack("account of an Enterprise organisation", _by("U0ORG00001"), "200 'Not possible': Your account belongs to an Ent"),
    Attack("another account than the pinned one", _new_account, UNKNOWN),
    Attack("another address than the pinned one's", _new_address, UNKNOWN),
    Attack("user that Slack does not know", _home("U0NOBODY01"), "200 .*Slack does not tell this app who you are"),
)  # fmt: skip
