# SPDX-License-Identifier: Apache-2.0
"""What the plots share: states and their legend, the bounds of one picture, and the picture with its figures as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tieout.audit.cover_page import shown
from tieout.audit.plot_sheet import Colour, Sheet, breadth, ink
from tieout.errors import ConfigurationError
from tieout.texts import cut

ROWS = 200
"""Rows, bars or lanes of one plot."""
PAGE_ROWS = 40
"""Rows of a plot that a printed page still holds."""
STATES = 8
"""States, or series, of one plot: more could not be told apart."""
PLOT_CSS = """
figure.plot { margin: 1em 0; }
figure.plot svg { max-width: 100%; height: auto; }
figure.plot table { border-collapse: collapse; font-size: 0.85em; }
figure.plot th, figure.plot td { border: 1px solid #767676; padding: 0.1em 0.4em; text-align: left; overflow-wrap: anywhere; }
@media print {
  figure.plot svg { break-inside: avoid; max-height: 250mm; }
  figure.plot details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
"""
"""Style of what :func:`plot_html` returns; a browser that knows no ``::details-content`` prints a table that was opened."""

_CHARACTERS = 44
"""Of a name beside a row; the table has the whole one."""
_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")
_LINE = 16.0
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture and the same figures as a table."""

    title: str
    description: str
    svg: str
    """An ``svg`` element for an HTML page, or a file of its own."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class State:
    """A state that cells or windows have, or a series of bars."""

    letter: str
    """One or two characters, its own in a plot."""
    label: str
    colour: Colour


def in_pages(items: Sequence[_Item], size: int = PAGE_ROWS) -> Iterator[tuple[_Item, ...]]:
    """Yield items by so many as one plot shows on a printed page, in their order."""
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


def plot_html(plot: Plot) -> str:
    """Return a plot as a ``figure``, its table folded below the picture. All texts are escaped; :data:`PLOT_CSS` is its style."""
    heads = "".join(f'<th scope="col">{shown(column)}</th>' if column else "<td></td>" for column in plot.columns)
    rows = "\n".join(
        f'<tr><th scope="row">{shown(row[0])}</th>{"".join(f"<td>{shown(text)}</td>" for text in row[1:])}</tr>'
        for row in plot.rows
    )
    table = f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    caption = f"<figcaption><strong>{shown(plot.title)}</strong> {shown(plot.description)}</figcaption>"
    details = f"<details><summary>The figures as a table: {shown(plot.title)}</summary>\n{table}\n</details>"
    return f'<figure class="plot">\n{caption}\n{plot.svg}\n{details}\n</figure>'


class Legend:
    """States of one plot, each with a letter of its own."""

    def __init__(self, states: Sequence[State], *, hatched: bool = False) -> None:
        """Take states.

        Args:
            states: In the order that the legend shows.
            hatched: Whether a hatch tells them apart, not a letter within.

        Raises:
            ConfigurationError: Too many states, or two with the same letter.
        """
        within(len(states), STATES, "states")
        self.states = tuple(states)
        self._by_letter = {state.letter: state for state in states}
        self._hatched = hatched
        if len(self._by_letter) < len(states) or not all(1 <= len(letter) <= 2 for letter in self._by_letter):
            letters = [state.letter for state in states]
            raise ConfigurationError(f"Each state of a plot has one or two characters of its own as its letter, got {letters}.")

    def of(self, letter: str) -> State:
        """Return the state of a letter.

        Raises:
            ConfigurationError: None has it.
        """
        if letter not in self._by_letter:
            raise ConfigurationError(f"{letter!r} is the letter of no state in the legend: {', '.join(self._by_letter)}.")
        return self._by_letter[letter]

    def begin(self, name: str, width: float, height: float) -> Sheet:
        """Return a sheet of this size with room for the legend below it."""
        width = max([width, 240.0, *(breadth(state.label) + 44 for state in self.states)])
        lines = max((y for _, y, _ in self._places(width)), default=-_LINE) / _LINE + 1
        return Sheet(name, width, height + _LINE * lines)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw the legend, from a height down."""
        for at, (x, y, state) in enumerate(self._places(sheet.width)):
            if self._hatched:
                fill(sheet, x, top + y, 14, 10, state, at)
            else:
                cell(sheet, x, top + y, 14, 10, state)
            sheet.text(x + 18, top + y + 5, f"{state.letter} {state.label}" if self._hatched else state.label)

    def _places(self, width: float) -> Iterator[tuple[float, float, State]]:
        x = y = 0.0
        for state in self.states:
            needs = breadth(state.label) + 36
            if x and x + needs > width - 8:
                x, y = 0.0, y + _LINE
            yield x + 8, y, state
            x += needs


def within(count: int, limit: int, what: str) -> None:
    """Refuse what does not stand on one picture.

    Raises:
        ConfigurationError: There are too many.
    """
    if count > limit:
        raise ConfigurationError(f"One plot shows at most {limit:,} {what}, got {count:,}: draw several, each of a part of them.")


def alike(count: int, expected: int, what: str) -> None:
    """Refuse what does not have as many as something else.

    Raises:
        ConfigurationError: It has more or fewer.
    """
    if count != expected:
        raise ConfigurationError(f"Expected {expected} {what}, got {count}.")


def beside(names: Sequence[str]) -> float:
    """Return the points that names beside rows take."""
    return max((breadth(cut(name, _CHARACTERS)) for name in names), default=0) + 10


def name_row(sheet: Sheet, left: float, y: float, name: str) -> None:
    """Write a row's name where the row begins; a long one is cut, and the table has all of it."""
    sheet.text(left - 5, y, cut(name, _CHARACTERS), anchor="right")


def cell(sheet: Sheet, x: float, y: float, width: float, height: float, state: State, text: str = "") -> None:
    """Draw a cell with its state's letter, or with a text."""
    sheet.box(x, y, width, height, state.colour)
    sheet.text(x + width / 2, y + height / 2, text or state.letter, anchor="center", colour=ink(state.colour), size=7)


def grid(sheet: Sheet, left: float, top: float, size: float, columns: int, rows: int) -> None:
    """Draw the lines between square cells; one that nothing is drawn into is empty."""
    right, bottom = left + size * columns, top + size * rows
    for number in range(columns + 1):
        sheet.line(left + size * number, top, left + size * number, bottom, colour="#DDDDDD")
    for number in range(rows + 1):
        sheet.line(left, top + size * number, right, top + size * number, colour="#DDDDDD")


def fill(sheet: Sheet, x: float, y: float, width: float, height: float, state: State, number: int) -> None:
    """Draw a part of a bar, with the hatch of its number."""
    sheet.box(x, y, width, height, state.colour, hatch=_HATCHES[number])
