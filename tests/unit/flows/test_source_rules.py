# SPDX-License-Identifier: Apache-2.0
"""A rule of the source itself counts and is listed as a rule of the contract is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tieout.collectors.ipe import Unmet
from tieout.contracts.odcs import Contract, RuleKind, load_contract
from tieout.contracts.rules import Result
from tieout.flows.source_rules import as_documents, source_results, source_rows

BROKEN = Unmet("history_only_grows", "The history only grows", (('{"sha": "a"}', "It is gone."), ('{"sha": "b"}', "It is gone.")))
HELD = Unmet("history_only_grows", "The history only grows", ())


@pytest.fixture(scope="module")
def target(repository: Path) -> Contract:
    return load_contract(repository / "include" / "evidence_schemas" / "rule_result.v1.odcs.yaml")


def test_what_did_not_meet_it_is_counted_and_listed(target: Contract) -> None:
    documents = as_documents([BROKEN])
    (result,) = source_results(documents, 10)
    assert (result.result, result.kind, result.met, result.not_met) == (Result.NOT_MET, RuleKind.CONTROL, 0, 2)
    rows = source_rows(documents, "shop", "change_record.v1", target)
    assert rows.schema.equals(target.schema)
    assert [(row["row_key"], row["result"], row["reason"]) for row in rows.to_pylist()] == [
        ('{"sha": "a"}', "not met", "Expected: The history only grows. It is gone."),
        ('{"sha": "b"}', "not met", "Expected: The history only grows. It is gone."),
    ]


def test_a_rule_that_holds_is_met_by_all_rows_and_lists_none(target: Contract) -> None:
    documents = as_documents([HELD])
    (result,) = source_results(documents, 10)
    assert (result.result, result.met, result.not_met) == (Result.MET, 10, 0)
    assert source_rows(documents, "shop", "change_record.v1", target).num_rows == 0


def test_no_rules_give_no_results(target: Contract) -> None:
    assert source_results([], 10) == []
    assert source_rows([], "shop", "change_record.v1", target).num_rows == 0
