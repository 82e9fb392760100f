# SPDX-License-Identifier: Apache-2.0
"""Tells the people of a campaign in Slack (`tieout.flows.messenger.Messenger`), and finds their accounts when it opens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from tieout.campaigns import escalation
from tieout.campaigns.definition import Pin
from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.items import canonical
from tieout.campaigns.ledger import Ledger
from tieout.criteria.scope import Scope, load_scope
from tieout.desks.case import Reading
from tieout.desks.cases import posted_of
from tieout.desks.desk import Summary
from tieout.desks.showing import form_pages, showing
from tieout.errors import CannotCheck
from tieout.flows import messenger as flow
from tieout.flows.campaign_look import still_open
from tieout.flows.campaign_people import People, person_of
from tieout.flows.campaigns import Loaded
from tieout.settings import Settings
from tieout.slack import notices
from tieout.slack.blocks.messages import summary_message
from tieout.slack.directory import Directory
from tieout.slack.sending import Sender, Unreachable, open_channel

_BECAUSE = {
    escalation.LEFT: "whoever had it has left",
    escalation.UNREACHABLE: "whoever had it can not be reached",
    escalation.LATE: "it was not decided in time",
}
_HANDED = "it was given to you, or you stand in for somebody"
_RETURNED = "what was handed in was returned with a question"


class SlackMessenger:
    """Tells people in one workspace.

    Args:
        sender: Calls Slack.
        loaded: The campaign.
        ledger: What has been said in it.
        scope: The program's.
        people: Whose person ids are, for lists of them.
        pages: Where the pages of forms are (`tieout.desks.showing.form_pages`).
    """

    def __init__(self, sender: Sender, loaded: Loaded, ledger: Ledger, scope: Scope, people: People, pages: str = "") -> None:
        self._people, self._pages = people, pages
        self._sender, self._definition, self._ledger = sender, loaded.definition, ledger
        shown = showing(loaded, scope)
        self._reading = Reading(
            ledger=ledger,
            title=shown.title,
            unit=shown.unit,
            labels=shown.labels,
            introduction=shown.introduction,
            item=shown.item,
            named=shown.named,
            words=shown.words,
            pages=pages if shown.words.form else "",
            posted=lambda _: None,
        )
        self._taken = 0

    def reach(self, person: str) -> str | flow.Unreachable:
        """As `Messenger.reach`. Of many thousand people no channel is opened first: Slack lets 50 through a minute."""
        if self._definition.personal:
            return self._pin(person).user
        channel = open_channel(self._sender, self._pin(person).user)
        return _told(channel) if isinstance(channel, Unreachable) else channel

    def send(self, way: str, notice: Notice, now: datetime) -> Mapping[str, Any] | flow.Unreachable:
        """As `Messenger.send`."""
        if notice.kind is NoticeKind.LISTED:
            late = still_open(self._ledger.state, notice)
            known = self._people.names(late)
            names = sorted(known.get(person, person) for person in late)
            due = self._definition.schedule.due(now)
            listed = notices.send_list(self._sender, way, self._reading.title, names, self._reading.unit, due, notice.id)
            return _told(listed) if isinstance(listed, Unreachable) else {"channel": listed.channel, "ts": listed.ts}
        if notice.kind is NoticeKind.LOOK:
            [assignment] = notice.items
            page = f"{self._pages.replace('/confirmations/', '/second-reviews/')}{self._definition.campaign}/{assignment}"
            looked = notices.send_look(self._sender, way, self._reading.title, page if self._pages else "", notice.id)
            return _told(looked) if isinstance(looked, Unreachable) else {"channel": looked.channel, "ts": looked.ts}
        summary = self._summary(notice.person, now)
        if notice.kind is NoticeKind.REMINDER:
            posted = notices.send_reminder(self._sender, way, summary, notice.number, notice.id)
        elif notice.kind is NoticeKind.STUCK:
            title, unit = self._reading.title, self._reading.unit
            posted = notices.send_stuck(self._sender, way, title, notice.open, unit, self._definition.campaign, notice.id)
        elif notice.kind is NoticeKind.INVITATION:
            posted = notices.send_summary(self._sender, way, summary, notice.id)
        else:
            because = (
                " and ".join(_BECAUSE.get(why, why) for why in notice.why.split("; ")) if notice.why else self._handed(notice)
            )
            posted = notices.send_escalation(self._sender, way, summary, because, notice.id)
        return _told(posted) if isinstance(posted, Unreachable) else {"channel": posted.channel, "ts": posted.ts}

    def find(self, person: str, notice: Notice) -> Mapping[str, Any] | flow.Unreachable | None:
        """As `Messenger.find`. Slack tells it where the app may read its own messages (scope ``im:history``)."""
        channel = open_channel(self._sender, self._pin(person).user)
        if isinstance(channel, Unreachable):
            return _told(channel)
        posted = notices.find_message(self._sender, channel, notice.id)
        if isinstance(posted, Unreachable):
            return _told(posted)
        return {"channel": posted.channel, "ts": posted.ts} if posted else None

    def is_there(self, person: str) -> flow.Unreachable | None:
        """As `Messenger.is_there`."""
        refused = notices.still_there(self._sender, self._pin(person))
        return flow.Unreachable(f"Slack: {refused.reason}") if refused else None

    def picture(self, person: str, now: datetime) -> str:
        """As `Messenger.picture`."""
        message = summary_message(self._summary(person, now))
        return hashlib.sha256(canonical([message.text, message.blocks])).hexdigest()

    def update(self, person: str, reference: Mapping[str, Any], now: datetime) -> flow.Unreachable | None:
        """As `Messenger.update`."""
        lost = notices.repair_summary(self._sender, posted_of(reference), self._summary(person, now))
        return _told(lost) if lost else None

    def _summary(self, person: str, now: datetime) -> Summary:
        events = self._ledger.events
        if len(events) > self._taken:
            self._reading.note(events.values())
            self._taken = len(events)
        return self._reading.summary(person, now)

    def _handed(self, notice: Notice) -> str:
        with self._ledger.lock:
            open_now = [each for _, each in self._ledger.state.open_standings() if each.holder == notice.person]
        return _RETURNED if any(each.look is not None and each.handed is None for each in open_now) else _HANDED

    def _pin(self, person: str) -> Pin:
        pin = self._definition.pins.get(person)
        if pin is None:
            msg = f"campaign {self._definition.campaign}: expected a person with an account in Slack, got one without."
            raise CannotCheck(msg)
        return pin


def slack_messenger(settings: Settings, sender: Sender, people: People) -> Callable[[Loaded, Ledger], SlackMessenger]:
    """Return what makes the messenger of a campaign, for `tieout.flows.campaign_poke.CampaignTask`.

    Args:
        settings: The installation's.
        sender: Calls Slack.
        people: Whose person ids are.

    Raises:
        ConfigurationError: The scope file is wrong.
    """
    scope = load_scope(settings.scope_file)
    pages = form_pages(settings)
    return lambda loaded, ledger: SlackMessenger(sender, loaded, ledger, scope, people, pages)


class SlackFinder:
    """Finds the accounts of people in a workspace (`tieout.flows.campaign_opening.Find`).

    Args:
        settings: The installation's.
        sender: Calls Slack.
        people: Whose person ids are.

    Raises:
        ConfigurationError: The key of person ids can not be read.
    """

    def __init__(self, settings: Settings, sender: Sender, people: People) -> None:
        self._people, self._directory = people, Directory(sender, person_of(settings))

    def __call__(self, person: str) -> Pin | None:
        """Return an account; ``None`` for who has none that can answer, or whose address nobody knows any more.

        Raises:
            ConfigurationError: Slack does not take our token.
            SourceUnavailable: It did not answer; run it again.
            StoreUnavailable: The identity table did not answer; run it again.
        """
        address = self._people.address(person)
        return self._directory.find(address) if address else None

    def ahead(self, persons: Iterable[str]) -> None:
        """As `tieout.flows.campaign_opening.LooksAhead`: their addresses are read several at a time."""
        self._people.names(persons)


def _told(lost: Unreachable) -> flow.Unreachable:
    return flow.Unreachable(f"Slack: {lost.reason}")
