# SPDX-License-Identifier: Apache-2.0
"""Where a campaign stands, for whoever runs the program: numbers and ids, and no names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.campaigns.building import outcomes
from tieout.campaigns.ledger import Ledger, Opened
from tieout.campaigns.leftovers import NotYet, close
from tieout.campaigns.state import Phase, State
from tieout.flows.campaigns import Campaigns, Loaded
from tieout.times import instant


@dataclass(frozen=True)
class Standing:
    """Where a campaign stands now."""

    loaded: Loaded
    ledger: Ledger
    now: datetime

    @property
    def state(self) -> State:
        """All that has been said, folded."""
        return self.ledger.state

    @property
    def is_overdue(self) -> bool:
        """Whether something is open that should be decided by now."""
        due = self.loaded.definition.schedule.due(self.now)
        return self.state.phase is Phase.OPEN and bool(self.state.open) and due <= self.now

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        definition, state, opened = self.loaded.definition, self.state, self.loaded.opened
        schedule, over = definition.schedule, state.closed or state.cancelled
        waiting = close(definition, state, self.now) if state.phase is Phase.OPEN else None
        return {
            "campaign": definition.campaign,
            "control": definition.control,
            "window": definition.window,
            "observation_period": definition.observation_period,
            "kind": definition.kind,
            "definition_sha256": definition.sha256,
            "phase": state.phase.value,
            "opened": {"at": instant(opened.at), "by": opened.by},
            "due_at": instant(schedule.due(self.now)),
            "overdue": self.is_overdue,
            "over": {"at": instant(over.at), "by": over.by} if over else None,
            "items": len(definition.items),
            "decisions": {"awaited": definition.awaited, "open": state.open},
            "outcomes": dict(sorted(outcomes(state).items())),
            "leftovers": definition.leftovers.value,
            "waiting": list(waiting.reasons) if isinstance(waiting, NotYet) else [],
            "assignments": [self._assignment(name) for name in sorted(definition.assignments)],
            "covers": [self._cover(name) for name in sorted(state.facts.covers)],
            "unreachable": sorted(state.facts.unreachable),
            "left": sorted(state.facts.left),
            "notices": dict(sorted(Counter(each.notice.kind.value for each in state.noticed.values()).items())),
            "refused": dict(sorted(Counter(each.why.value for each in state.refused).items())),
            "unread": sorted(each.key for each in state.unread.values()),
            "signed_off": [
                {"at": instant(each.at), "by": each.by, "approved": each.approved, "reason": each.reason}
                for each in state.signed_off
            ],
        }

    def _assignment(self, name: str) -> dict[str, Any]:
        given, progress = self.loaded.definition.assignments[name], self.state.progress(name)
        holders = Counter(
            standing.holder for standing in (self.state.standing(name, item) for item in given.items) if standing.decision is None
        )
        return {
            "id": name,
            "slot": given.slot,
            "person": given.person,
            "authority": given.authority,
            "items": progress.items,
            "open": progress.open,
            "open_with": dict(sorted(holders.items())),
        }

    def _cover(self, name: str) -> dict[str, Any]:
        cover = self.state.facts.covers[name]
        return {
            "id": name,
            "person": cover.person,
            "stand_in": cover.stand_in,
            "from": instant(cover.from_),
            "until": instant(cover.until),
            "withdrawn": cover.withdrawn is not None,
        }


def standing_of(campaigns: Campaigns, opened: Opened, now: datetime) -> Standing:
    """Return where a campaign stands.

    Raises:
        LandingConflict: What it asks about is not what was sealed: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    loaded = campaigns.load(opened)
    ledger = Ledger(loaded.definition, campaigns.store, campaigns.key_list)
    ledger.refresh()
    return Standing(loaded, ledger, now)
