# SPDX-License-Identifier: Apache-2.0
"""What was presented: the record of what somebody saw on a page, with person ids instead of names. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import rfc8785

from tieout.desks.desk import Page
from tieout.web.reading import Reader
from tieout.web.rendering import fragment

_BLOCKS = frozenset({"h1", "p", "fieldset", "legend", "div", "li", "label", "textarea"})


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody saw, as JSON values, and the hash of its RFC 8785 bytes."""

    document: dict[str, Any] = field(repr=False)
    sha256: str


def presented(page: Page, reader: Reader) -> Presented:
    """Return what somebody sees on a page: its HTML, and the text in it."""
    return presented_html(str(fragment(page, reader, {})), page.title, reader)


def presented_html(html: str, title: str, reader: Reader, **more: str) -> Presented:
    """Return what somebody sees as HTML, which names nobody: with what more is said of it."""
    document = {
        "version": 1,
        "surface": "airflow page",
        "title": title,
        "language": reader.language,
        "html": html,
        "text": as_text(html),
        **more,
    }
    return Presented(document, hashlib.sha256(rfc8785.dumps(document)).hexdigest())


def as_text(html: str) -> str:
    """Return what a fragment says, a line for each paragraph; what can be chosen or filled in is shown as such."""
    reading = _Text()
    reading.feed(html)
    reading.close()
    lines = [" ".join(line.split()) for line in "".join(reading.parts).split("\n")]
    return "\n".join(line for line in lines if line)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "input" and ("type", "radio") in attrs:
            self.parts.append("( ) ")
        elif tag == "textarea":
            self.parts.append("...")
        elif tag == "dd":
            self.parts.append(": ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data.replace("\n", " "))
