# SPDX-License-Identifier: Apache-2.0
"""Files in the shapes that Prowler and Security Hub document are kept unchanged, and become rows of the controls they serve."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tieout.collectors.frame import Frame
from tieout.criteria.periods import ObservationPeriod
from tieout.flows import population_export as flow
from tieout.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Settings(home=REPOSITORY, environment="test")
AFTER = datetime(2026, 7, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("control", "criteria", "files", "rows", "counts"),
    [
        ("cc6_1_encryption_at_rest", {"CC6.1", "CC6.7"}, "prowler-*.ocsf.json", 18, (15, 2, 1)),
        ("c1_1_confidential_data_protection", {"C1.1"}, "security-hub-*.jsonl", 24, (22, 1, 1)),
    ],
)
def test_a_half_year_of_findings_lands_as_it_is_and_maps_to_a_control(
    control: str, criteria: set[str], files: str, rows: int, counts: tuple[int, int, int], tmp_path: Path
) -> None:
    job = flow.plan_span(SETTINGS, control, "cloud", _period(control), "a-test", (date(2026, 1, 1), date(2026, 7, 1)))
    frame = Frame(SETTINGS, job.source, job.window, tmp_path)
    extraction = flow.collect(job, frame, lambda: AFTER, None)
    validated = flow.validate(job, extraction, tmp_path)
    assert set(job.control.criterion_ids) == criteria
    assert validated.predicate["population"]["rows"] == rows
    [compliant] = [result for result in validated.results if result.rule == "compliant"]
    assert (compliant.met, compliant.not_met, compliant.not_determinable) == counts
    received = sorted((SETTINGS.resolve(f"include/samples/controls/{control}")).glob(files))
    assert len(received) == len(frame.pages) == 6
    for page, file in zip(frame.pages, received, strict=True):
        with pa.input_stream(str(tmp_path / page.name), compression="zstd") as stored:
            content = stored.read()
        assert content == file.read_bytes()
        assert page.received_sha256 == hashlib.sha256(content).hexdigest()


def _period(control: str) -> ObservationPeriod:
    return flow.plan(SETTINGS, control, "cloud", "2026-03").period
