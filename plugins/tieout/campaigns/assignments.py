# SPDX-License-Identifier: Apache-2.0
"""Items, and to whom each is given: with what authority, and who comes next."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

SLOTS = (1, 2)


def person_digits(person: str) -> str:
    """Return what stands for a person in the names of assignments and notices: 16 hexadecimal digits."""
    return hashlib.sha256(person.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the frozen population.

    Attributes:
        id: From `tieout.campaigns.items.item_id`.
        row_sha256: From `tieout.campaigns.items.row_sha256`: an answer names it.
        subject: The person whom it is about; ``None`` where it is about nobody.
    """

    id: str
    row_sha256: str
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """One item given to one person, with the authority for it, who comes next, in order, and by when, where that is its own."""

    item: str
    person: str
    authority: str
    order: tuple[str, ...] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Items given to one person, in the order in which they are shown.

    Attributes:
        slot: 1, or 2 where two people answer apart.
        person: Who answers.
        authority: By what right, as it was when the population was frozen; for a person to read.
        order: Who comes next, in order.
        items: Ids of the items.
        orders: Who comes next for those items for which it is somebody else.
        due_at: By when it is to be answered, UTC; ``None`` for when the campaign is due.
    """

    slot: int
    person: str
    authority: str
    order: tuple[str, ...]
    items: tuple[str, ...]
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    due_at: datetime | None = None
    id: str = field(init=False)
    """``<slot>-<16 hexadecimal digits of the SHA-256 of the person>``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", f"{self.slot}-{person_digits(self.person)}")

    def order_of(self, item: str) -> tuple[str, ...]:
        """Return who comes next for an item, in order."""
        return self.orders.get(item, self.order)


def assign(slot: int, rows: Iterable[Assigned]) -> dict[str, Assignment]:
    """Return the assignments of one slot, by id: one for each person, its items in the order of the rows.

    Where some items have a due time of their own, the earliest is that of the assignment.
    """
    by_person: dict[str, list[Assigned]] = {}
    for row in rows:
        by_person.setdefault(row.person, []).append(row)
    found = {}
    for person, given in by_person.items():
        usual = given[0].order if len(given) == 1 else Counter(row.order for row in given).most_common(1)[0][0]
        authority = "; ".join(sorted({row.authority for row in given}))
        orders = {row.item: row.order for row in given if row.order != usual}
        due_at = min((row.due_at for row in given if row.due_at), default=None)
        each = Assignment(slot, person, authority, usual, tuple(row.item for row in given), orders, due_at)
        found[each.id] = each
    return found
