# SPDX-License-Identifier: Apache-2.0
"""Who gets a personal link by mail now: whoever can not be told anything in the messenger, and answers for nobody but themselves.

1. The first one goes out once the person has something open; further ones when reminders are due.
2. One that was recorded and never begun to be sent is made up for by another one: its token is lost, and it opens nothing.
3. A person gets at most `MOST` in a campaign.

A link is good until the campaign takes no more answers. An earlier one stays good beside a later one: whoever finds the first
mail later is not turned away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from tieout.campaigns.assignments import person_digits
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import LAST_ID, NoticeKind
from tieout.campaigns.reminders import reminded_at
from tieout.campaigns.state import Noted, State

MOST = 12
"""Links of one person in one campaign: an invitation, its reminders, and what is made up for."""


@dataclass(frozen=True, slots=True)
class LinkDue:
    """A link that somebody gets now, but for its token.

    Attributes:
        id: Of the notice.
        person: Who gets it.
        number: The how manieth, from 1.
        open: How many items it is about.
        expires_at: Until when it is good, UTC.
    """

    id: str
    person: str
    number: int
    open: int
    expires_at: datetime


def links_due(
    definition: Definition, state: State, now: datetime, without: Collection[str], begun: Collection[str]
) -> Iterator[LinkDue]:
    """Yield who gets a link now, in order of the people.

    Args:
        definition: The campaign's.
        state: All that has been said so far.
        now: UTC.
        without: Who can not be told anything in the messenger.
        begun: Ids of links that somebody has begun to send.
    """
    if not definition.personal or state.over_or_not_open(now):
        return
    before = links_of(state)
    for person in sorted({standing.holder for _, standing in state.open_standings()} & set(without)):
        links = before.get(person, ())
        sent = [each.at for each in links if each.notice.id in begun]
        reminded = reminded_at(definition, person, now)
        is_due = not sent or (reminded is not None and max(sent) < reminded)
        if not is_due or len(links) >= MOST or state.facts.has_left(person, (now, LAST_ID)):
            continue
        number, count = len(links) + 1, len(state.open_items(person, now))
        name = f"{NoticeKind.LINK}-{number}-{person_digits(person)}"
        yield LinkDue(name, person, number, count, definition.schedule.ends_at)


def links_of(state: State) -> dict[str, tuple[Noted, ...]]:
    """Return the links of each person, in the order in which they were recorded."""
    found: dict[str, tuple[Noted, ...]] = {}
    for each in state.noticed.values():
        if each.notice.kind is NoticeKind.LINK:
            found[each.notice.person] = (*found.get(each.notice.person, ()), each)
    return found
