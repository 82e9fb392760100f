# SPDX-License-Identifier: Apache-2.0
"""What the cells of an auditor's list say: texts, criteria and days. Pure.

Nothing is guessed. What can be read in two ways is told as not understood, with what would make it plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from tieout.criteria.pbc import DateOrder

_CRITERION = re.compile(r"(?<![A-Za-z0-9])(CC|PI|A|C|P)[\s-]?(\d)\.(\d)(?![\d])(\.\d+)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;/&|·•()\[\]-]+|\band\b|\bTSC\b|\bSOC ?2\b", re.IGNORECASE)
_FIGURES = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?")
_WORDS = (
    re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s./-]+(?P<month>[A-Za-z]{3,9})\.?,?[\s./-]+(?P<year>\d{4})"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"),
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unclear(Exception):
    """What a cell says is not understood; the text says why, and what would make it plain."""

    why: str

    def __str__(self) -> str:
        return self.why


def read_text(value: object) -> str:
    """Return the text of a cell: line breaks stay, blanks at the ends of lines go, a whole number is written without a point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    lines = [" ".join(line.split()) for line in str("" if value is None else value).splitlines()]
    return "\n".join(lines).strip()


def read_criteria(text: str) -> tuple[tuple[str, ...], str]:
    """Return the criteria that a cell names, each once in its order, and what else stands there that is not understood."""
    found = [f"{each[1].upper()}{each[2]}.{each[3]}" for each in _CRITERION.finditer(text)]
    rest = _BETWEEN.sub(" ", _CRITERION.sub(" ", text)).strip(" .:")
    return tuple(dict.fromkeys(found)), rest


def read_day(value: object, order: DateOrder | None) -> date:
    """Return the day that a cell says.

    Args:
        value: As the sheet has it: a date, or a text.
        order: How figures alone are meant; ``None`` where nobody has said.

    Raises:
        Unclear: It is none, or could be two.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise Unclear("a number, where a day is expected: format the cell as a date, or write it as 2026-03-05")
    text = value.strip()
    if said := _ISO.fullmatch(text):
        return _day(int(said[1]), int(said[2]), int(said[3]), text)
    for pattern in _WORDS:
        if said := pattern.fullmatch(text):
            month = _month(said["month"])
            if month is not None:
                return _day(int(said["year"]), month, int(said["day"]), text)
    if said := _FIGURES.fullmatch(text):
        return _in_figures(int(said[1]), int(said[2]), int(said[3]), order, text)
    raise Unclear("no day that is understood: write it as 2026-03-05")


def _in_figures(first: int, second: int, year: int, order: DateOrder | None, text: str) -> date:
    if first == second or (first <= 12 < second):
        return _day(year, first, second, text)
    if second <= 12 < first:
        return _day(year, second, first, text)
    if order is None:
        raise Unclear("a day that can be read in two ways: say with --dates whether the day (DMY) or the month (MDY) comes first")
    return _day(year, second, first, text) if order == "DMY" else _day(year, first, second, text)


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Unclear(f"no day of the calendar: {text[:40]}") from None


def _month(word: str) -> int | None:
    found = [number for number, name in enumerate(_MONTHS, start=1) if name.startswith(word.lower())]
    return found[0] if len(found) == 1 else None
