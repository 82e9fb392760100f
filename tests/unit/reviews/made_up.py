# SPDX-License-Identifier: Apache-2.0
"""Companies drawn by a seed, in which every hard case comes up soon, and their items worked out in two ways."""

from __future__ import annotations

import random
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tests.unit.reviews.independent import recompute
from tests.unit.reviews.world import CONTRACTS, FROZEN_ON, LAST_DAY, Row, World, ago, entry, mail, person, role

NAMES = [f"p{number}" for number in range(12)]
SYSTEMS = ("idp", "erp", "bank")
SIDES = [
    ("pay", 1, "erp", "role:(a|b)"), ("pay", 2, "bank", "role:c"),
    ("all", 1, "idp", "role:.*"), ("all", 2, "erp", "role:c"), ("all", 3, "erp", "role:a"),
]  # fmt: skip


class Draw:
    """Draws what a company is made of."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.tells = {system: self.chance(0.7) for system in SYSTEMS}
        self.reviewed_before = tuple(system for system in SYSTEMS if self.chance(0.7))

    def chance(self, of: float) -> bool:
        return self._random.random() < of

    def one_of(self, *values: Any) -> Any:
        return self._random.choice(values)

    def number(self, first: int, end: int) -> int:
        return self._random.randrange(first, end)

    def somebody(self) -> str | None:
        names = [each for name in NAMES for each in (mail(name), mail(name), mail(name).upper())]
        return None if self.chance(0.1) else str(self._random.choice(names))

    def instant(self) -> datetime | None:
        return self.one_of(None, ago(self.number(0, 200)), ago(self.number(0, 200)))

    def access(self) -> list[Row]:
        many = range(self.number(0, 250))
        keys = {(self.one_of(*SYSTEMS), f"x{self.number(0, 30)}", f"role:{self.one_of(*'abcd')}") for _ in many}
        return [
            {
                **entry(account, None, entitlement, system=system), "holder": self.somebody(),
                "account_kind": self.one_of("person", "service", "shared", "unknown"),
                "account_status": self.one_of(None, "ACTIVE", "off"), "privileged": self.one_of(None, True, False),
                "granted_at": self.instant(), "mfa": self.one_of(None, True, False),
                "last_used_at": self.instant() if self.tells[system] else None,
            }
            for system, account, entitlement in sorted(keys)
        ]  # fmt: skip

    def people(self) -> list[Row]:
        days = (date(2026, 3, 30), date(2026, 3, 31), *(date(2026, 4, day) for day in (1, 2, 3)))
        found = [
            {
                **person(name), "manager": self.somebody(),
                "employment": self.one_of("active", "active", "active", "left", "not_started"),
                "started_on": self.one_of(None, date(2026, 4, self.number(1, 5))), "left_on": self.one_of(None, None, *days),
            }
            for name in self._random.sample(NAMES, self.number(1, len(NAMES)))
        ]  # fmt: skip
        twice = self.one_of(*found)
        return [*found, {**self.one_of(*found), "person": twice["person"].upper()}]

    def roles(self) -> list[Row]:
        about = [*((system, "owner") for system in SYSTEMS), *(("control", each) for each in ("owner", "reviewer", "sign_off"))]
        return [
            role(what, capacity, self.one_of(None, *NAMES), f"role {number}", number)
            for what, capacity in about
            for number in range(1, self.number(2, 4))
        ]

    def before(self, access: list[Row]) -> list[Row]:
        names = CONTRACTS.items.schema.names
        given = {"review_id": "before", "item": "x", "orphaned": False, "reviewer": "x", "reviewer_authority": "x"}
        return [
            {**dict.fromkeys(names), **{name: value for name, value in row.items() if name in names}, **given,
             **self.one_of({}, {"mfa": self.one_of(None, True)}, {"holder": None}, {"last_used_at": None})}
            for row in access
            if self.chance(0.6) and row["system"] in self.reviewed_before
        ]  # fmt: skip

    def review(self) -> dict[str, Any]:
        return {
            "reviewers": {system: self.one_of("owner", "manager") for system in SYSTEMS},
            "second_reviewer": self.one_of("none", "owner", "manager", "control_owner", "control_reviewer"),
            "active_words": {system: ["active"] for system in SYSTEMS if self.chance(0.5)},
            "dormant_days": self.one_of(30, 90),
        }


def combinations() -> list[dict[str, Any]]:
    """Return `SIDES` as the file of combinations states them."""
    return [
        {"id": name, "risk": "r", "sides": [{"system": side[2], "entitlement": side[3]} for side in SIDES if side[0] == name]}
        for name in ("pay", "all")
    ]


def made_up(seed: int) -> World:
    """Return a company drawn by a seed."""
    draw = Draw(seed)
    access = draw.access()
    return World(
        access, draw.people(), draw.roles(), draw.before(access), draw.reviewed_before, SYSTEMS, draw.review(),
        combinations() if draw.chance(0.8) else None,
    )  # fmt: skip


def both(world: World, folder: Path) -> tuple[list[Row], list[Row]]:
    """Return the items as they are frozen, and as SQL of the test's own works them out, in the columns of the latter."""
    inputs, terms = world.inputs(folder), world.terms
    again = recompute(
        inputs.access, inputs.roster, inputs.roles, inputs.before,
        last_day=str(LAST_DAY), frozen_on=str(FROZEN_ON), dormant_days=terms.review.dormant_days,
        by_manager=[system for system, kind in terms.review.reviewers.items() if kind == "manager"],
        second=terms.review.second_reviewer, sides=SIDES if world.combinations else (),
        words=[(system, word) for system, listed in terms.review.active_words.items() for word in listed],
        reviewed_before=world.reviewed_before,
    )  # fmt: skip
    names = list(again[0]) if again else []
    return [{name: row[name] for name in names} for row in world.items(folder)], again
