# SPDX-License-Identifier: Apache-2.0
"""The sealed form of a definition: what the record of a campaign's opening holds.

Items and assignments are not in it: they are rows of the landings that it names. Their hash is, so that what is read from those
rows again is what the campaign opened with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from tieout.campaigns.assignments import Assignment, Item
from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Population, Schedule
from tieout.campaigns.items import canonical
from tieout.errors import CannotCheck, LandingConflict
from tieout.times import instant, parse_instant

VERSION = 1


def as_document(definition: Definition) -> dict[str, Any]:
    """Return a definition as JSON values, without items and assignments."""
    schedule = definition.schedule
    accounts: dict[str, dict[str, str]] = {}
    for person, pin in definition.pins.items():
        if pin is not None:
            accounts.setdefault(pin.team, {})[pin.user] = person
    return {
        "version": VERSION,
        **{name: getattr(definition, name) for name in _PLAIN},
        "populations": [{name: getattr(each, name) for name in Population.__slots__} for each in definition.populations],
        "schedule": {
            "opened_at": instant(schedule.opened_at),
            "due_at": instant(schedule.due_at),
            "reminders": [instant(at) for at in schedule.reminders],
            "escalate_at": schedule.escalate_at and instant(schedule.escalate_at),
            "extensions": [instant(at) for at in schedule.extensions],
        },
        "choices": [
            {"name": name, **{field: getattr(choice, field) for field in Choice.__slots__}}
            for name, choice in definition.choices.items()
        ],
        "leftovers": definition.leftovers.value,
        "items": len(definition.items),
        "assignments": len(definition.assignments),
        "frozen_sha256": definition.frozen_sha256,
        "accounts": accounts,
        "without_account": sorted(person for person, pin in definition.pins.items() if pin is None),
        "managers_of_program": list(definition.managers_of_program),
        "signers": list(definition.signers),
        # Absent where they say nothing: what was sealed before has none of them.
        **({"personal": True} if definition.personal else {}),
        **({"lookers": list(definition.lookers)} if definition.lookers else {}),
    }


_PLAIN = ("campaign", "control", "observation_period", "window", "kind", "leftover_choice")


def document_sha256(definition: Definition) -> str:
    """Return the SHA-256 over the RFC 8785 bytes of `as_document`."""
    return hashlib.sha256(rfc8785.dumps(as_document(definition))).hexdigest()


def frozen_sha256(items: Mapping[str, Item], assignments: Mapping[str, Assignment]) -> str:
    """Return a hash over items and assignments: one line of JSON for each item by id, then for each assignment by id."""
    digest = hashlib.sha256()
    for _, item in sorted(items.items()):
        digest.update(canonical([item.id, item.row_sha256, item.subject]) + b"\n")
    for _, each in sorted(assignments.items()):
        due = [instant(each.due_at)] if each.due_at else []
        digest.update(canonical([each.id, each.person, each.authority, each.order, each.items, dict(each.orders), *due]) + b"\n")
    return digest.hexdigest()


def from_document(
    document: Mapping[str, Any], items: Mapping[str, Item], assignments: Mapping[str, Assignment], what: str
) -> Definition:
    """Return the definition that a sealed document and the rows of its landings make together.

    Args:
        document: As a record holds it.
        items: From the landings, by id.
        assignments: From the landings, by id.
        what: What an error calls the document: its key.

    Raises:
        CannotCheck: The document is malformed, or of a later version.
        LandingConflict: Items or assignments are not those that the campaign opened with.
        ConfigurationError: The parts do not fit together.
    """
    if document.get("version") != VERSION:
        msg = f"{what}: expected a definition of version {VERSION}, got {document.get('version')!r}: a later release wrote it."
        raise CannotCheck(msg)
    if (found := frozen_sha256(items, assignments)) != document.get("frozen_sha256"):
        msg = (
            f"{what}: expected items and assignments of SHA-256 {document.get('frozen_sha256')}, got {found}. "
            "The landings that it names do not hold them: run tieout verify."
        )
        raise LandingConflict(msg)
    try:
        definition = _definition(document, items, assignments)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{what}: expected a campaign's definition: malformed ({type(error).__name__})."
        raise CannotCheck(msg) from error
    vars(definition)["frozen_sha256"] = found  # of many items it takes seconds: it is not worked out again
    return definition


def _definition(document: Mapping[str, Any], items: Mapping[str, Item], assignments: Mapping[str, Assignment]) -> Definition:
    schedule = document["schedule"]
    pins: dict[str, Pin | None] = dict.fromkeys(document["without_account"])
    pins |= {person: Pin(team, user) for team, users in document["accounts"].items() for user, person in users.items()}
    return Definition(
        **{name: document[name] for name in _PLAIN},
        populations=tuple(Population(**each) for each in document["populations"]),
        schedule=Schedule(
            parse_instant(schedule["opened_at"]),
            parse_instant(schedule["due_at"]),
            tuple(parse_instant(at) for at in schedule["reminders"]),
            schedule["escalate_at"] and parse_instant(schedule["escalate_at"]),
            tuple(parse_instant(at) for at in schedule["extensions"]),
        ),
        choices={each["name"]: Choice(each["needs_reason"], each["overrules"], each["offered"]) for each in document["choices"]},
        leftovers=Leftovers(document["leftovers"]),
        items=items,
        assignments=assignments,
        pins=pins,
        managers_of_program=tuple(document["managers_of_program"]),
        signers=tuple(document["signers"]),
        personal=document.get("personal") is True,
        lookers=tuple(document.get("lookers", ())),
    )
