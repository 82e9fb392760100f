# SPDX-License-Identifier: Apache-2.0
"""Views as a simulated Slack keeps them: what was opened, by whom, and what was filled in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.blockkit import view_problems


@dataclass
class View:
    """A view that is open.

    Attributes:
        id: Its id.
        user: Who sees it.
        given: As it was given to Slack.
        hash: Changes with each update.
        values: What was filled in, by block and action.
        errors: What is shown at inputs.
    """

    id: str
    user: str
    given: dict[str, Any]
    hash: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def replace(self, given: dict[str, Any], hash_: str) -> None:
        """Show another view in its place; inputs with the same ids keep what was filled in."""
        kept = self.values
        self.given, self.hash, self.errors = given, hash_, {}
        self.values = {block: empty for block, empty in _inputs(given)}
        for block, inputs in kept.items():
            if block in self.values and self.values[block].keys() == inputs.keys():
                self.values[block] = inputs

    def sent(self, team: str) -> dict[str, Any]:
        """Return the view as payloads carry it."""
        return {
            "id": self.id, "team_id": team, "app_id": "A0TIEOUT01", "app_installed_team_id": team, "bot_id": "B0TIEOUT01",
            "previous_view_id": None, "root_view_id": self.id, "external_id": "", "hash": self.hash, "clear_on_close": False,
            "notify_on_close": False, "private_metadata": "", "callback_id": "", "submit": None, "close": None, **self.given,
            "state": {"values": self.values},
        }  # fmt: skip


class Views:
    """All views of a workspace."""

    def __init__(self) -> None:
        self.open: dict[str, View] = {}
        """By user: the modal that they see."""
        self.homes: dict[str, dict[str, Any]] = {}
        self.problems: list[str] = []
        """What Slack would have refused of a view."""
        self._numbers = itertools.count(1)

    def show(self, user: str, given: dict[str, Any]) -> View | None:
        """Open a view for a user; ``None`` where Slack would not."""
        if not self.fit(given):
            return None
        number = next(self._numbers)
        view = View(f"V{number:010}", user, {}, "")
        view.replace(given, self.new_hash())
        self.open[user] = view
        return view

    def fit(self, given: dict[str, Any]) -> bool:
        """Whether Slack takes a view; what is wrong is kept."""
        found = view_problems(given)
        self.problems += found
        return not found

    def new_hash(self) -> str:
        """Return a hash that no view has."""
        return f"1760000000.{next(self._numbers):08}"

    def by_id(self, view_id: str) -> View | None:
        """Return a view that is open."""
        return next((view for view in self.open.values() if view.id == view_id), None)


def _inputs(given: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in given["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            kind = element["type"]
            empty = {"type": kind, "value": None} if kind == "plain_text_input" else {"type": kind, "selected_option": None}
            found.append((block["block_id"], {element["action_id"]: empty}))
    return found
