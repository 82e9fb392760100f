# SPDX-License-Identifier: Apache-2.0
"""The frozen population of a review: its items with flags, reviewer and authority, one system at a time.

The SQL stands in ``items.sql`` and names its inputs. What this module adds is the id of each item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tieout.campaigns.items import item_id
from tieout.contracts.odcs import Contract
from tieout.errors import ContractError, ExtractionRefused
from tieout.reviews.landed import opened, run, statements
from tieout.reviews.terms import Terms

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_NAMED = 5
_KEY = ("system", "review_id", "account", "entitlement")
FLAGS = ("orphaned", "terminated", "dormant", "no_mfa", "shared", "service_without_owner", "toxic")
"""Columns that say what stands out about an item."""
TOXIC = "toxic"
"""The one of them that a review asks about only where its control names combinations."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Parquet files of the landings that a review is made of.

    Attributes:
        access: Entitlements of all systems.
        roster: People.
        roles: Holders of roles.
        before: Items of the review before; empty where there was none.
    """

    access: Sequence[Path]
    roster: Sequence[Path]
    roles: Sequence[Path]
    before: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Contracts:
    """Contracts of what a review is made of, and of its items."""

    access: Contract
    roster: Contract
    roles: Contract
    items: Contract


class Frozen:
    """The items of a review, for as long as `frozen` is open.

    Args:
        connection: Holds table ``items``.
        target: Contract of the items.
        terms: What they were worked out by.

    Attributes:
        queries: What DuckDB was asked, in its order.
        parameters: Of all of them together.
    """

    def __init__(self, connection: DuckDBPyConnection, target: Contract, terms: Terms, queries: tuple[str, ...]) -> None:
        self._connection, self._target = connection, target
        self.queries, self.parameters = queries, terms.parameters()

    def rows(self, system: str) -> pa.Table:
        """Return the items of a system in their contract's types, in key order."""
        names = [name for name in self._target.schema.names if name != "item"]
        asked = f"SELECT {', '.join(names)} FROM items WHERE system = $system ORDER BY account, entitlement"  # noqa: S608
        found = self._connection.sql(asked, params={"system": system}).to_arrow_table()
        keys = zip(*(found[name].to_pylist() for name in _KEY), strict=True)
        ids = pa.array([item_id(key) for key in keys], pa.string())
        return found.append_column("item", ids).select(self._target.schema.names).cast(self._target.schema)

    def counts(self, system: str) -> dict[str, Any]:
        """Return how many items a system has, how many with each flag, and how many of each kind since the last review."""
        flags = ", ".join(f"count(*) FILTER ({name}) AS {name}" for name in ("privileged", *FLAGS))
        asked = f"SELECT count(*) AS items, {flags} FROM items WHERE system = $system"  # noqa: S608
        [found] = self._connection.sql(asked, params={"system": system}).to_arrow_table().to_pylist()
        since = "SELECT since_last, count(*) FROM items WHERE system = $system AND since_last IS NOT NULL GROUP BY ALL"
        return {**found, "since_last": dict(sorted(self._connection.execute(since, {"system": system}).fetchall()))}

    def require_reviewers(self) -> None:
        """Check that somebody decides on every item, and a second person where the control asks for one.

        Raises:
            ExtractionRefused: Nobody can be asked about some; the message names them by id, with everybody who was passed over,
                and no person.
        """
        second = self.parameters["second_reviewer"] != "none"
        asked = (
            "SELECT system, review_id, account, entitlement, reviewer IS NULL AS first, "
            "coalesce(nobody_because, reviewer_authority) AS because FROM items "
            "WHERE reviewer IS NULL OR ($second AND second_reviewer IS NULL) ORDER BY system, account, entitlement"
        )
        rows = self._connection.execute(asked, {"second": second}).fetchall()
        if not rows:
            return
        lines = [
            f"{row[0]} item {item_id(row[:4])}: "
            + (f"nobody can be asked ({row[5]})" if row[4] else f"nobody can be the second reviewer (the first: {row[5]})")
            for row in rows[:_MOST_NAMED]
        ]
        more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
        msg = (
            f"review {self.parameters['review_id']}: {len(rows)} items have nobody who decides on them: "
            f"{'; '.join(lines)}{more}. "
            "Nothing is frozen. Name owners of the systems and of the control in scope.yaml who are active and do not hold these "
            "accounts, collect the roles anew, and freeze again."
        )
        raise ExtractionRefused(msg)


@contextmanager
def frozen(inputs: Inputs, contracts: Contracts, terms: Terms, folder: Path) -> Iterator[Frozen]:
    """Work out the items of a review; while this is open, their rows can be had.

    Args:
        inputs: Files of the landings, each checked against its manifest.
        contracts: Of inputs and items.
        terms: What was agreed.
        folder: Work folder for what does not fit in memory.

    Raises:
        ContractError: A system's entitlements are of several times, so that one can not be told from another.
    """
    views = {
        "access_rows": (contracts.access, inputs.access),
        "roster_rows": (contracts.roster, inputs.roster),
        "role_rows": (contracts.roles, inputs.roles),
        "before_rows": (contracts.items, inputs.before),
    }
    queries = statements("items.sql")
    with opened(views, folder) as connection:
        _require_one_time(connection)
        run(connection, queries, terms.parameters())
        yield Frozen(connection, contracts.items, terms, queries)


def _require_one_time(connection: DuckDBPyConnection) -> None:
    asked = "SELECT system, count(DISTINCT as_of) AS times FROM access_rows GROUP BY system HAVING times > 1 ORDER BY system"
    found: Sequence[tuple[str, int]] = connection.execute(asked).fetchall()
    if found:
        told = ", ".join(f"{system} of {times}" for system, times in found)
        msg = f"access_entry: expected the entitlements of each system as of one time, got those of {told}. Export one list."
        raise ContractError(msg)


def asked_flags(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the flags that a review asks about.

    Args:
        inputs: What its items were made of, as their manifests name it.
    """
    return FLAGS if inputs.get("toxic_combinations") else tuple(name for name in FLAGS if name != TOXIC)


def flags_of(row: Mapping[str, Any]) -> str | None:
    """Return the flags that are true of an item, separated by blanks, as ``account_review.v2`` states them."""
    return " ".join(name for name in FLAGS if row[name]) or None
