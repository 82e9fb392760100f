# SPDX-License-Identifier: Apache-2.0
"""Who answered an alert first, and whether in time: what is not known is neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieout.collectors.pagerduty_log import Response, in_time, note_all, seen_at

RAISED = datetime(2026, 3, 5, 10, tzinfo=UTC)
DUE = RAISED + timedelta(minutes=15)
LATER = RAISED + timedelta(days=1)


def entry(kind: str, minute: float, agent: str = "user", key: str = "PU1") -> dict[str, Any]:
    """Return a log entry of incident PT1, so many minutes after it was raised."""
    at = (RAISED + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
    by = {"id": key, "type": f"{agent}_reference"}
    return {"type": f"{kind}_log_entry", "created_at": at, "agent": by, "incident": {"id": "PT1"}}


def response(*entries: dict[str, Any]) -> Response:
    """Return what entries say of PT1."""
    found: dict[str, Response] = {}
    note_all(found, entries)
    return found.get("PT1", Response())


@pytest.mark.parametrize(
    ("entries", "read", "expected"),
    [
        ([entry("acknowledge", 15)], LATER, True),
        ([entry("acknowledge", 16)], LATER, False),
        ([entry("acknowledge", 20), entry("acknowledge", 5)], LATER, True),
        ([], LATER, False),
        ([], DUE - timedelta(minutes=1), None),
        ([entry("notify", 1)], LATER, False),
        ([entry("acknowledge", 5, "integration")], LATER, None),
        ([entry("acknowledge", 5, "service"), entry("acknowledge", 8)], LATER, True),
        ([entry("acknowledge", 20, "integration")], LATER, False),
        ([entry("resolve", 5)], LATER, True),
        ([entry("resolve", 5, "service")], LATER, None),
        ([entry("resolve", 20, "service")], LATER, False),
        ([entry("resolve", 5, "service"), entry("acknowledge", 20)], LATER, False),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_in_time(entries: list[dict[str, Any]], read: datetime, expected: bool | None, turned: bool) -> None:
    assert in_time(response(*(entries[::-1] if turned else entries)), DUE, read) is expected


def test_the_first_person_counts_and_a_resolution_is_an_answer() -> None:
    found = response(entry("acknowledge", 9, key="PU2"), entry("resolve", 4, key="PU3"), entry("acknowledge", 2, "integration"))
    assert (found.person, found.answered_at) == ("PU3", RAISED + timedelta(minutes=4))
    assert seen_at(found) == RAISED + timedelta(minutes=2)
    assert seen_at(Response()) is None


def test_an_alert_can_still_be_answered_until_it_is_answered_or_resolved() -> None:
    assert not response(entry("trigger", 0, "service")).is_final
    assert not response(entry("acknowledge", 1, "integration")).is_final
    assert response(entry("acknowledge", 1)).is_final
    assert response(entry("resolve", 1, "service")).is_final


def test_references_and_unknown_kinds_are_read_alike() -> None:
    reference = entry("trigger", 3, "service") | {"type": "trigger_log_entry_reference"}
    odd = entry("trigger", 1) | {"type": "trigger_by_magic", "agent": None}
    assert response(reference, odd).triggered_at == RAISED + timedelta(minutes=3)
    assert response(entry("acknowledge", 2) | {"agent": None}).relayed_at == RAISED + timedelta(minutes=2)
