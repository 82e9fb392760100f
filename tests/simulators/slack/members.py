# SPDX-License-Identifier: Apache-2.0
"""Members of a simulated workspace, as ``users.info`` describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TEAM = "T0TIEOUT01"
ORGANISATION = "E0ACME0001"


@dataclass
class Account:
    """One member.

    Attributes:
        email: Its address.
        user: Its id.
        name: Its name.
        team: Its workspace.
        deleted: Deactivated.
        guest: A multi-channel guest.
        single_guest: A single-channel guest.
        bot: An app's.
        stranger: A member of another workspace that a channel is shared with.
        in_organisation: An account of an Enterprise organisation.
    """

    email: str
    user: str
    name: str = "Somebody"
    team: str = TEAM
    deleted: bool = False
    guest: bool = False
    single_guest: bool = False
    bot: bool = False
    stranger: bool = False
    in_organisation: bool = False

    def described(self) -> dict[str, Any]:
        """Return the account as Slack describes a user."""
        user: dict[str, Any] = {
            "id": self.user,
            "team_id": self.team,
            "name": self.user.lower(),
            "real_name": self.name,
            "deleted": self.deleted,
            "is_bot": self.bot,
            "is_app_user": False,
            "is_restricted": self.guest or self.single_guest,
            "is_ultra_restricted": self.single_guest,
            "updated": 1_760_000_000,
            "profile": {"real_name": self.name, "display_name": self.name, "email": self.email, "team": self.team},
        }
        if self.stranger:
            user["is_stranger"] = True
        if self.in_organisation:
            teams = [self.team]
            user["enterprise_user"] = {
                "id": self.user.replace("U", "W", 1), "enterprise_id": ORGANISATION, "enterprise_name": "Acme", "is_admin": False,
                "is_owner": False, "teams": teams,
            }  # fmt: skip
        return user


def dm_of(user: str) -> str:
    """Return the channel of direct messages with a member."""
    return f"D{user[1:]:0>9}"[:12]
