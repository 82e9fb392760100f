# SPDX-License-Identifier: Apache-2.0
"""Text as received, turned into the contract's types; every value that does not fit is counted and the first are named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.odcs import Column, Contract
from tieout.errors import ContractError

POSITION_COLUMN = "_position"
"""Staged rows carry where each stood in its source (a line or row number, counted from 1). It never lands."""
_SHOWN = 5
_A_VALUE = "a value"

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
    casts = RowCasts(contract, origin)
    typed = casts.cast(rows)
    casts.require()
    return typed


class RowCasts:
    """Casts a population piece by piece, and says at its end what did not fit in any of them.

    Args:
        contract: The contract.
        origin: What an error calls the source.
    """

    def __init__(self, contract: Contract, origin: str) -> None:
        self._contract, self._origin = contract, origin
        self._misfits: dict[str, Misfit] = {}

    @property
    def fits(self) -> bool:
        """Whether every value so far fits."""
        return not self._misfits

    def cast(self, rows: pa.Table) -> pa.Table:
        """Return a piece as `cast_rows` does; of no rows, where something in it does not fit.

        Raises:
            ContractError: A column too few or too many.
        """
        contract = self._contract
        check_columns(rows.column_names, contract, self._origin)
        arrays = []
        fits = True
        for column in contract.columns:
            array, misfit = fit_column(rows, column)
            arrays.append(array)
            if misfit:
                fits = False
                known = self._misfits.get(column.name)
                self._misfits[column.name] = known.and_then(misfit) if known else misfit
        schema = pa.schema([*contract.schema, pa.field(POSITION_COLUMN, pa.int64(), nullable=False)])
        return pa.table([*arrays, rows[POSITION_COLUMN]], schema=schema) if fits else schema.empty_table()

    def require(self) -> None:
        """Check that everything fitted.

        Raises:
            ContractError: One line per column, with how many rows do not fit and the first of them.
        """
        if self.fits:
            return
        found = [(column, self._misfits.get(column.name)) for column in self._contract.columns]
        problems = [f"{self._origin}: {misfit.told(column)}" for column, misfit in found if misfit]
        problems.append("Nothing lands for this window. Correct the source, or the collector's parameters, and run it again.")
        raise ContractError("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Misfit:
    """What in one column does not fit: what was expected, how many rows do not, and the first of them with their values."""

    expected: str
    count: int | None
    """``None``: the whole column is of another type, ``got``."""
    first: tuple[tuple[int, str | None], ...] = ()
    got: str = ""

    def and_then(self, later: Misfit) -> Misfit:
        """Return this and what was found in later rows, as one."""
        if self.count is None or later.count is None:
            return self if self.count is None else later
        if self.expected != later.expected:  # an absent value is told before one of the wrong type
            return self if self.expected == _A_VALUE else later if later.expected == _A_VALUE else self
        return replace(self, count=self.count + later.count, first=(self.first + later.first)[:_SHOWN])

    def told(self, column: Column) -> str:
        """Return it as a sentence; values of personal data are not shown."""
        if self.count is None:
            return f"column {column.name!r}: expected {self.expected}, got {self.got}."
        show: Callable[[object], str] = (lambda _: "a value of personal data") if column.personal else repr
        shown = [f"row {position}: {show(value) if value is not None else 'nothing'}" for position, value in self.first]
        more = f" and {self.count - _SHOWN} more" if self.count > _SHOWN else ""
        return (
            f"column {column.name!r}: expected {self.expected} in each row, got something else in {self.count}: "
            f"{'; '.join(shown)}{more}."
        )


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
    array, misfit = fit_column(rows, column)
    return array, misfit.told(column) if misfit else None


def fit_column(rows: pa.Table, column: Column) -> tuple[pa.ChunkedArray, Misfit | None]:
    """Return one column in its contract type, or what of it does not fit (the array is then as it came)."""
    array = _blank_to_null(rows[column.name])
    if column.required and array.null_count:
        return array, _misfit(_A_VALUE, pc.is_null(array), rows, array)
    if array.type == column.type:
        return array, None
    if not pa.types.is_string(array.type):
        return array, Misfit(str(column.type), None, got=str(array.type))
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
    return array, _misfit(expected, unfit, rows, array)


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


def _misfit(expected: str, unfit: pa.ChunkedArray, rows: pa.Table, array: pa.ChunkedArray) -> Misfit:
    positions, values = (each.filter(unfit)[:_SHOWN].to_pylist() for each in (rows[POSITION_COLUMN], array))
    return Misfit(expected, pc.sum(unfit).as_py(), tuple(zip(positions, values, strict=True)))
