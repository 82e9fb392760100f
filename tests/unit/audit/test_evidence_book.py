# SPDX-License-Identifier: Apache-2.0
"""The tables of the evidence workbook, built of what a program has, written, and read back as a spreadsheet reads them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from tests.unit.audit.test_deviations import LATE, OBSERVED, ROW, answer
from tests.unit.criteria.axes import MONTHS, each_month, landing, make_control, standing
from tests.unit.evidence.signed_copy import Keys, SignedCopy, build_copy

from tieout.audit import evidence_book as book
from tieout.audit import program_book
from tieout.audit.deviations import DEVIATION_TYPE, fold, merge
from tieout.audit.workbook import BookTable, write_book
from tieout.contracts.odcs import contract_file, load_contract
from tieout.criteria.extractions import EventCounts
from tieout.evidence.index import index_row
from tieout.evidence.keys import generate_key
from tieout.evidence.layout import Place
from tieout.evidence.manifest import read_manifest
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.register import RegisterRow, register

CONTROL = "cc6_2_access_review"
FORMULA = '=HYPERLINK("https://evil.example","x")'
AT = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SignedCopy:
    folder = tmp_path_factory.mktemp("book")
    names = ("root", "landing", "digest", "stranger", "other_root")
    return build_copy(folder, Keys(*(generate_key(folder / f"{name}.pem") for name in names)))


def written(path: Path, *tables: BookTable) -> Any:
    """Write tables and return the workbook."""
    write_book(path / "evidence.xlsx", tables)
    return openpyxl.load_workbook(path / "evidence.xlsx")


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    heading, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def require_inert(sheet: Any) -> None:
    """Check that every text is typed as text, and one that looks like a formula is marked."""
    for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
        assert cell.data_type == "s"
        assert not cell.value.startswith(("=", "+", "-", "@")) or cell.quotePrefix


def test_controls_have_every_statement_that_was_in_force(tmp_path: Path) -> None:
    control = make_control(since=(date(2020, 1, 1), date(2026, 4, 1), date(2026, 9, 1)), title=FORMULA)
    sheet = written(tmp_path, program_book.controls_table({CONTROL: control}, [standing(control, *each_month(5, 5))]))["controls"]
    first, second = rows_of(sheet)
    assert (first["control"], first["title"], first["statement_version"], first["statement"]) == (
        CONTROL,
        FORMULA,
        "v1",
        "Wording 1.",
    )
    assert (second["statement_version"], second["effective_from"]) == ("v2", datetime(2026, 4, 1))  # noqa: DTZ001 - a sheet's day
    assert (first["owner"], first["nature"], first["frequency"], first["criteria"]) == ("IT Lead", "manual", "monthly", "CC6.2")
    require_inert(sheet)
    assert sheet["B2"].quotePrefix


def test_populations_are_landings_as_the_index_has_them_and_say_which_stand(copy: SignedCopy, tmp_path: Path) -> None:
    index = [index_row(read_manifest(copy.path(key).read_bytes(), key)) for key in copy.manifests]
    later = {
        **index[0],
        "landing": "github-later",
        "supersedes": index[0]["landing"],
        "supersede_reason": f"{FORMULA} was wrong.",
    }
    sheet = written(tmp_path, book.landings_table([*index, later]))["landings"]
    rows = rows_of(sheet)
    assert [each["rows"] for each in rows] == [5, 0, 2, 5]
    assert [each["stands"] for each in rows] == [False, True, True, True]
    assert [each["manifest_key"] for each in rows[:3]] == list(copy.manifests)
    assert rows[0]["rows_sha256"] == index[0]["rows_sha256"]
    assert rows[0]["landed_at (UTC)"] == datetime(2026, 11, 2, 6)  # noqa: DTZ001 - a sheet's time
    assert rows[3]["supersedes"] == index[0]["landing"]
    require_inert(sheet)


def test_performances_are_listed_one_by_one_and_events_are_counted(tmp_path: Path) -> None:
    monthly = standing(make_control(), *each_month(5, 5, 0))
    counts = EventCounts(on_time=3, late=2, not_performed=1, pending=0, not_determinable=4)
    events = standing(make_control("per_event"), landing("2026-01", events=counts))
    sheet = written(tmp_path, book.performances_table([monthly, events]))["performances"]
    rows = rows_of(sheet)
    assert len(rows) == len(monthly.performances) + len(events.performances)
    assert [each["state"] for each in rows[: len(MONTHS)]] == [each.state.value for each in monthly.performances]
    assert "not performed" in {each["state"] for each in rows}
    [counted] = [each for each in rows if each["on_time"] is not None and each["on_time"] + each["late"] > 0]
    names = ("on_time", "late", "not_performed", "pending", "not_determinable")
    assert [counted[name] for name in names] == [3, 2, 1, 0, 4]
    require_inert(sheet)


def test_deviations_are_all_there_whatever_management_says_of_them(repository: Path, tmp_path: Path) -> None:
    columns = load_contract(contract_file(repository / "include/evidence_schemas", DEVIATION_TYPE)).schema
    gone = replace(ROW, row_key="gone")
    said = answer("1", ROW, state="not confirmed", disposition=FORMULA, due="2026-09-01")
    found = fold(merge(OBSERVED.values(), [gone]), [said])
    rows = [{"control": each.observed.control, **each.as_row()} for each in found]
    sheet = written(tmp_path, book.deviations_table(rows, columns))["deviations"]
    read = {each["deviation"]: each for each in rows_of(sheet)}
    assert set(read) == {ROW.id, LATE.id, gone.id}
    assert (read[ROW.id]["control"], read[ROW.id]["state"], read[ROW.id]["disposition"]) == ("cc8_1", "not confirmed", FORMULA)
    assert [read[each.id]["in_evidence"] for each in (ROW, LATE, gone)] == [True, True, False]
    require_inert(sheet)


def test_selections_have_a_line_for_each_row_and_one_of_none_has_none(tmp_path: Path) -> None:
    facts = {
        "id": "shop-1",
        "control": CONTROL,
        "system": "shop",
        "method": "random",
        "stage": "+interim",
        "seal": "a" * 64,
        "at": AT,
    }
    sheet = written(tmp_path, book.selections_table([(facts, (4, 17)), ({**facts, "id": "shop-2"}, ())]))["selections"]
    rows = rows_of(sheet)
    assert [(each["selection"], each["number"], each["stage"]) for each in rows] == [
        ("shop-1", 4, "+interim"),
        ("shop-1", 17, "+interim"),
    ]
    assert rows[0]["recorded_at (UTC)"] == AT.replace(tzinfo=None)
    require_inert(sheet)


def test_what_was_taken_away_says_who_why_and_when(tmp_path: Path) -> None:
    place = Place("2026-H1", CONTROL, "2026-02")
    record = Record(place=place, kind=RecordKind.DID_NOT_LAND, system="idp", reason=FORMULA, by="-task", at=AT, facts={})
    sheet = written(tmp_path, book.taken_away_table(register([], {record.key: record})))["taken away"]
    [row] = rows_of(sheet)
    assert (row["kind"], row["control"], row["window"], row["reason"]) == ("did not land", CONTROL, "2026-02", FORMULA)
    assert (row["document"], row["by"]) == (record.key, "-task")
    require_inert(sheet)


def test_a_table_of_nothing_has_its_headings_all_the_same(repository: Path, tmp_path: Path) -> None:
    columns = load_contract(contract_file(repository / "include/evidence_schemas", DEVIATION_TYPE)).schema
    tables = (
        program_book.controls_table({}, []), book.landings_table([]), book.performances_table([]),
        book.deviations_table([], columns), book.selections_table([]), book.taken_away_table([]),
    )  # fmt: skip
    found = written(tmp_path, *tables)
    assert found.sheetnames == ["controls", "landings", "performances", "deviations", "selections", "taken away"]
    assert all(sheet.max_row == 1 and sheet["A1"].value for sheet in found)
    assert [cell.value for cell in found["taken away"][1]] == [each.name for each in fields(RegisterRow)]


@pytest.mark.parametrize("count", [0, 1, 4_999, 5_000, 5_001, 10_000])
def test_no_row_is_lost_between_batches(count: int) -> None:
    schema = pa.schema([("number", pa.int64())])
    tables = list(book.batches(({"number": number} for number in range(count)), schema))
    assert [number for table in tables for number in table["number"].to_pylist()] == list(range(count))
    assert max(table.num_rows for table in tables) <= 5_000
    assert {table.schema for table in tables} == {schema}
