# SPDX-License-Identifier: Apache-2.0
"""Three plots, each with its figures as a table: controls by weeks, counts per control or rule, windows on an axis of time.

Nothing is told by colour alone: a cell holds a letter, a bar has a hatch and its number, so that a black-and-white print says
the same. A plot is one picture: what does not stand on one is refused; :func:`in_pages` cuts a longer list before it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tieout.audit.plot_parts import (
    PLOT_CSS,
    ROWS,
    Legend,
    Plot,
    State,
    alike,
    beside,
    cell,
    fill,
    grid,
    in_pages,
    name_row,
    plot_html,
    within,
)
from tieout.audit.plot_sheet import Colour, breadth
from tieout.audit.plot_timeline import Lane, Span, timeline
from tieout.errors import ConfigurationError

__all__ = [
    "COLUMNS",
    "PLOT_CSS",
    "ROWS",
    "Bar",
    "Colour",
    "Lane",
    "Plot",
    "Span",
    "State",
    "heatmap",
    "in_pages",
    "plot_html",
    "stacked_bars",
    "timeline",
]

COLUMNS = 60
"""Columns of a heat map: a year's weeks and some."""
_CELL = 14.0
_BAR = 300.0
_TOP = 18.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name and a count for each series."""

    label: str
    counts: tuple[int, ...]


def heatmap(
    name: str,
    title: str,
    description: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    states: Sequence[State],
) -> Plot:
    """Return rows by columns, with a state's letter in each cell; the table has the states' labels.

    Args:
        name: Begins the ids of the picture; its own in a page.
        title: What is shown.
        description: What can be read off it, for who does not see it.
        rows: Names, a control's for example.
        columns: Names, a week's for example.
        cells: Row by row, a state's letter for each column; an empty text is an empty cell.
        states: The legend.

    Raises:
        ConfigurationError: Too many rows, columns or states, a row that is too short or too long, or a letter of no state.
    """
    legend = Legend(states)
    within(len(rows), ROWS, "rows")
    within(len(columns), COLUMNS, "columns")
    alike(len(cells), len(rows), "rows of cells")
    left, top = beside(rows), max(map(breadth, columns), default=0) + 8
    bottom = top + _CELL * len(rows) + 10
    sheet = legend.begin(name, left + _CELL * len(columns) + 8, bottom)
    for at, column in enumerate(columns):
        sheet.text(left + _CELL * (at + 0.5), top - 4, column, upright=True)
    grid(sheet, left, top, _CELL, len(columns), len(rows))
    table = []
    for down, (row, letters) in enumerate(zip(rows, cells, strict=True)):
        alike(len(letters), len(columns), f"cells of {row}")
        found = [legend.of(letter) if letter else None for letter in letters]
        y = top + _CELL * down
        name_row(sheet, left, y + _CELL / 2, row)
        for at, state in enumerate(found):
            if state:
                cell(sheet, left + _CELL * at, y, _CELL, _CELL, state)
        table.append((row, *(state.label if state else "" for state in found)))
    legend.draw(sheet, bottom)
    return Plot(title, description, sheet.svg(title, description), ("", *columns), tuple(table))


def stacked_bars(name: str, title: str, description: str, bars: Sequence[Bar], series: Sequence[State]) -> Plot:
    """Return a bar for each name, of as many parts as there are series, with the numbers written beside it.

    Args:
        name: Begins the ids of the picture; its own in a page.
        title: What is counted.
        description: What can be read off it, for who does not see it.
        bars: From the top down.
        series: The parts of a bar, from the left; a letter heads the column of its numbers.

    Raises:
        ConfigurationError: Too many bars or series, a bar with more or fewer counts than series, or a count below nought.
    """
    legend = Legend(series, hatched=True)
    within(len(bars), ROWS, "bars")
    for bar in bars:
        alike(len(bar.counts), len(series), f"counts of {bar.label}")
        if min(bar.counts, default=0) < 0:
            raise ConfigurationError(f"{title}: {bar.label} has a count below nought: {bar.counts}.")
    longest = max((sum(bar.counts) for bar in bars), default=0) or 1
    left, step = beside([bar.label for bar in bars]), max(24.0, breadth(f"{longest:,}") + 8)
    bottom = _TOP + _CELL * len(bars) + 10
    sheet = legend.begin(name, left + _BAR + step * (len(series) + 1) + 8, bottom)
    for at, heading in enumerate([*(each.letter for each in series), "all"]):
        sheet.text(left + _BAR + step * (at + 1), _TOP - 8, heading, anchor="right")
    table = []
    for down, bar in enumerate(bars):
        x, y = left, _TOP + _CELL * down
        name_row(sheet, left, y + _CELL / 2, bar.label)
        for at, (count, state) in enumerate(zip(bar.counts, series, strict=True)):
            if width := _BAR * count / longest:
                fill(sheet, x, y + 2, width, _CELL - 4, state, at)
            x += width
        numbers = [f"{count:,}" for count in (*bar.counts, sum(bar.counts))]
        for at, number in enumerate(numbers):
            sheet.text(left + _BAR + step * (at + 1), y + _CELL / 2, number, anchor="right")
        table.append((bar.label, *numbers))
    sheet.line(left, _TOP, left, _TOP + _CELL * len(bars), colour="#000000")
    legend.draw(sheet, bottom)
    columns = ("", *(each.label for each in series), "all")
    return Plot(title, description, sheet.svg(title, description), columns, tuple(table))
