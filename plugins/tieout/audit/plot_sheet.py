# SPDX-License-Identifier: Apache-2.0
"""A sheet to draw boxes, lines and texts on. Matplotlib draws; where a thing stands, the caller says.

Coordinates are points (1/72 inch) from the upper left corner. Equal drawings are equal bytes, in any process and whatever
``matplotlibrc`` a machine has.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from enum import StrEnum
from io import StringIO
from typing import Any

from tieout.audit.plot_svg import cleaned
from tieout.errors import ConfigurationError
from tieout.texts import REPLACED, clean

SIZE = 8.0
"""Of a text, in points."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
_DRAWING = threading.Lock()
"""Matplotlib reads its parameters from one place per process: two threads do not draw at once."""


class Colour(StrEnum):
    """Fills that the colour-blind tell apart (Okabe and Ito's), and three that are none."""

    ORANGE = "#E69F00"
    SKY = "#56B4E9"
    GREEN = "#009E73"
    YELLOW = "#F0E442"
    BLUE = "#0072B2"
    VERMILION = "#D55E00"
    PURPLE = "#CC79A7"
    BLACK = "#000000"
    GREY = "#DDDDDD"
    WHITE = "#FFFFFF"


def ink(fill: Colour) -> str:
    """Return the colour, black or white, that is read best on a fill: the contrast is never under 4.5 to 1."""
    light = luminance(fill)
    return "#000000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#FFFFFF"


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour ``#RRGGBB``, as WCAG defines it: 0 is black, 1 is white."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def plain(text: str) -> str:
    """Return a text on one line, without what is invisible, turns its direction or may not stand in XML."""
    return re.sub("[\ufffe\uffff]", REPLACED, clean(text))


def breadth(text: str, size: float = SIZE) -> float:
    """Return about how many points a text takes, rather too many: the reader's font is not known."""
    return size * sum(1.1 if unicodedata.east_asian_width(each) in "WF" else 0.62 for each in text)


class Sheet:
    """A white sheet."""

    def __init__(self, name: str, width: float, height: float) -> None:
        """Begin a sheet.

        Args:
            name: Begins each id: small letters, digits and hyphens, and its own among the plots of a page.
            width: In points.
            height: In points.

        Raises:
            ConfigurationError: The name is none, or matplotlib is not installed.
        """
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is no name of a plot: small letters, digits and hyphens, a letter first, 60 at most."
            )
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ConfigurationError(
                "Plots are drawn by matplotlib, and it is not installed: install tieout[auditor], or matplotlib."
            ) from error
        self._name, self.width, self._height = name, width, height
        with _DRAWING, _defaults(name):
            self._figure = Figure(figsize=(width / 72, height / 72), facecolor="#FFFFFF")
            self._axes = self._figure.add_axes((0, 0, 1, 1))
            self._axes.set_axis_off()
            self._axes.set(xlim=(0, width), ylim=(height, 0))
        self._drawn: list[tuple[str, dict[str, Any]]] = []

    def box(
        self, x: float, y: float, width: float, height: float, fill: Colour, *, hatch: str = "", edge: str = "#595959"
    ) -> None:
        """Draw a box; a hatch is drawn in the colour that is read on its fill."""
        self._drawn.append(
            (
                "box",
                {
                    "xy": (x, y),
                    "width": width,
                    "height": height,
                    "facecolor": str(fill),
                    "edgecolor": ink(fill) if hatch else edge,
                    "hatch": hatch or None,
                    "linewidth": 0.5,
                },
            )
        )

    def diamond(self, x: float, y: float, radius: float) -> None:
        """Draw a black diamond around a point."""
        corners = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)]
        self._drawn.append(("polygon", {"xy": corners, "facecolor": "#000000", "edgecolor": "none"}))

    def line(self, x: float, y: float, to_x: float, to_y: float, *, colour: str = "#BBBBBB") -> None:
        """Draw a thin line."""
        self._drawn.append(
            ("polygon", {"xy": [(x, y), (to_x, to_y)], "closed": False, "fill": False, "edgecolor": colour, "linewidth": 0.5})
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "left",
        colour: str = "#000000",
        size: float = SIZE,
        upright: bool = False,
    ) -> None:
        """Write a text of one line, its middle at the height ``y``; upright ones run from there to the top.

        Args:
            x: Where it begins, has its middle or ends.
            y: The middle of its small letters.
            text: Nothing of it is markup.
            anchor: ``left``, ``center`` or ``right`` of it stands at ``x``.
            colour: Of the letters.
            size: In points.
            upright: Turned by a quarter to the left.
        """
        moved = (x + size * 0.35, y) if upright else (x, y + size * 0.35)
        written = {"x": moved[0], "y": moved[1], "s": plain(text), "ha": anchor, "color": colour, "fontsize": size}
        self._drawn.append(("text", written | ({"rotation": 90} if upright else {})))

    def svg(self, title: str, description: str) -> str:
        """Return what was drawn as an ``svg`` element that a screen reader names by its title and description."""
        with _DRAWING, _defaults(self._name), warnings.catch_warnings():
            # The reader's font draws the text: that matplotlib's own lacks a sign does not matter.
            warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
            self._put()
            made = StringIO()
            self._figure.savefig(made, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
        return cleaned(made.getvalue(), self._name, self.width, self._height, plain(title), plain(description))

    def _put(self) -> None:
        from matplotlib.patches import Polygon, Rectangle

        kinds = {"box": Rectangle, "polygon": Polygon}
        for kind, how in self._drawn:
            if kind == "text":
                self._axes.text(**how, va="baseline", rotation_mode="anchor", parse_math=False, clip_on=False)
            else:
                self._axes.add_artist(kinds[kind](**how)).set_clip_on(False)
        self._drawn = []


def _defaults(name: str) -> Any:
    """Return a context in which matplotlib has its own parameters, not a machine's, and writes text as text."""
    from matplotlib import rc_context, rcParamsDefault

    known = {key: value for key, value in rcParamsDefault.items() if not key.startswith(("backend", "interactive", "timezone"))}
    return rc_context(
        known | {"svg.fonttype": "none", "svg.hashsalt": name, "font.sans-serif": ["DejaVu Sans"], "text.parse_math": False}
    )
