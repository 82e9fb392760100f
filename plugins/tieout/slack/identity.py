# SPDX-License-Identifier: Apache-2.0
"""Who acts: a Slack user of this workspace, asked of Slack again now, as a person of ours; or why they are refused.

A request names a team and a user. Slack is asked about the user (``users.info``, kept for `FRESH_SECONDS`), and the address it
gives names the person. That the campaign pinned this person to this user when it was frozen is the desk's to check.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieout.desks.desk import Member, Refused
from tieout.slack.sending import Sender

FRESH_SECONDS = 60.0
"""How long what Slack said of a user is taken for so."""
_MOST = 10_000
_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom a request says it comes from.

    Attributes:
        team: The workspace that it was sent from; ``None`` where it names none.
        user: The user.
        user_team: The workspace of the user, where it names one.
        org_wide: Whether the app is said to be installed for a whole organisation.
    """

    team: str | None
    user: str
    user_team: str | None = None
    org_wide: bool = False


def claim_of(payload: Mapping[str, Any]) -> Claim:
    """Return whom a checked payload says it comes from."""
    if payload["type"] == "event_callback":
        granted: list[Mapping[str, Any]] = payload.get("authorizations") or []
        wide = any(each.get("is_enterprise_install") is not False for each in granted if "is_enterprise_install" in each)
        return Claim(payload["team_id"], payload["event"]["user"], None, wide)
    team, user = payload.get("team"), payload["user"]
    wide = payload.get("is_enterprise_install") not in (None, False)
    return Claim(_text(team.get("id") if team else None), user["id"], _text(user.get("team_id")), wide)


def stranger(claim: Claim, team: str) -> str | None:
    """Return why a claim is refused before Slack is asked; ``None`` where it is not."""
    if claim.org_wide:
        return "This app works in one workspace, and is installed here for a whole organisation."
    if claim.team != team or claim.user_team not in (None, team):
        return "This app works for members of one workspace only, and you are a member of another one."
    return None


def unfit(user: Mapping[str, Any], team: str) -> str | None:
    """Return why a user, as Slack describes them, may not act; ``None`` where they may."""
    for name, reason in _REFUSED.items():
        if user.get(name) not in (None, False):
            return reason
    if user.get("team_id") != team:
        return "Your account belongs to another workspace."
    if user.get("enterprise_user"):
        return "Your account belongs to an Enterprise organisation, which this app does not work with."
    if user.get("is_email_confirmed") is False:
        return "Slack has not confirmed your e-mail address."
    return None


_REFUSED = {
    "deleted": "Your account is deactivated.",
    "is_bot": "An app or a bot can not answer.",
    "is_workflow_bot": "An app or a bot can not answer.",
    "is_restricted": "Guests can not answer.",
    "is_ultra_restricted": "Guests can not answer.",
    "is_stranger": "Members of other workspaces can not answer.",
    "is_external": "Members of other workspaces can not answer.",
}


@dataclass
class Members:
    """Knows who acts. Thread-safe; Slack is asked about one user once at a time.

    Attributes:
        sender: Calls Slack.
        person_of: The person that an e-mail address stands for: a person id, or the address itself.
        clock: Monotonic seconds.
    """

    sender: Sender
    person_of: Callable[[str], str]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _known: OrderedDict[str, tuple[float, Member | Refused]] = field(default_factory=OrderedDict, repr=False)
    _asking: dict[str, threading.Lock] = field(default_factory=dict, repr=False)

    def resolve(self, claim: Claim) -> Member | Refused:
        """Return who acts, or why they may not.

        Raises:
            ConfigurationError: Slack does not take our token.
            SourceUnavailable: Slack did not answer: nobody is taken at their word.
        """
        why = stranger(claim, self.sender.workspace.team)
        if why is not None:
            return Refused(why)
        if (known := self._fresh(claim.user)) is not None:
            return known
        with self._lock:
            asking = self._asking.setdefault(claim.user, threading.Lock())
        with asking:
            try:
                if (known := self._fresh(claim.user)) is not None:
                    return known
                found = self._ask(claim.user)
                self._keep(claim.user, found)
                return found
            finally:
                with self._lock:
                    self._asking.pop(claim.user, None)

    def _ask(self, user: str) -> Member | Refused:
        answered = self.sender.call("users.info", user=user, patience=0, timeout=_TIMEOUT_SECONDS)
        said = answered.data.get("user")
        if answered.error or not isinstance(said, dict) or said.get("id") != user:
            return Refused("Slack does not tell this app who you are.")
        team = self.sender.workspace.team
        if (why := unfit(said, team)) is not None:
            return Refused(why)
        profile = said.get("profile")
        address = profile.get("email") if isinstance(profile, dict) else None
        if not isinstance(address, str) or "@" not in address:
            return Refused("Your account has no e-mail address that this app may see.")
        return Member(team, user, self.person_of(address))

    def _fresh(self, user: str) -> Member | Refused | None:
        with self._lock:
            at, known = self._known.get(user, (0.0, None))
            return known if known is not None and self.clock() - at < FRESH_SECONDS else None

    def _keep(self, user: str, found: Member | Refused) -> None:
        with self._lock:
            self._known[user] = (self.clock(), found)
            self._known.move_to_end(user)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
