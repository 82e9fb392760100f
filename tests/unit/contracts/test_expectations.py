# SPDX-License-Identifier: Apache-2.0
"""Great Expectations judges, the listing finds the same rows, and what can not be judged is never met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.contracts.things import contract_with, result_rows, rule, things

from tieout.contracts.expectations import expectation_names, preload, require_contract, run_rules
from tieout.contracts.odcs import Contract
from tieout.contracts.rules import Result, RuleResult
from tieout.errors import ConfigurationError, ContractError

UNIQUE = rule("expect_compound_columns_to_be_unique", severity="critical", column_list=["system", "id"])
ROW_COUNT = rule("expect_table_row_count_to_equal", severity="critical", value={"$PARAMETER": "second_count"})


def counts(result: RuleResult) -> tuple[int, int, int]:
    """Return how many rows met, did not meet, and could not be judged."""
    return result.met, result.not_met, result.not_determinable


def refusal(contract: Contract, rows: pa.Table, second_count: int | None = None) -> list[str]:
    """Return the lines of the message with which rows are refused."""
    results = run_rules(rows, contract, {"second_count": rows.num_rows if second_count is None else second_count})
    with pytest.raises(ContractError) as caught:
        require_contract(results, rows, contract, "things.csv")
    return str(caught.value).splitlines()


JUDGED = [
    # Column's values, rule, and the ids of the rows that do not meet it and that it can not judge.
    (["1", "", "3"], rule("expect_column_values_to_not_be_null", column="number"), ["b"], []),
    (["1", "", "3"], rule("expect_column_values_to_be_in_set", column="number", value_set=[1]), ["c"], ["b"]),
    (["1", "", "3"], rule("expect_column_values_to_be_in_set", column="number", value_set=[1, 3]), [], ["b"]),
    (["1", "2", "3"], rule("expect_column_values_to_be_in_set", column="number", value_set=[1, 2, 3]), [], []),
    (["1", "", "3"], rule("expect_column_values_to_be_between", column="number", min_value=2), ["a"], ["b"]),
    (["1", "", "3"], rule("expect_column_values_to_be_between", column="number", max_value=2), ["c"], ["b"]),
    (
        ["1", "", "3"],
        rule("expect_column_values_to_be_between", column="number", min_value=2, max_value=2),
        ["a", "c"],
        ["b"],
    ),
    (["", "", ""], rule("expect_column_values_to_be_between", column="number", min_value=2), [], ["a", "b", "c"]),
    (["true", "", "false"], rule("expect_column_values_to_be_in_set", column="done", value_set=[False]), ["a"], ["b"]),
    (["x1", "", "y"], rule("expect_column_values_to_match_regex", column="person", regex="^x[0-9]$"), ["c"], ["b"]),
    # Past 2^53 a float would take the first for the second.
    (
        [str(2**53 + 1), str(2**53), ""],
        rule("expect_column_values_to_be_between", column="number", max_value=2**53),
        ["a"],
        ["c"],
    ),
]


@pytest.mark.parametrize(("values", "judge", "not_met", "not_determinable"), JUDGED)
def test_a_control_rule_parts_rows_in_three_and_lists_all_but_the_met(
    tmp_path: Path,
    rule_result: Contract,
    values: list[str],
    judge: dict[str, Any],
    not_met: list[str],
    not_determinable: list[str],
) -> None:
    contract = contract_with(tmp_path, judge)
    rows = things(contract, id=["a", "b", "c"], **{judge["implementation"]["kwargs"]["column"]: values})
    results = run_rules(rows, contract, {})
    assert counts(results[0]) == (3 - len(not_met) - len(not_determinable), len(not_met), len(not_determinable))
    listed = result_rows(rows, contract, results, rule_result)
    found = [(json.loads(row["row_key"])["id"], row["result"]) for row in listed.to_pylist()]
    assert found == [(key, "not met") for key in not_met] + [(key, "not determinable") for key in not_determinable]


def test_rows_not_determinable_alone_make_a_result_that_is_no_pass(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, rule("expect_column_values_to_be_in_set", column="done", value_set=[True]))
    (result,) = run_rules(things(contract, done=["true", "", "true"]), contract, {})
    assert result.result is Result.NOT_DETERMINABLE


def test_zero_rows_break_no_rule_and_list_nothing(tmp_path: Path, rule_result: Contract) -> None:
    contract = contract_with(tmp_path, UNIQUE, ROW_COUNT, *(JUDGED[number][1] for number in (0, 1, 4)))
    rows = things(contract).slice(0, 0)
    results = run_rules(rows, contract, {"second_count": 0})
    require_contract(results, rows, contract, "things.csv")
    assert {counts(result) for result in results} == {(0, 0, 0)}
    assert result_rows(rows, contract, results, rule_result).num_rows == 0


def test_a_repeated_key_is_named_with_its_rows(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, UNIQUE)
    lines = refusal(contract, things(contract, id=["a", "b", "a", "a"]))
    assert lines == [
        "things.csv: rule 'compound_columns_to_be_unique' is broken: expected each system and id once, "
        "got shop, a 3 times (rows 2, 4, 5).",
        "Nothing lands for this window. Correct the source and run the window again.",
    ]


def test_a_row_count_other_than_the_second_count_is_named(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, ROW_COUNT)
    assert refusal(contract, things(contract, id=["a", "b"]), second_count=3)[0].endswith(": observed 2.")


def test_a_broken_contract_rule_names_the_first_rows_and_counts_all(tmp_path: Path) -> None:
    contract = contract_with(
        tmp_path, rule("expect_column_values_to_be_between", severity="critical", column="number", min_value=0)
    )
    lines = refusal(contract, things(contract, number=["-1", "0", "-1", "-1", "-1", "-1", "-1"]))
    assert lines[0].endswith("it is as it has to be: 6 rows do not meet it, first at row 2, 4, 5, 6, 7.")


def test_each_broken_contract_rule_has_its_line_and_a_control_rule_has_none(tmp_path: Path) -> None:
    contract = contract_with(
        tmp_path,
        rule("expect_column_values_to_be_unique", severity="critical", column="number"),
        rule("expect_column_values_to_not_be_null", severity="critical", column="day"),
        rule("expect_column_values_to_be_in_set", column="done", value_set=[False]),
    )
    lines = refusal(contract, things(contract, number=["1", "1"], day=["2026-03-05", ""]))
    assert [line.split("'")[1] for line in lines[:-1]] == ["column_values_to_be_unique", "column_values_to_not_be_null"]
    assert "2 rows do not meet it" in lines[0]


def test_rules_that_hold_let_the_population_through(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, UNIQUE, ROW_COUNT)
    rows = things(contract, id=["a", "b"])
    results = run_rules(rows, contract, {"second_count": 2})
    require_contract(results, rows, contract, "things.csv")
    assert [result.result for result in results] == [Result.MET, Result.MET]


@pytest.mark.parametrize("severity", ["critical", "warning"])
@pytest.mark.parametrize(
    ("judge", "problem"),
    [
        (rule("expect_column_values_to_be_purple", column="person"), "expect_column_values_to_be_purple not found"),
        (rule("expect_column_values_to_be_between", column="number", min="0"), "extra fields not permitted"),
        (
            rule("expect_column_values_to_match_regex", column="person", regex="("),
            "Great Expectations could not run it",
        ),
    ],
)
def test_a_rule_that_can_not_run_is_no_result(tmp_path: Path, severity: str, judge: dict[str, Any], problem: str) -> None:
    contract = contract_with(tmp_path, {**judge, "severity": severity})
    with pytest.raises(ConfigurationError) as caught:
        run_rules(things(contract), contract, {})
    assert str(caught.value).startswith(f"rule {judge['id']!r}: ")
    assert problem in str(caught.value)


def test_a_parameter_without_value_is_refused(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, ROW_COUNT)
    with pytest.raises(ConfigurationError, match=r"thing\.v1: .*second_count"):
        run_rules(things(contract), contract, {})


def test_the_names_told_without_an_import_are_those_of_the_registry() -> None:
    preload()
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    names, registered = set(expectation_names()), set(list_registered_expectation_implementations())
    assert registered - names == {"unexpected_rows_expectation"}  # SQL, which no table in memory answers
    assert names - registered <= {"expect_multicolumn_values_to_be_unique"}  # an old name that it keeps and does not register
