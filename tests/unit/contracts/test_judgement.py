# SPDX-License-Identifier: Apache-2.0
"""A population judged in pieces gets the results, the listing and the errors that it gets as a whole."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.contracts.things import contract_with, result_rows, rule, things

from tieout.contracts.expectations import require_contract, run_rules
from tieout.contracts.judgement import Judgement
from tieout.contracts.odcs import Contract
from tieout.contracts.rules import RuleResult
from tieout.errors import ConfigurationError, ContractError

COLUMNS = ["system", "id", "number", "ratio", "done", "at", "day", "person"]
CRITICAL: dict[str, Any] = {"severity": "critical"}
RULES = (
    rule("expect_table_columns_to_match_set", **CRITICAL, column_set=COLUMNS, exact_match=True),
    rule("expect_table_row_count_to_equal", **CRITICAL, value={"$PARAMETER": "second_count"}),
    rule("expect_compound_columns_to_be_unique", **CRITICAL, column_list=["system", "id"]),
    rule("expect_column_values_to_match_regex", **CRITICAL, column="person", regex="@"),
    rule("expect_column_values_to_be_between", column="number", min_value=5),
    rule("expect_column_values_to_be_in_set", column="done", value_set=[True]),
    rule("expect_column_values_to_not_be_null", column="day"),
)


def population(contract: Contract, seed: int, *, broken: bool) -> pa.Table:
    """Return 40 rows in key order, with nulls, rows that meet no control rule and, if broken, what the contract forbids."""
    chosen = random.Random(seed)
    ids = sorted(f"é-{chosen.randrange(20 if broken else 10**9)}" for _ in range(40))
    return things(
        contract,
        id=ids,
        number=[chosen.choice(["", "1", "5", "9"]) for _ in ids],
        done=[chosen.choice(["", "true", "false"]) for _ in ids],
        day=[chosen.choice(["", "2026-03-05"]) for _ in ids],
        person=[chosen.choice(["a@example.com", "", "nobody" if broken else ""]) for _ in ids],
    )


def pieces(rows: pa.Table, size: int) -> list[pa.Table]:
    """Cut rows where the key changes."""
    cuts, ids = [0], rows["id"].to_pylist()
    for at in range(1, rows.num_rows):
        if at - cuts[-1] >= size and ids[at] != ids[at - 1]:
            cuts.append(at)
    return [rows.slice(start, end - start) for start, end in zip(cuts, [*cuts[1:], rows.num_rows], strict=True)]


def in_pieces(contract: Contract, rows: pa.Table, rule_result: Contract, second: int) -> tuple[list[RuleResult], pa.Table]:
    """Judge rows piece by piece, none of them in memory as a whole."""
    listed = [rule_result.schema.empty_table()]
    judgement = Judgement(contract, {"second_count": second}, rule_result, listed.append, rows.num_rows, None, 1)
    for piece in pieces(rows, 13):
        judgement.add(piece)
    return judgement.results("things.csv"), pa.concat_tables(listed)


def by_rule(listed: pa.Table) -> list[dict[str, Any]]:
    """Return listed rows in the order in which they land."""
    return sorted(listed.to_pylist(), key=lambda row: (row["rule"], row["row_key"]))


@pytest.mark.parametrize("seed", range(2))
def test_results_and_listing_are_those_of_the_whole(tmp_path: Path, rule_result: Contract, seed: int) -> None:
    contract = contract_with(tmp_path, *RULES)
    rows = population(contract, seed, broken=False)
    whole = run_rules(rows, contract, {"second_count": 40})
    results, listed = in_pieces(contract, rows, rule_result, 40)
    assert results == whole
    assert by_rule(listed) == by_rule(result_rows(rows, contract, whole, rule_result))
    assert listed.num_rows > 20


@pytest.mark.parametrize("seed", range(2))
def test_a_broken_contract_is_told_as_of_the_whole(tmp_path: Path, rule_result: Contract, seed: int) -> None:
    contract = contract_with(tmp_path, *RULES)
    rows = population(contract, seed, broken=True)
    with pytest.raises(ContractError) as whole:
        require_contract(run_rules(rows, contract, {"second_count": 41}), rows, contract, "things.csv")
    with pytest.raises(ContractError) as parted:
        in_pieces(contract, rows, rule_result, 41)
    assert str(parted.value) == str(whole.value)
    assert len(str(whole.value).splitlines()) == 4


def test_rows_are_named_by_their_position_in_the_source(tmp_path: Path, rule_result: Contract) -> None:
    contract = contract_with(tmp_path, rule("expect_column_values_to_not_be_null", **CRITICAL, column="day"))
    rows = things(contract, id=["d", "c", "b", "a"], day=["", "", "", "2026-03-05"]).sort_by("id")
    with pytest.raises(ContractError, match="3 rows do not meet it, first at row 2, 3, 4"):
        in_pieces(contract, pa.concat_tables([rows.slice(0, 2), rows.slice(2)]), rule_result, 4)


def test_a_rule_about_the_whole_needs_it_in_memory(tmp_path: Path, rule_result: Contract) -> None:
    contract = contract_with(tmp_path, rule("expect_column_values_to_be_unique", **CRITICAL, column="number"))
    rows = things(contract, id=["a", "b"], number=["1", "1"])
    message = r"^thing\.v1: rule 'column_values_to_be_unique': expect_column_values_to_be_unique needs all rows at once, and "
    with pytest.raises(ConfigurationError, match=message):
        Judgement(contract, {}, rule_result, lambda _: None, 2, None, 1)
    judgement = Judgement(contract, {}, rule_result, lambda _: None, 2, lambda: rows, 1)
    judgement.add(rows.slice(0, 1))
    judgement.add(rows.slice(1))
    with pytest.raises(ContractError, match="2 rows do not meet it"):
        judgement.results("things.csv")


def test_listing_and_judgement_are_compared_over_all_pieces(tmp_path: Path, rule_result: Contract) -> None:
    contract = contract_with(tmp_path, rule("expect_column_values_to_match_regex", column="person", regex="^x$"))
    rows = things(contract, id=["a", "b"], person=["x\n", "x\n"])  # as in test_listing
    judgement = Judgement(contract, {}, rule_result, lambda _: None, 2, None, 1)
    judgement.add(rows.slice(0, 1))
    judgement.add(rows.slice(1))
    with pytest.raises(ContractError, match="Great Expectations counted 0 rows, the listing found 2"):
        judgement.results("things.csv")
