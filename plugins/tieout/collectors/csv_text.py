# SPDX-License-Identifier: Apache-2.0
"""Reads CSV as text and refuses what is not whole: the fast parser reads, a slow one explains when something is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError

_BLOCK = 2 * 1024 * 1024
"""The parser reads dozens of blocks ahead: of 8 MiB each they held 270 MB more, and it was no faster."""
MAX_FIELD_CHARACTERS = 1024 * 1024
"""A field longer than this is refused: a quote that is never closed would otherwise swallow the file."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file that was found whole.

    Attributes:
        page: The captured file, compressed or not.
        origin: What errors call it.
        columns: The header.
        records: Records counted without the parser that reads them, the header left out.
        one_line_each: Whether each record stands on one line, so that its position is a line number.
    """

    page: Path
    origin: str
    columns: tuple[str, ...]
    records: int
    one_line_each: bool

    @property
    def how(self) -> str:
        """How the records were counted."""
        return "line ends in the file" if self.one_line_each else "records that Python's csv module reads"

    def tables(self) -> Iterator[pa.Table]:
        """Read the rows batch by batch, all columns as text, with `POSITION_COLUMN`; at least one batch, be it empty.

        Raises:
            ContractError: Naming the first line that has too few or too many fields, or is no UTF-8.
        """
        if self.records == 0:
            yield _positioned(pa.table({name: pa.array([], pa.string()) for name in self.columns}), 1)
            return
        position = 2 if self.one_line_each else 1  # line 1 is the header; else positions count records
        try:
            with open_page(self.page) as raw, _reader(raw, self.columns) as reader:
                for batch in reader:
                    yield _positioned(pa.Table.from_batches([batch]), position)
                    position += batch.num_rows
        except pa.ArrowInvalid as error:
            raise ContractError(_explain(self, str(error))) from error


@dataclass(slots=True)
class LineTally:
    """What the bytes of a CSV file tell without parsing it."""

    line_ends: int = 0
    quoted: bool = False
    last: bytes = b""

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass blocks on, and note what they hold."""
        for block in blocks:
            self.line_ends += block.count(b"\n")
            self.quoted = self.quoted or b'"' in block
            self.last = block[-1:] or self.last
            yield block


def read_csv(page: Path, origin: str, tally: LineTally | None = None) -> CsvFile:
    """Check that a captured CSV file is whole, and count its records without the parser that reads them.

    Args:
        page: ``.csv``, ``.csv.gz`` or ``.csv.zst``, UTF-8, comma-separated, with a header line.
        origin: What errors call the file.
        tally: Of the uncompressed bytes, where they were watched as they came; else they are read once more.

    Raises:
        ContractError: It is empty, its last line does not end, its compression is broken, or its header repeats a name.
    """
    tally = tally or _tally(page, origin)
    if not tally.last:
        msg = f"{origin}: expected a header line, got an empty file. Nothing lands: a population of zero has a header."
        raise ContractError(msg)
    columns = tuple(next(_records(page, origin), ()))
    if not columns:
        msg = f"{origin}: line 1: expected a header line, got an empty one. Nothing lands: zero rows have a header too."
        raise ContractError(msg)
    if len(set(columns)) != len(columns):
        msg = f"{origin}: line 1: the header names a column twice: {', '.join(columns)}."
        raise ContractError(msg)
    if tally.last != b"\n":
        raise ContractError(_truncated(page, origin, len(columns)))
    records = sum(1 for _ in _records(page, origin)) if tally.quoted else tally.line_ends
    return CsvFile(page, origin, columns, records - 1, one_line_each=records == tally.line_ends)


def _tally(page: Path, origin: str) -> LineTally:
    tally = LineTally()
    try:
        with open_page(page) as raw:
            for _ in tally.watch(iter(lambda: raw.read(_BLOCK), b"")):
                pass
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{origin}: the file's compression ends early or is broken ({error}). It looks truncated: export it again."
        raise ContractError(msg) from error
    return tally


def open_page(page: Path) -> IO[bytes]:
    """Open a captured page for reading, unpacked where it is compressed."""
    if page.suffix == ".gz":
        return cast(IO[bytes], gzip.open(page, "rb"))
    if page.suffix == ".zst":
        return cast(IO[bytes], pa.input_stream(str(page), compression="zstd"))
    return page.open("rb")


def _reader(raw: IO[bytes], columns: tuple[str, ...]) -> pacsv.CSVStreamingReader:
    return pacsv.open_csv(
        raw,
        read_options=pacsv.ReadOptions(block_size=_BLOCK),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False, quoted_strings_can_be_null=False
        ),
    )


def _positioned(rows: pa.Table, start: int) -> pa.Table:
    return rows.append_column(POSITION_COLUMN, pa.array(np.arange(start, start + rows.num_rows)))


def _records(page: Path, origin: str) -> Iterator[list[str]]:
    """Read records slowly, with Python's own parser.

    Raises:
        ContractError: Naming the line that is no UTF-8 or no CSV.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    with open_page(page) as raw:
        reader = csv.reader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""), strict=True)
        try:
            yield from reader
        except UnicodeDecodeError as error:
            raise ContractError(_not_utf8(page, origin)) from error
        except csv.Error as error:
            msg = f"{origin}: line {reader.line_num}: no CSV: {error}."
            raise ContractError(msg) from error


def _not_utf8(page: Path, origin: str) -> str:
    """Say which line is no UTF-8: the text reader only knows the block of some kilobytes that holds it."""
    with open_page(page) as raw, io.BufferedReader(cast(io.RawIOBase, raw)) as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return (
                    f"{origin}: line {number}: expected UTF-8, got byte 0x{line[error.start]:02x}. "
                    f"Nothing lands for this window. Export the file again as UTF-8."
                )
    return f"{origin}: expected UTF-8."


def _truncated(page: Path, origin: str, expected: int) -> str:
    number, fields = 0, 0
    for record in _records(page, origin):
        number, fields = number + 1, len(record)
    if fields < expected:
        return (
            f"{origin}: the last record ({number}) has {fields} of {expected} fields and no line break: the file is "
            f"truncated. Nothing lands for this window. Export it again."
        )
    return (
        f"{origin}: the last record ({number}) has all {expected} fields and no line break, so it can not be told from a "
        f"truncated one. Nothing lands for this window. Add the line break if the file is whole, or export it again."
    )


def _explain(file: CsvFile, reason: str) -> str:
    for number, record in enumerate(_records(file.page, file.origin), 1):
        if len(record) != len(file.columns):
            what = "line" if file.one_line_each else "record"
            return (
                f"{file.origin}: {what} {number}: expected {len(file.columns)} fields, got {len(record)}. Nothing lands for "
                f"this window. Correct the line or export the file again."
            )
    return f"{file.origin}: {reason}. Nothing lands for this window. Export the file again."
