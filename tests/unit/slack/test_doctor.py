# SPDX-License-Identifier: Apache-2.0
"""What is said of the app in Slack: whose its token is, and that it may do what it has to and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Slack

from tieout.documents import read_yaml
from tieout.evidence.doctor.report import Outcome
from tieout.slack.doctor import SCOPES, check_workspace
from tieout.slack.workspace import Workspace


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack([]) as made:
        yield made


@pytest.fixture
def workspace(slack: Slack) -> Workspace:
    return Workspace(team=TEAM, bot_token=TOKEN, signing_secret=SIGNING_SECRET, base_url=slack.base_url)


def telling(slack: Slack, scopes: str) -> None:
    """Have the workspace say what the token may do, as Slack does."""
    answer = slack.answer

    def with_scopes(*said: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
        status, reply, headers = answer(*said)
        return status, reply, {**headers, "X-OAuth-Scopes": scopes}

    slack.answer = with_scopes  # type: ignore[method-assign]


def checks(workspace: Workspace) -> dict[str, tuple[str, str]]:
    return {each.name.removeprefix("slack: "): (each.outcome.value, each.found) for each in check_workspace(workspace)}


def test_the_scopes_are_those_of_the_manifest(repository: Path) -> None:
    manifest = read_yaml(repository / "deploy/slack_app_manifest.yaml")[0]
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES


def test_an_app_that_was_made_from_the_manifest_is_as_expected(slack: Slack, workspace: Workspace) -> None:
    telling(slack, ",".join(sorted(SCOPES, reverse=True)))
    found = check_workspace(workspace)
    assert [each.outcome for each in found] == [Outcome.AS_EXPECTED] * 3
    assert not [each for each in found if TOKEN in str(each) or SIGNING_SECRET in str(each)]


@pytest.mark.parametrize("scopes", ["chat:write,im:write,users:read", f"{','.join(sorted(SCOPES))},channels:history"])
def test_a_scope_too_few_or_too_many_is_weaker(slack: Slack, workspace: Workspace, scopes: str) -> None:
    telling(slack, scopes)
    assert checks(workspace)["scopes"] == ("weaker than policy", ", ".join(sorted(scopes.split(","))))


def test_what_slack_does_not_say_can_not_be_checked(workspace: Workspace) -> None:
    assert checks(workspace)["scopes"] == ("cannot check", "Slack did not say")


def test_a_token_of_another_workspace_or_of_none_is_said_without_showing_it(slack: Slack, workspace: Workspace) -> None:
    assert checks(replace(workspace, team="T0ANOTHER1"))["token"] == ("weaker than policy", f"of workspace {slack.team}")
    found = checks(replace(workspace, bot_token="xoxb-revoked"))
    assert found["token"] == ("weaker than policy", "Slack does not take it: invalid_auth")
    assert found["scopes"] == ("cannot check", "invalid_auth")
    assert "xoxb" not in str(found)


def test_a_slack_that_does_not_answer_can_not_be_checked(workspace: Workspace) -> None:
    found = checks(replace(workspace, base_url="http://127.0.0.1:9/api/"))
    assert {found[name][0] for name in ("token", "scopes")} == {"cannot check"}


def test_without_a_way_for_slack_to_reach_us_nobody_can_answer(workspace: Workspace) -> None:
    found = checks(replace(workspace, signing_secret=""))
    assert found["how it reaches us"] == ("weaker than policy", "nobody")
