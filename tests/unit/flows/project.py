# SPDX-License-Identifier: Apache-2.0
"""A project folder with the shipped include/, and the steps of a population export in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.unit.change_csv import text

from tieout.collectors.frame import Frame
from tieout.flows.population_export import Job, Validated, collect, plan, validate
from tieout.settings import Settings

CONTROL = "cc8_1_change_management"
CONTROL_FILE = f"criteria/controls/{CONTROL}.yaml"
CONTRACT_FILE = "evidence_schemas/change_record.v1.odcs.yaml"
AFTER = datetime(2026, 7, 2, 6, tzinfo=UTC)
"""A time at which every window of the tests is over."""


@dataclass
class Project:
    """A project folder with the shipped include/, its CSV system reading ``drop/in.csv``."""

    folder: Path
    settings: Settings
    runs: int = 0

    def change(self, file: str, old: str, new: str) -> None:
        """Change a file of include/."""
        path = self.folder / "include" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def export(self, *lines: str) -> None:
        """Write the CSV export."""
        path = self.folder / "drop" / "in.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(*lines))

    def job(self, window: str = "2026-03", system: str = "shop_csv") -> Job:
        """Plan a window."""
        return plan(self.settings, CONTROL, system, window)

    def collect(self, job: Job, now: datetime = AFTER) -> tuple[dict[str, Any], Path]:
        """Collect into a folder of its own; return the document and the folder."""
        self.runs += 1
        folder = self.folder / f"work-{self.runs}"
        folder.mkdir()
        return collect(job, Frame(job.settings, job.source, job.window, folder), lambda: now, None), folder

    def validated(self, job: Job) -> Validated:
        """Collect and validate."""
        return validate(job, *self.collect(job))
