# SPDX-License-Identifier: Apache-2.0
"""Holds a population against its contract's rules with Great Expectations."""

from __future__ import annotations

import ast
import gc
import importlib.util
import logging
import os
import threading
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.contracts.broken import Breaks
from tieout.contracts.listing import judges_nulls
from tieout.contracts.odcs import Contract, Rule, RuleKind
from tieout.contracts.rules import RuleResult
from tieout.errors import ConfigurationError

_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations keeps its data sources in one context per process, and does not say that threads may share it."""


@cache
def _context() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # nothing about a company's evidence leaves the machine
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # its import alone logs 100 lines otherwise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what its own imports use is not ours to mend
        import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    # Its 300,000 objects stay for ever: looking through them for what can go would cost a third of a second each time.
    gc.freeze()
    return context


def preload() -> None:
    """Import Great Expectations and set up its context: 5 to 9 seconds that a worker pays once, before it forks."""
    _context()


@cache
def expectation_names() -> tuple[str, ...]:
    """Return the names of Great Expectations' own expectations, without the seconds that importing it takes.

    None where it is not installed.
    """
    package = importlib.util.find_spec("great_expectations")
    if package is None or package.origin is None:
        return ()
    # It imports each expectation from a module of that name; a unit test holds this against its registry.
    source = Path(package.origin).with_name("expectations") / "core" / "__init__.py"
    imports = [node.module or "" for node in ast.parse(source.read_bytes()).body if isinstance(node, ast.ImportFrom)]
    return tuple(sorted(name for name in imports if name.startswith("expect_")))


def run_rules(
    rows: pa.Table,
    contract: Contract,
    parameters: dict[str, Any],
    rules: Sequence[Rule] | None = None,
    *,
    counted: int | None = None,
) -> list[RuleResult]:
    """Hold a population against its contract's rules.

    Args:
        rows: The population in the contract's Arrow schema, with the columns that the rules ask for; further columns that
            start with ``_`` are left aside.
        contract: The contract.
        parameters: Values for ``$PARAMETER`` in the rules, for example ``second_count``.
        rules: Some of the contract's rules; ``None`` for all of them.
        counted: For how many rows a result of the whole table counts; ``None`` for those that are given.

    Returns:
        One result per rule, contract rules first.

    Raises:
        ConfigurationError: Great Expectations could not run a rule.
    """
    rules = contract.rules if rules is None else rules
    outcome = validate_suite(rows, contract, parameters, "BASIC", rules)
    by_rule = {entry.expectation_config.meta["rule"]: entry for entry in outcome.results}
    undetermined = {rule.id: _nulls(rule, rows) for rule in rules if rule.kind is RuleKind.CONTROL}
    count = rows.num_rows if counted is None else counted
    return [_result(rule, by_rule[rule.id], count, undetermined.get(rule.id, 0)) for rule in rules]


def run_count_rules(rows: int, contract: Contract, parameters: dict[str, Any], rules: Sequence[Rule]) -> list[RuleResult]:
    """Hold the number of a population's rows against rules that are about nothing else, as `run_rules` does."""
    import pandas as pd

    class Counted(pd.DataFrame):  # type: ignore[misc]
        """A frame that says how many rows it has and holds none: a real one is hashed row by row."""

        @property
        def shape(self) -> tuple[int, int]:
            return rows, 0

    outcome = _validate(Counted(), contract, parameters, "BASIC", rules)
    by_rule = {entry.expectation_config.meta["rule"]: entry for entry in outcome.results}
    return [_result(rule, by_rule[rule.id], rows, 0) for rule in rules]


def validate_suite(
    rows: pa.Table, contract: Contract, parameters: dict[str, Any], result_format: str, rules: Sequence[Rule] | None = None
) -> Any:
    """Return what Great Expectations says of a population, in its own form and the given result format.

    Raises:
        ConfigurationError: It could not run the rules.
    """
    import pandas as pd

    # Nullable integers and booleans keep their type: a float would lose digits past 2^53.
    types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame = rows.select([name for name in rows.column_names if not name.startswith("_")]).to_pandas(types_mapper=types.get)
    return _validate(frame, contract, parameters, result_format, contract.rules if rules is None else rules)


def _validate(frame: Any, contract: Contract, parameters: dict[str, Any], result_format: str, rules: Sequence[Rule]) -> Any:
    _context()
    import great_expectations as gx
    from great_expectations.exceptions import GreatExpectationsError

    suite = gx.ExpectationSuite(name=f"{contract.evidence_type} {contract.version}")
    for rule in rules:
        suite.add_expectation(_expectation(rule))
    name = contract.evidence_type
    with _ONE_AT_A_TIME:
        try:
            return _batch(frame, name).validate(suite, result_format=result_format, expectation_parameters=parameters)
        except GreatExpectationsError as error:  # for example a $PARAMETER that has no value
            msg = f"{name}: Great Expectations could not run the rules: {error}"
            raise ConfigurationError(msg) from error
        finally:
            _context().data_sources.delete(name)  # it would keep the rows in memory


def _expectation(rule: Rule) -> Any:
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        return get_expectation_impl(rule.expectation)(**rule.arguments, meta={"rule": rule.id})
    except (GreatExpectationsError, ValueError) as error:
        msg = f"rule {rule.id!r}: no expectation {rule.expectation} with these kwargs: {error}"
        raise ConfigurationError(msg) from error


def _batch(frame: Any, name: str) -> Any:
    sources = _context().data_sources
    source = sources.add_or_update_pandas(name)
    definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
    return definition.get_batch({"dataframe": frame})


def _result(rule: Rule, entry: Any, rows: int, undetermined: int) -> RuleResult:
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
        not_met = 0 if holds else rows
    return RuleResult(
        rule=rule.id,
        name=rule.name,
        kind=rule.kind,
        expectation=rule.expectation,
        met=rows - not_met - undetermined,
        not_met=not_met,
        not_determinable=undetermined,
        observed=str(entry.result.get("observed_value")) if about_the_table else None,
        holds=holds,
    )


def _nulls(rule: Rule, rows: pa.Table) -> int:
    """Count the rows that a rule other than one about nulls says nothing about."""
    if judges_nulls(rule):
        return 0
    return int(rows[rule.arguments["column"]].null_count)


def require_contract(results: list[RuleResult], rows: pa.Table, contract: Contract, origin: str) -> None:
    """Check that every contract rule holds.

    Raises:
        ContractError: One line per broken rule, naming the first rows or keys that break it.
    """
    breaks = Breaks(contract)
    breaks.add(results, rows)
    breaks.require(results, origin)
