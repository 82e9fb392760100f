# SPDX-License-Identifier: Apache-2.0
"""An auditor's list on a real object store: matched, asked about, answered, exported; what is signed is intact."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from tests.stack import CONTROL, Store, merge, write_csv
from tests.unit.flows.pbc_book import SHEET, make_book, rows_of
from tieout.audit.pbc_questions import CAMPAIGN, assignment_of
from tieout.cli import main
from tieout.evidence.keys import Scope
from tieout.evidence.layout import RESPONSES
from tieout.evidence.responses import Response, write_response
from tieout.evidence.store import Retention
from tieout.evidence.verify import Outcome
from tieout.flows.pbc_questions import read_questions
from tieout.flows.snapshot import PROGRAM

pytestmark = pytest.mark.integration
SYSTEM, REQUEST = "shop_csv", "3.01"
QUESTION = "=Which tags are protected?\nAnd since when?"


@dataclass
class Desk:
    """The program's files and bucket, with an auditor's list imported and one request matched."""

    store: Store
    book: Path

    def run(self, *arguments: str, who: str = "responder", code: int = 0) -> Result:
        env = {**self.store.environment(who), "TIEOUT_HOME": str(self.store.settings.home)}
        done = CliRunner().invoke(main, ["pbc", *arguments], env=env)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    def ask(self, text: str, *options: str, request: str = REQUEST) -> str:
        said = self.run("ask", "soc2", request, text, "--by", "Security Lead", *options).stdout
        found = re.match(r"question ([0-9a-f]{32}), (recorded|stands already): s3://", said)
        assert found is not None, said
        return found[1]

    def responses(self) -> list[str]:
        return sorted(self.store.bucket("auditor").keys(RESPONSES))

    def status(self, *options: str, code: int = 1) -> Result:
        return self.run("status", "--list", "soc2", *options, who="auditor", code=code)

    def document(self, request: str = REQUEST) -> dict[str, Any]:
        [found] = json.loads(self.status("--request", request, "--json").stdout)
        return dict(found)


@pytest.fixture(scope="module")
def desk(own_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    rows = [merge(number, "2026-01-05") for number in range(3)]
    own_store.land(SYSTEM, "2026-01", path=str(write_csv(folder / "january.csv", rows)))
    made = Desk(own_store, make_book(folder / "requests.xlsx"))
    made.run("import", str(made.book), "--list", "soc2", "--period", "2026-H1", "--sheet", SHEET)
    made.run("match", "--list", "soc2", "--request", REQUEST, "--control", CONTROL, "--system", SYSTEM, "--by", "CTO")
    return made


def test_a_question_and_its_answer_stand_beside_the_request_with_who_and_when(desk: Desk) -> None:
    text = "Which branches are protected?\nAnd since when?"
    before = sum(each["open"] for each in desk.document()["questions"])
    question = desk.ask(text)
    assert f"{before + 1} open question" in desk.status("--request", REQUEST).stderr
    assert f"{before + 1} open question" in next(line for line in desk.status().stdout.splitlines() if line.startswith(REQUEST))
    [asked] = [each for each in desk.document()["questions"] if each["id"] == question]
    assert (asked["side"], asked["text"], asked["by"], asked["open"]) == ("auditor", text, "Security Lead", True)

    stored = desk.responses()
    desk.run("answer", "soc2", REQUEST, question[:10], "main, since 2025.", "--by", "CTO")
    assert len(desk.responses()) == len(stored) + 1, "nothing is written over"
    assert set(stored) < set(desk.responses())
    [asked] = [each for each in desk.document()["questions"] if each["id"] == question]
    assert [(each["side"], each["text"], each["by"]) for each in asked["answers"]] == [("management", "main, since 2025.", "CTO")]
    assert not asked["open"]
    said = desk.status("--request", REQUEST).stdout
    assert re.search(rf"question {question}  auditor, \d{{4}}-\d\d-\d\d \d\d:\d\d UTC, entered by Security Lead\n", said)
    assert re.search(
        r"answer [0-9a-f]{32}  management, \d{4}-\d\d-\d\d \d\d:\d\d UTC, entered by CTO\n +main, since 2025\.\n", said
    )


def test_the_same_words_again_are_stored_once(desk: Desk) -> None:
    question = desk.ask("Twice?", "--from", "management")
    arguments = ("answer", "soc2", REQUEST, question, "Once.", "--by", "CTO")
    assert "recorded" in desk.run(*arguments).stdout
    stored = desk.responses()
    assert desk.ask("Twice?", "--from", "management") == question
    assert "stands already" in desk.run(*arguments).stdout
    assert desk.responses() == stored
    [asked] = [each for each in desk.document()["questions"] if each["id"] == question]
    assert (asked["side"], [each["side"] for each in asked["answers"]]) == ("management", ["auditor"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("answer", "soc2", REQUEST, "0" * 32, "x"), "digits or more of one question's id"),
        (("answer", "soc2", "3.02", "{question}", "x"), "Questions: none"),
        (("answer", "soc2", REQUEST, "{short}", "x"), "digits or more of one question's id"),
        (("ask", "soc2", "3.1", "x"), "no request '3.1' in this list"),
        (("ask", "soc2", REQUEST, " "), "expected 1 to 4000 characters"),
        (("ask", "soc2", REQUEST, "a\x07b"), "no control characters"),
        (("ask", "nothing", REQUEST, "x"), "no PBC list 'nothing'"),
        (("ask", "../soc2", REQUEST, "x"), "expected lower-case letters"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(desk: Desk, arguments: tuple[str, ...], words: str) -> None:
    question = desk.ask("Refused?")
    stored = desk.responses()
    given = [each.format(question=question, short=question[:7]) for each in arguments]
    assert words in desk.run(*given, "--by", "CTO", code=1).stderr
    assert desk.responses() == stored


def test_what_a_later_release_says_is_left_out_and_all_of_it_is_intact(desk: Desk) -> None:
    question = desk.ask("Known?")
    store, now = desk.store.bucket("responder"), desk.store.clock()
    for said in (
        {"says": "withdrawal", "list": "soc2", "request": REQUEST, "question": question},
        {
            "says": "answer",
            "list": "soc2",
            "request": REQUEST,
            "side": "management",
            "question": question,
            "text": "x",
            "seen": "y",
        },
    ):
        response = Response(
            observation_period="2026-H1", control=PROGRAM, campaign=CAMPAIGN, assignment=assignment_of("soc2", REQUEST),
            person="CTO", answer=said, at=now,
        )  # fmt: skip
        retention = Retention("COMPLIANCE", datetime(2034, 1, 5, tzinfo=UTC), "AES256", "")
        assert write_response(response, store, desk.store.stack.installation.signer(Scope.RESPONSE), retention)
    [asked] = [each for each in read_questions(desk.store.bucket("auditor"), "soc2") if each.id == question]
    assert asked.is_open
    desk.store.seal()
    report = desk.store.verify()
    assert report.outcome is Outcome.INTACT, report.as_text()


def test_the_export_has_lineage_reasons_and_a_sheet_of_questions(desk: Desk, tmp_path: Path) -> None:
    question = desk.ask(QUESTION)
    desk.run("export", str(desk.book), "--list", "soc2", "--to", str(tmp_path / "back.xlsx"), who="auditor")
    before, book = openpyxl.load_workbook(desk.book), openpyxl.load_workbook(tmp_path / "back.xlsx")
    assert book.sheetnames == [*before.sheetnames, "Questions"]
    rows = list(book["Questions"].iter_rows(min_row=2))
    [row] = [each for each in rows if each[1].value == question]
    assert (row[0].value, row[2].value, row[4].value, row[5].value) == (REQUEST, "auditor", "Security Lead", QUESTION)
    assert (row[5].data_type, row[5].quotePrefix) == ("s", True), "it begins like a formula and is text"
    sheet, number = book[SHEET], rows_of(desk.book)[REQUEST]
    document = desk.document()
    [landed] = document["evidence"]
    assert re.fullmatch("[0-9a-f]{64}", landed["manifest_sha256"])
    assert sheet[f"F{number}"].value == document["our_status"] == "evidence landed, more awaited"
    assert sheet[f"H{number}"].value == "Requested", "the auditor's own status stays"
    assert sheet[f"J{number}"].value == (
        f"{CONTROL} 2026-01 {SYSTEM}: 3 rows, row hash {landed['rows_sha256']}, {landed['manifest_key']}"
    )
    assert sheet[f"G{number}"].value.startswith(f"Awaited: {CONTROL} 2026-02 {SYSTEM}")


def test_a_mapped_column_takes_the_questions_instead_of_a_sheet(desk: Desk, tmp_path: Path) -> None:
    question = desk.ask("In a column?", request="2.01")
    desk.run("import", str(desk.book), "--list", "columns", "--period", "2026-H1", "--sheet", SHEET, "--column", "questions=I")
    desk.run("ask", "columns", "2.01", "In a column?", "--by", "Security Lead")
    [asked] = json.loads(desk.run("status", "--list", "columns", "--request", "2.01", "--json", who="auditor", code=1).stdout)
    [own] = asked["questions"]
    assert own["id"] != question, "the same words about another list are another question"
    desk.run("answer", "columns", "2.01", own["id"], "Yes.", "--by", "CTO")
    desk.run("export", str(desk.book), "--list", "columns", "--to", str(tmp_path / "back.xlsx"), who="auditor")
    book, rows = openpyxl.load_workbook(tmp_path / "back.xlsx"), rows_of(desk.book)
    assert book.sheetnames == ["Instructions", SHEET]
    first, second = book[SHEET][f"I{rows['2.01']}"].value.splitlines()
    assert re.fullmatch(r"\[[0-9a-f]{8}\] auditor, .* UTC, entered by Security Lead: In a column\?", first)
    assert re.fullmatch(r"> \[[0-9a-f]{8}\] management, .* UTC, entered by CTO: Yes\.", second)
    assert book[SHEET][f"I{rows['2.02']}"].value == "WP-12", "a row without questions stays as it was"
