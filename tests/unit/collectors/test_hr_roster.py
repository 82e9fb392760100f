# SPDX-License-Identifier: Apache-2.0
"""People as of a window's end: days and words, several employments of one person, managers by number, the list's own time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.collectors.frames import FrameFactory, staged_rows

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.hr_roster import COLUMNS, FORMER, LEAVE, Parameters, collect
from tieout.collectors.ipe import Kind
from tieout.contracts.cast import cast_rows
from tieout.contracts.odcs import Contract, load_contract
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused

SOON = datetime(2026, 4, 3, 6, tzinfo=UTC)
"""Two days after March."""
Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def roster_entry(repository: Path) -> Contract:
    """Return the shipped contract of people."""
    return load_contract(repository / "include/evidence_schemas/roster_entry.v1.odcs.yaml")


def line(**said: str) -> str:
    """Return a line of the list: Ann, active, unless told otherwise."""
    ann = {"person": "ann@example.com", "employee_number": "E1", "employment": "active"}
    return ",".join({**ann, **said}.get(name, "") for name in (*COLUMNS, *(["as_of"] if "as_of" in said else [])))


@pytest.fixture
def extracted(frame_of: FrameFactory, home: Path, roster_entry: Contract) -> Callable[..., tuple[Extraction, Any]]:
    """Return what drops lines as a list of March, and extracts it; with the frame."""

    def run(*lines: str, now: datetime = SOON, extra: tuple[str, ...] = (), **parameters: Any) -> tuple[Extraction, Any]:
        (home / "people.csv").write_text("\n".join([",".join((*COLUMNS, *extra)), *lines, ""]))
        frame = frame_of("hr_roster", drop={"path": "people.csv"}, **parameters)
        return extract(frame, roster_entry, Inclusion("as_of", kind=Kind.REPORT), lambda: now, None), frame

    return run


@pytest.fixture
def read(extracted: Callable[..., tuple[Extraction, Any]], roster_entry: Contract) -> Read:
    """Return what extracts lines, and gives the rows in the contract's types."""

    def rows(*lines: str, **more: Any) -> list[dict[str, Any]]:
        table: pa.Table = cast_rows(staged_rows(extracted(*lines, **more)[0]), roster_entry, "a list")
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    return rows


def test_a_person_is_read_with_days_and_manager_as_of_the_windows_end(read: Read) -> None:
    said = {
        "worker_type": "employee",
        "started_on": "2024-02-01",
        "manager": "ben@example.com",
        "department": "IT",
        "job_title": "Lead",
    }
    [row] = read(line(**said))
    assert row["as_of"] == datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    assert row["read_at"] == SOON
    assert (row["person"], row["employment"], row["started_on"], row["left_on"]) == (
        "ann@example.com", "active", date(2024, 2, 1), None,
    )  # fmt: skip
    assert {name: row[name] for name in said if name != "started_on"} == {
        name: said[name] for name in said if name != "started_on"
    }
    assert (row["system"], row["employee_number"]) == ("shop", "E1")


@pytest.mark.parametrize(
    ("days", "employment"),
    [
        ({}, "active"),
        ({"left_on": "2026-03-31"}, "active"),
        ({"left_on": "2026-03-30"}, "left"),
        ({"left_on": "2026-06-30"}, "active"),
        ({"started_on": "2026-03-31"}, "active"),
        ({"started_on": "2026-04-01"}, "not_started"),
        ({"started_on": "2026-04-01", "left_on": "2026-01-01"}, "left"),
    ],
)
def test_without_a_word_the_days_tell_and_the_last_one_counts(read: Read, days: dict[str, str], employment: str) -> None:
    [row] = read(line(employment="", **days))
    assert row["employment"] == employment


def test_a_time_is_the_day_that_it_lies_on_where_the_people_system_is(read: Read) -> None:
    [row] = read(line(left_on="2026-03-30T22:30:00Z", as_of="2026-03-31"), extra=("as_of",), time_zone="Europe/Berlin")
    assert (row["left_on"], row["as_of"]) == (date(2026, 3, 31), datetime(2026, 3, 30, 22, tzinfo=UTC))


def test_the_people_systems_own_words_are_understood(read: Read) -> None:
    rows = read(line(employment="Terminated"), line(person="ben@example.com", employment="left"), words={"Terminated": "left"})
    assert [row["employment"] for row in rows] == ["left", "left"]


def test_who_has_no_address_is_known_by_number(read: Read) -> None:
    assert [row["person"] for row in read(line(person="", employee_number="E7"))] == ["E7"]


def test_managers_by_number_are_resolved_by_any_of_their_employments(read: Read) -> None:
    lines = [
        line(manager="E2"),
        line(person="ben@example.com", employee_number="E2", employment="left"),
        line(person="Ben@example.com", employee_number="E3", manager="E9"),
    ]
    rows = read(*lines, managers_by="employee_number")
    assert [(row["person"], row["manager"]) for row in rows] == [
        ("ann@example.com", "ben@example.com"),
        ("Ben@example.com", "E9"),
    ]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
@pytest.mark.parametrize(
    ("former", "present"),
    [
        ({"employment": "left", "left_on": "2025-01-01"}, {"employment": "active"}),
        ({"employment": "left", "started_on": "2025-01-01"}, {"employment": "not_started"}),
        ({"employment": "active", "started_on": "2024-01-01"}, {"employment": "active", "started_on": "2025-01-01"}),
    ],
)
def test_one_person_is_one_row_and_the_other_employment_is_said_to_be_left_out(
    extracted: Callable[..., tuple[Extraction, Any]], former: dict[str, str], present: dict[str, str], turned: bool
) -> None:
    lines = [line(employee_number="E1", **former), line(person="ANN@example.com", employee_number="E2", **present)]
    extraction, _ = extracted(*(reversed(lines) if turned else lines))
    assert staged_rows(extraction)["employee_number"].to_pylist() == ["E2"]
    dropped = {drop.reason: (drop.rows, drop.keys) for drop in extraction.ipe.drops}
    assert dropped[FORMER] == (1, ("row 3" if turned else "row 2",))
    assert (extraction.ipe.rows_read, extraction.ipe.rows_in_window) == (2, 1)
    assert "ann@" not in str(dropped).lower()


