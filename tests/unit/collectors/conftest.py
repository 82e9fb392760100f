# SPDX-License-Identifier: Apache-2.0
"""A frame for any collector, and an extraction of it into rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from tieout.collectors.frame import Extraction, Frame, extract
from tieout.contracts.odcs import Contract
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import WindowKind, window
from tieout.settings import Settings

AFTER = datetime(2026, 11, 2, 6, tzinfo=UTC)
"""A time at which every window of the tests is over."""
FrameFactory = Callable[..., Frame]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder at which relative paths start."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def frame_of(tmp_path: Path, home: Path) -> FrameFactory:
    """Return a function that makes a frame: of a collector, for a month, with parameters."""
    made = 0

    def make(collector: str = "csv_merges", month: str = "2026-03", **parameters: Any) -> Frame:
        nonlocal made
        made += 1
        folder = tmp_path / f"work-{made}"
        folder.mkdir()
        return Frame(
            settings=Settings(home=home, environment="test"),
            source=SystemSource(system="shop", collector=collector, parameters=parameters),
            window=window(WindowKind.MONTHLY, month, ZoneInfo("UTC")),
            folder=folder,
        )

    return make


@dataclass(frozen=True)
class Extractor:
    """Extracts change records, and returns them as they stand in the work folder."""

    contract: Contract

    def __call__(self, frame: Frame, clock: Callable[[], datetime] = lambda: AFTER) -> Extraction:
        """Extract, with the column ``committed_at`` placing a row in the window."""
        return extract(frame, self.contract, "committed_at", clock, None)

    def rows(self, frame: Frame) -> list[dict[str, Any]]:
        """Extract, and return the rows kept."""
        rows: list[dict[str, Any]] = pq.read_table(self(frame).rows).to_pylist()
        return rows


@pytest.fixture
def extractor(change_record: Contract) -> Extractor:
    """Return what extracts change records."""
    return Extractor(change_record)
