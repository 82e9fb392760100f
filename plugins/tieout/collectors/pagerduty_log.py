# SPDX-License-Identifier: Apache-2.0
"""Who answered an alert, and when: read from PagerDuty's log entries, and judged against the time in which it is due.

1. A person who acknowledges an alert, or resolves it without, has answered it; the first one counts.
2. An acknowledgement that an integration sent names nobody: whether a person stood behind it can not be told.
3. An alert that ended by itself before it was due needed no answer: in time or not has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.times import parse_instant

_KINDS = ("trigger_log_entry", "acknowledge_log_entry", "resolve_log_entry")


@dataclass(slots=True)
class Response:
    """What the log says of one incident, as far as it was read."""

    triggered_at: datetime | None = None
    """For the first time in what was read."""
    answered_at: datetime | None = None
    """By a person."""
    person: str | None = None
    """Id of who answered."""
    relayed_at: datetime | None = None
    """Acknowledged by an integration."""
    resolved_at: datetime | None = None

    def note(self, entry: Mapping[str, Any]) -> None:
        """Take up one log entry; their order does not matter."""
        kind = entry["type"].partition("_")[0]
        at, agent = parse_instant(entry["created_at"]), entry.get("agent") or {}
        if kind == "trigger":
            self.triggered_at = _first(self.triggered_at, at)
        elif kind not in ("acknowledge", "resolve"):
            return
        elif str(agent.get("type", "")).startswith("user"):
            if self.answered_at is None or at < self.answered_at:
                self.answered_at, self.person = at, agent.get("id")
        elif kind == "acknowledge":
            self.relayed_at = _first(self.relayed_at, at)
        if kind == "resolve":
            self.resolved_at = _first(self.resolved_at, at)

    @property
    def is_final(self) -> bool:
        """Whether no later entry can change who answered first."""
        return self.answered_at is not None or self.resolved_at is not None


def _first(before: datetime | None, at: datetime) -> datetime:
    return at if before is None else min(before, at)


def note_all(responses: dict[str, Response], entries: Iterable[Mapping[str, Any]]) -> None:
    """Take up log entries of many incidents."""
    for entry in entries:
        incident = (entry.get("incident") or {}).get("id")
        if incident and entry["type"].startswith(_KINDS):
            responses.setdefault(incident, Response()).note(entry)


def in_time(response: Response, due: datetime, read: datetime) -> bool | None:
    """Return whether an alert was answered in time.

    Args:
        response: What the log says.
        due: Until when it was to be answered.
        read: Until when the log was read.

    Returns:
        ``None`` where that can not be told, or is not yet due: rules 2 and 3 of this module.
    """
    if response.answered_at is not None and response.answered_at <= due:
        return True
    if response.relayed_at is not None and response.relayed_at <= due:
        return None
    if response.answered_at is None and response.resolved_at is not None and response.resolved_at <= due:
        return None
    return False if due <= read else None


def seen_at(response: Response) -> datetime | None:
    """Return when an alert was first acknowledged or, by a person, resolved."""
    times = [at for at in (response.answered_at, response.relayed_at) if at is not None]
    return min(times, default=None)
