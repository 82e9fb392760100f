# SPDX-License-Identifier: Apache-2.0
"""Licensed wording: what is taken from a CSV or XLSX file, what is not and why, and where it is shown."""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from tieout.cli import main
from tieout.criteria import overlay_files, workbooks
from tieout.criteria.catalogue import Catalogue, load_catalogue
from tieout.criteria.overlay import MAX_TEXT, LicensedTexts, import_texts, normalized_id, texts, wording
from tieout.documents import load
from tieout.errors import ConfigurationError
from tieout.settings import Settings

Rows = Sequence[Sequence[str | None]]
WHOLE = [
    ("Reference", "Wording"),
    ("CC 6.1", "Official one."),
    (None, "Official point one."),
    ("", "Official point two."),
    ("cc8.1", "Official two."),
    ("CC8.1-POF2", "Official point two of two."),
]
TAKEN = {
    "CC6.1": "Official one.",
    "CC6.1-POF1": "Official point one.",
    "CC6.1-POF2": "Official point two.",
    "CC8.1": "Official two.",
    "CC8.1-POF2": "Official point two of two.",
}


@pytest.fixture
def settings(tmp_path: Path, repository: Path) -> Settings:
    """Return the settings of a small valid project."""
    shutil.copytree(repository / "tests/fixtures/small_project", tmp_path / "project")
    return Settings(home=tmp_path / "project")


@pytest.fixture
def catalogue(settings: Settings) -> Catalogue:
    """Return its catalogue."""
    return load_catalogue(settings.criteria_folder / "tsc_2017_rev2022.yaml")


def write_csv(path: Path, rows: Rows, delimiter: str = ",") -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_xlsx(path: Path, rows: Rows, *more_sheets: str, sheet: str = "TSC") -> Path:
    """Write a workbook; a text that starts with '=' becomes a formula."""
    workbook = openpyxl.Workbook()
    active = workbook.active
    active.title = sheet
    for row in rows:
        active.append(row)
    for name in more_sheets:
        workbook.create_sheet(name)
    workbook.save(path)
    workbook.close()
    return path


def write(path: Path, rows: Rows) -> Path:
    """Write a file of the kind that its name says."""
    return write_csv(path, rows) if path.suffix == ".csv" else write_xlsx(path, rows)


