# SPDX-License-Identifier: Apache-2.0
"""Writes the packet of a review as one HTML page. Every value may come from a source or a person: all of them are escaped, here.

The page carries its style, loads nothing and runs nothing; its policy forbids both. Equal content gives equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from tieout.audit.cover_page import shown

Line = tuple[str, str]
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    Attributes:
        caption: What they are.
        heads: Heading of each column.
        rows: Texts, as many as headings; the first of each row names it.
        count: How many there are in all, where more than these.
    """

    caption: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page: sentences, lines of a name and what is said, tables."""

    title: str
    text: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title, what it is of, the control's statement, verbatim, and its sections in order."""

    title: str
    subtitle: str
    statement: str
    sections: tuple[Section, ...]


def as_html(page: Page) -> str:
    """Return a page as HTML."""
    template = Template(files("tieout.reviews").joinpath("packet.html").read_text(encoding="utf-8"))
    numbered = list(enumerate(page.sections, start=1))
    return template.substitute(
        title=shown(page.title),
        subtitle=shown(page.subtitle),
        statement=shown(page.statement),
        contents="\n".join(f'<li><a href="#section-{number}">{shown(each.title)}</a></li>' for number, each in numbered),
        sections="\n".join(_section(number, each) for number, each in numbered),
    )


def _section(number: int, section: Section) -> str:
    parts = [f'<h2 id="section-{number}">{shown(section.title)}</h2>']
    parts += [f'<p dir="auto">{shown(text)}</p>' for text in section.text]
    if section.lines:
        parts.append(_lines(section.lines, section.title))
    parts += [_table(each) for each in section.tables]
    return f'<section aria-labelledby="section-{number}">\n' + "\n".join(parts) + "\n</section>"


def _lines(lines: Iterable[Line], title: str) -> str:
    rows = "\n".join(f'<tr><th scope="row">{shown(name)}</th><td dir="auto">{shown(text)}</td></tr>' for name, text in lines)
    return f'<table class="lines" aria-label="{shown(title)}">\n<tbody>\n{rows}\n</tbody>\n</table>'


def _table(table: Table) -> str:
    more = "" if table.count is None or table.count <= len(table.rows) else f": the first {len(table.rows)} of {table.count}"
    heads = "".join(f'<th scope="col">{shown(head)}</th>' for head in table.heads)
    rows = "\n".join(_row(row) for row in table.rows)
    caption = shown(table.caption)
    # What scrolls can be reached and scrolled with the keyboard, too.
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{caption}">\n<table>\n<caption>{caption}{more}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _row(row: Sequence[str]) -> str:
    first, *rest = row
    cells = "".join(f'<td dir="auto">{_cell(text)}</td>' for text in rest)
    return f'<tr><th scope="row" dir="auto">{shown(first)}</th>{cells}</tr>'


def _cell(text: str) -> str:
    return f'<span class="hash">{text}</span>' if _HASH.fullmatch(text) else shown(text)
