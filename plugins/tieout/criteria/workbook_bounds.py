# SPDX-License-Identifier: Apache-2.0
"""How much a workbook may hold that is read whole: cells, areas, and everything else, counted in its XML as a stream."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

from tieout.errors import ConfigurationError

MOST_CELLS = 300_000
"""Rows and cells, blank ones too; and cells that a merged one or a link covers."""
MOST_OTHERS = 300_000
"""Formats, rules, comments, drawings and whatever else is neither a cell nor a text."""
_TEXTS = frozenset({"v", "f", "is", "t", "si", "r"})
_CELLS = frozenset({"row", "c"})
_AREAS = frozenset({"mergeCell", "hyperlink"})
_AREA = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7}):\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_AT_ONCE = 256 * 1024


class _TooMuch(Exception):
    """What is too much, in words."""


def require_bounds(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that a workbook is of a size that is read whole.

    Args:
        path: Names the file in errors.
        archive: The workbook, whose parts unpack to what can be read one after the other.

    Raises:
        ConfigurationError: It holds more, or declares entities, which no workbook needs.
    """
    counted = _Counted()
    for entry in archive.infolist():
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = counted.element
        parser.StartDoctypeDeclHandler = counted.doctype
        try:
            with archive.open(entry) as part:
                while data := part.read(_AT_ONCE):
                    parser.Parse(data, False)
        except expat.ExpatError:
            continue  # a picture, or what openpyxl will not read either
        except _TooMuch as error:
            msg = f"{path}: {error}"
            raise ConfigurationError(msg) from None


class _Counted:
    """Counts elements over all parts."""

    def __init__(self) -> None:
        self.cells = self.others = 0

    def element(self, name: str, attributes: dict[str, str]) -> None:
        """Count one element."""
        local = name.rpartition(" ")[2]
        if local in _TEXTS:
            return
        if local in _CELLS:
            self.cells += 1
        else:
            self.others += 1
            if local in _AREAS:
                self.cells += _covered(attributes.get("ref", ""))
        if self.cells > MOST_CELLS:
            msg = (
                f"expected at most {MOST_CELLS} rows and cells, blank, merged and linked ones among them, got more. Delete what "
                "is formatted beside and below the list, or save the sheet as CSV UTF-8."
            )
            raise _TooMuch(msg)
        if self.others > MOST_OTHERS:
            msg = f"expected at most {MOST_OTHERS} formats, rules and comments, got more. Save the sheet as CSV UTF-8."
            raise _TooMuch(msg)

    def doctype(self, *_: Any) -> None:
        """Refuse a declaration that could make much out of little."""
        msg = "expected a workbook, got one whose XML declares a document type, which no spreadsheet program writes."
        raise _TooMuch(msg)


def _covered(reference: str) -> int:
    """Return how many cells an area has; 1 where it is none."""
    found = _AREA.fullmatch(reference)
    if found is None:
        return 1
    left, top, right, bottom = _number(found[1]), int(found[2]), _number(found[3]), int(found[4])
    return (abs(right - left) + 1) * (abs(bottom - top) + 1)


def _number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number
