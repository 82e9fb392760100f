# SPDX-License-Identifier: Apache-2.0
"""Reads one sheet of an XLSX workbook as text, row by row; the first row with a value is the header.

Formulas count as the values that the spreadsheet program stored for them. Rows without any value are skipped. What a reader of
the sheet would not see (hidden rows and columns) is read, and said.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.xlsx_cells import cell_text
from tieout.collectors.xlsx_scan import SheetScan, scan_sheet
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError

MAX_UNPACKED_BYTES = 2 * 1024**3
"""A workbook that unpacks to more is refused."""
MAX_SHARED_BYTES = 256 * 1024 * 1024
"""And one whose table of shared texts does: it has to stand in memory."""
_ROWS = 5000


@dataclass(frozen=True, slots=True)
class XlsxDrop:
    """A sheet that can be read.

    Attributes:
        page: The captured workbook.
        origin: What errors call it.
        sheet: The sheet's name.
        columns: Its header.
        records: Rows with a value, counted in the sheet's XML without the parser that reads them, the header left out.
        header_row: Where the header stands.
        zone: IANA zone of the cells' times; ``None`` refuses them.
        notes: What the record says of it.
        how: How the rows were counted.
    """

    page: Path
    origin: str
    sheet: str
    columns: tuple[str, ...]
    records: int
    header_row: int
    zone: str | None
    notes: tuple[str, ...]
    how: str = "rows with a value in the sheet's XML"

    def tables(self) -> Iterator[pa.Table]:
        """Read the rows batch by batch, all columns as text, with `POSITION_COLUMN` (the sheet's row number).

        Raises:
            ContractError: Naming the first cell whose value can not become text, or that stands under no header.
        """
        with _open_sheet(self.page, self.origin, self.sheet) as sheet:
            rows = ((number, row) for number, row in _valued_rows(sheet) if number > self.header_row)
            first = True
            while (batch := list(islice(rows, _ROWS))) or first:
                first = False
                texts = [self._texts(row) for number, row in batch]
                columns = zip(*texts, strict=True) if texts else ([] for _ in self.columns)
                arrays = {name: pa.array(list(values), pa.string()) for name, values in zip(self.columns, columns, strict=True)}
                yield pa.table({**arrays, POSITION_COLUMN: pa.array([number for number, _ in batch], pa.int64())})

    def _texts(self, row: tuple[Any, ...]) -> list[str | None]:
        width = len(self.columns)
        beyond = next((cell for cell in row[width:] if cell.value is not None), None)
        if beyond is not None:
            msg = (
                f"{self.origin}: sheet {self.sheet!r}, cell {beyond.coordinate}: a value stands under no header. Name the column."
            )
            raise ContractError(msg)
        texts = [cell_text(cell, self.zone, f"{self.origin}: sheet {self.sheet!r}") for cell in row[:width]]
        return texts + [None] * (width - len(texts))


def read_xlsx(page: Path, origin: str, sheet: str | None, zone: str | None) -> XlsxDrop:
    """Check a captured workbook, count the rows of a sheet and read its header.

    Args:
        page: The workbook as it came.
        origin: What errors call it.
        sheet: The sheet to read; ``None`` where it has only one.
        zone: IANA zone of its cells' times.

    Raises:
        ConfigurationError: It has several sheets and none is named, or none of that name.
        ContractError: It is no workbook, unpacks to more than the limits allow, holds an error value or a formula without a
            stored value, or has no header.
    """
    _refuse_bomb(page, origin)
    with _open_workbook(page, origin) as workbook:
        name = _sheet_name(workbook, origin, sheet)
        # openpyxl knows which part of the file holds a sheet, and says it in this attribute only.
        part = workbook[name]._worksheet_path
        state = workbook[name].sheet_state
    with zipfile.ZipFile(page) as archive, archive.open(part) as xml:
        scan = scan_sheet(xml, f"{origin}: sheet {name!r}")
    with _open_sheet(page, origin, name) as opened:
        header_row, header = next(_valued_rows(opened), (0, ()))
    columns = _header([cell.value for cell in header], f"{origin}: sheet {name!r}")
    return XlsxDrop(page, origin, name, columns, scan.rows - 1, header_row, zone, _notes(origin, name, state, scan))


def _header(values: list[Any], origin: str) -> tuple[str, ...]:
    while values and values[-1] is None:
        values.pop()
    if not values:
        msg = f"{origin}: expected a header row, the sheet has no value. Nothing lands: a population of zero has a header."
        raise ContractError(msg)
    if not all(isinstance(value, str) for value in values) or len(set(values)) != len(values):
        msg = f"{origin}: expected a header of texts that differ, got {', '.join(str(value) for value in values)}."
        raise ContractError(msg)
    return tuple(values)


def _notes(origin: str, name: str, state: str, scan: SheetScan) -> tuple[str, ...]:
    hidden = [(scan.hidden_rows, "hidden rows"), (scan.hidden_columns, "ranges of hidden columns")]
    notes = [f"{origin}: sheet {name!r} has {count} {what}; they are read." for count, what in hidden if count]
    if state != "visible":
        notes.append(f"{origin}: sheet {name!r} is a hidden one.")
    if scan.merged:
        notes.append(f"{origin}: sheet {name!r} has {scan.merged} merged ranges; only the first cell of each holds the value.")
    if scan.formulas:
        notes.append(f"{origin}: sheet {name!r} has {scan.formulas} formulas; the values that were stored for them are read.")
    return tuple(notes)


def _refuse_bomb(page: Path, origin: str) -> None:
    try:
        with zipfile.ZipFile(page) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    except (zipfile.BadZipFile, OSError) as error:
        msg = f"{origin}: expected an XLSX workbook, and it can not be read ({error}). It looks truncated: export it again."
        raise ContractError(msg) from error
    shared = sum(size for name, size in sizes.items() if name.endswith("sharedStrings.xml"))
    for size, most, what in ((sum(sizes.values()), MAX_UNPACKED_BYTES, "a workbook"), (shared, MAX_SHARED_BYTES, "shared texts")):
        if size > most:
            msg = f"{origin}: expected {what} that unpack to at most {most} bytes, got {size}. Export it as CSV."
            raise ContractError(msg)


def _sheet_name(workbook: Any, origin: str, sheet: str | None) -> str:
    names = [each.title for each in workbook.worksheets]
    if sheet is None and len(names) == 1:
        return str(names[0])
    if sheet not in names:
        asked = "parameter 'sheet', because the workbook has several" if sheet is None else f"a sheet {sheet!r}"
        msg = f"{origin}: expected {asked}. Its sheets: {', '.join(map(repr, names)) or 'none'}."
        raise ConfigurationError(msg)
    return str(sheet)


@contextmanager
def _open_workbook(page: Path, origin: str) -> Iterator[Any]:
    import openpyxl

    with warnings.catch_warnings(), page.open("rb") as file:
        warnings.simplefilter("ignore")  # of styles and extensions that openpyxl leaves out; they hold no values
        try:
            workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except Exception as error:  # a broken workbook breaks openpyxl in ways that it does not list
            why = _first_cause(error)
            msg = f"{origin}: expected an XLSX workbook, and it can not be read ({type(why).__name__}: {why}). Save it again."
            raise ContractError(msg) from error
        try:
            yield workbook
        finally:
            workbook.close()


def _first_cause(error: BaseException) -> BaseException:
    """Return what an error came of in the end: openpyxl's own says that the cause says more."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


@contextmanager
def _open_sheet(page: Path, origin: str, name: str) -> Iterator[Any]:
    with _open_workbook(page, origin) as workbook:
        sheet = workbook[name]
        sheet.reset_dimensions()  # what the file says of its own size may be wrong, and cells beyond it would be lost
        yield sheet


def _valued_rows(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for number, row in enumerate(sheet.iter_rows(), 1):
        if any(cell.value is not None for cell in row):
            yield number, row
