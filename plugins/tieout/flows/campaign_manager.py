# SPDX-License-Identifier: Apache-2.0
"""What a manager of the program says in a campaign on the command line: who answers for what, in whose place, or that it is over.

Whether it counts is the fold's to say: what would not count is refused beforehand, and not stored.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.campaigns.events import Covered, Reassigned, Said, Withdrawn
from tieout.campaigns.folding import refusals
from tieout.campaigns.items import canonical
from tieout.campaigns.reminders import left_notice
from tieout.campaigns.responder import Responder, Stored
from tieout.campaigns.state import Phase
from tieout.campaigns.writer import Writer, Written
from tieout.criteria.scope import load_scope
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.responses import COMMAND_LINE
from tieout.evidence.store import Retention, S3Store
from tieout.flows.campaign_standing import Standing
from tieout.flows.campaigns import Campaigns
from tieout.flows.upkeep import retention_for
from tieout.times import instant


@dataclass(frozen=True, kw_only=True)
class Manager:
    """Somebody who speaks in a campaign on the command line: nobody but the store's credentials vouches for who it is.

    Attributes:
        standing: Where the campaign stands.
        by: The person.
        store: The evidence bucket, as an identity that may put what is said.
        retention: Lock of it.
        clock: Tells the time, UTC.
    """

    standing: Standing
    by: str
    store: S3Store
    retention: Retention
    clock: Callable[[], datetime]

    def reassign(self, signer: DocumentSigner, assignment: str, to: str, items: tuple[str, ...] | None, reason: str) -> Stored:
        """Give items of an assignment to somebody; all that are open where none is named. Raises as `cover`."""
        said = Reassigned(
            **self._common([assignment, to, items, reason]), assignment=assignment, to=to, items=items, reason=reason
        )
        return self._say(said, signer)

    def cover(
        self,
        signer: DocumentSigner,
        person: str,
        stand_in: str,
        between: tuple[datetime, datetime],
        assignments: tuple[str, ...] | None,
        reason: str,
    ) -> Stored:
        """Have somebody answer in the place of somebody else, for a time.

        Raises:
            ConfigurationError: It would not count; nothing is stored.
            StoreUnavailable: The store did not answer; run it again.
        """
        from_, until = between
        content = [person, stand_in, instant(from_), instant(until), assignments, reason]
        said = Covered(
            **self._common(content), person=person, stand_in=stand_in, assignments=assignments, from_=from_, until=until,
            reason=reason,
        )  # fmt: skip
        return self._say(said, signer)

    def withdraw(self, signer: DocumentSigner, cover: str, reason: str) -> Stored:
        """End a cover. Raises as `cover`."""
        return self._say(Withdrawn(**self._common([cover, reason]), cover=cover, reason=reason), signer)

    def left(self, signer: DocumentSigner, person: str, reason: str) -> Written:
        """Record that somebody who is asked has left: nothing they say counts any more, and what they have open goes on.

        Raises:
            ConfigurationError: It is over, or they have no part in it.
            StoreUnavailable: The store did not answer; run it again.
        """
        state, definition = self.standing.state, self.standing.loaded.definition
        if state.phase in (Phase.CLOSED, Phase.CANCELLED):
            msg = f"campaign {definition.campaign}: it is {state.phase}, and nobody is asked anything any more."
            raise ConfigurationError(msg)
        if person not in definition.people:
            msg = f"campaign {definition.campaign}: expected somebody who has a part in it, got somebody else."
            raise ConfigurationError(msg)
        [written] = self._writer(signer).notice([left_notice(person, reason)], self.by, state.not_before(self.clock()))
        return written

    def cancel(self, signer: DocumentSigner, reason: str) -> Written:
        """Cancel the campaign, as whoever writes its records; the first to do so is who did.

        Raises:
            ConfigurationError: It is over.
            StoreUnavailable: The store did not answer; run it again.
        """
        state = self.standing.state
        if state.phase is Phase.CLOSED:
            msg = f"campaign {self.standing.loaded.definition.campaign}: it is closed, and can not be cancelled any more."
            raise ConfigurationError(msg)
        return self._writer(signer).cancel(self.by, reason, state.not_before(self.clock()))

    def _writer(self, signer: DocumentSigner) -> Writer:
        return Writer(self.standing.loaded.definition, self.store, signer, self.retention)

    def _common(self, content: list[Any]) -> dict[str, Any]:
        """Return what all that is said has. The same said twice at the same state is one."""
        definition, latest = self.standing.loaded.definition, self.standing.state.latest
        about = [definition.campaign, self.by, latest and instant(latest), *content]
        return {
            "at": self.clock(),
            "by": self.by,
            "definition_sha256": definition.sha256,
            "interaction": hashlib.sha256(canonical(about)).hexdigest()[:32],
            "channel": COMMAND_LINE,
        }

    def _say(self, said: Said, signer: DocumentSigner) -> Stored:
        definition = self.standing.loaded.definition
        refused = refusals(self.standing.state, said, self.clock())
        if refused:
            whys = Counter(each.why.value for each in refused)
            told = "; ".join(f"{why} ({count} times)" if count > 1 else why for why, count in sorted(whys.items()))
            msg = f"campaign {definition.campaign}: it would not count, and nothing was stored: {told}."
            raise ConfigurationError(msg)
        return Responder(definition, self.store, signer, self.retention, self.clock).respond(said)


def manager(standing: Standing, campaigns: Campaigns, by: str, clock: Callable[[], datetime]) -> Manager:
    """Return somebody who speaks in a campaign.

    Raises:
        ConfigurationError: The scope file is wrong, or the lock would be past.
    """
    settings = campaigns.settings
    period = standing.loaded.definition.observation_period
    retention = retention_for(settings, load_scope(settings.scope_file), period, clock())
    return Manager(standing=standing, by=by, store=campaigns.store, retention=retention, clock=clock)
