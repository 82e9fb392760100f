# SPDX-License-Identifier: Apache-2.0
"""Change records from files that somebody, or something, drops into a bucket or a folder."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.change_records import BLIND_SPOTS, platform_committers, with_committer_facts
from tieout.collectors.drop_pages import pages_as_source as from_pages
from tieout.collectors.drop_pages import read_drop
from tieout.collectors.frame import Frame

__all__ = ["collect", "from_pages"]


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read whole files; parameters are those of ``object_drop``, and ``platform_committers``.

    Raises:
        ConfigurationError: A parameter is wrong, or does not fit the file.
        SourceUnavailable: A file is not there, or changed while it was read.
        ContractError: One is not whole, or not what its name says; the message names file, line or cell.
    """
    drop = read_drop(frame, *BLIND_SPOTS)
    platform = platform_committers(frame)
    for rows in drop.tables():
        yield with_committer_facts(rows, platform) if {"author", "committer"} <= set(rows.column_names) else rows
