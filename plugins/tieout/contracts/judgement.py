# SPDX-License-Identifier: Apache-2.0
"""Holds a population against its contract in pieces, so that it need not fit in memory, and says the same as of the whole.

1. A rule about single rows says of the whole what it says of the pieces, added up.
2. So does one that the key is unique, or the key and more: the pieces part no key.
3. A rule about the columns is held against the columns.
4. A rule about the number of rows is held against the number of all rows.
5. Any other rule needs the whole population, and is refused where that does not fit in memory.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from tieout.contracts.broken import Breaks
from tieout.contracts.cast import POSITION_COLUMN
from tieout.contracts.expectations import run_count_rules, run_rules
from tieout.contracts.listing import list_rows, require_listed
from tieout.contracts.odcs import Contract, Rule
from tieout.contracts.rules import RuleResult
from tieout.errors import ConfigurationError

_EACH_ROW = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_sum_to_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)
_COLUMNS = frozenset(
    {
        "expect_column_to_exist",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
    }
)
_ROW_COUNT = frozenset({"expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"})


class Judgement:
    """What a contract's rules say of a population whose rows come piece by piece, every row that does not meet one listed.

    Args:
        contract: The contract.
        parameters: As for `run_rules`.
        target: The contract of `RULE_RESULT_TYPE`.
        listed: Takes the rows that do not meet a control rule, or that it can say nothing about, as `list_rows` gives them.
        rows: How many rows the population has.
        whole: Returns all of them, where they fit in memory; called only if a rule needs them.
        piece: About how many bytes of rows are judged at once, counting the columns that rules and key name.

    Raises:
        ConfigurationError: A rule needs the whole population, and it does not fit in memory.
    """

    def __init__(
        self,
        contract: Contract,
        parameters: dict[str, Any],
        target: Contract,
        listed: Callable[[pa.Table], None],
        rows: int,
        whole: Callable[[], pa.Table] | None,
        piece: int,
    ) -> None:
        self._contract, self._parameters, self._target, self._listed = contract, parameters, target, listed
        self._rows, self._whole, self._piece = rows, whole, piece
        self._by_piece = tuple(rule for rule in contract.rules if _is_told_by_pieces(rule, contract))
        self._named = _columns_of(self._by_piece, contract)
        self._pending: list[pa.Table] = []
        self._results: dict[str, RuleResult] = {}
        self._breaks = Breaks(contract)
        self._found: Counter[str] = Counter()
        if whole is None:
            self._refuse_those_of_the_whole()

    def add(self, rows: pa.Table) -> None:
        """Judge and list the next rows.

        Args:
            rows: In the contract's types, with `POSITION_COLUMN`. All rows of a key come in one call.

        Raises:
            ConfigurationError: Great Expectations could not run a rule, or its rows can not be listed.
        """
        if rows.num_rows == self._rows:
            self._judge(rows, self._contract.rules)
            return
        self._pending.append(rows.select(self._named))
        if sum(piece.nbytes for piece in self._pending) >= self._piece:
            self._judge_pending()

    def results(self, origin: str) -> list[RuleResult]:
        """Return what the rules say of all rows, contract rules first, once every contract rule holds.

        Raises:
            ContractError: One line per broken rule, naming the first rows or keys that break it; or a control rule's rows were
                not all listed.
        """
        self._judge_pending()
        self._judge_apart()
        results = [self._results[rule.id] for rule in self._contract.rules]
        self._breaks.require(results, origin)
        require_listed(self._found, results)
        return results

    def _judge_pending(self) -> None:
        if self._pending:
            rows, self._pending = pa.concat_tables(self._pending), []
            self._judge(rows, self._by_piece)
            gc.collect()  # Great Expectations leaves frames in cycles: 14 MB for each piece, until Python looks for them

    def _judge(self, rows: pa.Table, rules: Sequence[Rule]) -> None:
        self._note(run_rules(rows, self._contract, self._parameters, rules), rows)
        listed, found = list_rows(rows, self._contract, self._target)
        self._found.update(found)
        self._listed(listed)

    def _note(self, results: list[RuleResult], rows: pa.Table) -> None:
        self._breaks.add(results, rows)
        for result in results:
            known = self._results.get(result.rule)
            self._results[result.rule] = known.and_then(result) if known else result

    def _judge_apart(self) -> None:
        """Judge the rules that pieces say nothing about: those about the columns, the number of rows, and the whole."""
        contract = self._contract
        left = [rule for rule in contract.rules if rule.id not in self._results]
        columns = [rule for rule in left if rule.expectation in _COLUMNS]
        counting = [rule for rule in left if rule.expectation in _ROW_COUNT]
        others = [rule for rule in left if rule not in columns and rule not in counting]
        if columns:
            empty = contract.schema.empty_table()
            self._note(run_rules(empty, contract, self._parameters, columns, counted=self._rows), empty)
        if counting:
            self._note(run_count_rules(self._rows, contract, self._parameters, counting), contract.schema.empty_table())
        if others and self._whole is not None:
            rows = self._whole()
            self._note(run_rules(rows, contract, self._parameters, others), rows)

    def _refuse_those_of_the_whole(self) -> None:
        apart = _COLUMNS | _ROW_COUNT
        others = [rule for rule in self._contract.rules if rule not in self._by_piece and rule.expectation not in apart]
        if others:
            msg = "\n".join(
                f"{self._contract.evidence_type}: rule {rule.id!r}: {rule.expectation} needs all rows at once, and these "
                f"{self._rows} do not fit in memory. Extract shorter windows, or write a rule about single rows or the key."
                for rule in others
            )
            raise ConfigurationError(msg)


def _columns_of(rules: Sequence[Rule], contract: Contract) -> list[str]:
    """Return the columns that rules name, with those that list and locate a row."""
    arguments = [rule.arguments for rule in rules]
    named = {each[name] for each in arguments for name in ("column", "column_A", "column_B") if name in each}
    named |= {column for each in arguments for column in each.get("column_list", ())}
    named |= {"system", *contract.key}
    return [*(name for name in contract.schema.names if name in named), POSITION_COLUMN]


def _is_told_by_pieces(rule: Rule, contract: Contract) -> bool:
    if rule.expectation == "expect_compound_columns_to_be_unique":
        return set(contract.key) <= set(rule.arguments["column_list"])
    if rule.expectation == "expect_column_values_to_be_unique":
        return contract.key == (rule.arguments["column"],)
    return rule.expectation in _EACH_ROW
