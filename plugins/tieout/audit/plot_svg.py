# SPDX-License-Identifier: Apache-2.0
"""Makes of a drawing's SVG what can stand in an HTML page beside others.

Each id begins with a name, no style reaches outside, nothing is loaded and nothing runs. The reader's font writes the texts.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

_FONT = "system-ui, sans-serif"
_SVG = "http://www.w3.org/2000/svg"


def cleaned(made: str, name: str, width: float, height: float, title: str, description: str) -> str:
    """Return the ``svg`` element of a drawing, named by a title and a description.

    Args:
        made: What matplotlib wrote: XML with its prologue.
        name: Begins each id.
        width: In points.
        height: In points.
        title: On one line.
        description: On one line.
    """
    drawn = ET.fromstring(made)  # noqa: S314  (our own bytes of a moment ago)
    known: dict[str, str] = {}
    for each in drawn.iter():
        _shorten(each)
        _rename(each, name, known)
    kept = set(known.values())
    for each in drawn.iter():
        if each.get("id") not in kept:
            each.attrib.pop("id", None)
    for style in drawn.findall("defs[style]"):
        drawn.remove(style)
    drawn.attrib = {
        "xmlns": _SVG,
        "id": name,
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "width": f"{width:g}pt",
        "height": f"{height:g}pt",
        "viewBox": f"0 0 {width:g} {height:g}",
        "font-family": _FONT,
        "stroke-linejoin": "round",
    }
    for at, (tag, text) in enumerate((("title", title), ("desc", description))):
        named = ET.Element(tag, {"id": f"{name}-{tag}"})
        named.text = text
        drawn.insert(at, named)
    return ET.tostring(drawn, encoding="unicode")


def _shorten(element: ET.Element) -> None:
    """Take out of an element what a reader does not see: name spaces, the list of fonts, blanks in paths and between elements."""
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    element.tail = None
    if element.tag not in ("text", "style"):
        element.text = None
    if path := element.get("d"):
        element.set("d", " ".join(path.split()))
    if style := element.attrib.pop("style", ""):
        told = (part.split(": ", 1) for part in style.split("; "))
        # Attributes: a page that forbids styles in its elements shows them all the same.
        element.attrib.update({key: value for key, value in told if key != "font-family"})
    if element.get("transform", "").startswith("rotate(-0 "):
        element.attrib.pop("transform")


def _rename(element: ET.Element, name: str, known: dict[str, str]) -> None:
    """Let an element's id, and what it refers to, begin with a plot's name."""
    if identifier := element.get("id"):
        element.set("id", f"{name}-{identifier}")
    for key, value in list(element.attrib.items()):
        for found in re.findall(r"url\(#([^)]+)\)", value):
            known[found] = f"{name}-{found}"
            element.set(key, value.replace(f"url(#{found})", f"url(#{name}-{found})"))
