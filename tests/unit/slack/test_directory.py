# SPDX-License-Identifier: Apache-2.0
"""Accounts are found one by one as long as they are few, and in the list of all members from then on: the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Account, Slack

from tieout.campaigns.definition import Pin
from tieout.errors import SourceUnavailable
from tieout.persons import normalised
from tieout.slack import directory
from tieout.slack.directory import Directory, members
from tieout.slack.sending import Answered, Sender
from tieout.slack.workspace import Workspace

ODD = {
    "gone": {"deleted": True}, "guest": {"guest": True}, "single": {"single_guest": True}, "bot": {"bot": True},
    "stranger": {"stranger": True}, "elsewhere": {"team": "T0OTHER001"},
}  # fmt: skip
ACCOUNTS = [
    *(Account(f"p{number:03}@acme.example", f"U{number:09}") for number in range(450)),
    *(Account(f"{name}@acme.example", f"U0{name.upper():0<8}", **how) for name, how in ODD.items()),
    Account("Twice@acme.example", "U0TWICE001"), Account("twice@ACME.example", "U0TWICE002"),
    Account("Mixed@Acme.Example", "U0MIXED001"),
]  # fmt: skip


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack(ACCOUNTS) as made:
        yield made
    assert made.wrong == []


@pytest.fixture
def sender(slack: Slack) -> Sender:
    workspace = Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)
    return Sender(workspace, sleep=lambda _: None)


def test_few_are_looked_up_and_many_are_found_in_one_list(slack: Slack, sender: Sender) -> None:
    found = Directory(sender, normalised)
    addresses = [each.email for each in ACCOUNTS[:450]]
    assert [found.find(address) for address in addresses] == [Pin(TEAM, each.user) for each in ACCOUNTS[:450]]
    assert slack.counts() == {"users.lookupByEmail": directory.ONE_BY_ONE, "users.list": 3}
    slack.calls.clear()
    assert found.find("nobody@acme.example") is None
    assert slack.counts() == {}


@pytest.mark.parametrize("name", [*ODD, "nobody"])
def test_who_can_not_answer_in_slack_is_found_neither_way(name: str, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Directory(sender, normalised).find(f"{name}@acme.example") is None
    monkeypatch.setattr(directory, "ONE_BY_ONE", 0)
    assert Directory(sender, normalised).find(f"{name}@acme.example") is None


def test_addresses_are_the_same_in_upper_and_lower_case_and_two_accounts_are_nobodys(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ONE_BY_ONE", 0)
    found = Directory(sender, normalised)
    assert found.find("mixed@acme.example") == Pin(TEAM, "U0MIXED001")
    assert found.find("twice@acme.example") is None


def test_everybody_is_listed_once(sender: Sender) -> None:
    assert [each["id"] for each in members(sender)] == [each.user for each in ACCOUNTS]


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (Answered({}, "limit_required"), "limit_required"),
        (Answered({"members": {}}), "no list"),
        (Answered({"members": [], "response_metadata": {"next_cursor": "x"}}), "a page twice"),
    ],
)
def test_a_list_that_is_not_whole_is_no_list(
    answered: Answered, words: str, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sender, "call", lambda _self, method, **said: _noted(answered, method, said))
    with pytest.raises(SourceUnavailable, match=words):
        list(members(sender))


def _noted(answered: Answered, method: str, said: dict[str, Any]) -> Answered:
    assert (method, said["limit"]) == ("users.list", 200)
    return answered


def test_a_workspace_without_end_is_refused(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MOST_PAGES", 2)
    with pytest.raises(SourceUnavailable, match="more than 2 pages"):
        list(members(sender))


def test_one_that_is_down_is_told(slack: Slack, sender: Sender) -> None:
    slack.down = True
    with pytest.raises(SourceUnavailable):
        list(members(sender))
