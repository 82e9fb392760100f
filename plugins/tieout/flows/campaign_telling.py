# SPDX-License-Identifier: Apache-2.0
"""Telling the people of a campaign what was recorded for them, and keeping what they were told up to date.

Where somebody is found who can not be told anything, it is returned; where the messenger fails, it is kept as trouble, and
nothing more is asked of it in this look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tieout.campaigns.events import LAST_ID, Notice, NoticeKind
from tieout.campaigns.looking import waiting
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.flows.campaign_look import MOST, Look, still_open
from tieout.flows.messenger import Unreachable

NO_ACCOUNT = "no account of the messenger was found when the campaign opened"
SUMMARIES = frozenset({NoticeKind.INVITATION, NoticeKind.ESCALATION, NoticeKind.HANDOVER})
"""Kinds whose message is a summary: it is kept up to date."""
GIVEN_UP = timedelta(minutes=10)
"""So long after a task began to send a message, and did not end, nothing is still at it: a call takes seconds."""
_SHOWN = "shown.json"
_DAY = timedelta(days=1)

T = TypeVar("T")


class _Failed(Exception):
    """The messenger failed."""


@dataclass
class Teller:
    """Tells people, through one look.

    Attributes:
        look: The look.
        sent: How many messages were sent.
        trouble: What the messenger failed with.
    """

    look: Look
    sent: int = 0
    trouble: list[str] = field(default_factory=list)
    _ways: dict[str, str | Unreachable] = field(default_factory=dict)
    _shown: dict[str, dict[str, Any]] | None = None

    def gone(self) -> dict[str, str]:
        """Return who has lost their account since, with what was found; looked up once a day, from the second on.

        Where everybody is asked for themselves it changes nothing for anybody else, and sending finds it out.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        look, messenger, now = self.look, self.look.messenger, self.look.now()
        name = f"checked-{now:%Y-%m-%d}.json"
        if messenger is None or look.definition.personal:
            return {}
        if now - look.definition.schedule.opened_at < _DAY or look.work.read(name) is not None:
            return {}
        holders = {standing.holder for _, standing in look.state.open_standings()}
        people = [person for person in sorted(holders) if self._can_be_told(person, now)]
        found = {}
        try:
            for person in people[:MOST]:
                if (lost := self._asked(messenger.is_there, person)) is not None:
                    found[person] = lost.reason
        except _Failed:
            return found
        look.work.write_json(name, {})
        return found

    def unreachable(self, people: Iterable[str]) -> dict[str, str]:
        """Return to whom of some people no way can be opened, with what was found; nothing is sent.

        Where the messenger fails, or they are too many for one look, the others are taken for reachable: sending finds out.
        """
        found = {}
        for person in sorted(people) if self.look.messenger and not self.trouble else ():
            if len(self._ways) >= MOST:
                break
            try:
                way = self._reach(person)
            except _Failed:
                break
            if isinstance(way, Unreachable):
                found[person] = way.reason
        return found

    def send(self) -> dict[str, str]:
        """Send what is recorded and was not begun; returns who can not be told anything, with what was found.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        look, now, found = self.look, self.look.now(), dict[str, str]()
        self._settle(now)
        for notice in look.outbox.unsent(look.state, now) if look.messenger else ():
            if self.trouble or self.sent >= look.most:
                break
            if notice.person in found or not self._can_be_told(notice.person, now) or not self._is_news(notice, now):
                continue
            try:
                lost = self._send(notice, now)
            except _Failed:
                break
            if lost is not None:
                found[notice.person] = lost.reason
        return found

    def _settle(self, now: datetime) -> None:
        """Send what a killed task began to send and did not; note what it sent. Where nobody can tell, it stays as it is."""
        look, messenger = self.look, self.look.messenger
        for name in look.outbox.given_up(now - GIVEN_UP)[:MOST] if messenger and not self.trouble else ():
            noted = look.state.noticed.get(name)
            if (
                messenger is None
                or noted is None
                or not noted.notice.kind.is_message
                or look.without_account(noted.notice.person)
            ):
                continue
            try:
                reference = self._asked(messenger.find, noted.notice.person, noted.notice)
                if reference is None:
                    self._send(noted.notice, now, again=True)
                elif not isinstance(reference, Unreachable):
                    look.outbox.sent(name, reference)
            except _Failed:
                return

    def _send(self, notice: Notice, now: datetime, *, again: bool = False) -> Unreachable | None:
        look, messenger = self.look, self.look.messenger
        if messenger is None:
            return None
        way = self._reach(notice.person)
        if isinstance(way, Unreachable):
            return way
        if not (look.outbox.claim_again(notice.id) if again else look.outbox.claim(notice.id)):
            return None
        reference = self._asked(messenger.send, way, notice, now)
        if isinstance(reference, Unreachable):
            return reference
        look.outbox.sent(notice.id, reference)
        self.sent += 1
        if notice.kind in SUMMARIES and not look.definition.personal:
            shown = self._asked(messenger.picture, notice.person, now)
            self._read_shown()[notice.id] = {"at": dict(reference), "shown": shown}
        return None

    def _reach(self, person: str) -> str | Unreachable:
        if self.look.messenger is not None and person not in self._ways:
            self._ways[person] = self._asked(self.look.messenger.reach, person)
        return self._ways[person]

    def update(self) -> tuple[int, bool]:
        """Bring summaries up to date; returns how many were, and whether some are still to be.

        Where everybody is asked for themselves they are as people left them: whoever answers has it brought up to date then.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        look, messenger = self.look, self.look.messenger
        if messenger is None or look.definition.personal:
            return 0, False
        now, shown, updated, behind = look.now(), self._read_shown(), 0, False
        before, pictures = dict(shown), dict[str, str]()
        try:
            for notice, reference in self._standing(shown):
                picture = pictures.get(notice.person) or self._asked(messenger.picture, notice.person, now)
                pictures[notice.person] = picture
                if shown.get(notice.id, {}).get("shown") == picture:
                    continue
                if self.trouble or updated >= MOST:
                    behind = True
                    break
                self._asked(messenger.update, notice.person, reference, now)  # one that is gone is not tried again
                shown[notice.id] = {"at": reference, "shown": picture}
                updated += 1
        except _Failed:
            behind = True
        if shown != before or self.sent:
            look.work.write_json(_SHOWN, shown)
        return updated, behind

    def _standing(self, shown: Mapping[str, dict[str, Any]]) -> list[tuple[Notice, dict[str, Any]]]:
        """Return every summary that was sent, with where it stands; marks expire, and what was shown is kept longer."""
        look, found = self.look, []
        marks = look.outbox.marks()
        for name, noted in look.state.noticed.items():
            if noted.notice.kind in SUMMARIES and (name in shown or marks.get(name)):
                reference = shown[name]["at"] if name in shown else look.outbox.reference(name)
                if reference is not None:
                    found.append((noted.notice, reference))
        return found

    def _read_shown(self) -> dict[str, dict[str, Any]]:
        if self._shown is None:
            said = self.look.work.read_json(_SHOWN)
            self._shown = {
                name: each for name, each in said.items() if isinstance(each, dict) and isinstance(each.get("at"), dict)
            }
        return self._shown

    def _can_be_told(self, person: str, now: datetime) -> bool:
        facts = self.look.state.facts
        lost = person in facts.unreachable or facts.has_left(person, (now, LAST_ID))
        return not lost and not self.look.without_account(person)

    def _is_news(self, notice: Notice, now: datetime) -> bool:
        """Whether there is still something to tell: who has decided all meanwhile needs no message."""
        if notice.kind is NoticeKind.LISTED:
            return bool(still_open(self.look.state, notice))
        if notice.kind is NoticeKind.LOOK:
            return bool(waiting(self.look.state, notice.person, now))
        return notice.kind is NoticeKind.STUCK or bool(self.look.state.open_items(notice.person, now))

    def _asked(self, ask: Callable[..., T], *arguments: Any) -> T:
        """Ask the messenger; what it fails with is trouble, and no error of the campaign's."""
        try:
            return ask(*arguments)
        except (SourceUnavailable, ConfigurationError) as error:
            self.trouble.append(f"{type(error).__name__}: {error}")
            raise _Failed from error