def test_a_list_that_says_what_it_stands_for_is_read_whenever(read: Read) -> None:
    late = datetime(2026, 9, 1, tzinfo=UTC)
    rows = read(line(as_of="2026-03-31"), line(as_of="2026-04-01", person="ben@example.com"), extra=("as_of",), now=late)
    assert [row["as_of"] for row in rows] == [datetime(2026, 3, 31, tzinfo=UTC)]


def test_one_that_does_not_is_refused_long_after_the_window(read: Read) -> None:
    with pytest.raises(ExtractionRefused, match="the window ended 8 days ago"):
        read(line(), now=datetime(2026, 4, 9, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ({"person": "", "employee_number": ""}, "person"),
        ({"employment": "retired"}, "employment"),
        ({"started_on": "soon"}, "started_on"),
        ({"left_on": "2026-03-31T10:00:00"}, "left_on"),
    ],
)
def test_what_can_not_be_read_is_named_by_row_and_column(read: Read, said: dict[str, str], column: str) -> None:
    with pytest.raises(ContractError, match=rf"people.csv: row 3: column '{column}': expected") as raised:
        read(line(person="ben@example.com"), line(**said))
    assert "ann@" not in str(raised.value)


def test_a_list_as_of_no_time_is_refused(read: Read) -> None:
    with pytest.raises(ContractError, match="column 'as_of': expected a day"):
        read(line(as_of="yesterday"), extra=("as_of",))


def test_a_list_without_a_column_is_refused(frame_of: FrameFactory, home: Path) -> None:
    (home / "people.csv").write_text("person,employment\nann@example.com,active\n")
    with pytest.raises(ContractError, match="there is no employee_number, worker_type, started_on"):
        list(collect(frame_of("hr_roster", drop={"path": "people.csv"})))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "expected one of rest and drop"),
        ({"drop": {"path": "x.csv", "columns": {"person": "id"}}}, "columns: expected person, employee_number"),
        (
            {"drop": {"path": "x.csv", "columns": dict.fromkeys((*COLUMNS, "salary"), "x")}},
            "perhaps as_of, leave_from, leave_until, got",
        ),
        ({"drop": {"path": "x.csv"}, "managers_by": "name"}, "parameters.managers_by"),
    ],
    ids=["neither", "too few columns", "too many", "managers"],
)
def test_a_wrong_parameter_is_named(frame_of: FrameFactory, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        frame_of("hr_roster", **given).parameters(Parameters)


def test_an_optional_column_may_be_mapped(frame_of: FrameFactory) -> None:
    columns = dict.fromkeys((*COLUMNS, "as_of"), "x")
    assert frame_of("hr_roster", drop={"path": "x.csv", "columns": columns}).parameters(Parameters).managers_by == "person"


def test_an_empty_list_has_no_rows(read: Read) -> None:
    assert read() == []


Days = tuple[str, str]
"""First and last day of a leave."""


def leave(frame_of: FrameFactory, home: Path, repository: Path, *days: Days, columns: tuple[str, ...] = LEAVE) -> pa.Table:
    """Return the rows of people who are on leave on such days, in the types of the contract that has these columns."""
    names = (*COLUMNS, *columns)
    lines = []
    for number, each in enumerate(days):
        said = {"person": f"p{number}@example.com", "employment": "active", **dict(zip(LEAVE, each, strict=True))}
        lines.append(",".join(said.get(name, "") for name in names))
    (home / "people.csv").write_text("\n".join([",".join(names), *lines, ""]))
    contract = load_contract(repository / "include/evidence_schemas/roster_entry.v2.odcs.yaml")
    frame = frame_of("hr_roster", drop={"path": "people.csv"}, leave=True)
    found = extract(frame, contract, Inclusion("as_of", kind=Kind.REPORT), lambda: SOON, None)
    return cast_rows(staged_rows(found), contract, "a list")


def test_a_list_may_say_who_is_on_leave(frame_of: FrameFactory, home: Path, repository: Path) -> None:
    rows = leave(frame_of, home, repository, ("", ""), ("2026-03-01", ""), ("2026-03-01", "2026-03-01")).to_pylist()
    first = date(2026, 3, 1)
    assert [(row["leave_from"], row["leave_until"]) for row in rows] == [(None, None), (first, None), (first, first)]


@pytest.mark.parametrize("days", [("2026-03-02", "2026-03-01"), ("", "2026-03-01")])
def test_a_leave_that_ends_before_it_begins_is_named(
    days: tuple[str, str], frame_of: FrameFactory, home: Path, repository: Path
) -> None:
    with pytest.raises(ContractError, match=r"row [23]: column 'leave_until': expected a day of leave_from or after it"):
        leave(frame_of, home, repository, ("", ""), days)


def test_a_list_without_leave_is_refused_where_it_is_to_say_so(frame_of: FrameFactory, home: Path, repository: Path) -> None:
    with pytest.raises(ContractError, match=r"there is no leave_from, leave_until\. Correct 'leave'"):
        leave(frame_of, home, repository, ("", ""), columns=())


def test_without_the_parameter_rows_are_those_of_before(read: Read, roster_entry: Contract) -> None:
    [row] = read(f"{line()},2026-03-01,", extra=LEAVE)
    assert row.keys() - {"_position"} == set(roster_entry.schema.names)
