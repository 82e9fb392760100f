# SPDX-License-Identifier: Apache-2.0
"""Text becomes the contract's types, or an error that names column, rows and values, but no personal data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.contracts.things import contract_with, staged

from tieout.contracts.cast import POSITION_COLUMN, RowCasts, cast_rows
from tieout.contracts.odcs import Contract
from tieout.errors import ContractError


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """Return the contract of things."""
    return contract_with(tmp_path)


def refusal(rows: pa.Table, contract: Contract) -> list[str]:
    """Return the lines of the message with which rows are refused."""
    with pytest.raises(ContractError) as caught:
        cast_rows(rows, contract, "things.csv")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("number", "9223372036854775807", 2**63 - 1),
        ("number", "-9223372036854775808", -(2**63)),
        ("number", "9007199254740993", 2**53 + 1),
        ("number", "007", 7),
        ("number", "", None),
        ("ratio", "-1.5e-3", -0.0015),
        ("ratio", "7", 7.0),
        ("done", "true", True),
        ("done", "false", False),
        ("at", "2026-03-05T14:30:00Z", datetime(2026, 3, 5, 14, 30, tzinfo=UTC)),
        ("at", "2026-03-05 14:30:00.000001+00:00", datetime(2026, 3, 5, 14, 30, 0, 1, tzinfo=UTC)),
        ("at", "2026-03-05T00:15:00+05:45", datetime(2026, 3, 4, 18, 30, tzinfo=UTC)),
        ("at", "2026-03-05T00:15:00-0330", datetime(2026, 3, 5, 3, 45, tzinfo=UTC)),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("person", "NULL", "NULL"),
        ("person", " ann ", " ann "),
    ],
)
def test_a_text_becomes_the_value_it_states(contract: Contract, column: str, text: str, value: object) -> None:
    assert cast_rows(staged(**{column: [text]}), contract, "things.csv")[column].to_pylist() == [value]


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("number", "9223372036854775808", "a whole number"),
        ("number", "-9223372036854775809", "a whole number"),
        ("number", "1.0", "a whole number"),
        ("number", "1e3", "a whole number"),
        ("number", " 1", "a whole number"),
        ("number", "1\n", "a whole number"),
        ("number", "٣", "a whole number"),
        ("number", "1,000", "a whole number"),
        ("ratio", "0,5", "a number"),
        ("ratio", "nan", "a number"),
        ("ratio", "inf", "a number"),
        ("done", "True", "true or false"),
        ("done", "1", "true or false"),
        ("at", "2026-13-05T14:30:00Z", "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
        ("at", "2026-02-30T14:30:00Z", "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
        ("at", "2026-03-05T24:00:00Z", "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
        ("at", "2026-03-05T14:30:00", "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
        ("at", "2026-03-05T14:30:00.1234567Z", "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
        ("at", "1772721000", "an ISO 8601 time with its zone, such as 2026-03-05T14:30:00Z"),
        ("day", "2025-02-29", "a date such as 2026-03-05"),
        ("day", "05.03.2026", "a date such as 2026-03-05"),
    ],
)
def test_a_text_that_does_not_fit_is_named_with_row_expected_and_got(
    contract: Contract, column: str, text: str, expected: str
) -> None:
    good = cast_rows(staged(), contract, "things.csv")[column][0].as_py()
    fitting = good.isoformat() if isinstance(good, datetime | date) else str(good).lower()
    lines = refusal(staged(**{column: [fitting, text, fitting]}), contract)
    assert lines == [
        f"things.csv: column {column!r}: expected {expected} in each row, got something else in 1: row 3: {text!r}.",
        "Nothing lands for this window. Correct the source, or the collector's parameters, and run it again.",
    ]


def test_a_required_value_that_is_absent_is_named(contract: Contract) -> None:
    at = "2026-03-05T14:30:00Z"
    for absent in ("", None):
        lines = refusal(staged(at=[at, absent, at]), contract)
        assert lines[0].endswith("column 'at': expected a value in each row, got something else in 1: row 3: nothing.")


def test_the_first_five_rows_are_shown_and_all_are_counted(contract: Contract) -> None:
    lines = refusal(staged(number=["x1", "2", "x3", "x4", "x5", "x6", "x7", "x8"]), contract)
    shown = "row 2: 'x1'; row 4: 'x3'; row 5: 'x4'; row 6: 'x5'; row 7: 'x6' and 2 more."
    assert lines[0].endswith(f"got something else in 7: {shown}")


def test_each_column_that_does_not_fit_has_its_line(contract: Contract) -> None:
    lines = refusal(staged(number=["x"], done=["y"], day=["z"]), contract)
    assert [line.split(": ")[1] for line in lines[:-1]] == ["column 'number'", "column 'done'", "column 'day'"]


@pytest.mark.parametrize("text", ["12x", "99999999999999999999"])
def test_personal_data_is_never_shown(contract: Contract, text: str) -> None:
    columns = tuple(replace(column, personal=True) for column in contract.columns)
    message = "\n".join(refusal(staged(number=["1", text]), replace(contract, columns=columns)))
    assert "row 3: a value of personal data." in message
    assert text not in message


def test_a_column_that_comes_typed_stays_and_another_type_is_refused(contract: Contract) -> None:
    numbers = staged().set_column(2, "number", pa.array([5], pa.int64()))
    assert cast_rows(numbers, contract, "things.csv")["number"].to_pylist() == [5]
    lines = refusal(staged().set_column(2, "number", pa.array([5.0], pa.float64())), contract)
    assert lines[0] == "things.csv: column 'number': expected int64, got double."


def test_rows_keep_their_order_and_positions_in_the_contracts_schema(contract: Contract) -> None:
    rows = pa.concat_tables([staged(id=["c"]), staged(id=["a", "b"])])  # two chunks, as from two batches
    backwards = rows.select(rows.column_names[::-1])
    found = cast_rows(backwards, contract, "things.csv")
    assert found["id"].to_pylist() == ["c", "a", "b"]
    assert found[POSITION_COLUMN].to_pylist() == [2, 2, 3]
    assert found.schema.remove(len(found.schema) - 1) == contract.schema
    assert found.column_names[-1] == POSITION_COLUMN


def test_zero_rows_have_the_contracts_schema(contract: Contract) -> None:
    found = cast_rows(staged(0), contract, "things.csv")
    assert (found.num_rows, found.schema.names[:-1]) == (0, contract.schema.names)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: rows.drop_columns(["day", "number"]), "missing: number, day."),
        (lambda rows: rows.append_column("colour", rows["id"]), "not in the contract: colour."),
        (lambda rows: rows.rename_columns({"day": "Day"}), "missing: day; not in the contract: Day."),
        (lambda rows: rows.append_column("system", rows["id"]), "though Tieout adds them itself: system."),
        (lambda rows: rows.append_column(POSITION_COLUMN, rows["id"]), "though Tieout adds them itself: _position."),
    ],
)
def test_columns_that_are_not_the_contracts_are_named(
    contract: Contract, change: Callable[[pa.Table], pa.Table], problem: str
) -> None:
    message = refusal(change(staged()), contract)[0]
    assert message.startswith("things.csv: expected the columns of thing.v1; ")
    assert problem in message
    assert "Nothing lands for this window." in message


def test_what_does_not_fit_in_any_piece_is_told_as_of_the_whole(contract: Contract) -> None:
    numbers = ["x"] * 4 + ["1"] * 3 + ["y"] * 4
    rows = staged(number=numbers, day=["2026-03-05"] * 10 + ["tomorrow"])
    casts = RowCasts(contract, "things.csv")
    counts = [casts.cast(rows.slice(start, 3)).num_rows for start in range(0, 11, 3)]
    assert counts == [0, 0, 0, 0]
    with pytest.raises(ContractError) as whole:
        cast_rows(rows, contract, "things.csv")
    with pytest.raises(ContractError) as parted:
        casts.require()
    assert str(parted.value) == str(whole.value)
    assert "got something else in 8: row 2: 'x'; row 3: 'x'; row 4: 'x'; row 5: 'x'; row 9: 'y' and 3 more." in str(whole.value)


def test_an_absent_value_in_a_late_piece_is_told_before_wrong_ones_in_early_pieces(contract: Contract) -> None:
    rows = staged(at=["never", "2026-03-05T14:30:00Z", ""])
    casts = RowCasts(contract, "things.csv")
    for at in range(3):
        casts.cast(rows.slice(at, 1))
    with pytest.raises(ContractError) as whole:
        cast_rows(rows, contract, "things.csv")
    with pytest.raises(ContractError) as parted:
        casts.require()
    assert str(parted.value) == str(whole.value)
