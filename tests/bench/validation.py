# SPDX-License-Identifier: Apache-2.0
"""Validation with every failing row listed, against Great Expectations' own SUMMARY of the same suite."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.bench.landing import job_of
from tieout.collectors.frame import Frame
from tieout.contracts import expectations
from tieout.contracts.judgement import Judgement
from tieout.contracts.listing import RULE_RESULT_TYPE
from tieout.evidence.sorting import Memory
from tieout.flows import population_export as flow


def _typed(folder: Path, rows: int, repeat: int) -> tuple[flow.Job, dict[str, Any], pa.Table]:
    job, system = job_of(folder, rows, repeat, "validate")
    with tempfile.TemporaryDirectory() as work:
        frame = Frame(job.settings, system, job.window, Path(work))
        extraction = flow.collect(job, frame, lambda: datetime.now(UTC), None)
        typed = flow.typed_rows(job, extraction, Path(work))
    expectations.preload()
    return job, extraction, typed


def floor(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Let Great Expectations validate the suite, with result format SUMMARY."""
    job, extraction, typed = _typed(folder, rows, repeat)
    parameters = {"second_count": extraction["expected_rows"]}

    def timed() -> None:
        expectations.validate_suite(typed, job.contract, parameters, "SUMMARY")

    return timed


def ours(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Hold the rows against the contract, and list every row that does not meet a control rule."""
    job, extraction, typed = _typed(folder, rows, repeat)
    rules = flow.contract_of(job.settings, RULE_RESULT_TYPE)

    def timed() -> None:
        listed: list[pa.Table] = []
        parameters = {"second_count": extraction["expected_rows"]}
        judgement = Judgement(job.contract, parameters, rules, listed.append, typed.num_rows, lambda: typed, Memory().piece)
        judgement.add(typed)
        results = judgement.results("bench")
        found = sum(table.num_rows for table in listed)
        assert found == sum(result.not_met + result.not_determinable for result in results)

    return timed
