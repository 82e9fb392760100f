# SPDX-License-Identifier: Apache-2.0
"""Deviations over some months: SQL over the register equals SQL over the evidence, whatever management says of them."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from tests.program import Program, leaver_values, merge_values, noon, review_values
from tests.stack import Store
from tieout.cli import main
from tieout.evidence import verify_package
from tieout.evidence.keys import Scope
from tieout.evidence.landing import LandingReference
from tieout.evidence.verify import Outcome
from tieout.flows.close import close, open_points
from tieout.flows.deviations import Register, read_register
from tieout.flows.deviations_landing import land_registers
from tieout.flows.index import landings
from tieout.flows.status import choose_period, read_facts, read_program, status
from tieout.flows.upkeep import retention_for

pytestmark = pytest.mark.integration

CHANGES, LEAVERS, REVIEWS = "cc8_1_change_management", "cc6_2_offboarding", "cc6_3_privileged_access_review"
MONTHS = 3
CORRECTED = 1
"""Month that is extracted again after somebody added a pull request to a merge that had none."""


@dataclass
class Months:
    """The program after its months, and where its evidence is."""

    program: Program
    store: Store

    def register(self) -> Register:
        """Read the register as of now."""
        settings, bucket, now = self.store.settings, self.store.bucket("auditor"), self.store.clock()
        program = read_program(settings)
        period = choose_period(program.scope.observation_periods, self.program.period, date.min)
        found = status(program, read_facts(bucket, now), period, now)
        with tempfile.TemporaryDirectory() as work:
            return read_register(settings, bucket, program, found, landings(bucket, superseded=True), Path(work))

    def land_registers(self) -> list[LandingReference]:
        """Land the registers as of now."""
        register, signer = self.register(), self.store.stack.installation.signer(Scope.LANDING)
        with tempfile.TemporaryDirectory() as work:
            return land_registers(
                self.store.settings, self.store.bucket(), signer, read_program(self.store.settings), register, Path(work),
                self.store.clock,
            )  # fmt: skip

    def run(self, *arguments: str, who: str = "responder") -> Result:
        """Run a command as an identity."""
        env = {**self.store.environment(who), "TIEOUT_HOME": str(self.program.home)}
        return CliRunner().invoke(main, [arguments[0], *arguments[1:], "--period", self.program.period], env=env)

    def deviations(self, *arguments: str, who: str = "responder", code: int = 0) -> str:
        """Run ``tieout deviations``; return what it prints."""
        done = self.run("deviations", *arguments, who=who)
        assert done.exit_code == code, (done.output, done.exception)
        return done.stdout

    def listed(self, *options: str) -> dict[str, Any]:
        """Return what ``tieout deviations list`` prints for the auditor."""
        done = self.run("deviations", "list", "--json", *options, who="auditor")
        said: dict[str, Any] = json.loads(done.stdout)
        assert done.exit_code == int(said["counts"]["open"] > 0), done.output
        return said


def fill(program: Program) -> None:
    """Fill the sources: one leaver is late and one missed, and so are the reviews of the first two months."""
    for month in range(MONTHS):
        first = program.month(month)
        for day in (3, 10, 17):
            values = merge_values(100 * month + day, noon(first, day))
            if day == 10:
                values["pull_request"] = ""
            if day == 10 and month == MONTHS - 1:
                values["committer"] = values["author"]  # two rules of one row
            program.add(CHANGES, "shop_csv", **values)
        late = timedelta(days=6) if month == 0 else timedelta(hours=1)
        program.add(LEAVERS, "hris", **leaver_values(month, noon(first, 8), noon(first, 8) + late, noon(first, 1)))
    missed = leaver_values(50, noon(program.month(1), 8), noon(program.month(1), 9), noon(program.month(1), 1))
    program.add(LEAVERS, "hris", **{**missed, "completed_at": "", "approver": ""})
    program.add(REVIEWS, "idp", **review_values(f"PAR-{program.key(0)}", 1, noon(program.month(1), 19)))


@pytest.fixture(scope="module")
def months(own_store: Store) -> Months:
    """Run the months, extract one of them again, and land the registers."""
    end = datetime.now(UTC).date().replace(day=1)
    before = end.year * 12 + end.month - 1 - MONTHS
    program = Program(own_store.settings.home, date(before // 12, before % 12 + 1, 1), end)
    program.keep(CHANGES, LEAVERS, REVIEWS)
    said = program.read(REVIEWS)
    said["statements"][0]["effective_from"] = str(program.first_day)
    said["control_frequency"] = {"every": "monthly", "due": {"days": 5, "count": "business"}, "grace_days": 15}
    program.write(REVIEWS, said)
    fill(program)
    made = Months(program, own_store)
    for month in range(MONTHS):
        at = min(noon(program.month(month + 1)), datetime.now(UTC))
        program.drop(at)
        for control, system in program.entries:
            own_store.land_as_of(control, system, program.key(month), at)
    [merge] = [each for each in program.entries[CHANGES, "shop_csv"] if each.values["sha"] == f"{100 * CORRECTED + 10:040x}"]
    merge.values["pull_request"] = "77"
    program.drop(datetime.now(UTC))
    again = noon(program.month(CORRECTED + 1), 2)
    own_store.land_as_of(CHANGES, "shop_csv", program.key(CORRECTED), again, "The ticket was linked late.")
    assert made.land_registers()
    return made


def counted(months: Months, folder: Path) -> tuple[int, int, int]:
    """Return what SQL counts: in the evidence, in the register by rows, and in it by occurrences."""
    auditor = months.store.bucket("auditor")
    for key in auditor.keys("evidence/"):
        target = folder / key
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(auditor.read(key, None) or b"")
    said = json.loads(months.run("status", "--json", who="auditor").stdout)
    performances = [each for control in said["controls"] for each in control["performances"] if each["events"] is None]
    with duckdb.connect() as connection:
        connection.register("landed", pa.Table.from_pylist(landings(auditor, period="simulated")))
        connection.register("performances", pa.table({"state": [each["state"] for each in performances]}))
        connection.execute("CREATE VIEW regular AS SELECT * FROM landed WHERE \"window\" SIMILAR TO '\\d{4}-\\d{2}'")
        connection.execute(
            "CREATE VIEW registers AS SELECT * FROM landed WHERE starts_with(\"window\", 'deviations-') "
            "QUALIFY row_number() OVER (PARTITION BY control, system ORDER BY collected_at DESC) = 1"
        )
        table = {name: f"read_parquet('{folder}/evidence/{name}/**/*.parquet')" for name in ("rule_result", "deviation")}
        queries = {
            "evidence": f"""
                SELECT (SELECT count(*) FROM {table["rule_result"]} WHERE result = 'not met'
                        AND _landing IN (SELECT landing FROM regular))
                     + (SELECT sum(coalesce(events_late, 0) + coalesce(events_not_performed, 0)) FROM regular)
                     + (SELECT count(*) FROM performances WHERE state IN ('performed late', 'not performed'))""",
            "rows": f"""SELECT count(*) FROM {table["deviation"]} WHERE in_evidence
                        AND _landing IN (SELECT landing FROM registers)""",
            "occurrences": f"""SELECT sum(occurrences) FROM {table["deviation"]}
                               WHERE _landing IN (SELECT landing FROM registers)""",
        }  # fmt: skip
        evidence, rows, occurrences = (int(connection.execute(query).fetchall()[0][0]) for query in queries.values())
    return evidence, rows, occurrences


WITHOUT_REQUEST = MONTHS - 1
EXPECTED = WITHOUT_REQUEST + 1 + 2 + 1 + 1 + 1 + 1
"""Merges without a pull request but for the corrected one, one by its author, two rules of one leaver, a leaver late and one
missed, a review late and one missed."""


@dataclass
class Chapter:
    """What stood after a step: what SQL counts, what the auditor's list says, and what the step printed."""

    counts: tuple[int, int, int]
    said: dict[str, Any]
    printed: list[str] = field(default_factory=list)
    landed: int = 0

    def of(self, control: str, kind: str) -> dict[str, Any]:
        """Return the first deviation of a control and kind that is in evidence."""
        listed: list[dict[str, Any]] = self.said["deviations"]
        return next(each for each in listed if (each["control"], each["kind"], each["in_evidence"]) == (control, kind, True))


