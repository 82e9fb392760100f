# SPDX-License-Identifier: Apache-2.0
"""A rule's result over a population has three values, and the third is never a pass."""

from __future__ import annotations

import pytest

from tieout.contracts.odcs import RuleKind
from tieout.contracts.rules import Result, RuleResult


def result_of(met: int, not_met: int, not_determinable: int) -> RuleResult:
    """Return a result with these counts."""
    return RuleResult(
        rule="second_person",
        name="A second person committed",
        kind=RuleKind.CONTROL,
        expectation="expect_column_values_to_be_in_set",
        met=met,
        not_met=not_met,
        not_determinable=not_determinable,
        observed=None,
        holds=not_met == 0,
    )


@pytest.mark.parametrize(
    ("met", "not_met", "not_determinable", "result"),
    [
        (3, 0, 0, Result.MET),
        (3, 0, 1, Result.NOT_DETERMINABLE),
        (0, 0, 3, Result.NOT_DETERMINABLE),
        (3, 1, 0, Result.NOT_MET),
        (3, 1, 3, Result.NOT_MET),
    ],
)
def test_one_row_not_met_decides_and_else_one_that_can_not_be_judged(
    met: int, not_met: int, not_determinable: int, result: Result
) -> None:
    assert result_of(met, not_met, not_determinable).result is result


def test_the_document_holds_json_values_only() -> None:
    assert result_of(3, 1, 2).as_document() == {
        "rule": "second_person",
        "name": "A second person committed",
        "kind": "control",
        "expectation": "expect_column_values_to_be_in_set",
        "result": "not met",
        "met": 3,
        "not_met": 1,
        "not_determinable": 2,
        "observed": None,
    }
