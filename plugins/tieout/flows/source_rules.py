# SPDX-License-Identifier: Apache-2.0
"""Rules that a source itself is held against, such as that a branch's history only grows: no row of a population can show them.

A collector finds them while it reads (`tieout.collectors.ipe.Unmet`). They land as every other rule result does: counted in the
manifest, each thing that did not meet one listed in `RULE_RESULT_TYPE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tieout.collectors.ipe import Unmet
from tieout.contracts.odcs import Contract, RuleKind
from tieout.contracts.rules import Result, RuleResult

EXPECTATION = "source rule"
"""Stands where another result names its Great Expectations expectation."""


def as_documents(rules: Sequence[Unmet]) -> list[dict[str, Any]]:
    """Return source rules as an extraction document carries them to validation."""
    return [{"rule": each.rule, "name": each.name, "rows": [list(row) for row in each.rows]} for each in rules]


def source_results(documents: Sequence[dict[str, Any]], rows: int) -> list[RuleResult]:
    """Return the result of each source rule.

    Args:
        documents: As `as_documents` made them.
        rows: Of the population: what met a rule that holds.
    """
    return [
        RuleResult(
            rule=each["rule"],
            name=each["name"],
            kind=RuleKind.CONTROL,
            expectation=EXPECTATION,
            met=0 if each["rows"] else rows,
            not_met=len(each["rows"]),
            not_determinable=0,
            observed=None,
            holds=not each["rows"],
        )
        for each in documents
    ]


def source_rows(documents: Sequence[dict[str, Any]], system: str, evidence_type: str, target: Contract) -> pa.Table:
    """List what did not meet a source rule, in the target's Arrow schema.

    Args:
        documents: As `as_documents` made them.
        system: Whose population it is.
        evidence_type: Of the population.
        target: The contract of `tieout.contracts.listing.RULE_RESULT_TYPE`.
    """
    listed = [
        {
            "system": system,
            "rule": each["rule"],
            "row_key": key,
            "evidence_type": evidence_type,
            "result": Result.NOT_MET.value,
            "reason": f"Expected: {each['name']}. {reason}",
        }
        for each in documents
        for key, reason in each["rows"]
    ]
    return pa.Table.from_pylist(listed, schema=target.schema)
