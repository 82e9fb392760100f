# SPDX-License-Identifier: Apache-2.0
"""Runs a contract's rules with Great Expectations, and lists every row that does not meet a control rule.

Great Expectations decides; the rows are then found by a vectorised filter that has to find as many as it counted, because
its own listing of failing rows is slow by a factor of ten at scale (DECISIONS.md, D-010).
"""

from __future__ import annotations

import json
import logging
import os
import threading
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.cast import POSITION_COLUMN
from tieout.contracts.odcs import Contract, Rule, RuleKind
from tieout.contracts.rules import Result, RuleResult
from tieout.errors import ConfigurationError, ContractError

_SHOWN = 5
_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations keeps its data sources in one context per process, and does not say that threads may share it."""
Mask = Callable[[pa.ChunkedArray, dict[str, Any]], pa.ChunkedArray]


def _unfit_between(array: pa.ChunkedArray, arguments: dict[str, Any]) -> pa.ChunkedArray:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    below = pc.less(array, low) if low is not None else None
    above = pc.greater(array, high) if high is not None else None
    if below is None or above is None:
        return above if below is None else below
    return pc.or_(below, above)


_UNFIT: dict[str, Mask] = {
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


@cache
def _context() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # nothing about a company's evidence leaves the machine
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # its import alone logs 100 lines otherwise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what its own imports use is not ours to mend
        import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def preload() -> None:
    """Import Great Expectations and set up its context: 5 to 9 seconds that a worker pays once, before it forks."""
    _context()


def run_rules(rows: pa.Table, contract: Contract, parameters: dict[str, Any]) -> list[RuleResult]:
    """Hold a population against its contract's rules.

    Args:
        rows: The population in the contract's Arrow schema; further columns that start with ``_`` are left aside.
        contract: The contract.
        parameters: Values for ``$PARAMETER`` in the rules, for example ``second_count``.

    Returns:
        One result per rule, contract rules first.

    Raises:
        ConfigurationError: Great Expectations could not run a rule.
    """
    outcome = validate_suite(rows, contract, parameters, "BASIC")
    by_rule = {entry.expectation_config.meta["rule"]: entry for entry in outcome.results}
    return [_result(rule, by_rule[rule.id], rows) for rule in contract.rules]


def validate_suite(rows: pa.Table, contract: Contract, parameters: dict[str, Any], result_format: str) -> Any:
    """Return what Great Expectations says of a population, in its own form and the given result format.

    Raises:
        ConfigurationError: It could not run the rules.
    """
    _context()
    import great_expectations as gx
    from great_expectations.exceptions import GreatExpectationsError

    suite = gx.ExpectationSuite(name=f"{contract.evidence_type} {contract.version}")
    for rule in contract.rules:
        suite.add_expectation(_expectation(rule))
    try:
        with _ONE_AT_A_TIME:
            return _batch(rows, contract).validate(suite, result_format=result_format, expectation_parameters=parameters)
    except GreatExpectationsError as error:  # for example a $PARAMETER that has no value
        msg = f"{contract.evidence_type}: Great Expectations could not run the rules: {error}"
        raise ConfigurationError(msg) from error


def _expectation(rule: Rule) -> Any:
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        return get_expectation_impl(rule.expectation)(**rule.arguments, meta={"rule": rule.id})
    except (GreatExpectationsError, ValueError) as error:
        msg = f"rule {rule.id!r}: no expectation {rule.expectation} with these kwargs: {error}"
        raise ConfigurationError(msg) from error


def _batch(rows: pa.Table, contract: Contract) -> Any:
    import pandas as pd

    # Nullable integers and booleans keep their type: a float would lose digits past 2^53.
    types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame = rows.select([column.name for column in contract.columns]).to_pandas(types_mapper=types.get)
    sources = _context().data_sources
    name = contract.evidence_type
    source = sources.add_or_update_pandas(name)
    definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
    return definition.get_batch({"dataframe": frame})


def _result(rule: Rule, entry: Any, rows: pa.Table) -> RuleResult:
    info = entry.exception_info or {}
    # One exception stands here as it is; those of the metrics an expectation computes stand under their names.
    for problem in (info, *(inner for inner in info.values() if isinstance(inner, dict))):
        if problem.get("exception_message"):
            msg = f"rule {rule.id!r}: Great Expectations could not run it: {problem['exception_message']}"
            raise ConfigurationError(msg)
    holds = bool(entry.success)
    not_met = entry.result.get("unexpected_count")
    about_the_table = not_met is None
    if about_the_table:
        not_met = 0 if holds else rows.num_rows
    undetermined = _nulls(rule, rows) if rule.kind is RuleKind.CONTROL else 0
    return RuleResult(
        rule=rule.id,
        name=rule.name,
        kind=rule.kind,
        expectation=rule.expectation,
        met=rows.num_rows - not_met - undetermined,
        not_met=not_met,
        not_determinable=undetermined,
        observed=str(entry.result.get("observed_value")) if about_the_table else None,
        holds=holds,
    )


def _judges_nulls(rule: Rule) -> bool:
    return rule.expectation == "expect_column_values_to_not_be_null"


def _nulls(rule: Rule, rows: pa.Table) -> int:
    """Count the rows that a rule other than one about nulls says nothing about."""
    if _judges_nulls(rule):
        return 0
    return int(rows[rule.arguments["column"]].null_count)


def require_contract(results: list[RuleResult], rows: pa.Table, contract: Contract, origin: str) -> None:
    """Check that every contract rule holds.

    Raises:
        ContractError: One line per broken rule, naming the first rows or keys that break it.
    """
    rules = {rule.id: rule for rule in contract.rules}
    broken = [result for result in results if result.kind is RuleKind.CONTRACT and not result.holds]
    if not broken:
        return
    lines = [f"{origin}: rule {result.rule!r} is broken: {_evidence(rules[result.rule], result, rows)}" for result in broken]
    lines.append("Nothing lands for this window. Correct the source and run the window again.")
    raise ContractError("\n".join(lines))


def _evidence(rule: Rule, result: RuleResult, rows: pa.Table) -> str:
    if rule.expectation == "expect_compound_columns_to_be_unique":
        return f"expected each {' and '.join(rule.arguments['column_list'])} once, got {_repeated(rule, rows)}."
    if result.observed is not None:
        return f"{rule.name.lower()}: observed {result.observed}."
    if rule.expectation not in _UNFIT:
        return f"{rule.name.lower()}: {result.not_met} rows do not meet it."
    unfit = unfit_rows(rule, rows)
    positions = rows[POSITION_COLUMN].filter(unfit)[:_SHOWN].to_pylist()
    return f"{rule.name.lower()}: {result.not_met} rows do not meet it, first at row {', '.join(map(str, positions))}."


def _repeated(rule: Rule, rows: pa.Table) -> str:
    keys = rule.arguments["column_list"]
    groups = rows.group_by(keys).aggregate([(POSITION_COLUMN, "count"), (POSITION_COLUMN, "list")])
    repeated = groups.filter(pc.greater(groups[f"{POSITION_COLUMN}_count"], 1))
    shown = [
        f"{', '.join(str(entry[key]) for key in keys)} {entry[f'{POSITION_COLUMN}_count']} times "
        f"(rows {', '.join(map(str, sorted(entry[f'{POSITION_COLUMN}_list'])))})"
        for entry in repeated.slice(0, _SHOWN).to_pylist()
    ]
    more = f" and {repeated.num_rows - _SHOWN} more keys" if repeated.num_rows > _SHOWN else ""
    return "; ".join(shown) + more


def unfit_rows(rule: Rule, rows: pa.Table) -> pa.ChunkedArray:
    """Return a mask of the rows that do not meet a rule about single values; a null is unfit only where the rule says so.

    Raises:
        ConfigurationError: The expectation is not one whose rows can be listed.
    """
    if rule.expectation not in _UNFIT:
        msg = f"rule {rule.id!r}: rows can be listed for {', '.join(sorted(_UNFIT))}; not for {rule.expectation}."
        raise ConfigurationError(msg)
    array = rows[rule.arguments["column"]]
    unfit = _UNFIT[rule.expectation](array, rule.arguments)
    return unfit if _judges_nulls(rule) else pc.and_(pc.fill_null(unfit, False), pc.is_valid(array))


RULE_RESULT_TYPE = "rule_result.v1"
"""Evidence type of `result_rows`."""


def result_rows(rows: pa.Table, contract: Contract, results: list[RuleResult], target: Contract) -> pa.Table:
    """List every row that does not meet a control rule, or that it can say nothing about.

    Args:
        rows: The population, with a column ``system``.
        contract: Its contract.
        results: What `run_rules` said of it.
        target: The contract of `RULE_RESULT_TYPE`.

    Returns:
        Rows in the target's Arrow schema, in the population's order within each rule.

    Raises:
        ContractError: The listing and Great Expectations disagree on how many rows do not meet a rule.
    """
    counted = {result.rule: result for result in results}
    tables = [target.schema.empty_table()]
    for rule in contract.rules:
        if rule.kind is not RuleKind.CONTROL:
            continue
        unfit = unfit_rows(rule, rows)
        found = pc.sum(unfit).as_py() or 0
        if found != counted[rule.id].not_met:
            msg = f"rule {rule.id!r}: Great Expectations counted {counted[rule.id].not_met} rows, the listing found {found}."
            raise ContractError(msg)
        tables.append(_listed(rows.filter(unfit), rule, Result.NOT_MET, f"Expected: {rule.name}.", contract, target))
        if rule.not_determinable_because and not _judges_nulls(rule):
            undetermined = rows.filter(pc.is_null(rows[rule.arguments["column"]]))
            reason = f"Expected: {rule.name}. {rule.not_determinable_because}"
            tables.append(_listed(undetermined, rule, Result.NOT_DETERMINABLE, reason, contract, target))
    return pa.concat_tables(tables)


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
