# SPDX-License-Identifier: Apache-2.0
"""Change records from a CSV file that somebody, or something, drops into a folder."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.change_records import BLIND_SPOTS, platform_committers, with_committer_facts
from tieout.collectors.csv_records import from_pages, read_drop
from tieout.collectors.frame import Frame

__all__ = ["collect", "from_pages"]


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the whole file; parameters ``path`` (``.csv`` or ``.csv.gz``) and ``platform_committers``.

    Raises:
        SourceUnavailable: The file is not there.
        ContractError: It is no CSV: a line with too few or too many fields, a last line that does not end, no UTF-8.
    """
    file = read_drop(frame, *BLIND_SPOTS)
    platform = platform_committers(frame)
    for rows in file.tables():
        yield with_committer_facts(rows, platform) if {"author", "committer"} <= set(rows.column_names) else rows
