# SPDX-License-Identifier: Apache-2.0
"""Opens landed rows for the SQL of a review, and runs it in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tieout.audit.duckdb_text import literal, quoted
from tieout.contracts.odcs import Contract

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "512MB"
"""What DuckDB may hold; the rest goes to the work folder."""
_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
    pa.date32(): "DATE",
}


def statements(name: str) -> tuple[str, ...]:
    """Return the statements of an SQL file of this package, in order, each with the comment before it."""
    text = files("tieout.reviews").joinpath(name).read_text(encoding="utf-8")
    return tuple(each.strip() for each in text.split(";\n") if each.strip())


@contextmanager
def opened(rows: Mapping[str, tuple[Contract, Sequence[Path]]], folder: Path) -> Iterator[DuckDBPyConnection]:
    """Yield a connection in which landed Parquet files are views.

    Args:
        rows: By name of the view: the contract whose columns it has, and its files. A column that a file does not have yet is
            null; without any file the view has no rows.
        folder: Work folder for what does not fit in `MEMORY`.
    """
    import duckdb

    config: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": str(folder / "duckdb"), "preserve_insertion_order": False}
    with duckdb.connect(config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, (contract, paths) in rows.items():
            _view(connection, name, contract, paths)
        yield connection


def _view(connection: DuckDBPyConnection, name: str, contract: Contract, paths: Sequence[Path]) -> None:
    if not paths:
        connection.register(name, contract.schema.empty_table())
        return
    listed = ", ".join(literal(str(path)) for path in paths)
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    there = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
    columns = ", ".join(
        quoted(each.name) if each.name in there else f"CAST(NULL AS {_SQL_TYPES[each.type]}) AS {quoted(each.name)}"
        for each in contract.columns
    )
    connection.execute(f"CREATE TEMP VIEW {name} AS SELECT {columns} FROM {source}")  # noqa: S608


def run(connection: DuckDBPyConnection, queries: Sequence[str], parameters: Mapping[str, Any]) -> None:
    """Run statements one after the other, each with those parameters that it names."""
    for query in queries:
        asked = set(re.findall(r"\$([a-z_]+)", query))
        named = {name: value for name, value in parameters.items() if name in asked}
        connection.execute(query, named or None)
