# SPDX-License-Identifier: Apache-2.0
"""A company made by hand, as landed rows: entitlements, people, holders of roles, and the items of the review before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.contracts.odcs import LANDING_COLUMN, Contract, load_contract
from tieout.criteria.reviews import Review
from tieout.criteria.toxic_combinations import ToxicCombinations
from tieout.reviews.items import Contracts, Frozen, Inputs, frozen
from tieout.reviews.terms import Terms

AS_OF = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
READ_AT = datetime(2026, 4, 1, 6, tzinfo=UTC)
LAST_DAY, FROZEN_ON = date(2026, 3, 31), date(2026, 4, 2)
REVIEW_ID = "cc6_2_user_access_review.2026-Q1"
Row = dict[str, Any]
SCHEMAS = Path(__file__).parents[3] / "include/evidence_schemas"


def contract(evidence_type: str) -> Contract:
    """Return a shipped contract."""
    return load_contract(SCHEMAS / f"{evidence_type}.odcs.yaml")


CONTRACTS = Contracts(*(contract(f"{name}.v1") for name in ("access_entry", "roster_entry", "role_holder", "review_item")))


def mail(name: str) -> str:
    """Return somebody's address."""
    return f"{name}@example.com"


def ago(days: int) -> datetime:
    """Return an instant so many days before what the lists stand for."""
    return AS_OF - timedelta(days=days)


def entry(account: str = "a1", holder: str | None = "ann", entitlement: str = "app:1 Mail", **changed: Any) -> Row:
    """Return an entitlement at the identity provider: a person's, used yesterday, granted a year ago, with a second factor."""
    return {
        "system": "idp", "account": account, "entitlement": entitlement, "as_of": AS_OF, "read_at": READ_AT,
        "holder": holder and mail(holder), "account_kind": "person", "account_status": "ACTIVE", "privileged": False,
        "granted_at": ago(365), "last_used_at": ago(1), "mfa": True, **changed,
    }  # fmt: skip


def person(name: str, manager: str | None = "mia", **changed: Any) -> Row:
    """Return somebody who works here."""
    return {
        "system": "people", "person": mail(name), "as_of": AS_OF, "read_at": READ_AT, "employee_number": name.upper(),
        "worker_type": "employee", "employment": "active", "started_on": date(2024, 1, 1), "left_on": None,
        "manager": manager and mail(manager), "department": "IT", "job_title": "Engineer", **changed,
    }  # fmt: skip


def role(about: str, capacity: str, name: str | None, title: str | None = None, position: int = 1) -> Row:
    """Return who holds a role."""
    return {
        "system": "scope", "about": about, "capacity": capacity, "position": position, "as_of": AS_OF, "read_at": READ_AT,
        "role": title or f"{about} {capacity}", "person": name and mail(name),
    }  # fmt: skip


def write(folder: Path, name: str, rows: Sequence[Row], schema: Contract) -> list[Path]:
    """Write rows as they land: in the contract's types, with the landing beside."""
    path = folder / f"{name}.parquet"
    table = pa.Table.from_pylist(list(rows), schema=schema.schema)
    pq.write_table(table.append_column(LANDING_COLUMN, pa.array(["L"] * table.num_rows, pa.string())), path)
    return [path]


@dataclass
class World:
    """Everything that a review is made of, and what was agreed."""

    access: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    roles: list[Row] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)
    reviewed_before: tuple[str, ...] = ()
    systems: tuple[str, ...] = ("idp", "erp", "bank")
    review: dict[str, Any] = field(default_factory=dict)
    combinations: list[dict[str, Any]] | None = None

    @property
    def terms(self) -> Terms:
        """What was agreed."""
        asked = {"roster": {"system": "people", "collector": "hr_roster"}, "due": {"days": 10}, "removal": {"days": 5}}
        toxic = None if self.combinations is None else ToxicCombinations.model_validate({"combinations": self.combinations})
        review = Review.model_validate({**asked, **self.review})
        return Terms(REVIEW_ID, review, toxic, self.systems, self.reviewed_before, LAST_DAY, FROZEN_ON)

    def inputs(self, folder: Path) -> Inputs:
        """Write everything as it lands."""
        return Inputs(
            write(folder, "access", self.access, CONTRACTS.access),
            write(folder, "roster", self.people, CONTRACTS.roster),
            write(folder, "roles", self.roles, CONTRACTS.roles),
            write(folder, "before", self.before, CONTRACTS.items) if self.before else [],
        )

    @contextmanager
    def frozen(self, folder: Path) -> Iterator[Frozen]:
        """Work out the items."""
        with frozen(self.inputs(folder), CONTRACTS, self.terms, folder) as found:
            yield found

    def items(self, folder: Path) -> list[Row]:
        """Return the items, by system and key, those too that nobody decides on, which are never frozen."""
        with self.frozen(folder) as found:
            table = found._connection.sql("SELECT * FROM items ORDER BY system, account, entitlement").to_arrow_table()
        rows: list[Row] = table.to_pylist()
        return rows

    def item(self, folder: Path, account: str = "a1", system: str = "idp") -> Row:
        """Return the only item of an account."""
        [row] = [row for row in self.items(folder) if (row["system"], row["account"]) == (system, account)]
        return row


def company(*access: Row, **changed: Any) -> World:
    """Return a company: Ann works for Mia, Ivo owns the identity provider, Cleo owns the control, which Rob reviews."""
    people = [person("ann"), person("mia", None), person("ivo", "max"), person("max", None), person("cleo"), person("rob")]
    roles = [
        role("idp", "owner", "ivo", "IT Lead"), *(role(about, "owner", "eva", "Finance Lead") for about in ("erp", "bank")),
        role("control", "owner", "cleo", "Security Lead"), role("control", "reviewer", "rob", "CTO"),
        role("control", "sign_off", "rob", "CTO"),
    ]  # fmt: skip
    return World(list(access), [*people, person("eva", "max")], roles, **changed)


def set_person(world: World, name: str, **changed: Any) -> None:
    """Change somebody in the roster."""
    world.people = [{**row, **changed} if row["person"] == mail(name) else row for row in world.people]


def without(world: World, *names: str) -> None:
    """Take people out of the roster."""
    world.people = [row for row in world.people if row["person"] not in {mail(name) for name in names}]


def each(world: World, folder: Path, *names: str) -> dict[str, tuple[Any, ...]]:
    """Return some columns of every item, by account."""
    return {row["account"]: tuple(row[name] for name in names) for row in world.items(folder)}
