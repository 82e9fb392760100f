# SPDX-License-Identifier: Apache-2.0
"""Which control rules of a contract rows do not meet, without Great Expectations, whose import takes longer than these tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tieout.contracts.odcs import Contract
from tieout.contracts.odcs_rules import RuleKind

_WORDS = {"true": True, "false": False}


def not_met(rows: Sequence[Mapping[str, Any]], contract: Contract) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield rule and row where a row of text does not meet a control rule; a null in a set of values is not determinable."""
    for rule in contract.rules:
        if rule.kind is RuleKind.CONTRACT:
            continue
        column = rule.arguments["column"]
        for row in rows:
            value = _WORDS.get(row[column], row[column])
            if rule.expectation == "expect_column_values_to_not_be_null":
                is_met = value is not None
            else:
                assert rule.expectation == "expect_column_values_to_be_in_set"
                is_met = value is None or value in rule.arguments["value_set"]
            if not is_met:
                yield rule.id, row
