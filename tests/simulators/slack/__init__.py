# SPDX-License-Identifier: Apache-2.0
"""A Slack workspace: its Web API as far as we call it, its members, and people who read messages and press what is in them."""

from tests.simulators.slack.members import TEAM, Account
from tests.simulators.slack.people import Person
from tests.simulators.slack.workspace import APP_TOKEN, SIGNING_SECRET, TOKEN, Slack

__all__ = ["APP_TOKEN", "SIGNING_SECRET", "TEAM", "TOKEN", "Account", "Person", "Slack"]
