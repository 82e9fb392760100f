# SPDX-License-Identifier: Apache-2.0
"""The workspace is read from a connection's fields, and says what is absent without showing what is there."""

from __future__ import annotations

import pytest
from tests.simulators.slack import APP_TOKEN, SIGNING_SECRET, TEAM, TOKEN
from tests.unit.slack.memory_desk import MemoryDesk
from tests.unit.slack.scene import endpoint

from tieout.errors import ConfigurationError
from tieout.slack.endpoint import build_front
from tieout.slack.workspace import Workspace, read_workspace

EXTRA = {"team": TEAM, "signing_secret": SIGNING_SECRET, "app_token": APP_TOKEN, "ask": "the security team", "timeout": 30}


def test_it_is_read_from_the_fields_of_a_connection() -> None:
    found = read_workspace(TOKEN, EXTRA)
    assert (found.team, found.bot_token, found.signing_secret, found.app_token) == (TEAM, TOKEN, SIGNING_SECRET, APP_TOKEN)
    assert (found.ask, found.base_url) == ("the security team", "https://slack.com/api/")


@pytest.mark.parametrize(
    ("password", "changes", "word"),
    [
        (TOKEN, {"team": None}, "'team'"),
        (TOKEN, {"team": "acme"}, "'team'"),
        (TOKEN, {"team": 7}, "'team'"),
        ("", {}, "xoxb-"),
        (None, {}, "xoxb-"),
        ("xoxp-user", {}, "xoxb-"),
        (TOKEN, {"signing_secret": 12345678901234567890}, "'signing_secret'"),
    ],
)
def test_what_is_absent_or_wrong_is_named_and_not_shown(password: str | None, changes: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigurationError, match=word) as caught:
        read_workspace(password, EXTRA | changes)
    for secret in ("xoxp-user", SIGNING_SECRET, "12345678901234567890"):
        assert secret not in str(caught.value)


def test_without_any_secret_there_is_no_front() -> None:
    with pytest.raises(ConfigurationError, match="signing_secret"):
        build_front(Workspace(team=TEAM, bot_token=TOKEN), MemoryDesk({}), str)


def test_without_a_signing_secret_there_is_no_endpoint() -> None:
    front = build_front(Workspace(team=TEAM, bot_token=TOKEN, app_token=APP_TOKEN), MemoryDesk({}), str)
    with pytest.raises(ConfigurationError, match="signing secret"):
        endpoint(front)
