# SPDX-License-Identifier: Apache-2.0
"""Who acts is asked of Slack, at most a minute ago, once at a time; and nobody is taken at their word."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.simulators.slack import TEAM, TOKEN, Account, Slack
from tests.unit.slack.scene import accounts, person_of

from tieout.desks.desk import Member, Refused
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.slack.identity import FRESH_SECONDS, Claim, Members, stranger, unfit
from tieout.slack.sending import Sender
from tieout.slack.workspace import Workspace

OWNER = Claim(TEAM, "U0OWNER001", TEAM)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slack() -> Iterator[Slack]:
    """Run a workspace."""
    with Slack(accounts()) as running:
        yield running


def members(slack: Slack, clock: Clock, token: str = TOKEN) -> Members:
    """Return who knows the members."""
    sender = Sender(Workspace(team=TEAM, bot_token=token, base_url=slack.base_url))
    return Members(sender, person_of, clock)


def test_a_member_is_asked_for_once_a_minute(slack: Slack) -> None:
    clock = Clock()
    known = members(slack, clock)
    assert known.resolve(OWNER) == Member(TEAM, "U0OWNER001", "person-owner")
    slack.members["owner@acme.example"].deleted = True
    clock.now += FRESH_SECONDS - 1
    assert isinstance(known.resolve(OWNER), Member)
    assert slack.counts() == {"users.info": 1}
    clock.now += 2
    assert known.resolve(OWNER) == Refused("Your account is deactivated.")
    assert slack.counts() == {"users.info": 2}


def test_many_at_once_ask_once(slack: Slack) -> None:
    slack.delay = 0.05
    known = members(slack, Clock())
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: known.resolve(OWNER), range(20)))
    assert set(map(type, found)) == {Member}
    assert slack.counts() == {"users.info": 1}


@pytest.mark.parametrize("down", ["down", "limited", "slow"])
def test_a_slack_that_does_not_answer_lets_nobody_through(down: str, slack: Slack) -> None:
    slack.down, slack.delay = down == "down", 1.2 if down == "slow" else 0.0
    slack.limits = {"users.info": 0} if down == "limited" else {}
    known = members(slack, Clock())
    with pytest.raises(SourceUnavailable):
        known.resolve(OWNER)
    slack.down, slack.delay, slack.limits = False, 0.0, {}
    if down != "limited":  # it then has asked to wait
        assert isinstance(known.resolve(OWNER), Member)


def test_a_token_that_slack_does_not_take_is_ours_to_mend(slack: Slack) -> None:
    with pytest.raises(ConfigurationError, match="invalid_auth"):
        members(slack, Clock(), "xoxb-other").resolve(OWNER)


def test_another_workspace_is_not_even_asked_about(slack: Slack) -> None:
    known = members(slack, Clock())
    for claim in (Claim("T0ELSEWHERE", "U0OWNER001"), Claim(None, "U0OWNER001"), replace(OWNER, user_team="E0ACME0001")):
        assert isinstance(known.resolve(claim), Refused)
    assert slack.calls == []


def test_an_event_names_no_workspace_of_the_user_and_is_taken() -> None:
    assert stranger(Claim(TEAM, "U1"), TEAM) is None
    assert stranger(Claim(TEAM, "U1", TEAM, org_wide=True), TEAM) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"deleted": True},
        {"is_bot": True},
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_stranger": True},
        {"is_restricted": "yes"},
        {"team_id": "T0ELSEWHERE"},
        {"team_id": None},
        {"enterprise_user": {"id": "W1"}},
        {"is_email_confirmed": False},
    ],
    ids=str,
)
def test_who_is_no_full_member_may_not_act(changes: dict[str, object]) -> None:
    user = Account("owner@acme.example", "U0OWNER001").described()
    assert unfit(user, TEAM) is None
    assert unfit(user | changes, TEAM) is not None


def test_an_account_without_an_address_is_nobody(slack: Slack) -> None:
    slack.members["owner@acme.example"].email = ""
    assert members(slack, Clock()).resolve(OWNER) == Refused("Your account has no e-mail address that this app may see.")


def test_an_answer_about_another_user_is_none(slack: Slack) -> None:
    account = slack.members["owner@acme.example"]
    described = account.described() | {"id": "U0OTHER001"}
    account.described = lambda: described  # type: ignore[method-assign]
    assert isinstance(members(slack, Clock()).resolve(OWNER), Refused)


def test_what_is_known_is_bounded(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieout.slack.identity._MOST", 3)
    known = members(slack, Clock())
    for account in accounts():
        known.resolve(Claim(TEAM, account.user))
    assert len(known._known) == 3
    assert known._asking == {}
    assert threading.active_count() < 50
