# SPDX-License-Identifier: Apache-2.0
"""One look at a campaign: what is known of it, and the ways to write and to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Notice
from tieout.campaigns.ledger import Ledger
from tieout.campaigns.outbox import Outbox
from tieout.campaigns.state import State
from tieout.campaigns.writer import Writer
from tieout.flows.campaign_work import Work
from tieout.flows.messenger import Messenger

MOST = 1000
"""Messages that one look sends, updates, or people it looks up; the next one goes on."""
MOST_PERSONAL = 10_000
"""Messages that one look sends of a campaign that asks everybody for themselves: at 200 a minute, which Slack lets through, they
take it 50 minutes."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a campaign: what is known, and the ways to write and to tell."""

    definition: Definition
    ledger: Ledger
    writer: Writer
    outbox: Outbox
    work: Work
    messenger: Messenger | None
    clock: Callable[[], datetime]
    by: str

    @property
    def state(self) -> State:
        """Where the campaign stands, as of the last refresh."""
        return self.ledger.state

    def now(self) -> datetime:
        """Return the time for what is recorded now: after all that it is worked out from, and before this second.

        Messengers tell whole seconds when somebody acted: who answers in the second in which they were told answers after it.
        """
        at = self.clock()
        before = at.replace(microsecond=0) - timedelta(microseconds=1)
        return self.state.not_before(max(before, min(at, self.definition.schedule.opened_at)))

    @property
    def most(self) -> int:
        """How many messages this look sends."""
        return MOST_PERSONAL if self.definition.personal else MOST

    def without_account(self, person: str) -> bool:
        """Whether nobody can be told anything under an account of a person's."""
        return self.definition.pins.get(person) is None


def still_open(state: State, notice: Notice) -> dict[str, int]:
    """Return whose items of a list are open now, with how many of each."""
    found: dict[str, int] = {}
    for assignment, items in notice.items.items():
        count = sum(state.standing(assignment, item).decision is None for item in items)
        if count:
            found[state.definition.assignments[assignment].person] = count
    return found
