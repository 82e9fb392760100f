# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong at a source: nothing partial lands, no raw page is lost, and the message says what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults import scene, sources
from tests.simulators.pagerduty import TOKEN
from tests.stack import Store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def alerts(store: Store, repository: Path) -> Store:
    """Return the shared store, with the library's controls instead of the one that the stack has."""
    return replace(store, settings=replace(store.settings, home=repository))


@pytest.mark.parametrize("row", sources.TABLE, ids=lambda row: row.name)
def test_a_fault_of_the_source(alerts: Store, row: sources.Row) -> None:
    outcome = scene.outcome_of(alerts, row)
    assert outcome.landed_rows == (sources.ALL if row.lands else None), outcome.message
    said = ", ".join(f"{each['answer']} x{each['count']}" for each in outcome.attempts) if row.lands else outcome.message
    assert row.says in said
    assert outcome.kept_pages == row.kept
    assert row.lands or outcome.kept_pages == outcome.captured_pages
    assert TOKEN not in outcome.message


def test_one_malformed_row_of_very_many_is_named(alerts: Store, tmp_path: Path) -> None:
    outcome = scene.malformed_row(alerts, tmp_path, 200_000)
    assert outcome.landed_rows is None
    assert "column 'parents': expected a whole number in each row, got something else in 1: row 200000: 'one'." in outcome.message
    assert outcome.kept_pages == outcome.captured_pages == 1


def test_waits_are_what_the_source_asks_for(alerts: Store) -> None:
    storm = next(row for row in sources.TABLE if row.name == "429 storm")
    with scene.source(alerts, "fault_storm_waits") as (service, job):
        service.server.fault = storm.fault(service)
        assert scene.run(alerts, job).waited == [7.0] * 5


def test_the_clock_of_the_source_is_on_record(alerts: Store) -> None:
    with scene.source(alerts, "fault_clock_record") as (service, job):
        service.server.clock = lambda: datetime(2026, 4, 1, 6, 10, tzinfo=UTC)
        ipe = scene.run(alerts, job).ipe
    assert ipe["clock_offset"]["seconds"] == pytest.approx(600.5, abs=1)
