# SPDX-License-Identifier: Apache-2.0
"""Windows on an axis of time, one lane below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tieout.audit.plot_parts import ROWS, Legend, Plot, State, beside, cell, name_row, within
from tieout.audit.plot_sheet import Sheet, breadth
from tieout.errors import ConfigurationError

SPANS = 5_000
"""Windows of one timeline."""
_AXIS = 560.0
_LONGEST = 3_500.0
_NARROWEST = 9.0
"""Points of the shortest window: its letter stands in it."""
_LANE = 20.0
_TOP = 18.0
_MONTH = 44.0
"""Points that a month's name takes."""
_MARK = "extracted on"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """One window on an axis of time."""

    key: str
    first: date
    last: date
    """The last day that is of it."""
    state: str
    """A state's letter."""
    at: date | None = None
    """When it was extracted, where it was."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One control's windows, or those of one of its systems."""

    label: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    left: float
    first: date
    last: date
    length: float

    def x(self, day: date) -> float:
        return self.left + self.length * (day - self.first).days / ((self.last - self.first).days or 1)

    def draw(self, sheet: Sheet, bottom: float) -> None:
        """Draw a line at the first of each month, and name as many of them as there is room for."""
        months = list(_months(self.first, self.last))
        every = next((each for each in (1, 3, 6, 12, 60) if len(months) * _MONTH <= each * self.length), 1_200)
        for day in months:
            if (day.year * 12 + day.month - 1) % every == 0:
                sheet.line(self.x(day), _TOP, self.x(day), bottom)
                sheet.text(self.x(day), _TOP - 8, f"{day:%Y-%m}", anchor="center")


def timeline(name: str, title: str, description: str, lanes: Sequence[Lane], states: Sequence[State]) -> Plot:
    """Return windows on an axis of time; a diamond under a window stands on the day it was extracted.

    A window holds its state's letter and, where there is room, its key.

    Args:
        name: Begins the ids of the picture; its own in a page.
        title: What is shown.
        description: What can be read off it, for who does not see it.
        lanes: From the top down.
        states: The legend.

    Raises:
        ConfigurationError: Too many lanes, windows or states, a window that ends before it begins or is too short to be seen
            beside the whole time, or a letter of no state.
    """
    legend = Legend(states)
    within(len(lanes), ROWS, "lanes")
    spans = [(lane, span) for lane in lanes for span in lane.spans]
    within(len(spans), SPANS, "windows")
    if wrong := [span for _, span in spans if span.last < span.first]:
        raise ConfigurationError(f"{title}: window {wrong[0].key} ends on {wrong[0].last}, before it begins on {wrong[0].first}.")
    days = [day for _, span in spans for day in (span.first, span.last + _DAY, span.at or span.first)] or [date(1970, 1, 1)]
    left, first, last = beside([_MARK, *(lane.label for lane in lanes)]) + 10, min(days), max(days)
    axis = _Axis(left, first, last, _length(title, [span for _, span in spans], first, last))
    bottom = _TOP + _LANE * len(lanes) + 10
    sheet = legend.begin(name, axis.left + axis.length + 30, bottom)
    axis.draw(sheet, bottom - 10)
    sheet.diamond(8, _TOP - 8, 2.5)
    sheet.text(14, _TOP - 8, _MARK)
    for down, lane in enumerate(lanes):
        y = _TOP + _LANE * down
        name_row(sheet, axis.left, y + 8, lane.label)
        for span in lane.spans:
            _draw(sheet, axis, y, span, legend.of(span.state))
    legend.draw(sheet, bottom)
    table = tuple(
        (lane.label, span.key, str(span.first), str(span.last), legend.of(span.state).label, str(span.at or ""))
        for lane, span in spans
    )
    return Plot(title, description, sheet.svg(title, description), ("", "window", "from", "to", "state", _MARK), table)


def _length(title: str, spans: Sequence[Span], first: date, last: date) -> float:
    """Return how long the axis is: the shortest window has room for its letter."""
    if not spans:
        return _AXIS
    shortest = min(spans, key=lambda span: span.last - span.first)
    needs = _NARROWEST * (last - first) / (shortest.last + _DAY - shortest.first)
    if needs > _LONGEST:
        raise ConfigurationError(
            f"{title}: window {shortest.key} is too short to be seen beside {first} to {last}: draw several of a shorter time."
        )
    return max(_AXIS, needs)


def _draw(sheet: Sheet, axis: _Axis, y: float, span: Span, state: State) -> None:
    x, width = axis.x(span.first), axis.x(span.last + _DAY) - axis.x(span.first)
    full = f"{span.state} {span.key}"
    cell(sheet, x, y + 2, width, 11, state, full if breadth(full, 7) <= width else span.state)
    if span.at:
        sheet.diamond(axis.x(span.at), y + 16.5, 2.5)


def _months(first: date, last: date) -> Iterator[date]:
    day = first if first.day == 1 else _next(first)
    while day <= last:
        yield day
        day = _next(day)


def _next(day: date) -> date:
    """Return the first of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
