# SPDX-License-Identifier: Apache-2.0
"""The listing names each row that does not meet a rule, or that it can say nothing about, with key and reason."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.contracts.things import contract_with, result_rows, rule, things

from tieout.contracts.expectations import run_rules
from tieout.contracts.listing import row_keys, unfit_rows
from tieout.contracts.odcs import Contract
from tieout.errors import ConfigurationError, ContractError


def test_a_listed_row_says_key_rule_and_reason(tmp_path: Path, rule_result: Contract) -> None:
    judge = rule("expect_column_values_to_be_in_set", column="done", value_set=[True], because="A robot did it.")
    contract = contract_with(tmp_path, judge)
    rows = things(contract, id=["a", "b"], done=["false", ""])
    listed = result_rows(rows, contract, run_rules(rows, contract, {}), rule_result)
    assert listed.schema == rule_result.schema
    assert listed.to_pylist() == [
        {
            "system": "shop",
            "rule": "column_values_to_be_in_set",
            "row_key": f'{{"system": "shop", "id": "{key}"}}',
            "evidence_type": "thing.v1",
            "result": result,
            "reason": reason,
        }
        for key, result, reason in (
            ("a", "not met", "Expected: It is as it has to be."),
            ("b", "not determinable", "Expected: It is as it has to be. A robot did it."),
        )
    ]


def test_each_rule_lists_its_rows_in_the_populations_order(tmp_path: Path, rule_result: Contract) -> None:
    contract = contract_with(
        tmp_path,
        rule("expect_column_values_to_not_be_null", column="number"),
        rule("expect_column_values_to_be_in_set", column="done", value_set=[True]),
    )
    rows = things(contract, id=["z", "a", "m"], number=["", "", "1"], done=["false", "true", "false"])
    results = run_rules(rows, contract, {})
    listed = result_rows(rows, contract, results, rule_result)
    assert [json.loads(key)["id"] for key in listed["row_key"].to_pylist()] == ["z", "a", "z", "m"]
    assert listed.num_rows == sum(result.not_met + result.not_determinable for result in results)


def test_rows_are_not_listed_where_listing_and_judgement_disagree(tmp_path: Path, rule_result: Contract) -> None:
    # Python's $ also matches before a last line break, Arrow's does not.
    contract = contract_with(tmp_path, rule("expect_column_values_to_match_regex", column="person", regex="^x$"))
    rows = things(contract, person=["x", "x\n"])
    results = run_rules(rows, contract, {})
    with pytest.raises(ContractError, match="Great Expectations counted 0 rows, the listing found 1"):
        result_rows(rows, contract, results, rule_result)


def test_rows_are_listed_for_rules_about_single_values_only(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, rule("expect_column_values_to_be_unique", column="number"))
    with pytest.raises(ConfigurationError, match=r"not for expect_column_values_to_be_unique\."):
        unfit_rows(contract.rules[0], things(contract))


@pytest.mark.parametrize("text", ["plain", 'quo"te', "back\\slash", "line\nbreak", "tab\t", "é漢", "\x00", '\\"'])
def test_a_row_key_is_json_that_reads_back(tmp_path: Path, text: str) -> None:
    contract = contract_with(tmp_path)
    rows = pa.concat_tables([things(contract, id=["first"]), things(contract, id=[text])])
    keys = row_keys(rows, ("system", "id", "number")).to_pylist()
    assert [json.loads(key) for key in keys] == [
        {"system": "shop", "id": "first", "number": 2},
        {"system": "shop", "id": text, "number": 2},
    ]
    assert keys[1] == json.dumps({"system": "shop", "id": text, "number": 2}, ensure_ascii=False)
