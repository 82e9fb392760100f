# SPDX-License-Identifier: Apache-2.0
"""The state of a year over all controls, folded from three years of landings, against reading the same index with DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.bench.parse import REPOSITORY
from tieout.criteria.frequency import Every
from tieout.criteria.periods import ObservationPeriod, windows_between
from tieout.evidence.index import SCHEMA

PERIOD = ObservationPeriod(id="bench", type=2, first_day=date(2026, 1, 1), end_day=date(2027, 1, 1))
_COUNTS = ("late", "not_performed", "pending", "not_determinable")
NOW = datetime(2027, 2, 1, tzinfo=UTC)


def _program() -> Any:
    from tieout.flows.status import read_program
    from tieout.settings import Settings

    return read_program(Settings(home=REPOSITORY))


def _index(program: Any) -> pa.Table:
    """Return three years of landings of every system of every control."""
    rows = []
    for control_id, control in program.controls.items():
        per_event = control.control_frequency.every is Every.PER_EVENT
        for target in windows_between(control.extraction_schedule.window, date(2024, 1, 1), date(2027, 1, 1), program.scope.zone):
            for source in control.systems:
                landing = f"{source.system}-{len(rows):032x}"
                place = f"observation_period=bench/control={control_id}/window={target.key}"
                day = (target.end - timedelta(days=1)).date()
                rows.append(
                    {
                        **dict.fromkeys(SCHEMA.names),
                        "landing": landing, "control": control_id, "window": target.key, "system": source.system,
                        "evidence_type": control.evidence_type, "effective_from": target.start, "effective_to": target.end,
                        "rows": 5, "rows_sha256": "0" * 64, "potential_deviations": 0, "extraction_state": "in window",
                        "lag_seconds": 3600, "collected_at": target.end, "landed_at": target.end, "control_sha256": "0" * 64,
                        "statement_version": 1, "contract_version": "1.0.0", "contract_sha256": "0" * 64, "retain_until": NOW,
                        "manifest_key": f"manifests/{place}/{landing}.dsse.json", "manifest_sha256": "0" * 64, "parts": [],
                        "performances": None if per_event else [{"name": target.key, "day": day}],
                        **{f"events_{name}": 0 if per_event else None for name in _COUNTS},
                        "events_on_time": 5 if per_event else None,
                    }
                )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def floor(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Read the index's rows into Python with DuckDB."""
    import duckdb

    table = _index(_program())

    def timed() -> None:
        with duckdb.connect() as connection:
            connection.register("landings", table)
            assert len(connection.sql("SELECT * FROM landings ORDER BY control").to_arrow_table().to_pylist()) == table.num_rows

    return timed


def ours(folder: Path, rows: int, repeat: int) -> Callable[[], None]:
    """Fold the same rows into the state of a year, on both axes."""
    from tieout.flows.status import Facts, landed_extraction, status

    program = _program()
    table = _index(program)

    def timed() -> None:
        landed: dict[str, list[Any]] = {}
        for row in table.to_pylist():
            landed.setdefault(row["control"], []).append(landed_extraction(row))
        found = status(program, Facts(landed, {}, None), PERIOD, NOW)
        assert len(found.as_document()["controls"]) > 48

    return timed
