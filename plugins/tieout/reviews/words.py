# SPDX-License-Identifier: Apache-2.0
"""What became of a row of a review, in plain words: what the lists show and what they do not, and nothing concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tieout.reviews.capacity import KEPT
from tieout.reviews.proof import ProofState

_DONE = {"revoke": "to be revoked", "change": "to be changed"}
CUT = 200
"""Characters of a name or a text that a listing shows; the rows hold all of it."""


def minute(at: datetime | None) -> str:
    """Return an instant as people read it, in UTC; ``not told`` for none."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "not told"


def shortened(text: str, most: int = CUT) -> str:
    """Return a text, cut where it is longer, with a mark that it was."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def unproven(row: Mapping[str, Any]) -> str | None:
    """Return what is not proven of a decision, and why; ``None`` where it is proven carried out in time, or nothing had to be.

    Args:
        row: Of ``account_review.v2``.
    """
    if row["decision"] == KEPT or row["carried_out_in_time"]:
        return None
    due, seen = minute(row["removal_due_at"]), minute(row["proof_as_of"])
    decided = _DONE[row["decision"]]
    if row["proof"] == ProofState.NOT_DETERMINABLE:
        return f"It was {decided}, and the system was not collected again: nothing shows whether that was carried out by {due}."
    if row["carried_out_in_time"] is False:
        return f"It was {decided} by {due}, and {_there(row)} in the list of {seen}."
    if row["proof"] == ProofState.REMOVED:
        return f"It was {decided} by {due}, and is gone in the list of {seen}: nothing shows whether it was gone in time."
    if row["proof"] == ProofState.STILL_THERE:
        return f"It was {decided} by {due}, and still stood in the list of {seen}: nothing shows whether it was gone in time."
    found = f"It was {decided} by {due}, and {_there(row)} in the list of {seen}"
    return f"{found}: that does not show whether it was carried out in time."


def _there(row: Mapping[str, Any]) -> str:
    if row["proof"] == ProofState.STILL_THERE:
        return "still stands as it was frozen"
    return f"stands with other values ({row['proof_changed']})"


def carried_out(row: Mapping[str, Any]) -> str:
    """Return what the second collection shows of a decision."""
    if row["decision"] == KEPT:
        return "nothing had to be"
    proven = {True: "in time", False: "not in time", None: "not determinable"}[row["carried_out_in_time"]]
    changed = f" ({row['proof_changed']})" if row["proof_changed"] else ""
    return f"{row['proof']}{changed}; carried out: {proven}"
