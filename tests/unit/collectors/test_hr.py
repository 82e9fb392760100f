# SPDX-License-Identifier: Apache-2.0
"""The people system's list: days and times, words of its own, files, and what can not be read is named by row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.collectors.frames import FrameFactory

from tieout.collectors.hr import COLUMNS, Roster, employment, read_roster
from tieout.collectors.ipe import SecondCountClass
from tieout.errors import ConfigurationError, ContractError

ROW = {
    "event_id": "1",
    "event_type": "leave",
    "person": "ann@example.com",
    "employee_number": "E1",
    "worker_type": "employee",
    "event_at": "2026-03-05",
}


def roster(**changes: Any) -> Roster:
    return Roster.model_validate({"drop": {"path": "leavers.csv"}, **changes})


@pytest.mark.parametrize(
    ("kind", "at", "zone", "expected"),
    [
        ("leave", "2026-03-05", "UTC", datetime(2026, 3, 6, tzinfo=UTC)),
        ("hire", "2026-03-05", "UTC", datetime(2026, 3, 5, tzinfo=UTC)),
        ("leave", "2026-03-28", "Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("hire", "2026-03-30", "Europe/Berlin", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("leave", "2026-03-05T17:00:00+01:00", "UTC", datetime(2026, 3, 5, 16, tzinfo=UTC)),
    ],
)
def test_a_leavers_day_lasts_until_its_end(kind: str, at: str, zone: str, expected: datetime) -> None:
    assert employment({**ROW, "event_type": kind, "event_at": at}, roster(time_zone=zone), "a list: row 1").at == expected


def test_the_people_systems_own_words_are_understood() -> None:
    words = roster(words={"Termination": "leave"})
    assert employment({**ROW, "event_type": "Termination"}, words, "a list: row 1").kind == "leave"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("event_id", ""),
        ("event_type", "retired"),
        ("event_type", None),
        ("event_at", "soon"),
        ("event_at", "2026-03-05T10:00:00"),
    ],
)
def test_what_can_not_be_read_is_named_by_row_and_column(column: str, value: str | None) -> None:
    with pytest.raises(ContractError, match=rf"a list: row 3: column '{column}': expected") as raised:
        employment({**ROW, column: value}, roster(), "a list: row 3")
    assert "ann@" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "expected one of rest and drop"),
        ({"drop": {"path": "x.csv"}, "rest": {}}, "roster.rest.connection"),
        ({"drop": {"path": "x.csv", "columns": {"event_id": "id"}}}, "columns: expected event_id, event_type"),
        ({"drop": {"path": "x.csv"}, "time_zone": "Atlantis"}, "expected an IANA zone"),
    ],
    ids=["neither", "both", "columns", "zone"],
)
def test_a_wrong_parameter_is_named(frame_of: FrameFactory, given: dict[str, Any], message: str) -> None:
    from tieout.collectors.okta_personnel import Parameters

    with pytest.raises(ConfigurationError, match=message):
        frame_of("okta_personnel", roster=given).parameters(Parameters)


def test_a_file_is_read_and_counted(frame_of: FrameFactory, home: Path) -> None:
    names = ("id", "what", "mail", "no", "kind", "day")
    (home / "leavers.csv").write_text(
        f"{','.join(names)}\n1,leave,ann@example.com,E1,employee,2026-03-05\n2,hire,,E2,,2026-03-06\n"
    )
    frame = frame_of("okta_personnel")
    columns = dict(zip(COLUMNS, names, strict=True))
    found = read_roster(frame, roster(drop={"path": "leavers.csv", "columns": columns}))
    assert [(each.event_id, each.kind, each.address, each.number, each.worker_type) for each in found] == [
        ("1", "leave", "ann@example.com", "E1", "employee"),
        ("2", "hire", None, "E2", None),
    ]
    assert frame.source_total is not None
    assert frame.source_total.rows == 2
    assert frame.second_count is not None
    assert frame.second_count.independence is SecondCountClass.SAME_ENDPOINT
    assert frame.statement is not None
    assert len(frame.pages) == 1


def test_a_file_without_a_column_is_refused(frame_of: FrameFactory, home: Path) -> None:
    (home / "leavers.csv").write_text("event_id,event_type\n1,leave\n")
    with pytest.raises(ContractError, match="there is no person, employee_number, worker_type, event_at"):
        read_roster(frame_of("okta_personnel"), roster())
