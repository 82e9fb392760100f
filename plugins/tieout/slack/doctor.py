# SPDX-License-Identifier: Apache-2.0
"""Is the app in Slack what deploy/slack_app_manifest.yaml makes it? One call, which changes nothing."""

from __future__ import annotations

from tieout.evidence.doctor.report import Check, Refusal, judge, listed, unread
from tieout.slack.sending import web_client
from tieout.slack.workspace import Workspace

SCOPES = frozenset({"chat:write", "im:write", "users:read", "users:read.email"})
"""What the app may do, by the manifest: what it uses, and nothing more."""


def check_workspace(workspace: Workspace) -> list[Check]:
    """Check the workspace that a connection names: whose token it has, what that may do, and how Slack reaches us."""
    ways = {"signing_secret": workspace.signing_secret, "app_token": workspace.app_token}
    there = [name for name, value in ways.items() if value]
    reached = judge(
        "slack: how it reaches us", "signing_secret (endpoint) or app_token (Socket Mode)", listed(there), bool(there)
    )
    return [*_check_token(workspace), reached]


def _check_token(workspace: Workspace) -> list[Check]:
    from slack_sdk.errors import SlackApiError

    whose, scopes = ("slack: token", f"of workspace {workspace.team}"), ("slack: scopes", listed(SCOPES))
    try:
        answered = web_client(workspace).api_call("auth.test")
    except SlackApiError as error:
        code = str(error.response.get("error", "no answer"))
        return [judge(*whose, f"Slack does not take it: {code}", holds=False), unread(*scopes, Refusal(code))]
    except Exception as error:  # its text may quote an address with what was asked
        return [unread(*each, Refusal(type(error).__name__)) for each in (whose, scopes)]
    team = str(answered.get("team_id"))
    given = {name.lower(): value for name, value in answered.headers.items()}.get("x-oauth-scopes")
    if given is None:
        found = unread(*scopes, Refusal("Slack did not say"))
    else:
        names = {each.strip() for each in str(given).split(",") if each.strip()}
        found = judge(*scopes, listed(names), names == SCOPES)
    return [judge(*whose, f"of workspace {team}", team == workspace.team), found]
