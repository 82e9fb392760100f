# SPDX-License-Identifier: Apache-2.0
"""Picks rows out of JSON: JMESPath expressions, with the few functions that vendors' values need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
import pyarrow as pa
from jmespath import functions
from jmespath.exceptions import JMESPathError

from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError
from tieout.times import instant, parse_instant

FUNCTIONS = ("add_hours", "from_unix", "lower", "lookup")
"""``add_hours(time, number)``; ``from_unix(number)``: seconds since 1970 as a time; ``lower(text)``; ``lookup(text, object)``:
the object's value of that name. Each gives null for null."""


class _Functions(functions.Functions):  # type: ignore[misc]
    @functions.signature({"types": ["string", "null"]}, {"types": ["number", "null"]})  # type: ignore[untyped-decorator]
    def _func_add_hours(self, time: str | None, hours: float | None) -> str | None:
        return None if time is None or hours is None else instant(parse_instant(time) + timedelta(hours=hours))

    @functions.signature({"types": ["number", "null"]})  # type: ignore[untyped-decorator]
    def _func_from_unix(self, seconds: float | None) -> str | None:
        return None if seconds is None else instant(datetime.fromtimestamp(seconds, UTC))

    @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()

    @functions.signature({"types": ["string", "null"]}, {"types": ["object"]})  # type: ignore[untyped-decorator]
    def _func_lookup(self, text: str | None, table: dict[str, Any]) -> Any:
        return None if text is None else table.get(text)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


class Picker:
    """One expression, compiled.

    Args:
        expression: JMESPath.
        where: What errors call it.

    Raises:
        ConfigurationError: It is none.
    """

    def __init__(self, expression: str, where: str) -> None:
        self._where, self._expression = where, expression
        try:
            self._compiled = jmespath.compile(expression)
        except JMESPathError as error:
            msg = f"{where}: expected a JMESPath expression, got {expression!r}: {' '.join(str(error).split())}."
            raise ConfigurationError(msg) from error

    def pick(self, value: Any) -> Any:
        """Return what the expression finds.

        Raises:
            ContractError: A function met a value that it can not take. The message names the expression, never the value.
        """
        try:
            return self._compiled.search(value, _OPTIONS)
        except (JMESPathError, ValueError, OverflowError, OSError) as error:
            msg = f"{self._where}: {self._expression!r} can not be applied to what the source gave ({type(error).__name__})."
            raise ContractError(msg) from error


class RowPicker:
    """The expressions of all columns."""

    def __init__(self, columns: Mapping[str, str], origin: str) -> None:
        self._origin = origin
        self._pickers = {name: Picker(text, f"{origin}: column {name!r}") for name, text in columns.items()}

    def rows(self, records: Sequence[Any], start: int) -> pa.Table:
        """Return records as rows: each column as text, an absent value as null, and `POSITION_COLUMN` from ``start``.

        Raises:
            ContractError: A value is a list or an object; the message names column and record, never the value.
        """
        columns: dict[str, pa.Array] = {}
        for name, picker in self._pickers.items():
            values = [self._text(picker.pick(record), name, start + number) for number, record in enumerate(records)]
            columns[name] = pa.array(values, pa.string())
        return pa.table({**columns, POSITION_COLUMN: pa.array(range(start, start + len(records)), pa.int64())})

    def _text(self, value: Any, name: str, position: int) -> str | None:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        msg = (
            f"{self._origin}: column {name!r}: expected one value in each record, got a {type(value).__name__} in record "
            f"{position}. Nothing lands. Correct the column's expression."
        )
        raise ContractError(msg)
