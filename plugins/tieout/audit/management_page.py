# SPDX-License-Identifier: Apache-2.0
"""Writes a page for management as HTML and as text. Every value may come from a source: all of them are escaped, here.

The page carries its style, loads nothing and runs nothing; its policy forbids both. Equal content gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from tieout.audit.plots import PLOT_CSS, Plot, plot_html
from tieout.errors import ConfigurationError
from tieout.texts import clean

MARK = "For management only: not evidence, not for the auditor's package."
MOST_ROWS = 1_000
"""Rows of a table that a page shows; it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; the first text of a row names it."""

    caption: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    @property
    def shown(self) -> Sequence[tuple[str, ...]]:
        """The rows that a page shows, each text without what is invisible or turns its direction."""
        return [tuple("\n".join(map(clean, text.splitlines())) for text in row) for row in self.rows[:MOST_ROWS]]

    @property
    def left_out(self) -> int:
        """How many rows it does not show."""
        return max(0, len(self.rows) - MOST_ROWS)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page: sentences, plots, tables."""

    title: str
    texts: tuple[str, ...] = ()
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and what it is marked as."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    mark: str = MARK


def to_the_second(text: str) -> str:
    """Return an instant, or a day, as a page shows it; an empty text stays empty."""
    return f"{text[:10]} {text[11:19]} UTC" if len(text) > 10 else text


def as_html(page: Page) -> str:
    """Return a page as HTML.

    Raises:
        ConfigurationError: Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise ConfigurationError("The page is written by Jinja2, and it is not installed: install tieout[auditor].") from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(files("tieout.audit").joinpath("management_page.html").read_text(encoding="utf-8"))

    # Plots come as markup, every text in them escaped by who drew them.
    plots = {"plot_css": Markup(PLOT_CSS), "plot_html": lambda plot: Markup(plot_html(plot))}  # noqa: S704
    return template.render(page=page, **plots)


def as_text(page: Page) -> str:
    """Return a page as text, its plots as their tables."""
    lines = [page.title, page.subtitle, page.mark]
    for section in page.sections:
        lines += ["", section.title, "-" * len(section.title), *section.texts]
        for plot in section.plots:
            lines += _table(Table(plot.title, plot.columns, plot.rows))
        for table in section.tables:
            lines += _table(table)
    return "\n".join(map(clean, lines)) + "\n"


def _table(table: Table) -> list[str]:
    lines = ["", f"{table.caption}: {len(table.rows)}"]
    for row in table.rows:
        named = [f"{head}: {text}" for head, text in zip(table.heads[1:], row[1:], strict=True) if text]
        lines.append(f"* {row[0]}" + (f" | {' | '.join(named)}" if named else ""))
    return lines
