# SPDX-License-Identifier: Apache-2.0
"""Counts what a sheet's XML holds, apart from the library that reads its values, and refuses values that nobody can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any
from xml.parsers import expat

from tieout.errors import ContractError

MAX_ROW = 1_048_576
"""Rows that a sheet can have."""
_BLOCK = 1024 * 1024


@dataclass(slots=True)
class SheetScan:
    """What a sheet's XML holds.

    Attributes:
        rows: Rows with a value.
        hidden_rows: Rows that are hidden, by hand or by a filter.
        hidden_columns: Ranges of columns that are hidden.
        merged: Merged ranges.
        formulas: Cells with a formula.
    """

    rows: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    merged: int = 0
    formulas: int = 0


def scan_sheet(xml: IO[bytes], origin: str) -> SheetScan:
    """Scan a sheet.

    Args:
        xml: The sheet's part of the workbook.
        origin: What errors call the sheet.

    Raises:
        ContractError: It is no XML, it is cut, a row is out of range, a cell holds an error value, or a formula without a
            stored value.
    """
    scanner = _Scanner(origin)
    try:
        while block := xml.read(_BLOCK):
            scanner.parser.Parse(block, False)
        scanner.parser.Parse(b"", True)
    except (expat.ExpatError, OSError, EOFError, ValueError) as error:
        msg = f"{origin}: the sheet can not be read ({error}). It looks damaged: save it again."
        raise ContractError(msg) from error
    return scanner.found


class _Scanner:
    def __init__(self, origin: str) -> None:
        self.found = SheetScan()
        self._origin = origin
        self._cell, self._kind = "", ""
        self._formula = self._stored = self._valued = self._row_valued = self._reading = False
        self._text: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._entity

    def _entity(self, *_: Any) -> None:
        msg = f"{self._origin}: its XML declares entities, which no spreadsheet program writes: it is not read."
        raise ContractError(msg)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "row":
                self._row_valued = False
                self.found.hidden_rows += _on(attributes.get("hidden"))
                if not 1 <= int(attributes.get("r", "1")) <= MAX_ROW:
                    msg = f"{self._origin}: row {attributes['r']}: a sheet has at most {MAX_ROW} rows. It looks damaged."
                    raise ContractError(msg)
            case "c":
                self._cell, self._kind = attributes.get("r", "?"), attributes.get("t", "n")
                self._formula = self._stored = self._valued = False
            case "f":
                self._formula = True
                self.found.formulas += 1
            case "v" | "t":
                self._reading, self._text = True, []
            case "col":
                self.found.hidden_columns += _on(attributes.get("hidden"))
            case "mergeCell":
                self.found.merged += 1

    def _characters(self, text: str) -> None:
        if self._reading and len(self._text) < 2:
            self._text.append(text)

    def _end(self, name: str) -> None:
        match name.rpartition(" ")[2]:
            case "v" | "t":
                self._reading = False
                self._stored = True
                self._valued = self._valued or any(self._text)
            case "c":
                self._refuse()
                self._row_valued = self._row_valued or self._valued
            case "row":
                self.found.rows += self._row_valued

    def _refuse(self) -> None:
        if self._kind == "e":
            problem = f"holds the error {''.join(self._text)}"
        elif self._formula and not self._valued and not (self._stored and self._kind == "str"):
            # Excel stores an empty text so; libraries that only write leave an empty value without that type.
            problem = "holds a formula without a stored value: open the file in a spreadsheet program and save it"
        else:
            return
        msg = f"{self._origin}, cell {self._cell}: {problem}. Nothing lands for this window. Correct it, or export it as CSV."
        raise ContractError(msg)


def _on(value: str | None) -> bool:
    return value in ("1", "true")
