# SPDX-License-Identifier: Apache-2.0
"""Collects and judges a half-year of a shipped control from a simulator, as its DAG would."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.collectors.frame import Frame
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.contracts.listing import RULE_RESULT_TYPE
from tieout.criteria.scope import load_scope
from tieout.flows import population_export as flow
from tieout.settings import Settings

REPOSITORY = Path(__file__).parents[1]
AFTER = datetime(2026, 7, 2, 6, tzinfo=UTC)
HALF_YEAR = date(2026, 1, 1), date(2026, 7, 1)


class Connections(NoReach):
    """Hands out connections of type http.

    Args:
        connections: By name: address, login, password.
    """

    def __init__(self, **connections: tuple[str, str, str]) -> None:
        self._connections = connections

    def connection(self, conn_id: str) -> SourceConnection:
        url, login, password = self._connections[conn_id]
        return SourceConnection(conn_id, "http", url, None, "", login, password, {})


@dataclass
class Collected:
    """What was collected and judged."""

    rows: pa.Table
    listed: list[dict[str, Any]]
    """The rule results, as they land."""
    ipe: dict[str, Any]
    frame: Frame

    def results(self, result: str) -> list[tuple[str, str]]:
        """Return rule and last key of the rows with a result, such as ``not_met``, in order."""
        found = (each for each in self.listed if each["result"] == result)
        return sorted((each["rule"], list(json.loads(each["row_key"]).values())[-1]) for each in found)


def collect_only(
    control: str, system: str, reach: NoReach, folder: Path, days: tuple[date, date] = HALF_YEAR
) -> tuple[flow.Job, Frame, dict[str, Any]]:
    """Collect a span of days of a shipped control, and return job, frame and extraction document."""
    return _collected(Settings(home=REPOSITORY, environment="test"), control, system, reach, folder, days, lambda: AFTER)


def collect_span(
    control: str,
    system: str,
    reach: NoReach,
    folder: Path,
    days: tuple[date, date] = HALF_YEAR,
    clock: Callable[[], datetime] = lambda: AFTER,
    settings: Settings | None = None,
) -> Collected:
    """Collect a span of days of a shipped control, validate it, and return all of it."""
    settings = settings or Settings(home=REPOSITORY, environment="test")
    job, frame, extraction = _collected(settings, control, system, reach, folder, days, clock)
    validated = flow.validate(job, extraction, folder)
    tables = {kind: _table(validated.parts, kind) for kind in {each.evidence_type for each in validated.parts}}
    listed = tables[RULE_RESULT_TYPE].to_pylist() if RULE_RESULT_TYPE in tables else []
    return Collected(tables[job.contract.evidence_type], listed, extraction["ipe"], frame)


def _collected(
    settings: Settings,
    control: str,
    system: str,
    reach: NoReach,
    folder: Path,
    days: tuple[date, date],
    clock: Callable[[], datetime],
) -> tuple[flow.Job, Frame, dict[str, Any]]:
    period = load_scope(settings.scope_file).period("2026-H1")
    assert period
    job = flow.plan_span(settings, control, system, period, "a-test", days)
    frame = Frame(settings, job.source, job.window, folder, reach=reach, sleep=lambda _: None)
    return job, frame, flow.collect(job, frame, clock, None)


def _table(parts: Any, kind: str) -> pa.Table:
    return pa.concat_tables(pq.read_table(each.path) for each in parts if each.evidence_type == kind)
