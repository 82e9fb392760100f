# SPDX-License-Identifier: Apache-2.0
"""Formats of dropped files: told by the name's end, held against the content's first bytes, each read by its reader."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from tieout.collectors.csv_text import LineTally, open_page, read_csv
from tieout.collectors.drop_parquet import read_parquet
from tieout.collectors.drop_xlsx import read_xlsx
from tieout.collectors.frame import Frame
from tieout.collectors.jsonl_text import read_jsonl
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, ContractError

_HEADS = {
    b"PK\x03\x04": "an XLSX workbook or another zip file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
    b"\xd0\xcf\x11\xe0": "an old or password-protected Office file",
    b"%PDF": "a PDF",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: How records and errors call it.
        suffix: Of its raw page.
        media_type: Of a file.
        packed: Whether a file is compressed by itself, and is stored as it comes.
        binary: Whether no address could be found in it.
        head: How its content begins; empty for text.
    """

    name: str
    suffix: str
    media_type: str
    packed: bool = False
    binary: bool = False
    head: bytes = b""


FORMATS = {
    each.suffix: each
    for each in (
        Format("CSV", ".csv", "text/csv"),
        Format("CSV", ".csv.gz", "text/csv", packed=True),
        Format("JSON lines", ".jsonl", "application/x-ndjson"),
        Format("JSON lines", ".jsonl.gz", "application/x-ndjson", packed=True),
        Format("JSON lines", ".ndjson", "application/x-ndjson"),
        Format("JSON lines", ".ndjson.gz", "application/x-ndjson", packed=True),
        Format(
            "XLSX",
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            packed=True,
            binary=True,
            head=b"PK\x03\x04",
        ),
        Format("Parquet", ".parquet", "application/vnd.apache.parquet", packed=True, binary=True, head=b"PAR1"),
    )
}

OCSF_FORMATS = {
    each.suffix: each
    for suffix in (".json", ".jsonl", ".ndjson")
    for each in (Format("OCSF", suffix, "application/json"), Format("OCSF", f"{suffix}.gz", "application/json", packed=True))
}


class DropRows(Protocol):
    """A captured file that can be read."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns."""

    @property
    def records(self) -> int:
        """Rows, counted without the parser that reads them."""

    @property
    def how(self) -> str:
        """How they were counted."""

    def tables(self) -> Iterator[pa.Table]:
        """Read them batch by batch, as text."""


@dataclass(frozen=True, slots=True)
class Options:
    """Parameters of a drop that say how its files are read.

    Attributes:
        columns: Column of the source by column of the contract; empty reads all, under their own names.
        sheet: Sheet of a workbook.
        zone: IANA zone of times that state none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    zone: str | None = None

    @property
    def wanted(self) -> list[str] | None:
        """Columns of the source to read; ``None`` is all."""
        return list(self.columns.values()) or None

    def renamed(self, rows: pa.Table) -> pa.Table:
        """Return rows under the contract's names, and only those columns that it is to have."""
        if not self.columns:
            return rows
        return rows.select([*self.columns.values(), POSITION_COLUMN]).rename_columns([*self.columns, POSITION_COLUMN])


def options_of(frame: Frame) -> Options:
    """Read parameters ``columns``, ``sheet`` and ``time_zone``.

    Raises:
        ConfigurationError: One is of another type, names a column twice, or is no time zone.
    """
    columns: dict[Any, Any] = frame.parameter("columns", dict, {})
    headers = list(columns.values())
    if not all(isinstance(each, str) for each in (*columns, *headers)) or len(set(headers)) != len(headers):
        msg = (
            f"system {frame.source.system!r}: parameter 'columns': expected texts, contract column: column of the source, each "
            f"once, got {columns!r}."
        )
        raise ConfigurationError(msg)
    zone = frame.parameter("time_zone", str, "") or None
    try:
        ZoneInfo(zone or "UTC")
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise _no_zone(frame, zone) from error
    except KeyError as error:
        raise _no_zone(frame, zone) from error
    return Options(columns, frame.parameter("sheet", str, "") or None, zone)


def format_of(name: str, formats: Mapping[str, Format] = FORMATS) -> Format:
    """Return the format that a file's name states.

    Raises:
        ContractError: It states none.
    """
    found = [suffix for suffix in formats if name.lower().endswith(suffix)]
    if not found:
        msg = f"{name}: expected a name that ends in {', '.join(formats)}. Name the file so, or say which to read in 'pattern'."
        raise ContractError(msg)
    return formats[max(found, key=len)]


def refuse_other_content(page: Path, name: str, stated: Format) -> None:
    """Check that a captured file begins like the format that its name states.

    Raises:
        ContractError: It begins like another.
    """
    try:
        with open_page(page) as raw:
            head = raw.read(4)
    except (OSError, EOFError, zlib.error):
        return  # its reader explains a broken compression
    found = next((what for start, what in _HEADS.items() if head.startswith(start)), "something else")
    if not head.startswith(stated.head) or (not stated.head and found != "something else"):
        msg = (
            f"{name}: expected {stated.name}, as its name says, got {found if head else 'an empty file'}. Nothing lands for this "
            f"window. Give it the name of what it is, or export it again."
        )
        raise ContractError(msg)


def read_rows(page: Path, name: str, stated: Format, options: Options, tally: LineTally | None) -> DropRows:
    """Return the reader of a captured file, whose columns are found to be there.

    Args:
        page: The captured file.
        name: What errors call it.
        stated: Its format.
        options: How to read it.
        tally: Of a CSV file's bytes, where they were watched as they came.

    Raises:
        ConfigurationError: A parameter does not fit the file.
        ContractError: It is not whole, is of another format, or lacks a column that is asked for.
    """
    refuse_other_content(page, name, stated)
    rows = _reader(page, name, stated, options, tally)
    missing = [header for header in options.columns.values() if header not in rows.columns]
    if missing:
        msg = (
            f"{name}: expected the columns that the parameter 'columns' names, there is no {', '.join(map(repr, missing))}. "
            f"Nothing lands for this window. Correct the parameter, or export the file with them."
        )
        raise ContractError(msg)
    return rows


def _reader(page: Path, name: str, stated: Format, options: Options, tally: LineTally | None) -> DropRows:
    match stated.name:
        case "CSV":
            return read_csv(page, name, tally)
        case "XLSX":
            return read_xlsx(page, name, options.sheet, options.zone)
        case "Parquet":
            return read_parquet(page, name, options.wanted, options.zone)
        case _:
            return read_jsonl(page, name, options.wanted)


def _no_zone(frame: Frame, zone: str | None) -> ConfigurationError:
    msg = f"system {frame.source.system!r}: parameter 'time_zone': expected an IANA zone such as Europe/Berlin, got {zone!r}."
    return ConfigurationError(msg)
