# SPDX-License-Identifier: Apache-2.0
"""What breaks a contract's rules: the first rows or keys of each, by their position in the source, gathered piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.contracts.cast import POSITION_COLUMN
from tieout.contracts.listing import UNFIT, unfit_rows
from tieout.contracts.odcs import Contract, RuleKind
from tieout.contracts.rules import RuleResult
from tieout.errors import ContractError

_SHOWN = 5
_UNIQUE = "expect_compound_columns_to_be_unique"


class Breaks:
    """The first rows or keys that break each contract rule.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._rules = {rule.id: rule for rule in contract.rules}
        self._rows: dict[str, list[int]] = {}
        self._repeated: dict[str, _Repeated] = {}

    def add(self, results: Iterable[RuleResult], rows: pa.Table) -> None:
        """Note what of a piece of the population breaks the contract rules that do not hold for it.

        Args:
            results: What `run_rules` said of the piece.
            rows: The piece, with `POSITION_COLUMN`. All rows of a key that is to be unique lie in one piece.
        """
        for result in results:
            rule = self._rules[result.rule]
            if result.kind is not RuleKind.CONTRACT or result.holds:
                continue
            if rule.expectation == _UNIQUE:
                self._repeated.setdefault(rule.id, _Repeated(rule.arguments["column_list"])).add(rows)
            elif rule.expectation in UNFIT:
                positions = rows[POSITION_COLUMN].filter(unfit_rows(rule, rows)).to_pylist()
                self._rows[rule.id] = sorted([*self._rows.get(rule.id, ()), *positions])[:_SHOWN]

    def require(self, results: Iterable[RuleResult], origin: str) -> None:
        """Check that every contract rule holds.

        Args:
            results: What the rules say of all pieces together.
            origin: What the error calls the source.

        Raises:
            ContractError: One line per broken rule, naming the first rows or keys that break it.
        """
        broken = [result for result in results if result.kind is RuleKind.CONTRACT and not result.holds]
        if not broken:
            return
        lines = [f"{origin}: rule {result.rule!r} is broken: {self._told(result)}" for result in broken]
        lines.append("Nothing lands for this window. Correct the source and run the window again.")
        raise ContractError("\n".join(lines))

    def _told(self, result: RuleResult) -> str:
        rule = self._rules[result.rule]
        if rule.id in self._repeated:
            return f"expected each {' and '.join(rule.arguments['column_list'])} once, got {self._repeated[rule.id].told()}."
        if result.observed is not None:
            return f"{rule.name.lower()}: observed {result.observed}."
        count = f"{rule.name.lower()}: {result.not_met} rows do not meet it"
        if rule.id not in self._rows:
            return f"{count}."
        return f"{count}, first at row {', '.join(map(str, self._rows[rule.id]))}."


class _Repeated:
    """Keys that come more than once: how many, and the first of them with their rows."""

    def __init__(self, columns: list[str]) -> None:
        self._columns = columns
        self._count = 0
        self._first: list[tuple[list[int], str]] = []

    def add(self, rows: pa.Table) -> None:
        """Note the repeated keys of a piece; none of them comes in another one."""
        counted = [(POSITION_COLUMN, "count"), (POSITION_COLUMN, "min"), (POSITION_COLUMN, "list")]
        groups = rows.group_by(self._columns, use_threads=False).aggregate(counted)
        repeated = groups.filter(pc.greater(groups[f"{POSITION_COLUMN}_count"], 1)).sort_by(f"{POSITION_COLUMN}_min")
        self._count += repeated.num_rows
        for entry in repeated.slice(0, _SHOWN).to_pylist():
            text = ", ".join(str(entry[name]) for name in self._columns)
            self._first.append((sorted(entry[f"{POSITION_COLUMN}_list"]), text))
        self._first = sorted(self._first)[:_SHOWN]

    def told(self) -> str:
        """Return it as it stands in an error."""
        shown = [f"{text} {len(positions)} times (rows {_some(positions)})" for positions, text in self._first]
        more = f" and {self._count - _SHOWN} more keys" if self._count > _SHOWN else ""
        return "; ".join(shown) + more


def _some(values: list[Any]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(map(str, values[:_SHOWN])) + more
