# SPDX-License-Identifier: Apache-2.0
"""What the answers come to: pure."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tieout.slack.blocks.modals import TRY_AGAIN

STORED, AGAIN, OTHER = "stored", "please try again", "other"
"""What somebody may be shown. Slack itself says that it had trouble where an answer is late or is no HTTP 200: that is OTHER."""
SLACK_SECONDS = 3.0
"""Slack gives up on an answer that takes longer."""
_BEGINNING = 200
"""Characters of an answer that tell the next page from anything else."""
Page = tuple[str, tuple[str, ...]]
"""Who decided, and on which items, sorted: nobody gets two pages with the same."""


def shown(status: int, body: str) -> str:
    """Return what somebody is shown who has submitted a page."""
    if status != 200:
        return OTHER
    if body[:_BEGINNING].startswith('{"response_action": "update"') and '"callback_id": "tieout_page"' in body[:_BEGINNING]:
        return STORED
    said: dict[str, Any] = json.loads(body) if body.startswith("{") else {}
    if said.get("response_action") == "errors":
        return AGAIN if set(said["errors"].values()) == {TRY_AGAIN} else OTHER
    title = said.get("view", {}).get("title", {}).get("text")
    if said.get("response_action") != "update":
        return OTHER
    return {"Please try again": AGAIN, "Stored": STORED}.get(title, OTHER)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all does not exceed (nearest rank); NaN where there is none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


@dataclass(frozen=True)
class Compared:
    """What was shown as accepted, held against what is stored.

    Attributes:
        accepted: Pages shown as accepted.
        stored: Pages of which a response is stored.
        lost: Pages shown as accepted of which none is: there must be none.
        unheard: Pages of which one is, though nobody was shown that it was accepted.
        twice: Pages of which more than one is: there must be none.
    """

    accepted: int
    stored: int
    lost: int
    unheard: int
    twice: int

    @property
    def equal(self) -> bool:
        """Whether exactly what was shown as accepted is stored, once each."""
        return self.lost == self.unheard == self.twice == 0


def compare(accepted: Collection[Page], stored: Iterable[Page]) -> Compared:
    """Hold what was shown as accepted against the pages of all responses that are stored."""
    there, shown_as = Counter(stored), set(accepted)
    return Compared(
        accepted=len(shown_as),
        stored=len(there),
        lost=len(shown_as - there.keys()),
        unheard=len(there.keys() - shown_as),
        twice=sum(count > 1 for count in there.values()),
    )
