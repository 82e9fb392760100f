# SPDX-License-Identifier: Apache-2.0
"""One cell of a spreadsheet as text, in the forms that contracts take; nothing about it is guessed."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tieout.errors import ContractError
from tieout.times import instant

_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""


def cell_text(cell: Any, zone: str | None, origin: str) -> str | None:
    """Return a cell as text.

    Args:
        cell: As openpyxl reads it.
        zone: IANA zone of its time, which a spreadsheet does not state.
        origin: What errors call the sheet.

    Returns:
        Texts as they are; numbers without needless digits; ``true`` or ``false``; a cell formatted as a date as ``2026-03-05``;
        one with a time as an instant in UTC; ``None`` where it is empty.

    Raises:
        ContractError: Its time has no zone, or can not be told from another in it; its number has more digits than a
            spreadsheet keeps; or it is a duration.
    """
    value = cell.value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, cell, origin)
    if isinstance(value, datetime):
        return _moment(value, cell, zone, origin)
    what = "a time without a day" if isinstance(value, time) else "a duration"
    raise _unfit(cell, origin, f"expected a text, number, date or time, got {what}. Export it as text")


def _number(value: float, cell: Any, origin: str) -> str:
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    if abs(value) >= 10**_DIGITS:
        problem = f"a whole number of more than {_DIGITS} digits, whose last ones a spreadsheet loses. Format the column as text"
        raise _unfit(cell, origin, problem)
    return str(int(value))


def _moment(value: datetime, cell: Any, zone: str | None, origin: str) -> str:
    from openpyxl.styles.numbers import is_datetime

    if is_datetime(cell.number_format) == "date" and value.time() == time():
        return value.date().isoformat()
    if zone is None:
        raise _unfit(cell, origin, "a time has no zone. Name it in the parameter 'time_zone', for example Europe/Berlin")
    local = ZoneInfo(zone)
    earlier, later = (value.replace(tzinfo=local, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        # The clocks were changed: the hour came twice, or never.
        raise _unfit(
            cell, origin, f"{value.isoformat()} is no one moment in {zone}, where the clocks changed. Export UTC as text"
        )
    return instant(earlier.astimezone(UTC))


def _unfit(cell: Any, origin: str, problem: str) -> ContractError:
    return ContractError(f"{origin}, cell {cell.coordinate}: {problem}, and run the window again.")
