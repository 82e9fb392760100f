# SPDX-License-Identifier: Apache-2.0
"""An auditor's list of 60 requests in a layout of its own: imported with a report, and written back with its formats."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.unit.flows.pbc_book import GROUPS, REQUESTS, SHEET, change, make_book, rows_of, text_of

from tieout.criteria.pbc import PbcField, PbcMatch
from tieout.errors import ConfigurationError
from tieout.flows.pbc import ImportedList, Said, import_list, match_request, read_list, suggest_matches, write_list
from tieout.flows.pbc_files import write_back
from tieout.flows.status import read_program
from tieout.settings import Settings

PERIOD = "2026-H1"
NOTHING = Said(columns={})


@pytest.fixture
def settings(tmp_path: Path, repository: Path) -> Settings:
    shutil.copytree(repository / "include/criteria", tmp_path / "home/include/criteria")
    return Settings(home=tmp_path / "home")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return make_book(tmp_path / "requests.xlsx")


def imported(settings: Settings, book: Path, said: Said = NOTHING, period: str | None = PERIOD) -> ImportedList:
    """Import an edition, and write the list."""
    found = import_list(settings, "soc2", book, period, Said(sheet=said.sheet or SHEET, header_rows=said.header_rows,
                                                             columns=said.columns, dates=said.dates))  # fmt: skip
    write_list(settings, "soc2", found.requests)
    return found


def test_every_request_is_there_with_what_its_columns_say(settings: Settings, book: Path) -> None:
    found = imported(settings, book)
    requests = found.requests.requests
    assert [each.text for each in requests] == [text_of(number) for number in range(1, REQUESTS + 1)]
    assert [each.id for each in requests][:11] == [*(f"1.{number:02}" for number in range(1, 11)), "2.01"]
    assert {each.due for each in requests} == {date(2026, 7, 15)}, "six ways to write one day"
    assert requests[35].criteria == ("CC7.2", "CC7.3")
    assert (requests[0].owner, requests[0].auditor_status) == ("CTO", "Requested")
    assert found.requests.layout.headings[PbcField.OUR_STATUS] == "Client Status"
    assert found.requests.layout.headings[PbcField.AUDITOR_STATUS] == "Auditor Status"
    assert [(each.shown, each.why) for each in found.imported.not_understood] == [
        (group, "a heading over several columns, and no request") for group in GROUPS
    ]
    assert found.imported.blank == len(GROUPS) - 1
    assert read_list(settings, "soc2") == found.requests


def test_what_is_not_understood_is_told_with_its_place_and_nothing_is_lost(settings: Settings, book: Path) -> None:
    rows = rows_of(book)
    first, second, third = rows["1.01"], rows["1.02"], rows["1.03"]
    change(book, **{f"E{first}": "03/04/2026", f"C{first}": "CC6.1, CC6.99, ISO 27001", f"B{second}": "=A1", f"A{third}": "1.04"})
    found = imported(settings, book)
    told = {(each.row, each.field): each.why for each in found.imported.not_understood if each.row < rows["2.01"] - 2}
    assert "say with --dates" in told[first, PbcField.DUE]
    assert told[first, PbcField.CRITERIA] == "no criterion of the catalogue: left out"
    assert "evaluates none" in told[second, PbcField.TEXT]
    assert told[second, None] == "no request: it has no text"
    assert told[third, PbcField.ID] == told[rows["1.04"], PbcField.ID] == "several rows have it: told apart by their text"
    assert len(found.requests.requests) == REQUESTS - 1
    by_row = {each.row: each for each in found.requests.requests}
    assert (by_row[first].due, by_row[first].criteria) == (None, ("CC6.1",))
    assert by_row[third].id.startswith("1.04-")
    assert by_row[third].id != by_row[rows["1.04"]].id
    again = imported(settings, book, Said(columns={}, dates="DMY"))
    assert {each.row: each for each in again.requests.requests}[first].due == date(2026, 4, 3)


def test_a_later_edition_keeps_ids_and_matches_and_says_what_changed(settings: Settings, book: Path) -> None:
    controls = read_program(settings).controls
    first = imported(settings, book)
    match = PbcMatch(control="cc8_1_change_management", by="CTO")
    write_list(settings, "soc2", match_request(first.requests, "3.05", match, controls))
    rows = rows_of(book)
    change(book, **{f"H{rows['3.05']}": "Accepted", f"B{rows['1.01']}": None, f"A{rows['6.10']}": "6.11"})
    second = imported(settings, book, period=None)
    assert second.changes.changed == ("3.05",)
    assert (second.changes.new, second.changes.withdrawn) == (("6.11",), ("1.01", "6.10"))
    by_id = {each.id: each for each in second.requests.requests}
    assert by_id["3.05"].matches == (match,)
    assert by_id["3.05"].auditor_status == "Accepted"
    assert by_id["6.10"].withdrawn
    third = imported(settings, book)
    assert third.changes == type(third.changes)((), (), ())


def test_a_column_that_is_another_one_now_is_asked_about(settings: Settings, book: Path) -> None:
    imported(settings, book)
    change(book, D4="Approver")
    with pytest.raises(
        ConfigurationError, match="expected the heading 'Request Owner' of the edition before, got 'Request Appro"
    ):
        imported(settings, book)
    again = imported(settings, book, Said(header_rows=(3, 4), columns={PbcField.OWNER: "D"}))
    assert again.requests.layout.headings[PbcField.OWNER] == "Request Approver"
    assert again.changes.changed == ()


def written(settings: Settings, book: Path, target: Path, values: dict[str, dict[PbcField, str]]) -> Any:
    requests = read_list(settings, "soc2")
    assert write_back(book, target, requests, values) == []
    return openpyxl.load_workbook(target)[SHEET]


def styles(cell: Any) -> list[str]:
    sides = [getattr(getattr(cell.border, side), "style", None) for side in ("left", "right", "top", "bottom")]
    return [repr(each) for each in (cell.font, cell.fill, sides, cell.alignment, cell.number_format)]


def test_it_is_written_back_into_its_columns_with_every_format(settings: Settings, book: Path, tmp_path: Path) -> None:
    imported(settings, book)
    rows, before = rows_of(book), openpyxl.load_workbook(book)[SHEET]
    said = {PbcField.OUR_STATUS: "evidence landed", PbcField.COMMENT: "x"}
    values = {each: {**said, PbcField.EVIDENCE: f"landing {each}"} for each in rows}
    sheet = written(settings, book, tmp_path / "back.xlsx", values)
    for reference, row in rows.items():
        assert (sheet[f"F{row}"].value, sheet[f"G{row}"].value) == ("evidence landed", "x")
        assert sheet[f"J{row}"].value == f"landing {reference}", "a column of ours that was not there stands at the right"
    assert sheet["J4"].value == "Evidence"
    assert sheet["J4"].font.bold
    for row in before.iter_rows():
        for cell in row:
            now = sheet[cell.coordinate]
            if cell.column not in (6, 7) or cell.row < 5:
                assert now.value == cell.value, cell.coordinate
            assert styles(now) == styles(cell), cell.coordinate
    assert sheet.merged_cells.ranges == before.merged_cells.ranges
    assert sheet.column_dimensions["B"].width == before.column_dimensions["B"].width
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == (before.freeze_panes, before.auto_filter.ref)
    assert [each.formula1 for each in sheet.data_validations.dataValidation] == ['"Open,Submitted,Accepted"']
    assert len(sheet.conditional_formatting) == 1
    assert openpyxl.load_workbook(tmp_path / "back.xlsx").sheetnames == ["Instructions", SHEET]


def test_what_begins_like_a_formula_is_text(settings: Settings, book: Path, tmp_path: Path) -> None:
    imported(settings, book)
    attack = '=HYPERLINK("https://evil.example","x")'
    sheet = written(
        settings, book, tmp_path / "back.xlsx", {"1.01": dict.fromkeys((PbcField.EVIDENCE, PbcField.COMMENT), attack)}
    )
    for column in "GJ":
        cell = sheet[f"{column}{rows_of(book)['1.01']}"]
        assert (cell.value, cell.data_type, cell.quotePrefix) == (attack, "s", True)


def test_another_file_than_was_imported_is_not_written_into(settings: Settings, book: Path, tmp_path: Path) -> None:
    imported(settings, book)
    change(book, B8="Another request")
    with pytest.raises(ConfigurationError, match="Import this one first"):
        write_back(book, tmp_path / "back.xlsx", read_list(settings, "soc2"), {})
    assert not (tmp_path / "back.xlsx").exists()


def test_a_csv_list_goes_the_same_way(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_text("\ufeffRef;Request;Criteria;Client Status\nA1;Access list;CC6.1;\n;;;\nA2;Leavers;CC6.2;\n", encoding="utf-8")
    found = import_list(settings, "plain", file, PERIOD, NOTHING)
    assert [(each.id, each.row) for each in found.requests.requests] == [("A1", 2), ("A2", 4)]
    write_back(file, tmp_path / "back.csv", found.requests, {"A2": {PbcField.OUR_STATUS: "=1+1", PbcField.COMMENT: "two\nlines"}})
    with (tmp_path / "back.csv").open(newline="", encoding="utf-8") as opened:
        rows = list(csv.reader(opened, delimiter=";"))
    assert rows[0] == ["\ufeffRef".removeprefix("\ufeff"), "Request", "Criteria", "Client Status", "Evidence", "Our comment"]
    assert rows[3] == ["A2", "Leavers", "CC6.2", "'=1+1", "", "two\nlines"]


def test_requests_without_a_match_get_suggestions_that_say_so(settings: Settings, book: Path) -> None:
    controls = read_program(settings).controls
    change(book, **{f"B{rows_of(book)['3.01']}": "Merged pull requests and their approvals"})
    made = suggest_matches(imported(settings, book).requests, controls)
    [request] = [each for each in made.requests if each.id == "3.01"]
    assert request.matches
    assert all(each.is_suggestion for each in request.matches)
    assert {"CC8.1"} <= {criterion for each in request.matches for criterion in controls[each.control].criterion_ids}
    confirmed = match_request(made, "3.01", PbcMatch(control=request.matches[0].control, by="CTO"), controls)
    [after] = [each for each in confirmed.requests if each.id == "3.01"]
    assert [each.by for each in after.matches if each.control == request.matches[0].control] == ["CTO"]


@pytest.mark.parametrize(
    ("request_id", "match", "words"),
    [
        ("9.99", PbcMatch(control="cc8_1_change_management", by="CTO"), "no request '9.99'"),
        ("1.01", PbcMatch(control="cc8_1_change_management"), "who says that it matches"),
        ("1.01", PbcMatch(control="cc8_1_change_managemen", by="CTO"), "cc8_1_change_management"),
        ("1.01", PbcMatch(control="cc8_1_change_management", system="x", by="CTO"), "no system 'x'"),
    ],
)
def test_what_can_not_be_matched_says_why(settings: Settings, book: Path, request_id: str, match: PbcMatch, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        match_request(imported(settings, book).requests, request_id, match, read_program(settings).controls)


def test_a_sheet_without_headings_says_what_it_has(settings: Settings, book: Path) -> None:
    with pytest.raises(ConfigurationError, match="Please upload everything by the due date"):
        imported(settings, book, Said(sheet="Instructions", columns={}))
    with pytest.raises(ConfigurationError, match="Sheets: Instructions, PBC list"):
        import_list(settings, "soc2", book, PERIOD, NOTHING)
    with pytest.raises(ConfigurationError, match="expected the period that it is for"):
        imported(settings, book, period=None)
