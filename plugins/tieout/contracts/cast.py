# SPDX-License-Identifier: Apache-2.0
"""Text as received, turned into the contract's types; every value that does not fit is counted and the first are named."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.odcs import Column, Contract
from tieout.errors import ContractError

POSITION_COLUMN = "_position"
"""Staged rows carry where each stood in its source (a line or row number, counted from 1). It never lands."""
_SHOWN = 5

_TIMESTAMP = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}(:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}(:?\d{2})?)$"
_PATTERNS = {
    "int64": (r"^-?\d{1,19}$", "a whole number"),
    "double": (r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", "a number"),
    "bool": (r"^(true|false)$", "true or false"),
    "timestamp[us, tz=UTC]": (_TIMESTAMP, "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
    "date32[day]": (r"^\d{4}-\d{2}-\d{2}$", "a date such as 2026-03-05"),
}


def cast_rows(rows: pa.Table, contract: Contract, origin: str) -> pa.Table:
    """Return the rows in the contract's Arrow schema, in the order in which they came.

    Args:
        rows: One column per contract column, as text or already typed, and `POSITION_COLUMN`.
        contract: The contract.
        origin: What an error calls the source, for example a file's path.

    Returns:
        The contract's columns, and `POSITION_COLUMN` last.

    Raises:
        ContractError: A column too few or too many, a value of the wrong type, or a required value that is absent. One
            line per column, with how many rows and the first of them.
    """
    check_columns(rows.column_names, contract, origin)
    problems: list[str] = []
    arrays = []
    for column in contract.columns:
        array, problem = cast_column(rows, column)
        arrays.append(array)
        if problem:
            problems.append(f"{origin}: {problem}")
    if problems:
        problems.append("Nothing lands for this window. Correct the source, or the collector's parameters, and run it again.")
        raise ContractError("\n".join(problems))
    positions = rows[POSITION_COLUMN]
    fields = [*contract.schema, pa.field(POSITION_COLUMN, pa.int64(), nullable=False)]
    return pa.table([*arrays, positions], schema=pa.schema(fields))


def check_columns(names: list[str], contract: Contract, origin: str) -> None:
    """Check that the staged columns are the contract's and no others.

    Raises:
        ContractError: Naming the missing and the unexpected columns.
    """
    present = [name for name in names if name != POSITION_COLUMN]
    expected = [column.name for column in contract.columns]
    missing = [name for name in expected if name not in present]
    unexpected = [name for name in present if name not in expected]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if not missing and not unexpected and not repeated:
        return
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    if unexpected:
        parts.append(f"not in the contract: {', '.join(unexpected)}")
    if repeated:
        parts.append(f"given by the source, though Tieout adds them itself: {', '.join(repeated)}")
    msg = (
        f"{origin}: expected the columns of {contract.evidence_type}; {'; '.join(parts)}. "
        f"Nothing lands for this window. Export the missing columns, and leave out the others."
    )
    raise ContractError(msg)


def cast_column(rows: pa.Table, column: Column) -> tuple[pa.ChunkedArray, str | None]:
    """Return one column in its contract type, or what is wrong with it in one sentence (the array is then as it came)."""
    array = _blank_to_null(rows[column.name])
    if column.required and array.null_count:
        return array, _problem(column, "a value", pc.is_null(array), rows, array)
    if array.type == column.type:
        return array, None
    if not pa.types.is_string(array.type):
        return array, f"column {column.name!r}: expected {column.type}, got {array.type}."
    _, expected = _PATTERNS[str(column.type)]
    # Arrow takes exactly the times that our pattern does; it is laxer with the other types, which repeat themselves more.
    unfit = None if pa.types.is_timestamp(column.type) else _unfit(array, column)
    if unfit is None:
        try:
            return pc.cast(array, column.type), None
        except pa.ArrowInvalid:
            unfit = _unfit(array, column)
    if unfit is None:
        unfit = pa.chunked_array([pa.array([not _fits(value, column.type) for value in array.to_pylist()])])
    return array, _problem(column, expected, unfit, rows, array)


def _blank_to_null(array: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(array.type):
        return array
    blank = pc.equal(array, "")
    if not pc.any(blank, min_count=0).as_py():
        return array
    return pc.if_else(blank, pa.scalar(None, pa.string()), array)


def _unfit(array: pa.ChunkedArray, column: Column) -> pa.ChunkedArray | None:
    """Return which rows do not match the column's pattern, or ``None`` if all do; each distinct text is judged once."""
    pattern, _ = _PATTERNS[str(column.type)]
    distinct = pc.unique(array)
    unfit = distinct.filter(pc.fill_null(pc.invert(pc.match_substring_regex(distinct, pattern)), False))
    return pc.is_in(array, value_set=unfit) if len(unfit) else None


def _fits(value: str | None, target: pa.DataType) -> bool:
    try:
        pc.cast(pa.scalar(value, pa.string()), target)
    except pa.ArrowInvalid:
        return False
    return True


def _problem(column: Column, expected: str, unfit: pa.ChunkedArray, rows: pa.Table, array: pa.ChunkedArray) -> str:
    count = pc.sum(unfit).as_py()
    show: Callable[[object], str] = (lambda _: "a value of personal data") if column.personal else repr
    first = [
        f"row {position}: {show(value) if value is not None else 'nothing'}"
        for position, value in zip(
            rows[POSITION_COLUMN].filter(unfit)[:_SHOWN].to_pylist(), array.filter(unfit)[:_SHOWN].to_pylist(), strict=True
        )
    ]
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return f"column {column.name!r}: expected {expected} in each row, got something else in {count}: {'; '.join(first)}{more}."
