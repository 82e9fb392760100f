# SPDX-License-Identifier: Apache-2.0
"""A sealed population for an auditor's own tool: every row with its number and its window, as CSV and XLSX."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from tieout.audit.spreadsheet import numbered, numbered_schema, write_csv, write_xlsx
from tieout.flows.sealed_population import PeriodPopulation

WINDOW = "window"
_AT_ONCE = 65_536


def write_rows(population: PeriodPopulation, target: Path, *, xlsx: bool = True) -> list[Path]:
    """Write the rows of a population, in key order: column ``#`` has their numbers, and ``window`` the key of their window.

    Args:
        population: As it was sealed.
        target: Folder; it is made where it is not there. Each file appears when it is complete.
        xlsx: Whether an XLSX file is written beside the CSV file.

    Returns:
        The files, named by control, system and seal.

    Raises:
        ConfigurationError: XlsxWriter is not installed.
    """
    sealed = population.sealed
    windows = [""] * sealed.rows
    for key, numbers in population.windows.items():
        for number in numbers:
            windows[number - 1] = key
    rows = population.rows.add_column(0, WINDOW, pa.array(windows, pa.string()))
    columns = numbered_schema(rows.schema)
    target.mkdir(parents=True, exist_ok=True)
    stem = f"{sealed.control}-{sealed.system}-{sealed.observation_period}-{sealed.seal[:16]}"
    paths = [target / f"{stem}.csv"]
    write_csv(paths[0], columns, numbered(_batches(rows)))
    if xlsx:
        paths.append(target / f"{stem}.xlsx")
        write_xlsx(paths[1], columns, numbered(_batches(rows)))
    return paths


def _batches(rows: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, max(rows.num_rows, 1), _AT_ONCE):
        yield rows.slice(start, _AT_ONCE)
