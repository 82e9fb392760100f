# SPDX-License-Identifier: Apache-2.0
"""Lists the rows that do not meet a rule, or that it can say nothing about: `RULE_RESULT_TYPE`.

Great Expectations decides and counts; its own listing of failing rows is slower by a factor of ten at scale, so a vectorised
filter finds the rows, and has to find as many as were counted (DECISIONS.md, D-010).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.odcs import Contract, Rule, RuleKind
from tieout.contracts.rules import Result, RuleResult
from tieout.errors import ConfigurationError, ContractError

Mask = Callable[[pa.ChunkedArray, dict[str, Any]], pa.ChunkedArray]


def _unfit_between(array: pa.ChunkedArray, arguments: dict[str, Any]) -> pa.ChunkedArray:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    below = pc.less(array, low) if low is not None else None
    above = pc.greater(array, high) if high is not None else None
    if below is None or above is None:
        return above if below is None else below
    return pc.or_(below, above)


UNFIT: dict[str, Mask] = {
    "expect_column_values_to_not_be_null": lambda array, _: pc.is_null(array),
    "expect_column_values_to_be_in_set": lambda array, arguments: pc.invert(
        pc.is_in(array, value_set=pa.array(arguments["value_set"], array.type))
    ),
    "expect_column_values_to_match_regex": lambda array, arguments: pc.invert(
        pc.match_substring_regex(array, arguments["regex"])
    ),
    "expect_column_values_to_be_between": _unfit_between,
}
"""For each expectation about single values: which rows do not meet it. Nulls are set apart by the caller."""


def judges_nulls(rule: Rule) -> bool:
    """Whether a rule is about nulls; any other one says nothing about them."""
    return rule.expectation == "expect_column_values_to_not_be_null"


def unfit_rows(rule: Rule, rows: pa.Table) -> pa.ChunkedArray:
    """Return a mask of the rows that do not meet a rule about single values; a null is unfit only where the rule says so.

    Raises:
        ConfigurationError: The expectation is not one whose rows can be listed.
    """
    if rule.expectation not in UNFIT:
        msg = f"rule {rule.id!r}: rows can be listed for {', '.join(sorted(UNFIT))}; not for {rule.expectation}."
        raise ConfigurationError(msg)
    array = rows[rule.arguments["column"]]
    unfit = UNFIT[rule.expectation](array, rule.arguments)
    return unfit if judges_nulls(rule) else pc.and_(pc.fill_null(unfit, False), pc.is_valid(array))


RULE_RESULT_TYPE = "rule_result.v1"
"""Evidence type of what `list_rows` lists."""


def list_rows(rows: pa.Table, contract: Contract, target: Contract) -> tuple[pa.Table, dict[str, int]]:
    """List every row of a piece of a population that does not meet a control rule, or that it can say nothing about.

    Args:
        rows: The piece, with a column ``system``.
        contract: Its contract.
        target: The contract of `RULE_RESULT_TYPE`.

    Returns:
        Rows in the target's Arrow schema, in the piece's order within each rule; and how many do not meet each control rule,
        which `require_listed` holds against what Great Expectations counted.
    """
    found: dict[str, int] = {}
    tables = [target.schema.empty_table()]
    for rule in contract.rules:
        if rule.kind is not RuleKind.CONTROL:
            continue
        unfit = unfit_rows(rule, rows)
        found[rule.id] = pc.sum(unfit).as_py() or 0
        tables.append(_listed(rows.filter(unfit), rule, Result.NOT_MET, f"Expected: {rule.name}.", contract, target))
        if rule.not_determinable_because and not judges_nulls(rule):
            undetermined = rows.filter(pc.is_null(rows[rule.arguments["column"]]))
            reason = f"Expected: {rule.name}. {rule.not_determinable_because}"
            tables.append(_listed(undetermined, rule, Result.NOT_DETERMINABLE, reason, contract, target))
    return pa.concat_tables(tables), found


def require_listed(found: dict[str, int], results: list[RuleResult]) -> None:
    """Check that as many rows were listed for each control rule as Great Expectations counted.

    Raises:
        ContractError: The two disagree.
    """
    for result in results:
        if result.kind is RuleKind.CONTROL and found[result.rule] != result.not_met:
            msg = (
                f"rule {result.rule!r}: Great Expectations counted {result.not_met} rows, the listing found {found[result.rule]}."
            )
            raise ContractError(msg)


def _listed(rows: pa.Table, rule: Rule, result: Result, reason: str, contract: Contract, target: Contract) -> pa.Table:
    def constant(value: str) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), rows.num_rows)

    columns = {
        "system": rows["system"],
        "rule": constant(rule.id),
        "row_key": row_keys(rows, contract.key),
        "evidence_type": constant(contract.evidence_type),
        "result": constant(result.value),
        "reason": constant(reason),
    }
    return pa.table(columns, schema=target.schema)


def row_keys(rows: pa.Table, key: tuple[str, ...]) -> pa.ChunkedArray:
    """Return each row's key as a JSON object of the key columns, in key order."""
    if rows.num_rows == 0:
        return pa.chunked_array([], pa.string())
    parts: list[Any] = []
    for number, name in enumerate(key):
        parts += [("{" if number == 0 else ", ") + json.dumps(name) + ": ", _json(rows[name])]
    return pc.binary_join_element_wise(*parts, "}", "")


def _json(array: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(array.type):
        return pc.cast(array, pa.string())
    text = pc.cast(array, pa.string())
    if pc.any(pc.match_substring_regex(text, r"[\x00-\x1f]"), min_count=0).as_py():
        return pa.chunked_array([pa.array([json.dumps(value, ensure_ascii=False) for value in text.to_pylist()])])
    escaped = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise('"', escaped, '"', "")
