# SPDX-License-Identifier: Apache-2.0
"""Rows of any evidence type from files that somebody, or something, drops into a bucket or a folder.

CSV (``.csv``, ``.csv.gz``), JSON lines (``.jsonl``, ``.ndjson``, plain or ``.gz``), XLSX and Parquet. Parameters:

- ``path``: a file, a folder, or ``s3://bucket/prefix/`` with ``connection``, an Airflow Connection of type aws;
- ``pattern``: which files of the folder, for example ``tickets-{window}.csv``; all that fit are read, in name order;
- ``columns``: contract column: column of the source; without it the source's names are the contract's (all but ``system``);
- ``sheet`` of a workbook, where it has several; ``time_zone`` of times that state none, for example ``Europe/Berlin``;
- ``control_total: true``: beside each file stands ``<file>.count``, in which the exporting tool wrote its number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.drop_pages import pages_as_source as from_pages
from tieout.collectors.drop_pages import read_drop
from tieout.collectors.frame import Frame

__all__ = ["collect", "from_pages"]


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read whole files; their positions are lines or rows of the file they stand in.

    Raises:
        ConfigurationError: A parameter is wrong, or does not fit the file.
        SourceUnavailable: A file is not there, or changed while it was read.
        ContractError: One is not whole, or not what its name says; the message names file, line or cell.
    """
    yield from read_drop(frame).tables()
