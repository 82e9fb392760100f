# SPDX-License-Identifier: Apache-2.0
"""A frame for any collector."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.collectors.frames import Extractor, FrameFactory

from tieout.collectors.frame import Frame
from tieout.contracts.odcs import Contract
from tieout.criteria.controls import SystemSource
from tieout.criteria.periods import WindowKind, window
from tieout.settings import Settings


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


@pytest.fixture
def extractor(change_record: Contract) -> Extractor:
    """Return what extracts change records."""
    return Extractor(change_record)
