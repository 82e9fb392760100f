# SPDX-License-Identifier: Apache-2.0
"""What is not proven, in plain words: what the lists show, and nothing concluded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieout.reviews.words import CUT, carried_out, minute, shortened, unproven

DUE = datetime(2026, 4, 24, tzinfo=UTC)
SEEN = DUE - timedelta(seconds=1)


def row(decision: str, proof: str | None, in_time: bool | None, **said: Any) -> dict[str, Any]:
    """Return what a row says of a proof."""
    told = {"decision": decision, "proof": proof, "carried_out_in_time": in_time, "removal_due_at": DUE, "proof_as_of": SEEN}
    return {**told, "proof_changed": None, **said}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (row("keep", None, True), None),
        (row("revoke", "removed", True), None),
        (row("change", "changed", True, proof_changed="privileged"), None),
        (row("revoke", "not determinable", None, proof_as_of=None), "not collected again: nothing shows"),
        (row("revoke", "still there", False), "still stands as it was frozen in the list of 2026-04-23 23:59 UTC."),
        (row("revoke", "changed", False, proof_changed="holder mfa"), "stands with other values (holder mfa) in the list of"),
        (
            row("revoke", "removed", None),
            "is gone in the list of 2026-04-23 23:59 UTC: nothing shows whether",
        ),
        (row("revoke", "still there", None), "still stood in the list of"),
        (row("change", "changed", None, proof_changed="mfa"), "(mfa) in the list of 2026-04-23 23:59 UTC: that does not show"),
    ],
)
def test_what_is_not_proven_is_said_with_the_list_that_shows_it(said: dict[str, Any], words: str | None) -> None:
    found = unproven(said)
    assert (found is None) == (words is None)
    assert (words or "") in (found or "")
    if found:
        assert found.startswith(f"It was to be {'revoked' if said['decision'] == 'revoke' else 'changed'}")
        assert "2026-04-24 00:00 UTC" in found


def test_what_the_second_list_shows_is_told_with_whether_it_was_in_time() -> None:
    assert carried_out(row("keep", None, True)) == "nothing had to be"
    assert carried_out(row("change", "changed", None, proof_changed="mfa")) == "changed (mfa); carried out: not determinable"
    assert carried_out(row("revoke", "still there", False)) == "still there; carried out: not in time"


def test_times_and_long_texts_are_told_as_they_are_or_said_to_be_cut() -> None:
    assert (minute(None), minute(DUE)) == ("not told", "2026-04-24 00:00 UTC")
    assert shortened("x" * CUT) == "x" * CUT
    assert (len(shortened("x" * 1_000)), shortened("x" * 1_000)[-1]) == (CUT, "…")
