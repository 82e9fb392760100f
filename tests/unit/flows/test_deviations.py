# SPDX-License-Identifier: Apache-2.0
"""What landings show is listed row by row and held against what they count; answers go where they may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.audit.test_deviations import LATE, OBSERVED, ROW
from tests.unit.criteria.axes import PERIOD, landing, make_control
from tests.unit.flows.programs import CONTROL, make_program, stand

from tieout.audit.deviations import DeviationKind, fold
from tieout.criteria.extractions import EventCounts
from tieout.criteria.periods import ObservationPeriod
from tieout.criteria.standing import Standing
from tieout.errors import ConfigurationError, LandingConflict
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.responses import Response
from tieout.flows.deviations import Register, acceptances_of, answers_of, find_alike, find_deviation, totals
from tieout.flows.deviations_answer import Desk, accept, open_label, respond
from tieout.flows.deviations_evidence import Evidence, shown_before, shown_by
from tieout.settings import Settings

NOW = datetime(2026, 7, 15, tzinfo=UTC)
STAMP = pa.timestamp("us", tz="UTC")
PER_EVENT = make_control(
    "per_event",
    frequency={"within": {"days": 1}, "performed_field": "completed_at", "event_field": "event_at"},
    evidence_type="personnel_event.v1",
)
KEYS = ("system", "event_id", "step")


@dataclass(frozen=True)
class Tables(Evidence):
    """Evidence whose parts are tables in memory, by landing and table."""

    tables: Mapping[tuple[str, str], pa.Table]

    def parts(self, row: Mapping[str, Any], table: str) -> Iterator[pa.Table]:
        """Return the one part."""
        yield self.tables[row["landing"], table]


def evidence(repository: Path, rows: list[dict[str, Any]], tables: dict[tuple[str, str], pa.Table], control: Any) -> Tables:
    """Return evidence of one control."""
    program = make_program({CONTROL: control})
    return Tables(Settings(home=repository), None, program, Path(), {row["landing"]: row for row in rows}, tables)  # type: ignore[arg-type]


def index_row(name: str, *, hits: int = 0, late: int | None = None, missed: int | None = None) -> dict[str, Any]:
    """Return what the index says of a landing of March."""
    return {
        "landing": name, "control": CONTROL, "system": "idp", "window": "2026-03", "manifest_key": f"m/{name}",
        "potential_deviations": hits, "events_late": late, "events_not_performed": missed,
        "evidence_type": "personnel_event.v1", "collected_at": datetime(2026, 4, 1, tzinfo=UTC), "rows": 3,
    }  # fmt: skip


def leavers(*rows: tuple[str, date, date | None]) -> pa.Table:
    """Return leavers: id, day, and day on which the access was gone."""

    def at(day: date | None) -> datetime | None:
        return day and datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    return pa.table(
        {
            "system": pa.array(["idp"] * len(rows), pa.string()),
            "event_id": pa.array([row[0] for row in rows], pa.string()),
            "step": pa.array(["access_disabled"] * len(rows), pa.string()),
            "event_at": pa.array([at(row[1]) for row in rows], STAMP),
            "completed_at": pa.array([at(row[2]) for row in rows], STAMP),
        }
    )


MARCH = leavers(
    ("on time", date(2026, 3, 2), date(2026, 3, 3)),
    ("late", date(2026, 3, 2), date(2026, 3, 9)),
    ("missed", date(2026, 3, 2), None),
)


def march(*, superseded: bool = False) -> Standing:
    """Return where the control stands whose landing of March shows one event late and one missed."""
    counts = EventCounts(on_time=1, late=1, not_performed=1)
    landed = [landing("2026-03", events=counts, landing="idp-1", manifest_key="m/idp-1")]
    if superseded:
        landed.append(
            landing("2026-03", events=EventCounts(on_time=3), landing="idp-2", manifest_key="m/idp-2", supersedes="idp-1")
        )
    [standing] = stand(*landed, program=make_program({CONTROL: PER_EVENT})).controls
    return standing


def test_events_are_named_row_by_row(repository: Path) -> None:
    found = evidence(repository, [index_row("idp-1", late=1, missed=1)], {("idp-1", "personnel_event"): MARCH}, PER_EVENT)
    late, missed = shown_by(found, march())
    assert (late.kind, late.reason) == (DeviationKind.LATE, "Due 2026-03-03; performed 2026-03-09.")
    assert (missed.kind, missed.reason) == (DeviationKind.NOT_PERFORMED, "Due 2026-03-03; not performed by 2026-04-01.")
    assert (late.row_key or "").startswith('{"system": "idp", "event_id": "late"')
    assert (late.window, late.landing, late.document, late.rule) == ("2026-03", "idp-1", "m/idp-1", None)


def test_events_whose_control_has_changed_since_are_as_many_and_bear_numbers(repository: Path) -> None:
    slower = PER_EVENT.model_copy(update={"control_frequency": PER_EVENT.control_frequency.model_copy(
        update={"within": PER_EVENT.control_frequency.within.model_copy(update={"days": 30})})})  # type: ignore[union-attr]  # fmt: skip
    found = evidence(repository, [index_row("idp-1", late=1, missed=1)], {("idp-1", "personnel_event"): MARCH}, slower)
    late, missed = shown_by(found, march())
    assert (late.kind, late.performance, late.row_key) == (DeviationKind.LATE, "2026-03: performed late, 1", None)
    assert (missed.kind, missed.performance) == (DeviationKind.NOT_PERFORMED, "2026-03: not performed, 1")
    assert "can not be told" in late.reason
    another = PER_EVENT.model_copy(update={"control_frequency": PER_EVENT.control_frequency.model_copy(
        update={"performed_field": "no_such_column"})})  # fmt: skip
    found = evidence(repository, [index_row("idp-1", late=1, missed=1)], {}, another)
    assert len(list(shown_by(found, march()))) == 2


def test_what_a_superseded_landing_showed_is_found(repository: Path) -> None:
    rows = [index_row("idp-1", late=1, missed=1), index_row("idp-2", late=0, missed=0)]
    found = evidence(repository, rows, {("idp-1", "personnel_event"): MARCH}, PER_EVENT)
    standing = march(superseded=True)
    assert list(shown_by(found, standing)) == []
    assert [each.kind for each in shown_before(found, standing)] == [DeviationKind.LATE, DeviationKind.NOT_PERFORMED]


def test_rows_that_are_not_as_many_as_the_manifest_counts_are_a_conflict(repository: Path) -> None:
    listed = {
        "system": ["idp", "idp"], "rule": ["a", "a"], "row_key": ["1", "2"], "evidence_type": ["t.v1"] * 2,
        "result": ["not met", "not determinable"], "reason": ["r", "r"],
    }  # fmt: skip
    tables = {("idp-1", "rule_result"): pa.table(listed)}
    [hit] = shown_by(evidence(repository, [index_row("idp-1", hits=1)], tables, PER_EVENT), with_hits(1))
    assert (hit.kind, hit.rule, hit.row_key) == (DeviationKind.RULE_NOT_MET, "a", "1")
    with pytest.raises(LandingConflict, match=r"it counts 2 rule hits, and 1 are listed beside it"):
        list(shown_by(evidence(repository, [index_row("idp-1", hits=2)], tables, PER_EVENT), with_hits(2)))


def with_hits(hits: int) -> Standing:
    """Return where the control stands whose landing shows hits of a rule and no late event."""
    landed = landing("2026-03", events=EventCounts(on_time=2), landing="idp-1", manifest_key="m/idp-1", potential_deviations=hits)
    [found] = stand(landed, program=make_program({CONTROL: PER_EVENT})).controls
    return found


REGISTER = Register(PERIOD, NOW, NOW.date(), tuple(fold(OBSERVED, ())), (), {}, {})


def test_a_deviation_is_found_by_the_first_letters_of_its_id() -> None:
    assert find_deviation(REGISTER, ROW.id[:8]).observed == ROW
    for text in ("", ROW.id[:3], "zzzz"):
        with pytest.raises(ConfigurationError, match=r"expected the first letters of one id of 2026-H1, got \d"):
            find_deviation(REGISTER, text)


def test_all_of_a_rule_or_a_kind_are_found_by_control() -> None:
    assert [each.id for each in find_alike(REGISTER, "cc8_1", "pull_request", None)] == [ROW.id]
    assert [each.id for each in find_alike(REGISTER, "cc6_2", None, "performed late")] == [LATE.id]
    with pytest.raises(ConfigurationError, match=r"no deviation of cc6_2 in 2026-H1. What there is: performed late"):
        find_alike(REGISTER, "cc6_2", "pull_request", None)


def test_totals_count_what_is_in_evidence() -> None:
    assert totals(REGISTER.deviations) == {
        "deviations": 2, "potential": 2, "confirmed": 0, "not confirmed": 0, "open": 2, "risk_accepted": 0,
        "in_evidence_no_more": 0,
    }  # fmt: skip


def test_responses_that_say_nothing_that_we_know_are_left_out() -> None:
    def response(campaign: str, answer: dict[str, Any]) -> tuple[str, Response]:
        said = Response(
            observation_period="P", control="cc8_1", campaign=campaign, assignment="a", person="CTO", answer=answer, at=NOW
        )
        return said.key, said

    risk = {"rule": "a", "owner": "o", "approver": "p", "reason": "r", "accepted_on": "2026-01-01", "expires_on": "2026-02-01"}
    stored = [
        response("deviations", {"about": {"rule not met": [ROW.id]}, "owner": "CTO"}),
        response("deviations", {"about": {"rule not met": [ROW.id]}, "opinion": "fine"}),
        response("risk-acceptances", risk),
        response("risk-acceptances", {**risk, "expires_on": "2025-01-01"}),
        response("access-review", {"keep": True}),
    ]
    assert [each.answer.owner for each in answers_of(stored)] == ["CTO"]
    assert [each.accepted.rule for each in acceptances_of(stored)] == ["a"]


def desk() -> Desk:
    """Return a desk whose store is never reached."""
    return Desk(Settings(), None, None, make_program(), PERIOD, "CTO", NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "expected at least one thing to say"),
        ({"state": "confirmed"}, "expected a disposition beside it"),
        ({"against_control": "cc9_9"}, f"there is no such control. Controls: {CONTROL}"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_before_anything_is_stored(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        respond(desk(), REGISTER.deviations, said)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"accepted_on": "2026-07-16"}, "expected a day that has come, got accepted on 2026-07-16; today is 2026-07-15"),
        ({"expires_on": "2026-06-30"}, "expected it to expire on 2026-07-01 or later"),
        ({"rule": "a"}, "expected a rule or deviations, and not both"),
    ],
)
def test_an_acceptance_that_makes_no_sense_is_refused(said: dict[str, Any], message: str) -> None:
    whole = {"owner": "o", "approver": "p", "reason": "r", "accepted_on": "2026-07-01", "expires_on": "2026-08-01", **said}
    with pytest.raises(ConfigurationError, match=message):
        accept(desk(), "cc8_1", REGISTER.deviations[:1], whole)


def test_what_is_said_after_a_close_is_stored_under_the_period_of_today() -> None:
    following = ObservationPeriod(id="2026-H2", type=2, first_day=date(2026, 7, 1), end_day=date(2027, 1, 1))
    program = make_program(observation_periods=[PERIOD, following])

    def closed(name: str) -> Record:
        place = Place(name, "evidence_program", "close")
        return Record(place=place, kind=RecordKind.CLOSED, system="evidence_program", reason="Done.", by="a", at=NOW, facts={})

    assert open_label(program, PERIOD, [], NOW) == PERIOD
    assert open_label(program, PERIOD, [closed("2026-H1")], NOW) == following
    with pytest.raises(ConfigurationError, match=r"2026-H1 is closed, and no open period of scope.yaml holds 2026-07-15"):
        open_label(program, PERIOD, [closed("2026-H1"), closed("2026-H2")], NOW)