@pytest.fixture(params=["wording.csv", "wording.xlsx"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the path of a file of each kind."""
    return tmp_path / str(request.param)


def test_texts_are_imported_with_where_they_came_from(settings: Settings, file: Path) -> None:
    imported = import_texts(settings, write(file, WHOLE))
    assert (imported.unmatched, imported.without) == ((), ("CC8.1-POF1", "CC8.1-POF3"))
    assert imported.path == settings.criteria_folder / "licensed/tsc_2017_rev2022.yaml"
    licensed = load(imported.path, LicensedTexts)
    assert licensed.texts == TAKEN
    assert list(licensed.texts) == list(TAKEN)
    assert licensed.source_file == file.name
    assert licensed.source_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert texts(settings) == TAKEN
    assert [path.name for path in imported.path.parent.iterdir()] == [imported.path.name]


def test_official_wording_stands_where_it_was_imported_and_ours_elsewhere(
    settings: Settings, catalogue: Catalogue, tmp_path: Path
) -> None:
    assert texts(settings) == {}
    assert wording(catalogue, texts(settings), "CC6.1") == "Who may use what is decided."
    import_texts(settings, write_csv(tmp_path / "wording.csv", WHOLE))
    overlay = texts(settings)
    assert wording(catalogue, overlay, "CC6.1") == "Official one."
    assert wording(catalogue, overlay, "CC6.1-POF2") == "Official point two."
    assert wording(catalogue, overlay, "CC8.1-POF1") == "Changes are asked for."
    with pytest.raises(ConfigurationError, match=r"no criterion or point of focus 'CC8\.1-POF9'\. Did you mean 'CC8\.1-POF\d'\?"):
        wording(catalogue, overlay, "CC8.1-POF9")


@pytest.mark.parametrize("text", ["yes", "2026-01-01", "two\nlines", "a: b # c", "„Umlaut“ 中", "\x07bell", "- x", "'"])
def test_any_text_comes_back_as_it_was(settings: Settings, tmp_path: Path, text: str) -> None:
    import_texts(settings, write_csv(tmp_path / "wording.csv", [("id", "text"), ("CC6.1", text)]))
    assert texts(settings) == {"CC6.1": text}


def test_an_import_overwrites_an_earlier_one_only_when_told(settings: Settings, tmp_path: Path) -> None:
    import_texts(settings, write_csv(tmp_path / "a.csv", WHOLE))
    other = write_csv(tmp_path / "b.csv", [("id", "text"), ("CC6.1", "Another.")])
    with pytest.raises(ConfigurationError, match=r"tsc_2017_rev2022\.yaml: texts were imported before\. --replace"):
        import_texts(settings, other)
    assert texts(settings) == TAKEN
    import_texts(settings, other, replace=True)
    assert texts(settings) == {"CC6.1": "Another."}


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("CC6.1", "CC6.1"),
        (" cc 6.1 ", "CC6.1"),
        ("CC6.1.", "CC6.1"),
        ("CC6.1-POF2", "CC6.1-POF2"),
        ("CC 6.1 – POF 02", "CC6.1-POF2"),
        ("PI1.3:", "PI1.3"),
        ("CC6", None),
        ("CC6.10", None),
        ("X6.1", None),
        ("CC6.1-POF", None),
        ("CC٦.1", None),
        ("", None),
    ],
)
def test_an_id_is_read_in_the_forms_that_files_use(text: str, id_: str | None) -> None:
    assert normalized_id(text) == id_


@pytest.mark.parametrize(
    ("rows", "unmatched"),
    [
        ([(None, "A text.")], [(2, "it has no id, and no criterion of the catalogue stands above it")]),
        ([("Logical access", "x")], [(2, "expected an id such as CC6.1 or CC6.1-POF2, got 'Logical access'")]),
        (
            [("CC6.8", "x"), (None, "y")],
            [(2, "CC6.8 is not in the catalogue. Did you mean 'CC6.1'?"), (3, "it has no id, and no")],
        ),
        ([("CC8.1-POF8", "x")], [(2, "CC8.1-POF8 is not in the catalogue.")]),
        ([("CC6.1", "")], [(2, "there is no text")]),
        ([("CC6.1", "x" * (MAX_TEXT + 1))], [(2, f"expected a text of at most {MAX_TEXT} characters, got {MAX_TEXT + 1}")]),
        ([("CC6.1", "x"), ("CC6.1", "y")], [(3, "CC6.1 has its text from row 2. A point of focus stands below its criterion")]),
        (
            [("CC6.1", "x"), (None, "only one")],
            [(3, "1 rows without an id stand below CC6.1, which has 2 points of focus here. Give each its id")],
        ),
        ([("CC6.1", "x"), (None, "a"), (None, "b"), (None, "c")], [(3, "3 rows without"), (4, "3 rows"), (5, "3 rows")]),
        ([("CC6.1-POF1", "x"), (None, "a"), (None, "b")], [(3, "CC6.1-POF1 has its text from row 2.")]),
    ],
)
def test_a_row_that_does_not_match_is_named_with_its_number_and_why(
    settings: Settings, file: Path, rows: Rows, unmatched: list[tuple[int, str]]
) -> None:
    found = import_texts(settings, write(file, [("ID", "TEXT"), *rows])).unmatched
    assert [each.row for each in found] == [row for row, _ in unmatched]
    assert all(each.why.startswith(why) for each, (_, why) in zip(found, unmatched, strict=True)), found


def test_where_nothing_matches_nothing_is_written(settings: Settings, file: Path) -> None:
    imported = import_texts(settings, write(file, [("id", "text"), ("X", "y")]))
    assert imported.path is None
    assert len(imported.without) == 7
    assert not (settings.criteria_folder / "licensed").exists()


def test_blank_rows_count_and_say_nothing(settings: Settings, file: Path) -> None:
    rows = [("note", "id", "text"), ("", "", ""), ("seen", None, None), ("", "CC6.2", "x")]
    (unmatched,) = import_texts(settings, write(file, rows)).unmatched
    assert unmatched.row == 4


def test_semicolons_and_a_byte_order_mark_are_read(settings: Settings, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "wording.csv", WHOLE, ";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert import_texts(settings, path).texts == TAKEN


def test_a_formula_is_refused_and_not_evaluated(settings: Settings, tmp_path: Path) -> None:
    rows = [("id", "text"), ("CC6.1", '=CONCAT("a","b")'), ('="CC8.1"', "x"), ("CC8.1", "#REF!"), ("CC8.1-POF1", "Fine.")]
    imported = import_texts(settings, write_xlsx(tmp_path / "wording.xlsx", rows))
    assert [(each.row, each.why) for each in imported.unmatched] == [
        (2, "the text is a formula, and Tieout evaluates none: paste its value"),
        (3, "the id is a formula, and Tieout evaluates none: paste its value"),
        (4, "the text is the error #REF!"),
    ]
    assert imported.texts == {"CC8.1-POF1": "Fine."}


def test_a_sheet_is_named_where_there_are_several(settings: Settings, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "wording.xlsx", WHOLE, "Notes")
    for sheet, asked in ((None, "no --sheet"), ("tsc", "--sheet tsc")):
        with pytest.raises(ConfigurationError, match=rf"expected one of its sheets, got {asked}\. Sheets: TSC, Notes\."):
            import_texts(settings, path, sheet)
    with pytest.raises(ConfigurationError, match=r"row 1: expected a header .*, got an empty row"):
        import_texts(settings, path, "Notes")
    assert import_texts(settings, path, "TSC").texts == TAKEN


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.xls", b"x", r"expected a file that ends in \.csv or \.xlsx"),
        ("a.csv", b"", "row 1: expected a header with exactly one column called id, criterion, reference .*, got an empty row"),
        ("a.csv", b"number,text\n", "expected a header with exactly one column called id, .*, got 'number', 'text'"),
        ("a.csv", b"id,words\n", "exactly one column called text, wording, description .*, got 'id', 'words'"),
        ("a.csv", b"id,reference,text\n", "exactly one column called id, "),
        ("a.csv", b"id,text\n\xff,x\n", "no UTF-8"),
        ("a.csv", b'id,text\nCC6.1,"x\n', "line 2: no CSV: unexpected end of data"),
        ("a.xlsx", b"id,text\n", "no XLSX workbook that can be read: BadZipFile"),
        ("a.xlsx", b"PK\x05\x06" + bytes(18), "no XLSX workbook that can be read: KeyError"),
    ],
)
def test_a_file_that_is_no_table_is_refused(settings: Settings, tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        import_texts(settings, path)
    assert str(caught.value).startswith(f"{path}: ")


def test_bounds_hold(settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay_files, "MAX_ROWS", 3)
    write(file, [("id", "text"), ("CC6.1", "x"), *[("", "")] * 5])
    assert import_texts(settings, file).texts == {"CC6.1": "x"}
    write(file, [("id", "text"), *[("CC6.1", "x")] * 4])
    with pytest.raises(ConfigurationError, match="row 5: expected at most 3 rows below the header"):
        import_texts(settings, file, replace=True)
    monkeypatch.setattr(workbooks, "MAX_FILE_BYTES", 10)
    with pytest.raises(ConfigurationError, match="expected at most 10 bytes, got more"):
        import_texts(settings, file, replace=True)


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(ConfigurationError, match="expected at most 1000 bytes unpacked, got "):
        import_texts(settings, write_xlsx(tmp_path / "a.xlsx", WHOLE))


def test_a_csv_file_has_no_sheets(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--sheet TSC: a CSV file has no sheets"):
        import_texts(settings, write_csv(tmp_path / "a.csv", WHOLE), "TSC")


def test_texts_of_another_edition_are_refused(settings: Settings, tmp_path: Path) -> None:
    path = import_texts(settings, write_csv(tmp_path / "a.csv", WHOLE)).path
    assert path
    path.write_text(path.read_text().replace("edition: tsc_2017_rev2022", "edition: tsc_2017"))
    with pytest.raises(ConfigurationError, match=r"expected edition 'tsc_2017_rev2022', as the file name says, got 'tsc_2017'"):
        texts(settings)


def test_git_ignores_licensed_texts(repository: Path) -> None:
    command = ["git", "check-ignore", "--quiet", "include/criteria/licensed/tsc_2017_rev2022.yaml"]
    assert subprocess.run(command, cwd=repository, check=False).returncode == 0


@pytest.fixture
def tieout(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Return a runner of the command line in the small project."""
    monkeypatch.setenv("TIEOUT_HOME", str(settings.home))
    return CliRunner()


def run(tieout: CliRunner, *arguments: str) -> Result:
    """Run ``tieout criteria``."""
    return tieout.invoke(main, ["criteria", *arguments])


def test_the_import_command_reports_and_exits_with_one_for_rows_that_did_not_match(tieout: CliRunner, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "wording.csv", WHOLE)
    result = run(tieout, "import", str(path))
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:2] == [
        "without a text, so that our summary stands: CC8.1-POF1, CC8.1-POF3",
        "2 criteria and 3 points of focus got a text; 0 rows not matched, 2 ids without a text",
    ]
    write_csv(path, [*WHOLE, ("Annex", "x")])
    result = run(tieout, "import", str(path), "--replace")
    assert result.exit_code == 1
    assert result.output.splitlines()[0] == "row 7: not matched: expected an id such as CC6.1 or CC6.1-POF2, got 'Annex'."
    assert run(tieout, "import", str(path)).exit_code == 1
    assert run(tieout, "import", str(tmp_path / "absent.csv")).exit_code == 2


def test_a_criterion_is_shown_in_our_words_with_controls_and_what_management_says(tieout: CliRunner) -> None:
    result = run(tieout, "show", "cc 8.1")
    assert result.exit_code == 0, result.output
    assert result.output == (
        "CC8.1  criterion, Change; category security\n"
        "  in our words: Changes are made on purpose.\n"
        "  controls, mapping reviewed:\n"
        "    none\n"
        "  controls, mapping proposed:\n"
        "    cc8_1_changes: A second person lets each change in\n"
        "      It is let in on purpose.\n"
        "  CC8.1-POF1  Changes are asked for.\n"
        "    management: addressed\n"
        "      by Head on 2026-01-05, to be reviewed by 2027-01-05: Each change is asked for.\n"
        "      addressed by: cc8_1_changes, change.v1, The change policy\n"
        "  CC8.1-POF2  Changes are tried out.\n"
        "    management: not considered by management\n"
        "  CC8.1-POF3  Changes are let in.\n"
        "    management: not considered by management\n"
    )


def test_a_point_of_focus_is_shown_with_our_wording_beside_the_official_one(
    tieout: CliRunner, settings: Settings, tmp_path: Path
) -> None:
    import_texts(settings, write_csv(tmp_path / "a.csv", WHOLE))
    assert run(tieout, "show", "CC6.1-POF2").output == (
        "CC6.1-POF2  point of focus of CC6.1, Access; category security\n"
        "  in our words: Keys are kept.\n"
        "  official wording, under your licence: Official point two.\n"
        "  controls, mapping reviewed:\n"
        "    cc6_1_access: Access is reviewed every quarter\n"
        "      Keys are looked at.\n"
        "  controls, mapping proposed:\n"
        "    none\n"
        "  management: not considered by management\n"
        "    proposed: cc6_1_access\n"
    )
    assert "    none\n  controls, mapping proposed:\n    none\n" in run(tieout, "show", "CC6.1-POF1").output


def test_an_unknown_id_is_refused_with_the_closest_one(tieout: CliRunner) -> None:
    result = run(tieout, "show", "CC8.2")
    assert result.exit_code == 1
    assert "no criterion or point of focus 'CC8.2'. Did you mean 'CC8.1'?" in result.stderr
