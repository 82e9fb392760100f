# SPDX-License-Identifier: Apache-2.0
"""The manifest to paste into Slack asks for what the app uses, and for nothing more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tieout.documents import read_yaml
from tieout.slack.app import EVENTS
from tieout.slack.pacing import METHODS

SCOPES = {
    "auth.test": (),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": ("im:history",),
    "conversations.open": ("im:write",),
    "users.info": ("users:read", "users:read.email"),
    "users.list": ("users:read", "users:read.email"),
    "users.lookupByEmail": ("users:read.email",),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
"""What Slack asks for, by method; ``users:read.email`` makes ``users.info`` say addresses."""


OPTIONAL = {"im:history"}
"""Who adds it to the manifest lets the app look into its own direct messages, for what a killed task may have sent."""


@pytest.fixture(scope="module")
def manifest(repository: Path) -> dict[str, Any]:
    """Return the manifest."""
    return read_yaml(repository / "deploy" / "slack_app_manifest.yaml")[0]


def test_the_scopes_are_those_of_the_methods(manifest: dict[str, Any]) -> None:
    assert SCOPES.keys() == METHODS.keys()
    needed = {scope for scopes in SCOPES.values() for scope in scopes} - OPTIONAL
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed
    assert list(manifest["oauth_config"]["scopes"]) == ["bot"]


def test_the_events_are_those_that_are_listened_to(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)


def test_interactions_and_events_come_to_one_guarded_address(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]
    assert settings["interactivity"]["is_enabled"] is True
    assert settings["interactivity"]["request_url"] == settings["event_subscriptions"]["request_url"]
    assert settings["interactivity"]["request_url"].startswith("https://")
    assert settings["interactivity"]["request_url"].endswith("/tieout/slack/events")
    assert not settings["org_deploy_enabled"]


def test_the_app_has_a_home_and_reads_no_messages(manifest: dict[str, Any]) -> None:
    home = manifest["features"]["app_home"]
    assert home == {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": True}
    assert set(manifest["features"]) == {"app_home", "bot_user"}
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140


def test_nothing_of_slacks_libraries_is_imported_before_it_is_used() -> None:
    modules = "tieout.slack.notices, tieout.slack.endpoint, tieout.slack.socket_mode, tieout.cli"
    probe = f"import sys, {modules}; print([name for name in ('slack_bolt', 'slack_sdk', 'airflow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
