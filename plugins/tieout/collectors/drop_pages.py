# SPDX-License-Identifier: Apache-2.0
"""Captures the files of a drop, each as a raw page of its own, states who left them when, and counts them twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tieout.collectors.csv_text import LineTally
from tieout.collectors.drop_files import CAPTURED, CONTROL_TOTAL, Drop, DropFile, find_drop
from tieout.collectors.drop_formats import FORMATS, DropRows, Format, Options, format_of, options_of, read_rows
from tieout.collectors.drop_totals import read_totals
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.errors import ConfigurationError, ContractError

BLIND_SPOT = "A dropped file does not say how it was exported, or what was left out."
_UNMAPPED = "Columns of the source that the parameter 'columns' does not name stand in the raw pages only."


@dataclass(frozen=True, slots=True)
class Captured:
    """One captured file."""

    name: str
    format: Format
    page: Path
    tally: LineTally | None


@dataclass(frozen=True, slots=True)
class DroppedRows:
    """All rows of a drop."""

    files: tuple[tuple[str, DropRows], ...]
    options: Options

    def tables(self) -> Iterator[pa.Table]:
        """Read the rows file by file; `POSITION_COLUMN` is the line or row of its file.

        Raises:
            ContractError: A value can not be read.
        """
        for _, rows in self.files:
            for table in rows.tables():
                yield self.options.renamed(table)


def read_drop(frame: Frame, *blind_spots: str) -> DroppedRows:
    """Capture the files that the parameters name, state and count them.

    Args:
        frame: The collector's.
        blind_spots: What such a drop can not show, besides `BLIND_SPOT`.

    Raises:
        ConfigurationError: A parameter is wrong.
        SourceUnavailable: A file is not there, or changed while it was read.
        ContractError: One is not whole, of no known format, has other columns than the first, or not as many rows as its
            control total says.
    """
    options = options_of(frame)
    drop = find_drop(frame)
    captured = [capture(frame, file) for file in data_files(drop)]
    totals = read_totals(frame, drop)
    state_drop(frame, drop, captured, ())  # said again once more is known: what breaks below has its statement all the same
    files = tuple((each.name, read_rows(each.page, each.name, each.format, options, each.tally)) for each in captured)
    notes = [note for _, rows in files for note in getattr(rows, "notes", ())]
    spots = (*blind_spots, *notes, *([_UNMAPPED] if options.columns else []), BLIND_SPOT)
    state_drop(frame, drop, captured, spots, {name: rows.records for name, rows in files})
    _refuse_other_columns(files)
    count_drop(frame, {name: rows.records for name, rows in files}, [rows.how for _, rows in files], totals)
    return DroppedRows(files, options)


def data_files(drop: Drop) -> list[DropFile]:
    """Return the files of a drop that hold rows."""
    return [file for file in drop.files if not file.name.endswith(CONTROL_TOTAL)]


def capture(frame: Frame, file: DropFile, formats: Mapping[str, Format] = FORMATS) -> Captured:
    """Keep one file as a raw page.

    Args:
        frame: The collector's.
        file: The file.
        formats: Formats by suffix that are taken.

    Raises:
        ConfigurationError: Person ids are on, and no address could be found in a file of this format.
        SourceUnavailable: It can not be read, or changed meanwhile.
        ContractError: Its name states no known format, or it is too large for a page.
    """
    stated = format_of(file.name, formats)
    if stated.binary and frame.redactor is not None:
        msg = (
            f"{file.name}: person ids are on, and e-mail addresses are not found in {stated.name} files, so it is not kept. "
            f"Nothing lands for this window. Export it as CSV or JSON lines."
        )
        raise ConfigurationError(msg)
    tally = LineTally() if stated.name == "CSV" and not stated.packed else None
    chunks = file.chunks() if tally is None else tally.watch(file.chunks())
    page = frame.capture(chunks, stated.suffix, stated.media_type, compress=not stated.packed)
    return Captured(file.name, stated, page, tally)


def state_drop(
    frame: Frame, drop: Drop, captured: Sequence[Captured], spots: tuple[str, ...], rows: Mapping[str, int] | None = None
) -> None:
    """State a drop: its place, and per file who left it when and its hash.

    Args:
        frame: The collector's.
        drop: The drop, each of whose files was read.
        captured: Its files that hold rows, in order; they were captured first.
        spots: What it can not show.
        rows: Rows of each file, where they are known.
    """
    names = sorted({each.format.name for each in captured})
    kind = f"{' and '.join(names)} file" if len(captured) == 1 else f"{len(captured)} {' and '.join(names)} files"
    said = {name: str(value) for name, value in sorted(frame.source.parameters.items()) if name != CAPTURED}
    for file, page in zip(data_files(drop), frame.pages, strict=False):
        counted = "" if rows is None else f"{rows[file.name]} rows, "
        said[file.name] = frame.as_captured(
            f"{counted}{page.received_bytes} bytes, SHA-256 {page.received_sha256}, {file.facts()}"
        )
    frame.state(
        SourceStatement(
            kind=kind,
            location=drop.location,
            account=None,
            query="whole file" if len(captured) == 1 else "whole files, in the order of their names",
            parameters=said,
            credential=drop.credential,
            read_only_proof=drop.read_only_proof,
            blind_spots=spots,
        )
    )


def count_drop(frame: Frame, rows: Mapping[str, int], hows: Sequence[str], totals: Mapping[str, int]) -> None:
    """Count a drop twice: its files, and the control totals beside them where there are some.

    Raises:
        ContractError: A file has not as many rows as its control total says.
    """
    for name, total in totals.items():
        if rows[name] != total:
            msg = (
                f"{name}: has {rows[name]} rows, and its control total {name}{CONTROL_TOTAL} says {total}. Nothing lands for "
                f"this window. Export the file again."
            )
            raise ContractError(msg)
    how = "; ".join(dict.fromkeys(hows))
    second = SecondCount(sum(rows.values()), how, SecondCountClass.SAME_ENDPOINT)
    if totals:
        second = SecondCount(sum(totals.values()), "control totals of the exporting tool", SecondCountClass.OTHER_ENDPOINT)
    frame.count(Count(sum(rows.values()), how), second)


def pages_as_source(parameters: Mapping[str, object], pages: Sequence[Path]) -> dict[str, object]:
    """Return the parameters that read what was captured before, instead of the files it came from."""
    return {**parameters, CAPTURED: [str(page) for page in pages]}


def _refuse_other_columns(files: Sequence[tuple[str, DropRows]]) -> None:
    first_name, first = files[0]
    for name, rows in files[1:]:
        differing = sorted(set(rows.columns) ^ set(first.columns))
        if differing:
            msg = (
                f"{name}: expected the columns of {first_name}, they differ in {', '.join(differing)}. Nothing lands for this "
                f"window. Export the files alike, or narrow 'pattern'."
            )
            raise ContractError(msg)
