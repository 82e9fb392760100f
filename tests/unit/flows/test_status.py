# SPDX-License-Identifier: Apache-2.0
"""The state of a period: its controls on both axes, what stands behind the criteria, and what is broken or left out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.criteria.axes import (
    AFTER,
    MONTHS,
    PERIOD,
    each_month,
    landing,
    make_catalogue,
    make_control,
    make_scope,
    noon,
    note,
)
from tests.unit.flows.programs import CONTROL, make_facts, make_program, stand

from tieout.criteria.catalogue import Series
from tieout.criteria.extractions import EventCounts, ExtractionState
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.standing import Completeness
from tieout.errors import ConfigurationError
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind
from tieout.flows.status import active_controls, choose_period, end_of, landed_extraction, noted_of, read_program, status
from tieout.settings import Settings

ALL = each_month(20, 20, 20, 20, 20, 20)
SECOND = PERIOD.model_copy(update={"id": "2026-H2", "first_day": date(2026, 7, 1), "end_day": date(2027, 1, 1)})
AS_OF = PERIOD.model_copy(update={"id": "as-of", "type": 1, "first_day": date(2026, 2, 1), "end_day": date(2026, 2, 2)})
ROW: dict[str, Any] = {
    "control": CONTROL,
    "window": "2026-03",
    "system": "idp",
    "landing": "idp-1",
    "effective_from": datetime(2026, 3, 1, tzinfo=UTC),
    "effective_to": datetime(2026, 4, 1, tzinfo=UTC),
    "extraction_state": "later",
    "lag_seconds": 7,
    "rows": 3,
    "landed_at": datetime(2026, 5, 1, tzinfo=UTC),
    "rows_sha256": "a" * 64,
    "manifest_sha256": "b" * 64,
    "manifest_key": "manifests/observation_period=2026-H1/control=x/window=2026-03/idp-1.dsse.json",
    "statement_version": 2,
    "performances": [{"name": "R-1", "day": date(2026, 3, 5)}],
    "supersedes": "idp-0",
    "potential_deviations": 4,
    **{f"events_{name}": None for name in ("on_time", "late", "not_performed", "pending", "not_determinable", "pending_until")},
}


def test_a_period_stands_as_the_control_that_stands_worst() -> None:
    controls = {"a": make_control(), CONTROL: make_control()}
    program = make_program(controls)
    assert stand(*ALL, program=program).completeness is Completeness.NOT_DETERMINABLE
    assert stand(*each_month(20, 20, 0, 20, 20, 20), program=program).completeness is Completeness.INCOMPLETE
    found = stand(*ALL)
    assert (found.completeness, found.is_behind) == (Completeness.COMPLETE, False)


def test_a_broken_file_keeps_a_complete_period_behind() -> None:
    found = stand(*ALL, program=make_program(broken=("cc7.yaml:1: no.",)))
    assert (found.completeness, found.is_behind) == (Completeness.COMPLETE, True)
    assert found.as_document()["broken_files"] == ["cc7.yaml:1: no."]


def test_a_period_without_any_control_is_complete() -> None:
    assert stand(program=make_program({"a": make_control(criteria=("P1.1",))})).completeness is Completeness.COMPLETE


@pytest.mark.parametrize(
    ("changed", "is_active"),
    [
        ({}, True),
        ({"since": (date(2026, 6, 30),)}, True),
        ({"since": (date(2026, 7, 1),)}, False),
        ({"retired_on": date(2026, 1, 2)}, True),
        ({"retired_on": date(2026, 1, 1)}, False),
        ({"criteria": ("P1.1",)}, False),
        ({"criteria": ("A1.2",)}, True),  # in scope for one day of the period
    ],
)
def test_a_control_is_active_that_operates_for_a_category_in_scope_on_some_day(changed: dict[str, Any], is_active: bool) -> None:
    categories = [
        {"category": "security"},
        {"category": "availability", "effective_from": "2026-06-30"},
        {"category": "privacy", "effective_from": "2026-07-01"},
    ]
    program = make_program({"a": make_control(**changed)}, categories=categories)
    assert bool(active_controls(program, PERIOD)) == is_active
    assert [each.control for each in status(program, make_facts(), PERIOD, AFTER).controls] == (["a"] if is_active else [])


def test_controls_stand_in_the_order_of_the_series_that_they_serve_first_and_of_their_ids() -> None:
    catalogue = make_catalogue()
    series = [Series(id=name, category="security", name=name) for name in ("CC1", "CC6")]
    served = {"b": ("CC6.2",), "z": ("CC1.1", "CC6.2"), "a": ("CC6.2", "CC1.1"), "0": ("CC9.9",)}
    controls = {control_id: make_control(criteria=criteria) for control_id, criteria in served.items()}
    program = replace(make_program(controls), catalogue=catalogue.model_copy(update={"series": tuple(series)}))
    # CC9 is a series that the catalogue does not have: tieout lint names it, and the others stand all the same.
    assert [each.control for each in status(program, make_facts(), PERIOD, AFTER).controls] == ["z", "a", "b", "0"]


def test_a_window_that_is_over_and_awaited_is_not_behind() -> None:
    found = stand(*ALL[:2], now=noon(date(2026, 4, 3)))
    assert (found.completeness, found.is_behind) == (Completeness.NOT_DETERMINABLE, False)


def test_a_criterion_is_evidenced_by_a_landing_whose_window_touches_the_period() -> None:
    for key, evidenced in (("2026-06", (CONTROL,)), ("2026-07", ()), ("2025-12", ())):
        [criterion] = stand(landing(key)).criteria
        assert (criterion.mapped, criterion.reviewed, criterion.evidenced) == ((CONTROL,), (), evidenced)


def test_criteria_of_the_categories_in_scope_are_covered() -> None:
    categories = [{"category": "security"}, {"category": "privacy", "effective_from": "2026-06-30"}]
    assert [each.criterion.id for each in stand().criteria] == ["CC6.2"]
    assert [each.criterion.id for each in stand(program=make_program(categories=categories)).criteria] == ["CC6.2", "P1.1"]


def test_gaps_between_periods_are_told() -> None:
    later = {"id": "2026-Q4", "type": 2, "first_day": "2026-10-01", "end_day": "2027-01-01"}
    found = stand(program=make_program(observation_periods=[PERIOD, later])).as_document()
    assert found["gaps_between_periods"] == [
        {"after": "2026-H1", "before": "2026-Q4", "first_day": "2026-07-01", "end_day": "2026-10-01"}
    ]


def test_a_state_is_printed_with_the_scope_as_of_its_instant() -> None:
    categories = [{"category": "security"}, {"category": "availability", "effective_from": "2026-03-01"}]
    program = make_program(categories=categories, time_zone="Europe/Berlin")
    before, after = (
        stand(program=program, now=datetime.fromisoformat(text)).as_document()
        for text in ("2026-02-28T22:59:00+00:00", "2026-02-28T23:00:00+00:00")
    )
    assert before["scope"]["categories"] == ["security"]
    assert after["scope"]["categories"] == ["availability", "security"]
    assert after["observation_period"] == {
        "id": "2026-H1",
        "type": 2,
        "printed": "throughout 1 January 2026 to 30 June 2026",
        "first_day": "2026-01-01",
        "end_day": "2026-07-01",
        "time_zone": "Europe/Berlin",
    }
    assert (after["as_of"], after["status"], after["behind"]) == ("2026-02-28T23:00:00.000000Z", "not determinable", True)
    assert [each["control"] for each in after["controls"]] == [CONTROL]


def test_a_row_of_the_index_becomes_a_landing() -> None:
    found = landed_extraction(ROW)
    assert (found.window, found.system, found.landing, found.observation_period) == ("2026-03", "idp", "idp-1", "2026-H1")
    assert (found.rows_sha256, found.manifest_sha256) == ("a" * 64, "b" * 64)
    assert (found.start, found.end, found.landed_at) == (ROW["effective_from"], ROW["effective_to"], ROW["landed_at"])
    assert (found.state, found.lag_seconds, found.rows, found.statement_version) == (ExtractionState.LATER, 7, 3, 2)
    assert (found.performances, found.events) == ((("R-1", date(2026, 3, 5)),), None)
    assert (found.supersedes, found.potential_deviations) == ("idp-0", 4)


def test_a_row_of_the_index_of_a_control_per_event_becomes_its_counts() -> None:
    counts = {"on_time": 1, "late": 2, "not_performed": 3, "pending": 4, "not_determinable": 5}
    row = {**ROW, "performances": None, "events_pending_until": date(2026, 4, 2), **{f"events_{k}": v for k, v in counts.items()}}
    found = landed_extraction(row)
    assert (found.performances, found.events) == ((), EventCounts(1, 2, 3, 4, 5, date(2026, 4, 2)))


def test_a_record_becomes_a_note_with_facts_of_its_own() -> None:
    facts = {"performance": "2026-03"}
    record = Record(
        place=Place("2026-H1", CONTROL, "2026-03"),
        kind=RecordKind.EXPLAINED,
        system="idp",
        reason="Ill.",
        by="Ann",
        at=AFTER,
        facts=facts,
    )
    found = noted_of(record)
    assert (found.kind, found.system, found.window, found.at, found.reason) == ("explained", "idp", "2026-03", AFTER, "Ill.")
    assert (found.key, found.facts) == (record.key, facts)
    assert found.facts is not facts


def test_an_explanation_reaches_the_performance_it_is_about() -> None:
    said = note("explained", "2026-03", performance="2026-03")
    [standing] = stand(*each_month(20, 20, 0, 20, 20, 20), noted=(said,)).controls
    assert [each.key for each in standing.performances if each.explanation] == ["2026-03"]


@pytest.mark.parametrize(
    ("today", "chosen"),
    [
        (date(2025, 6, 1), "2026-H1"),  # the first that will begin
        (date(2026, 1, 1), "2026-H1"),
        (date(2026, 2, 1), "2026-H1"),  # Type 2 before Type 1
        (date(2026, 6, 30), "2026-H1"),
        (date(2026, 7, 1), "2026-H2"),
        (date(2027, 6, 1), "2026-H2"),  # the last that has begun
    ],
)
def test_without_an_id_the_period_of_today_is_meant(today: date, chosen: str) -> None:
    for periods in ([PERIOD, SECOND, AS_OF], [SECOND, AS_OF, PERIOD]):
        assert choose_period(periods, None, today).id == chosen


def test_of_periods_that_overlap_the_last_to_begin_is_meant() -> None:
    year = PERIOD.model_copy(update={"id": "year", "end_day": date(2027, 1, 1)})
    assert choose_period([SECOND, year], None, date(2026, 8, 1)).id == "2026-H2"
    assert choose_period([SECOND, year], None, date(2026, 3, 1)).id == "year"


def test_an_id_is_meant_whatever_day_it_is_and_an_unknown_one_is_refused_with_those_there_are() -> None:
    assert choose_period([PERIOD, AS_OF], "as-of", date(2030, 1, 1)) == AS_OF
    with pytest.raises(ConfigurationError, match=r"'2027-H1': not in .*Periods there: 2026-H1, 2026-H2\."):
        choose_period([PERIOD, SECOND], "2027-H1", date(2026, 1, 1))
    with pytest.raises(ConfigurationError, match=r"Periods there: none\."):
        choose_period([], "2027-H1", date(2026, 1, 1))


def test_type_1_is_meant_where_there_is_nothing_else_and_none_at_all_is_refused() -> None:
    assert choose_period([AS_OF], None, date(2026, 1, 1)) == AS_OF
    nothing: list[ObservationPeriod] = []
    with pytest.raises(ConfigurationError, match="expected at least one observation period, got none"):
        choose_period(nothing, None, date(2026, 1, 1))


def test_an_as_of_day_means_its_end_in_the_programs_zone_and_no_later_than_now() -> None:
    scope = make_scope(time_zone="Europe/Berlin")
    now = noon(date(2026, 3, 29))
    assert end_of(date(2026, 3, 28), scope, now) == datetime(2026, 3, 28, 23, tzinfo=UTC) - timedelta(microseconds=1)
    assert end_of(date(2026, 3, 29), scope, now) == now
    assert end_of(date(2026, 3, 29), scope, now + timedelta(days=9)) == datetime(2026, 3, 29, 22, tzinfo=UTC) - timedelta(
        microseconds=1
    )


def test_a_program_is_read_whole_and_a_broken_control_is_named_and_left_out(repository: Path, tmp_path: Path) -> None:
    criteria = tmp_path / "include" / "criteria"
    (criteria / "controls").mkdir(parents=True)
    shipped = repository / "include" / "criteria"
    for name in ("scope.yaml", "tsc_2017_rev2022.yaml", "controls/cc8_1_change_management.yaml"):
        shutil.copy(shipped / name, criteria / name)
    (criteria / "controls" / "cc6_1_broken.yaml").write_text("kind: population_export\n")
    program = read_program(Settings(home=tmp_path))
    assert list(program.controls) == ["cc8_1_change_management"]
    assert program.assessments == {}
    [problem] = program.broken
    assert "cc6_1_broken.yaml:1: " in problem
    assert program.catalogue.catalog.criteria_count == len(program.catalogue.criteria)


def test_what_one_control_has_landed_says_nothing_of_another() -> None:
    program = make_program({"a": make_control(), "b": make_control()})
    found = status(program, make_facts(*ALL, control="b"), PERIOD, AFTER)
    assert [each.completeness for each in found.controls] == [Completeness.NOT_DETERMINABLE, Completeness.COMPLETE]
    assert [each.window for each in found.controls[1].extractions.due] == MONTHS
