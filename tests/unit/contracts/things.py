# SPDX-License-Identifier: Apache-2.0
"""A small contract with a column of every type, and rows of it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from tieout.contracts.cast import POSITION_COLUMN, cast_rows
from tieout.contracts.listing import list_rows, require_listed
from tieout.contracts.odcs import Contract, load_contract
from tieout.contracts.rules import RuleResult

FIRST_ROW = 2
"""Position of the first row, as in a file whose first line is a header."""
TEXTS = {
    "system": "shop",
    "id": "thing-{}",
    "number": "{}",
    "ratio": "0.5",
    "done": "true",
    "at": "2026-03-05T14:30:00Z",
    "day": "2026-03-05",
    "person": "ann@example.com",
}
"""Text of each column that fits its type; {} becomes the row's position."""


def column(name: str, logical_type: str, **more: Any) -> dict[str, Any]:
    """Return a column as an ODCS document states it."""
    return {"name": name, "logicalType": logical_type, **more}


def rule(expectation: str, *, severity: str = "warning", because: str = "Nothing is known.", **kwargs: Any) -> dict[str, Any]:
    """Return a rule as an ODCS document states it, its id the expectation's name without ``expect_``."""
    return {
        "id": expectation.removeprefix("expect_"),
        "name": "It is as it has to be",
        "type": "custom",
        "engine": "great-expectations",
        "severity": severity,
        "implementation": {"type": expectation, "kwargs": kwargs},
        "customProperties": [{"property": "notDeterminableBecause", "value": because}],
    }


def document(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return the contract as an ODCS document, with these rules."""
    columns = [
        column("system", "string", required=True, primaryKey=True, primaryKeyPosition=1),
        column("id", "string", required=True, primaryKey=True, primaryKeyPosition=2),
        column("number", "integer"),
        column("ratio", "number"),
        column("done", "boolean"),
        column("at", "timestamp", required=True),
        column("day", "date"),
        column("person", "string", classification="personal"),
    ]
    return {
        "kind": "DataContract",
        "apiVersion": "v3.1.0",
        "id": "urn:tieout:contract:thing",
        "name": "thing",
        "version": "1.2.0",
        "status": "active",
        "schema": [{"name": "thing", "logicalType": "object", "properties": columns, "quality": deepcopy(list(rules))}],
    }


def write(folder: Path, data: dict[str, Any], name: str = "thing.v1.odcs.yaml") -> Path:
    """Write a contract, and return its path."""
    path = folder / name
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def contract_with(folder: Path, *rules: dict[str, Any]) -> Contract:
    """Return the contract with these rules, as the library reads it."""
    return load_contract(write(folder, document(*rules)))


def staged(rows: int = 1, **columns: list[Any]) -> pa.Table:
    """Return rows as a collector leaves them: text, and each row's position."""
    rows = max([rows, *map(len, columns.values())]) if columns else rows
    positions = list(range(FIRST_ROW, FIRST_ROW + rows))
    texts = {name: [text.format(position) for position in positions] for name, text in TEXTS.items()}
    arrays = {name: pa.array(values, pa.string()) for name, values in texts.items()}
    arrays |= {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({**arrays, POSITION_COLUMN: pa.array(positions, pa.int64())})


def things(contract: Contract, **columns: list[Any]) -> pa.Table:
    """Return rows in the contract's types."""
    return cast_rows(staged(**columns), contract, "things.csv")


def result_rows(rows: pa.Table, contract: Contract, results: list[RuleResult], target: Contract) -> pa.Table:
    """List what does not meet a control rule, once as many rows are found as Great Expectations counted."""
    listed, found = list_rows(rows, contract, target)
    require_listed(found, results)
    return listed
