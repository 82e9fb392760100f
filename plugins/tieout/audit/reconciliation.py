# SPDX-License-Identifier: Apache-2.0
"""Reconciliation of two populations: which rows match none of the other side, differ, or can not be told.

`tieout.criteria.reconciliations` says what a match is. Each row is judged in the window that it is placed in; its partner may lie
some days outside. DuckDB joins what does not fit in memory, over files as over tables.
"""
# The queries hold names of tables alone.
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tieout.audit import reconciliation_query as query
from tieout.audit.reconciliation_query import HERE, THERE, Side, Unmatched
from tieout.contracts.odcs import LANDING_COLUMN, Contract
from tieout.criteria.reconciliations import Reconciliation

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["HERE", "RECONCILIATION_TYPE", "THERE", "Counts", "Reconciled", "Side", "Unmatched", "reconcile"]

RECONCILIATION_TYPE = "reconciliation_difference.v1"
"""Evidence type of `Reconciled.rows`."""
MEMORY = "512MB"
"""What DuckDB may hold; the rest goes to the work folder."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one side.

    Attributes:
        rows: In the window.
        around: In the days around it: they can only be partners.
        without_reference: Of the window's, those that hold no reference.
        matched: Of the window's, those that match a row of the other side.
    """

    rows: int
    around: int
    without_reference: int
    matched: int

    def as_document(self) -> dict[str, int]:
        """Return them as the manifest states them."""
        return {name: getattr(self, name) for name in ("rows", "around", "without_reference", "matched")}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation found.

    Attributes:
        rows: A row per difference, in the schema of `RECONCILIATION_TYPE`, ours first, by key.
        here: Ours.
        there: Theirs.
        equal: Of our matched rows, those with a partner that holds the same in every compared column.
        second_count: How many differences these counts leave.
        queries: What DuckDB was asked, in its order, over ``here_rows`` and ``there_rows``: the rows of both sides.
    """

    rows: pa.Table
    here: Counts
    there: Counts
    equal: int
    second_count: int
    queries: tuple[str, ...]


def reconcile(
    here: Side, there: Side, rule: Reconciliation, target: Contract, span: tuple[datetime, datetime], window: str, folder: Path
) -> Reconciled:
    """Reconcile a population with another one, for one window.

    Args:
        here: The control's own population of the rule's system.
        there: The other one.
        rule: What matches.
        target: Contract of `RECONCILIATION_TYPE`.
        span: The window, ``[start, end)``.
        window: Its key.
        folder: Work folder for what does not fit in `MEMORY`.
    """
    import duckdb

    sides = ((HERE, here), (THERE, there))
    queries = [
        *(f"CREATE TEMP TABLE {name} AS {query.matched(name, side, rule, span)}" for name, side in sides),
        f"CREATE TEMP TABLE found AS {query.found(here, there, rule)}",
        *(f"CREATE TEMP TABLE {name}_said AS {query.said(name, side, rule)}" for name, side in sides),
        query.listed(here, there, rule, window),
    ]
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(folder / "duckdb")}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for (name, side), matched in zip(sides, queries[:2], strict=True):
            _open(connection, name, side)
            connection.execute(matched)
            _each_key_once(connection, name)
        counts = {name: _counts(connection, name) for name in (HERE, THERE)}
        [equal] = _numbers(connection, f"SELECT count(*) FROM {HERE} SEMI JOIN {THERE} ON {query.equal(rule)} WHERE core")
        for each in queries[2:-1]:
            connection.execute(each)
        found = connection.sql(queries[-1]).to_arrow_table()
    counted = ((rule.only_here, counts[HERE]), (rule.only_there, counts[THERE]))
    left = sum(each.rows - each.matched for meaning, each in counted if meaning is not None)
    rows = found.select(target.schema.names).cast(target.schema)
    return Reconciled(rows, counts[HERE], counts[THERE], equal, left + counts[HERE].matched - equal, tuple(queries))


def _open(connection: DuckDBPyConnection, name: str, side: Side) -> None:
    if isinstance(side.rows, pa.Table):
        connection.register(f"{name}_rows", side.rows)
        return
    if not side.rows:  # nothing of it has landed
        connection.register(f"{name}_rows", side.contract.schema.append(pa.field(LANDING_COLUMN, pa.string())).empty_table())
        return
    # DuckDB reads the files itself: through pyarrow's dataset the same join held twice the memory.
    source = query.parquet(side.rows)
    there = [row[0] for row in connection.execute(f"DESCRIBE {source}").fetchall()]
    connection.execute(f"CREATE TEMP VIEW {name}_rows AS {query.completed(source, side, there)}")


def _each_key_once(connection: DuckDBPyConnection, name: str) -> None:
    """Keep one row of each key: windows of two lengths, of before and after a change of schedule, can hold the same one."""
    rows, keys = _numbers(connection, f"SELECT count(*), count(DISTINCT row_key) FROM {name}")
    if rows != keys:
        once = f"SELECT * FROM {name} QUALIFY row_number() OVER (PARTITION BY row_key ORDER BY landing) = 1"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {once}")


def _counts(connection: DuckDBPyConnection, name: str) -> Counts:
    other = THERE if name == HERE else HERE
    matched = f"reference IN (SELECT reference FROM {other} WHERE reference IS NOT NULL)"
    asked = (
        "SELECT count(*) FILTER (core), count(*) FILTER (NOT core), count(*) FILTER (core AND reference IS NULL), "
        f"count(*) FILTER (core AND coalesce({matched}, false)) FROM {name}"
    )
    return Counts(*_numbers(connection, asked))


def _numbers(connection: DuckDBPyConnection, asked: str) -> tuple[int, ...]:
    [row] = connection.execute(asked).fetchall()
    return tuple(row)
