# SPDX-License-Identifier: Apache-2.0
"""Runs a collector through the frame, and gives what it left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.contracts.cast import POSITION_COLUMN, cast_rows
from tieout.contracts.odcs import Contract

AFTER = datetime(2026, 11, 2, 6, tzinfo=UTC)
"""A time at which every window of the tests is over."""
FrameFactory = Callable[..., Frame]
"""``make(collector, month, **parameters)``."""


def staged_rows(extraction: Extraction) -> pa.Table:
    """Return the rows that an extraction kept."""
    with pa.OSFile(str(extraction.rows)) as file:
        return pa.ipc.open_stream(file).read_all()


@dataclass(frozen=True)
class Extractor:
    """Extracts change records, and returns them as they stand in the work folder."""

    contract: Contract

    def __call__(self, frame: Frame, clock: Callable[[], datetime] = lambda: AFTER) -> Extraction:
        """Extract, with the column ``committed_at`` placing a row in the window."""
        return extract(frame, self.contract, Inclusion("committed_at"), clock, None)

    def rows(self, frame: Frame) -> list[dict[str, Any]]:
        """Extract, and return the rows kept."""
        rows: list[dict[str, Any]] = staged_rows(self(frame)).to_pylist()
        return rows

    def typed(self, frame: Frame) -> pa.Table:
        """Extract, and return the rows kept in the contract's types, without their positions in the source."""
        return cast_rows(staged_rows(self(frame)), self.contract, "a source").drop_columns([POSITION_COLUMN])