@dataclass
class Story:
    """What happens to the deviations of a period, step by step: a test of each step looks at what it left."""

    before: Chapter
    answered: Chapter
    accepted: Chapter
    closed: Chapter
    refused: list[tuple[Result, int, str]]
    quiet: int
    """Registers that landed where nothing had changed."""
    shown: str
    csv: str
    open_before: list[str]
    open_after: list[str]
    after_close: Result


@pytest.fixture(scope="module")
def story(months: Months, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Answer, accept, refuse, close; what needs an order happens here, so that tests need none."""
    folder = tmp_path_factory.mktemp("copy")

    def chapter(printed: list[str], landed: int = 0) -> Chapter:
        return Chapter(counted(months, folder), months.listed(), printed, landed)

    before = chapter([])
    quiet = len(months.land_registers())
    printed, late = answer(months, before)
    answered = chapter(printed, len(months.land_registers()))
    shown = months.deviations("show", late[:10], who="auditor")
    refused = refuse(months, before.of(LEAVERS, "performed late")["deviation"])
    printed = accept(months, before.of(LEAVERS, "not performed")["deviation"])
    accepted = chapter(printed, len(months.land_registers()))
    months.run("deviations", "list", "--csv", str(folder / "list.csv"), who="auditor")
    open_before = dispositions_open(months)
    names = [each.id for each in months.register().deviations if each.is_open]
    printed = [months.deviations("respond", *names, "--state", "confirmed", "--disposition", "Seen.", "--by", "CTO")]
    open_after = dispositions_open(months)
    landed = len(months.land_registers())
    shut(months)
    after_close = months.run("deviations", "respond", names[0], "--owner", "IT", "--by", "CTO")
    return Story(
        before, answered, accepted, chapter(printed, landed), refused, quiet, shown, (folder / "list.csv").read_text(),
        open_before, open_after, after_close,
    )  # fmt: skip


def answer(months: Months, before: Chapter) -> tuple[list[str], str]:
    """Say something of all rows of a rule, twice the same, and three things of one late review."""
    alike = ("respond", "--control", CHANGES, "--rule", "pull_request_referenced", "--state", "confirmed",
             "--disposition", "The branch is protected now.", "--root-cause", "Someone pushed.", "--by", "CTO")  # fmt: skip
    late = before.of(REVIEWS, "performed late")["deviation"]
    one = ("respond", late[:10], "--by", "Security Lead")
    return [
        months.deviations(*alike),
        months.deviations(*alike),
        months.deviations(*one, "--owner", "=IT Lead", "--due", "2031-01-31", "--against-control", LEAVERS),
        months.deviations(*one, "--state", "not-confirmed", "--disposition", "It was held; its file was saved late."),
        months.deviations(*one, "--state", "confirmed", "--disposition", "Late.", "--retest", "The next review",
                          "--retested-on", "2026-01-20", "--retest-result", "met"),
    ], late  # fmt: skip


def accept(months: Months, missed: str) -> list[str]:
    """Accept the risk of a rule, twice the same, and of one deviation until yesterday."""
    today = datetime.now(UTC).date()
    who = ("--owner", "CTO", "--approver", "CEO", "--by", "CTO")
    month = str(today + timedelta(days=30))
    rule = ("accept", "--control", CHANGES, "--rule", "second_person_committed", "--expires-on", month)
    gone = ("--accepted-on", str(today - timedelta(days=9)), "--expires-on", str(today - timedelta(days=1)))
    return [
        months.deviations(*rule, *who, "--reason", "One engineer is on call at night."),
        months.deviations(*rule, *who, "--reason", "One engineer is on call at night."),
        months.deviations("accept", missed, *gone, *who, "--reason", "The account was of a machine."),
    ]


def refuse(months: Months, some: str) -> list[tuple[Result, int, str]]:
    """Run commands that make no sense; return what each came to, and what was expected."""
    risk = ("accept", some, "--owner", "a", "--approver", "b", "--reason", "c", "--by", "CTO")
    alike = ("respond", "--control", CHANGES, "--rule", "nothing")
    commands = (
        (("respond", some, "--state", "confirmed"), 1, "expected a disposition beside it"),
        (("respond", "--rule", "completed", "--owner", "IT"), 2, "go with --control"),
        ((*alike, "--owner", "IT"), 1, "What there is: pull_request_referenced"),
        (("respond", some, "--retest", "again"), 2, "go together"),
        ((*risk, "--accepted-on", "2999-01-01", "--expires-on", "2999-02-01"), 1, "expected a day that has come"),
    )
    stored = months.store.bucket("auditor").keys("responses/")
    found = [
        (months.run("deviations", *arguments, *(() if "--by" in arguments else ("--by", "CTO"))), code, message)
        for arguments, code, message in commands
    ]
    reader = months.run("deviations", "respond", some, "--owner", "IT", "--by", "CTO", who="auditor")
    assert months.store.bucket("auditor").keys("responses/") == stored, "what was refused is not stored"
    return [*found, (reader, 1, "signing key: expected")]


def dispositions_open(months: Months) -> list[str]:
    """Return what keeps the period open for want of a disposition."""
    settings, bucket, now = months.store.settings, months.store.bucket("auditor"), months.store.clock()
    program, register = read_program(settings), months.register()
    found = status(program, read_facts(bucket, now), register.period, now)
    return [each for each in open_points(program, found, (), register.deviations, now) if "disposition" in each]


def shut(months: Months) -> None:
    """Record the period as closed, and seal its final digest."""
    settings, bucket, now = months.store.settings, months.store.bucket(), months.store.clock()
    program, register = read_program(settings), months.register()
    found = status(program, read_facts(bucket, now), register.period, now)
    signer = months.store.stack.installation.signer(Scope.LANDING)
    retention = retention_for(settings, program.scope, register.period.id, now)
    close(settings, found, (), register.deviations, bucket, signer, retention, "a test", now)
    months.store.seal((register.period.id,))


def test_sql_over_the_register_equals_sql_over_the_evidence(story: Story) -> None:
    assert story.before.counts == (EXPECTED, EXPECTED, EXPECTED)


def test_no_answer_and_no_acceptance_changes_a_count(story: Story) -> None:
    assert story.answered.counts == story.accepted.counts == story.closed.counts == story.before.counts
    assert story.answered.landed == 2  # of the merges and of the reviews
    assert story.accepted.landed == 4  # both registers of the merges and of the leavers
    assert story.closed.landed
    assert story.quiet == 0, "nothing lands where nothing has changed"


def test_each_says_what_it_is(story: Story) -> None:
    said = story.before.said
    kinds = Counter((each["control"], each["system"], each["kind"]) for each in said["deviations"] if each["in_evidence"])
    assert kinds == {
        (CHANGES, "shop_csv", "rule not met"): WITHOUT_REQUEST + 1,
        (LEAVERS, "hris", "rule not met"): 2,
        (LEAVERS, "hris", "performed late"): 1,
        (LEAVERS, "hris", "not performed"): 1,
        (REVIEWS, "idp", "performed late"): 1,
        (REVIEWS, "idp", "not performed"): 1,
    }
    late = story.before.of(LEAVERS, "performed late")
    assert ("L-000" in late["row_key"], late["against_control"], late["state"]) == (True, LEAVERS, "potential")
    assert late["reason"].startswith("Due ")


def test_what_the_evidence_shows_no_more_is_listed_and_not_counted(story: Story) -> None:
    for chapter in (story.before, story.closed):
        [gone] = [each for each in chapter.said["deviations"] if not each["in_evidence"]]
        assert (gone["rule"], gone["state"], gone["occurrences"], gone["open"]) == (
            "pull_request_referenced",
            "potential",
            0,
            False,
        )
        assert f"{100 * CORRECTED + 10:040x}" in gone["row_key"]
        assert chapter.said["counts"]["in_evidence_no_more"] == 1


def test_rows_alike_are_answered_at_once_and_once(story: Story) -> None:
    first, second = story.answered.printed[:2]
    assert first.startswith(f"{WITHOUT_REQUEST} deviations, recorded: s3://")
    assert second == first.replace("recorded", "stands already")


def test_answers_are_folded_and_history_stays(story: Story) -> None:
    late = story.answered.of(REVIEWS, "performed late")
    assert (late["state"], late["disposition"], late["owner"], late["due"]) == ("confirmed", "Late.", "=IT Lead", "2031-01-31")
    assert (late["against_control"], late["retest_result"], late["responses"]) == (LEAVERS, "met", 3)
    assert story.shown.count("responses/observation_period=simulated/") == 3
    assert "disposition: It was held; its file was saved late." in story.shown
    assert story.answered.said["counts"] == {
        "deviations": EXPECTED, "potential": EXPECTED - WITHOUT_REQUEST - 1, "confirmed": WITHOUT_REQUEST + 1, "not confirmed": 0,
        "open": EXPECTED - WITHOUT_REQUEST - 1, "risk_accepted": 0, "in_evidence_no_more": 1,
    }  # fmt: skip


def test_a_risk_acceptance_covers_until_it_expires(months: Months, story: Story) -> None:
    first, second, _ = story.accepted.printed
    assert first.startswith("about 1 deviations now, recorded: ")
    assert second == first.replace("recorded", "stands already")
    assert story.accepted.said["counts"]["risk_accepted"] == 1
    covered = [each for each in story.accepted.said["deviations"] if each["risk_acceptance"]]
    assert {each["kind"]: each["risk_acceptance_state"] for each in covered} == {
        "rule not met": "in force",
        "not performed": "expired",
    }
    assert all(each["open"] for each in covered), "it is no disposition"
    rows = [row for row in landings(months.store.bucket("auditor")) if row["evidence_type"] == "risk_acceptance.v1"]
    assert Counter((row["control"], row["rows"]) for row in rows) == {(CHANGES, 1): 1, (LEAVERS, 1): 1, (REVIEWS, 0): 1}


def test_what_makes_no_sense_is_refused(story: Story) -> None:
    for done, code, message in story.refused:
        assert (done.exit_code, message in done.output) == (code, True), done.output


def test_a_list_is_safe_to_open_in_a_spreadsheet(story: Story) -> None:
    assert '"\'=IT Lead"' in story.csv
    assert len(story.csv.splitlines()) == EXPECTED + 2


def test_a_period_waits_for_a_disposition_of_each(story: Story) -> None:
    assert f"{CHANGES}: 1 deviations of shop_csv have no disposition (second_person_committed)" in story.open_before
    assert f"{REVIEWS}: 1 deviations of idp have no disposition (not performed)" in story.open_before
    assert story.open_after == []


def test_nothing_is_stored_under_a_period_that_is_closed(story: Story) -> None:
    assert story.after_close.exit_code == 1
    assert "simulated is closed, and no open period of scope.yaml holds" in story.after_close.output


@pytest.mark.usefixtures("story")
def test_both_verifiers_find_everything_intact(months: Months, tmp_path: Path) -> None:
    report = months.store.verify()
    assert report.outcome is Outcome.INTACT, report.as_document()
    auditor = months.store.bucket("auditor")
    for key in auditor.keys(""):
        target = tmp_path / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(auditor.read(key, None) or b"")
    second = verify_package.verify(tmp_path, months.store.root, months.store.clock(), None)
    assert second.outcome == "intact", second.as_text()
