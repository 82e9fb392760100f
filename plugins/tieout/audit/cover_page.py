# SPDX-License-Identifier: Apache-2.0
"""Writes a population's cover as an HTML page and as text. Every value may come from a source: all of them are escaped, here.

The page carries its style, loads nothing and runs nothing; its policy forbids both.
"""

from __future__ import annotations

import textwrap
from html import escape
from importlib.resources import files
from string import Template

from tieout.audit.cover import Cover, Section

_WIDTH = 128
_NAME = 26


def as_html(cover: Cover) -> str:
    """Return a cover as one HTML page, on one sheet of A4 when printed."""
    page = Template(files("tieout.audit").joinpath("cover_page.html").read_text(encoding="utf-8"))
    sections = "\n".join(_section(number, section) for number, section in enumerate(cover.sections))
    return page.substitute(
        title=shown(cover.title), subtitle=shown(cover.subtitle), statement=shown(cover.statement), sections=sections
    )


def _section(number: int, section: Section) -> str:
    rows = "\n".join(f'<tr><th scope="row">{shown(name)}</th><td>{shown(text)}</td></tr>' for name, text in section.lines)
    heading = f'<h2 id="section-{number}">{shown(section.title)}</h2>'
    named = f'aria-labelledby="section-{number}"'
    return f"<section {named}>\n{heading}\n<table {named}>\n{rows}\n</table>\n</section>"


def shown(text: str) -> str:
    """Return a text as it stands in a page: nothing of it is markup, and what can not be seen is written out."""
    return escape(visible(text), quote=True)


def visible(text: str) -> str:
    """Return a text with control characters, and those that reverse its direction, written out."""
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def as_text(cover: Cover) -> str:
    """Return a cover as text of at most 128 columns, but for what has no blank to break at."""
    lines = [cover.title, cover.subtitle, "", *_wrapped(cover.statement, "  ")]
    for section in cover.sections:
        lines += ["", section.title, "-" * len(section.title)]
        for name, text in section.lines:
            first, *rest = _wrapped(text, " " * _NAME)
            lines += [f"{name:<{_NAME - 1}} {first.lstrip()}", *rest]
    return "\n".join(visible(line) for line in lines) + "\n"


def _wrapped(text: str, indent: str) -> list[str]:
    wrapper = textwrap.TextWrapper(
        _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [part for line in text.splitlines() or [""] for part in wrapper.wrap(line) or [indent]]
