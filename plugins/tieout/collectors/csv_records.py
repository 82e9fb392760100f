# SPDX-License-Identifier: Apache-2.0
"""Rows of any evidence type from a CSV file that somebody, or something, drops into a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from tieout.collectors.csv_text import CsvFile, LineTally, read_csv
from tieout.collectors.frame import Frame, file_chunks
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement

BLIND_SPOT = "A CSV file does not say how it was exported, or what was left out."


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the whole file; parameter ``path`` (``.csv`` or ``.csv.gz``). Its header names the contract's columns but ``system``.

    Raises:
        SourceUnavailable: The file is not there.
        ContractError: It is no CSV: a line with too few or too many fields, a last line that does not end, no UTF-8.
    """
    yield from read_drop(frame).tables()


def read_drop(frame: Frame, *blind_spots: str) -> CsvFile:
    """Capture the file that parameter ``path`` names, state and count it.

    Args:
        frame: The collector's.
        blind_spots: What such a file can not show, besides `BLIND_SPOT`.

    Raises:
        SourceUnavailable: The file is not there.
        ContractError: It is no whole CSV file.
    """
    path = frame.path("path")
    compressed = path.suffix == ".gz"
    tally = LineTally()
    chunks = file_chunks(path) if compressed else tally.watch(file_chunks(path))
    page = frame.capture(chunks, ".csv.gz" if compressed else ".csv", "text/csv", compress=not compressed)
    stat = path.stat()
    frame.state(
        SourceStatement(
            kind="CSV file",
            location=frame.parameter("path", str),
            account=None,
            query="whole file",
            parameters={"path": frame.parameter("path", str), "modified": str(stat.st_mtime_ns)},
            credential=f"file system, owner uid {stat.st_uid}, mode {stat.st_mode & 0o777:o}",
            read_only_proof="none: the file is opened for reading; whoever may write to its folder can change it first",
            blind_spots=(*blind_spots, BLIND_SPOT),
        )
    )
    file = read_csv(page, frame.parameter("path", str), None if compressed else tally)
    how = "line ends in the file" if file.one_line_each else "records that Python's csv module reads"
    frame.count(Count(file.records, how), SecondCount(file.records, how, SecondCountClass.SAME_ENDPOINT))
    return file


def from_pages(parameters: Mapping[str, object], pages: Sequence[Path]) -> dict[str, object]:
    """Return the parameters that read what was captured before, instead of the file it came from."""
    return {**parameters, "path": str(pages[0])}
