# SPDX-License-Identifier: Apache-2.0
"""Which windows are due, and when silence about one becomes a record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tieout.criteria.controls import Control, load_control
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import load_scope
from tieout.evidence.records import RecordKind
from tieout.flows.documents import Documents
from tieout.flows.upkeep import due_windows, not_extracted, retention_for
from tieout.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
PERIOD = ObservationPeriod(id="2026-H1", type=2, first_day=date(2026, 1, 1), end_day=date(2026, 7, 1))
LATER = datetime(2027, 1, 1, tzinfo=UTC)
NOTHING = Documents((), {})


@pytest.fixture(scope="module")
def control(repository: Path) -> Control:
    return load_control(repository / "include" / "criteria" / "controls" / "cc8_1_change_management.yaml")


def keys(control: Control, now: datetime, established: datetime | None = None, period: ObservationPeriod = PERIOD) -> list[str]:
    return [window.key for window in due_windows(control, period, BERLIN, established, now)]


def test_a_window_is_due_once_its_grace_is_over(control: Control) -> None:
    end_of_january = datetime(2026, 1, 31, 23, tzinfo=UTC)  # midnight in Berlin
    assert keys(control, end_of_january + timedelta(days=7)) == []
    assert keys(control, end_of_january + timedelta(days=7, seconds=1)) == ["2026-01"]
    assert keys(control, LATER) == [f"2026-{month:02}" for month in range(1, 7)]


def test_a_bucket_that_came_later_gives_its_grace_from_then_on(control: Control) -> None:
    established = datetime(2026, 9, 1, tzinfo=UTC)
    assert keys(control, established + timedelta(days=6), established) == []
    assert len(keys(control, established + timedelta(days=8), established)) == 6


def test_windows_outside_the_period_or_before_the_control_are_not_due(control: Control) -> None:
    broken = PERIOD.model_copy(update={"first_day": date(2026, 1, 15), "end_day": date(2026, 3, 15)})
    assert keys(control, LATER, period=broken) == ["2026-02"]
    assert keys(control, LATER, period=PERIOD.model_copy(update={"type": 1})) == []
    [statement] = control.statements
    young = control.model_copy(update={"statements": (statement.model_copy(update={"effective_from": date(2026, 5, 1)}),)})
    assert keys(young, LATER) == ["2026-05", "2026-06"]


def test_silence_is_a_record_per_system_and_says_what_it_does_not_know(repository: Path) -> None:
    settings = Settings(home=repository)
    scope = load_scope(settings.scope_file)
    records = list(not_extracted(settings, scope, NOTHING, None, datetime(2026, 2, 20, tzinfo=UTC), "a test"))
    assert [(record.place.window, record.system, record.kind) for record in records] == [
        ("2026-01", "shop_csv", RecordKind.NOT_EXTRACTED),
        ("2026-01", "shop_git", RecordKind.NOT_EXTRACTED),
    ]
    assert "neither a landing nor a failed extraction" in records[0].reason
    assert len({record.key for record in records}) == 2


def test_a_record_is_locked_as_long_as_its_periods_evidence(repository: Path) -> None:
    settings = Settings(home=repository)
    scope = load_scope(settings.scope_file)
    now = datetime(2026, 2, 20, tzinfo=UTC)
    assert retention_for(settings, scope, "2026-H1", now).until == datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=366 * 7)
    assert retention_for(settings, scope, "unheard of", now).until == now + timedelta(days=366 * 7)
