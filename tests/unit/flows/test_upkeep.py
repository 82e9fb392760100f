# SPDX-License-Identifier: Apache-2.0
"""Which windows are due, and when silence about one becomes a record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.unit.criteria.axes import MONTHS, PERIOD, make_control, make_scope

from tieout.criteria.controls import Control, load_control
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.scope import Scope, load_scope
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind
from tieout.flows.documents import Documents
from tieout.flows.upkeep import not_extracted, owed_windows, retention_for
from tieout.settings import Settings

BERLIN = make_scope(time_zone="Europe/Berlin")
SECOND = PERIOD.model_copy(update={"id": "2026-H2", "first_day": date(2026, 7, 1), "end_day": date(2027, 1, 1)})
LATER = datetime(2027, 1, 1, tzinfo=UTC)
NOTHING = Documents((), {})
CONTROL = make_control()


def keys(
    now: datetime = LATER, established: datetime | None = None, control: Control = CONTROL, scope: Scope = BERLIN
) -> list[str]:
    """Return the keys of the windows that should have been extracted by now."""
    return [window.key for window in owed_windows(control, scope, established, now)]


def periods(*listed: ObservationPeriod) -> Scope:
    """Return a scope with these periods."""
    return make_scope(time_zone="Europe/Berlin", observation_periods=listed)


def test_a_window_is_owed_once_its_grace_is_over() -> None:
    end_of_january = datetime(2026, 1, 31, 23, tzinfo=UTC)  # midnight in Berlin
    assert keys(end_of_january + timedelta(days=7)) == []
    assert keys(end_of_january + timedelta(days=7, seconds=1)) == ["2026-01"]
    assert keys() == MONTHS


def test_a_bucket_that_came_later_gives_its_grace_from_then_on() -> None:
    established = datetime(2026, 9, 1, tzinfo=UTC)
    assert keys(established + timedelta(days=6), established) == []
    assert keys(established + timedelta(days=8), established) == MONTHS


def test_windows_across_a_periods_edges_are_owed() -> None:
    broken = PERIOD.model_copy(update={"first_day": date(2026, 1, 15), "end_day": date(2026, 3, 15)})
    assert keys(scope=periods(broken)) == ["2026-01", "2026-02", "2026-03"]


def test_a_window_across_the_edge_of_two_periods_is_owed_once() -> None:
    weekly = make_control(window="weekly")
    found = keys(control=weekly, scope=periods(PERIOD, SECOND))
    assert found.count("2026-W27") == 1
    assert found == [f"2026-W{week:02}" for week in range(1, 52)], "the grace of the last two weeks is not over"


def test_windows_of_a_type_1_period_or_before_the_control_are_not_owed() -> None:
    assert keys(scope=periods(PERIOD.model_copy(update={"type": 1}))) == []
    assert keys(control=make_control(since=(date(2026, 5, 1),))) == ["2026-05", "2026-06"]
    assert keys(control=make_control(since=(date(2026, 5, 31),))) == ["2026-05", "2026-06"]
    assert keys(control=make_control(retired_on=date(2026, 3, 1))) == ["2026-01", "2026-02"]


def test_windows_of_a_control_whose_category_is_in_scope_on_no_day_of_them_are_not_owed() -> None:
    available = make_control(criteria=("A1.2",))
    assert keys(control=available) == []
    some = {"category": "availability", "effective_from": "2026-02-15", "effective_to": "2026-04-01"}
    scope = make_scope(time_zone="Europe/Berlin", categories=[{"category": "security"}, some])
    assert keys(control=available, scope=scope) == ["2026-02", "2026-03"]


def test_silence_is_told_of_every_control_in_scope_and_of_no_other(repository: Path) -> None:
    settings = Settings(home=repository)
    scope = load_scope(settings.scope_file)
    records = list(not_extracted(settings, scope, NOTHING, None, datetime(2026, 2, 20, tzinfo=UTC), "a test"))
    controls = {record.place.control for record in records}
    assert {"cc8_1_change_management", "a1_2_backup_jobs", "c1_2_data_deletion"} <= controls
    assert not any(control.startswith(("p1_", "pi1_")) for control in controls)
    assert {record.place.observation_period for record in records} == {"2026-H1"}


def test_silence_is_a_record_per_system_and_says_what_it_does_not_know(repository: Path) -> None:
    settings = Settings(home=repository)
    scope = load_scope(settings.scope_file)
    found = not_extracted(settings, scope, NOTHING, None, datetime(2026, 2, 20, tzinfo=UTC), "a test")
    records = [record for record in found if record.place.control == "cc8_1_change_management"]
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


def test_a_review_that_is_in_time_or_was_cancelled_is_not_told_of_and_a_late_one_is_told_of_with_its_campaign(
    repository: Path,
) -> None:
    settings = Settings(home=repository)
    scope = load_scope(settings.scope_file)
    control, window = "cc6_3_code_and_cloud_review", "2026-Q1"
    campaign, place = f"{control}.{window}", Place("2026-H1", control, window)

    def record(kind: RecordKind, system: str = "all", **facts: Any) -> Record:
        at = datetime(2026, 4, 2, tzinfo=UTC)
        return Record(place=place, kind=kind, system=system, reason="r", by="t", at=at, facts={"campaign": campaign, **facts})

    def told(*records: Record, day: int) -> dict[str, str]:
        documents = Documents((), {each.key: each for each in records})
        found = not_extracted(settings, scope, documents, None, datetime(2026, 5, day, tzinfo=UTC), "a test")
        return {each.system: each.reason for each in found if each.place == place}

    schedule = {"due_at": "2026-04-16T22:00:00Z", "extensions": []}
    opened = record(RecordKind.CAMPAIGN_OPENED, definition={"schedule": schedule})
    systems = {source.system for source in load_control(settings.controls_folder / f"{control}.yaml").systems}
    assert told(day=2).keys() == systems
    assert told(opened, day=2) == {}
    late = told(opened, day=9)
    assert late.keys() == systems
    assert all(reason.endswith(f": campaign {campaign} is open, due 2026-04-16.") for reason in late.values())
    cancelled = [record(RecordKind.NOT_EXTRACTED, system) for system in systems]
    assert told(opened, record(RecordKind.CANCELLED), *cancelled, day=9) == {}
