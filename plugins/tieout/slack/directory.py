# SPDX-License-Identifier: Apache-2.0
"""Finds the accounts of people by their addresses: the first ones one by one, many with one reading of the workspace's members.

Slack lets 50 lookups through a minute, and 20 pages of 200 members: a thousand people would take 20 minutes one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tieout.campaigns.definition import Pin
from tieout.errors import SourceUnavailable
from tieout.slack.identity import unfit
from tieout.slack.notices import find_member
from tieout.slack.sending import Sender

ONE_BY_ONE = 40
"""People who are looked up one by one; whoever is asked for after them is found in the list of all members."""
PAGE = 200
"""Members of one page, as many as Slack recommends."""
MOST_PAGES = 5_000
"""Pages of a workspace: a million members."""


class Directory:
    """The members of a workspace, for as long as one campaign is opened.

    Args:
        sender: Calls Slack.
        person_of: The person that an e-mail address stands for.
    """

    def __init__(self, sender: Sender, person_of: Callable[[str], str]) -> None:
        self._sender, self._person_of = sender, person_of
        self._asked = 0
        self._members: dict[str, Pin | None] | None = None

    def find(self, address: str) -> Pin | None:
        """Return the account with an address; ``None`` where nobody of that address can answer in Slack, or two can.

        Raises:
            ConfigurationError: As `Sender.call`.
            SourceUnavailable: Slack did not answer; run it again.
        """
        if self._asked < ONE_BY_ONE:
            self._asked += 1
            found = find_member(self._sender, address, self._person_of)
            return found if isinstance(found, Pin) else None
        if self._members is None:
            self._members = self._listed()
        return self._members.get(self._person_of(address))

    def _listed(self) -> dict[str, Pin | None]:
        """Return the account of each person who can answer; ``None`` where a person has two: nobody knows which is theirs."""
        team = self._sender.workspace.team
        found: dict[str, Pin | None] = {}
        for member in members(self._sender):
            profile = member.get("profile")
            address = profile.get("email") if isinstance(profile, dict) else None
            if isinstance(address, str) and isinstance(member.get("id"), str) and unfit(member, team) is None:
                person = self._person_of(address)
                found[person] = None if person in found else Pin(team, member["id"])
        return found


def members(sender: Sender) -> Iterator[dict[str, Any]]:
    """Yield every member of the workspace as Slack describes it, deactivated ones and bots among them, page by page.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: It did not answer, or not with a whole list; run it again.
    """
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        answered = sender.call("users.list", limit=PAGE, cursor=cursor)
        listed = answered.data.get("members")
        if answered.error or not isinstance(listed, list):
            raise _incomplete(answered.error or "no list")
        yield from (each for each in listed if isinstance(each, dict))
        said = answered.data.get("response_metadata")
        cursor = said.get("next_cursor") if isinstance(said, dict) else None
        if not isinstance(cursor, str) or not cursor:
            return
        if cursor in seen:
            raise _incomplete("a page twice")
        seen.add(cursor)
    raise _incomplete(f"more than {MOST_PAGES} pages")


def _incomplete(why: str) -> SourceUnavailable:
    return SourceUnavailable(f"Slack users.list: expected every member, got {why}. Run it again later.")
