# SPDX-License-Identifier: Apache-2.0
"""One item of a review in words for the person who decides on it: what it is, what is known of it, what stands out.

Nothing is left out because it is not known: what the sources do not tell is said to be unknown, and a flag that could not be
worked out is named. Only ids of persons are in it, and no names: what a person was shown is locked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tieout.reviews.items import FLAGS

Row = Mapping[str, Any]
INTRODUCTION = (
    "Is each of these still needed for the person's work, or the program's purpose, and no more than is needed? Keep it, revoke "
    "it, or say what has to change. What is said to be unknown, the systems do not tell: it is no clearance."
)
"""What reviewers are asked."""
UNIT = "access rights"
"""What is decided on, in the plural."""
LABELS = {"keep": "Keep", "revoke": "Revoke", "change": "Change"}
"""Words of the choices, by name, in the order in which they are shown."""
_UNKNOWN = "unknown"
_KINDS = {
    "person": "a person's",
    "service": "a program's",
    "shared": "shared by several people",
    "unknown": "of unknown kind",
}
_EMPLOYMENT = {
    "active": "works here",
    "left": "has left",
    "not_started": "has not started yet",
    "not in the roster": "is not in the list of people",
}
_SINCE = {
    "new": "new since the last review",
    "changed": "changed since the last review",
    "unchanged": "as in the last review",
}
_UNDETERMINED = {
    "terminated": "used after leaving",
    "dormant": "out of use",
    "shared": "shared",
    "service_without_owner": "program without owner",
    "toxic": "toxic combination",
}
"""Short names of flags that may be null, but for those of which the fact itself says that it is unknown."""


@dataclass(frozen=True, slots=True)
class Presented:
    """An item as it is shown.

    Attributes:
        title: The system, the account and what it has there.
        holder: Person id of who answers for the account; ``None`` where nobody is known.
        facts: Label and value of what is known, and of what is not.
        flags: What stands out, each in words.
    """

    title: str
    holder: str | None
    facts: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]


def present(row: Row, names: Mapping[str, str], dormant_days: int | None = None, asked: Collection[str] = FLAGS) -> Presented:
    """Return an item in words.

    Args:
        row: Of ``review_item.v1``.
        names: Names of systems, by id; one without a name is shown by its id.
        dormant_days: From how many days without use on the review calls an account dormant.
        asked: Flags that the review asks about.
    """
    system = names.get(row["system"], row["system"])
    return Presented(
        title=f"{system}: {row['account']} has {row['entitlement']}",
        holder=row["holder"],
        facts=(*((label, say(row)) for label, say in _FACTS), ("Could not be worked out", _undetermined(row, asked))),
        flags=tuple(_flags(row, dormant_days)),
    )


def named_assignment(rows: Iterable[Row], slot: int, names: Mapping[str, str]) -> str:
    """Return what an assignment is about: its systems, and in what capacity its person decides.

    Args:
        rows: Its items.
        slot: 1 or 2.
        names: Names of systems, by id.
    """
    systems: dict[str, None] = {}
    capacities: dict[str, None] = {}
    for row in rows:
        systems[names.get(row["system"], row["system"])] = None
        capacities[_capacity(row["reviewer_authority" if slot == 1 else "second_authority"] or "")] = None
    second = " (second decision)" if slot == 2 else ""
    return f"{_listed(systems, 'systems')}: as {_listed(capacities, 'capacities')}{second}"


def _capacity(authority: str) -> str:
    """Return the capacity that an authority states: what comes before the role's name, and before who was passed over."""
    return authority.partition(";")[0].partition(" (")[0].strip() or "somebody named by the control"


def _listed(names: Iterable[str], plural: str) -> str:
    listed = sorted(names)
    return ", ".join(listed) if len(listed) <= 3 else f"{', '.join(listed[:2])} and {len(listed) - 2} more {plural}"


def _account(row: Row) -> str:
    status = f"status {row['account_status']}" if row["account_status"] else f"status {_UNKNOWN}"
    return f"{_KINDS.get(row['account_kind'], row['account_kind'])}, {status}"


def _holder(row: Row) -> str:
    if row["holder"] is None:
        return "nobody is known to answer for it"
    said = _EMPLOYMENT.get(row["holder_employment"], _UNKNOWN)
    left = row["holder_left_on"]
    if left is None:
        return said
    return f"{said} (last day {_day(left)})" if row["holder_employment"] == "left" else f"{said}, until {_day(left)}"


def _last_used(row: Row) -> str:
    if row["last_used_at"] is not None:
        return _day(row["last_used_at"])
    # The flag is null where the source tells of no account, or of this one nothing, when it was used.
    return _UNKNOWN if row["dormant"] is None else "never, as far as the system tells"


def _since(row: Row) -> str:
    return _SINCE.get(row["since_last"] or "", "there was no review of this system before")


def _undetermined(row: Row, asked: Collection[str]) -> str:
    absent = [name for column, name in _UNDETERMINED.items() if column in asked and row[column] is None]
    return ", ".join(absent) or "nothing"


def _yes_or_no(column: str) -> Callable[[Row], str]:
    return lambda row: _UNKNOWN if row[column] is None else "yes" if row[column] else "no"


def _day(value: date | datetime | str) -> str:
    return value[:10] if isinstance(value, str) else value.isoformat()[:10]


_FACTS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("Account", _account),
    ("Who answers for it", _holder),
    ("Privileged", _yes_or_no("privileged")),
    ("Second factor", _yes_or_no("mfa")),
    ("Granted", lambda row: _UNKNOWN if row["granted_at"] is None else _day(row["granted_at"])),
    ("Last used", _last_used),
    ("Last review", _since),
)


def _flags(row: Row, dormant_days: int | None) -> Iterator[str]:
    if row["terminated"]:
        yield "the holder has left, and the account can be used"
    if row["toxic"]:
        yield f"part of a combination that nobody should have: {row['toxic_with'] or _UNKNOWN}"
    if row["privileged"]:
        yield "privileged"
    if row["service_without_owner"]:
        yield "a program's account for which nobody who works here answers"
    elif row["orphaned"]:
        yield "nobody in the list of people answers for it"
    if row["dormant"]:
        yield "not used for a long time" if dormant_days is None else f"not used for more than {dormant_days} days"
    if row["no_mfa"]:
        yield "no second factor"
    if row["shared"]:
        yield "shared by several people"
    if row["since_last"] in ("new", "changed"):
        yield _SINCE[row["since_last"]]
