# SPDX-License-Identifier: Apache-2.0
"""What people recorded of an incident in PagerDuty: in its custom fields, or in notes whose lines begin with a label.

A custom field that holds something counts before a note; of several notes the latest that has the label counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tieout.errors import ContractError
from tieout.times import parse_instant

FACTS = ("contained_at", "commander", "root_cause", "lessons", "customers_notified_at", "notification_due_at")
LABELS = {name: name.replace("_", " ") for name in FACTS}
"""By fact the label of its line in a note; upper and lower case do not matter: ``Root cause: a pool ran empty``."""


def recorded(incident: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> dict[str, str]:
    """Return what is recorded of one incident, by fact.

    Args:
        incident: With its custom fields, whose names are the facts' own.
        entries: Its log entries, in any order.
        labels: As `LABELS`.
    """
    found: dict[str, str] = {}
    for entry in sorted(entries, key=lambda each: each["created_at"]):
        if entry["type"].startswith("annotate_log_entry"):
            found |= _of_note(entry.get("note") or (entry.get("channel") or {}).get("summary") or "", labels)
    values = {each["name"]: _text(each.get("value")) for each in incident.get("custom_fields") or ()}
    return found | {name: values[name] for name in FACTS if values.get(name)}


def told_in_time(facts: Mapping[str, str], read: datetime) -> bool | None:
    """Return whether customers were told by the time that was due; ``None`` where none was due, or is not yet and not given.

    Raises:
        ContractError: What is recorded is no time with a zone.
    """
    due, told = (_time(facts, name) for name in ("notification_due_at", "customers_notified_at"))
    if due is None:
        return None
    if told is not None:
        return told <= due
    return False if due <= read else None


def _time(facts: Mapping[str, str], name: str) -> datetime | None:
    if name not in facts:
        return None
    try:
        return parse_instant(facts[name])
    except ValueError as error:
        msg = f"PagerDuty: {name.replace('_', ' ')} of an incident: expected a time with a zone, as 2026-03-05T14:30Z."
        raise ContractError(msg) from error


def _of_note(note: str, labels: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for line in note.splitlines():
        label, colon, value = line.partition(":")
        names = [name for name, each in labels.items() if each.casefold() == label.strip().casefold()]
        if colon and names and value.strip():
            found[names[0]] = value.strip()
    return found


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value).strip()
