# SPDX-License-Identifier: Apache-2.0
"""What is known of a period: facts with who and when, in a document that its published schema takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.unit.audit.test_deviations import LATE, OBSERVED, ROW, answer
from tests.unit.criteria.axes import PERIOD, make_control

from tieout.audit.deviations import fold
from tieout.audit.known import Head, Known, control_changes, counts, documents_of, incident, overrides_of
from tieout.audit.known_page import changes_section, deviations_section, incidents_section, known_page
from tieout.audit.management_page import as_html, as_text
from tieout.errors import CannotCheck
from tieout.evidence.register import RegisterRow
from tieout.evidence.schemas import check_document

AS_OF = datetime(2026, 7, 20, 9, tzinfo=UTC)
HEAD = Head(7, "digests/000000000007.dsse.json", "v7", "a" * 64, "2026-07-20T08:00:00.000000Z")
HOLD = RegisterRow(
    "2026-H1", "cc8_1", "all", "all", "legal hold on", "", "2026-07-01T00:00:00.000000Z", "CFO", "A lawsuit.", 0, 4, "m/hold"
)
FIRST = incident(
    {"system": "on_call", "incident_id": "INC-1", "title": "<b>Outage</b>", "severity": "high",
     "declared_at": datetime(2026, 3, 1, 12, tzinfo=UTC), "contained_at": None},
    "cc7_4", "on_call-1", "m/2", after_period=False,
)  # fmt: skip
SAID = answer("r1", LATE, state="confirmed", disposition="Late.", due="2026-08-01",
              retest={"what": "The next", "on": "2026-07-15", "result": "met"})  # fmt: skip


def make(**changed: Any) -> Known:
    """Return what is known of a period with two deviations, an incident, a hold and a change."""
    values: dict[str, Any] = {
        "period": PERIOD,
        "zone": "UTC",
        "bucket": "evidence",
        "as_of": AS_OF,
        "head": HEAD,
        "deviations": tuple(fold(OBSERVED, [SAID])),
        "incidents": (FIRST,),
        "changes": tuple(control_changes({"cc6_2": make_control()}, date(2020, 1, 1))),
        "overrides": (HOLD,),
        "not_digested": ("r/r1",),
    }
    return Known(**values | changed)


def test_the_document_is_what_its_schema_takes_and_nothing_more() -> None:
    document = make().as_document("CEO")
    check_document("known_list.v1", document, "a test")
    for at in ("deviations", "incidents", "changes", "overrides"):
        broken = {**document, at: [{**document[at][0], "verdict": "fine"}]}
        with pytest.raises(CannotCheck, match=at):
            check_document("known_list.v1", broken, "a test")
    empty = make(deviations=(), incidents=(), changes=(), overrides=(), not_digested=()).as_document("CEO")
    check_document("known_list.v1", empty, "a test")


def test_a_deviation_says_its_state_its_disposition_and_who_said_so_when() -> None:
    [late] = [each for each in make().as_document("CEO")["deviations"] if each["kind"] == "performed late"]
    assert (late["state"], late["disposition"], late["due"], late["retested_on"]) == (
        "confirmed",
        "Late.",
        "2026-08-01",
        "2026-07-15",
    )
    assert (late["last_response_by"], late["last_response_at"]) == ("CTO", "2026-07-01T12:00:00.000000Z")


def test_what_was_said_lowers_no_count_and_what_is_gone_is_counted_apart() -> None:
    gone = replace(ROW, in_evidence=False, occurrences=0)
    found = fold({LATE.id: LATE, gone.id: gone}, [SAID])
    assert counts(found) == {
        "in_evidence": 1, "potential": 0, "confirmed": 1, "not_confirmed": 0, "without_disposition": 0, "in_evidence_no_more": 1,
    }  # fmt: skip


def test_a_list_rests_on_manifests_responses_and_records() -> None:
    known = make()
    assert documents_of(known.deviations, known.incidents, known.overrides) == {"m/1", "r/r1", "m/2", "m/hold"}


def test_columns_that_an_incident_has_not_are_empty() -> None:
    assert (FIRST.declared_at, FIRST.contained_at, FIRST.resolved_at) == ("2026-03-01T12:00:00.000000Z", "", "")


def test_overrides_are_what_a_person_changed_under_the_periods_label() -> None:
    rows = [
        replace(HOLD, kind="superseded", at="2026-08-01T00:00:00.000000Z"),
        HOLD,
        replace(HOLD, kind="zero population"),
        replace(HOLD, kind="late extraction"),
        replace(HOLD, kind="released", observation_period="2026-H2"),
    ]
    assert [row.kind for row in overrides_of(rows, PERIOD)] == ["legal hold on", "superseded"]


def test_changes_of_controls_are_those_of_the_days_that_are_asked_about() -> None:
    days = (date(2025, 1, 1), date(2026, 3, 1), date(2026, 7, 1))
    controls = {"a": make_control(since=days, retired_on=date(2026, 9, 1)), "b": make_control(since=(date(2026, 2, 1),))}
    within = control_changes(controls, PERIOD.first_day, PERIOD.end_day)
    assert [(each.at, each.kind, each.about) for each in within] == [
        ("2026-02-01", "control began", "b"),
        ("2026-03-01", "control statement", "a"),
    ]
    since = control_changes(controls, PERIOD.end_day)
    assert [(each.at, each.kind) for each in since] == [("2026-07-01", "control statement"), ("2026-09-01", "control retired")]
    assert since[0].what == "version 3: Wording 3."


def test_the_readable_pages_say_the_same_and_escape_it() -> None:
    page = known_page(make(), "CEO", "known.dsse.json", "b" * 64)
    text, html = as_text(page), as_html(page)
    for said in ("b" * 64, HEAD.sha256, "Late.", "INC-1", "A lawsuit.", "r/r1", "2026-07-01 12:00:00 UTC"):
        assert said in text
        assert said in html
    assert "&lt;b&gt;Outage&lt;/b&gt;" in html
    assert "<b>" not in html


def test_nothing_that_landed_is_not_called_nothing_that_happened() -> None:
    known = make(deviations=(), incidents=())
    assert deviations_section(known).plots == ()
    assert "only a landed population of zero shows" in incidents_section(known).texts[0]
    assert [table.caption for table in changes_section(known).tables] == ["Changes of the tool and of controls", "Overrides"]
