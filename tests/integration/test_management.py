# SPDX-License-Identifier: Apache-2.0
"""What management reads for itself over some months: a page, rehearsals, and a signed list; the bucket stays as it is."""

from __future__ import annotations

import base64
import csv
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from tests.program import Program, leaver_values, merge_values, noon, review_values, stamp
from tests.stack import Store
from tieout.cli import main
from tieout.evidence.dsse import unseal
from tieout.evidence.signed import KNOWN_LIST
from tieout.flows.chain import standing_chain
from tieout.flows.post_period import plan_post_period
from tieout.flows.status import read_program

pytestmark = pytest.mark.integration

CHANGES, LEAVERS, REVIEWS = "cc8_1_change_management", "cc6_2_offboarding", "cc6_3_privileged_access_review"
INCIDENTS, ACCESS = "cc7_4_incident_response", "cc6_2_user_access_review"
MONTHS = 3
MERGES = 13
EVIL = "</td><script>alert(1)</script> & more"


@dataclass
class Months:
    """The program after its months, and where its evidence is."""

    program: Program
    store: Store

    def run(self, *arguments: str, who: str = "auditor", period: bool = True) -> Result:
        """Run a command as an identity."""
        env = {**self.store.environment(who), "TIEOUT_HOME": str(self.program.home)}
        return CliRunner().invoke(main, [*arguments, *(("--period", self.program.period) if period else ())], env=env)

    def management(self, *arguments: str, who: str = "auditor") -> Result:
        """Run ``tieout management`` and hold that nothing was written into the bucket."""
        before = self.versions()
        done = self.run("management", *arguments, who=who)
        assert self.versions() == before
        return done

    def versions(self) -> Sequence[Any]:
        """Return every version in the bucket."""
        return [(each.key, each.version_id) for each in self.store.bucket("auditor").versions("")]


def incident_values(number: int, at: datetime, title: str) -> dict[str, str]:
    """Return one incident."""
    return {
        "incident_id": f"INC-{number}",
        "title": title,
        "severity": "high",
        "declared_at": stamp(at),
        "contained_at": stamp(at + timedelta(hours=1)),
        "resolved_at": stamp(at + timedelta(hours=2)),
        "commander": "person-lead@example.com",
        "root_cause": "cause",
        "lessons": "lesson",
    }


def fill(program: Program) -> None:
    """Fill the sources: merges without a request, a late leaver, reviews late and missed, incidents in and after the period."""
    for month in range(MONTHS):
        first = program.month(month)
        for day in range(1, MERGES + 1):
            values = merge_values(100 * month + day, noon(first, day))
            if day == 10:
                values["pull_request"] = ""
            program.add(CHANGES, "shop_csv", **values)
        late = timedelta(days=6) if month == 0 else timedelta(hours=1)
        program.add(LEAVERS, "hris", **leaver_values(month, noon(first, 8), noon(first, 8) + late, noon(first, 1)))
    program.add(REVIEWS, "idp", **review_values(f"PAR-{program.key(0)}", 1, noon(program.month(1), 19)))
    program.add(INCIDENTS, "on_call", **incident_values(1, noon(program.month(1), 4), EVIL))
    program.add(INCIDENTS, "on_call", **incident_values(2, noon(program.month(MONTHS), 2), "after the end"))


@pytest.fixture(scope="module")
def months(own_store: Store) -> Months:
    """Run the months, up to the last but one; answer, supersede, hold; seal, and then answer once more."""
    this = datetime.now(UTC).date().replace(day=1)
    ends = this.year * 12 + this.month - 2
    first, end = (date(number // 12, number % 12 + 1, 1) for number in (ends - MONTHS, ends))
    program = Program(own_store.settings.home, first, end)
    program.keep(CHANGES, LEAVERS, REVIEWS, INCIDENTS, ACCESS)
    said = program.read(REVIEWS)
    said["statements"][0]["effective_from"] = str(program.first_day)
    said["statements"].append({"version": 2, "effective_from": str(program.month(MONTHS)), "text": "Reworded."})
    said["control_frequency"] = {"every": "monthly", "due": {"days": 5, "count": "business"}, "grace_days": 15}
    program.write(REVIEWS, said)
    fill(program)
    made = Months(program, own_store)
    for month in range(MONTHS):
        at = noon(program.month(month + 1))
        program.drop(at)
        for control, system in program.entries:
            own_store.land_as_of(control, system, program.key(month), at)
    program.add(CHANGES, "shop_csv", **merge_values(999, noon(program.month(0), 20)))
    program.drop(datetime.now(UTC))
    own_store.land_as_of(CHANGES, "shop_csv", program.key(0), noon(program.month(1), 2), "A merge had been left out.")
    [period] = read_program(own_store.settings).scope.observation_periods
    until = period.end_day + timedelta(days=9)
    own_store.land_job(plan_post_period(own_store.settings, INCIDENTS, "on_call", period, until), noon(until, 1))
    answered = ("deviations", "respond", "--control", CHANGES, "--rule", "pull_request_referenced", "--state", "confirmed")
    assert made.run(*answered, "--disposition", f"Closed. {EVIL}", "--by", "CTO", who="responder").exit_code == 0
    held = made.run("hold", "on", "--control", LEAVERS, "--reason", "A lawsuit.", "--by", "CFO", who="admin")
    assert held.exit_code == 0, held.output
    own_store.seal()
    late = ("deviations", "respond", "--control", LEAVERS, "--kind", "performed-late", "--state", "confirmed")
    assert made.run(*late, "--disposition", "Late.", "--by", "CTO", who="responder").exit_code == 0
    return made


@pytest.fixture(scope="module")
def page(months: Months, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report's page, with two rehearsals."""
    folder = tmp_path_factory.mktemp("report") / "new"
    arguments = ("--rehearse", f"{CHANGES}:shop_csv", "--rehearse", REVIEWS, "--seed", "a seed of ours")
    done = months.management("report", "--to", str(folder), *arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "for management only; it is no evidence" in done.stdout
    [path] = folder.iterdir()
    assert path.name == "management-simulated.html"
    return path


def section(text: str, title: str) -> str:
    """Return one section of a page."""
    return next(part for part in text.split("<section ")[1:] if f">{title}</h2>" in part)


def test_the_page_is_whole_in_itself_and_marked(page: Path) -> None:
    text = page.read_text()
    assert "For management only: not evidence, not for the auditor&#39;s package." in text
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    pictures = re.findall(r"<svg .*?</svg>", text)
    names = {ET.fromstring(each).get("id") for each in pictures}
    assert names == {"performances-1", "extractions-1", "deviations-1"}


def test_each_part_says_what_landed(page: Path, months: Months) -> None:
    text = page.read_text()
    coverage = section(text, "Coverage")
    assert coverage.count("not performed</td>") >= 1
    assert all(control in coverage for control in (CHANGES, LEAVERS, REVIEWS, INCIDENTS, ACCESS))
    deviations = section(text, "Known deviations")
    assert deviations.count("<td>pull_request_referenced</td>") == MONTHS
    assert deviations.count("<td>CTO</td>") == MONTHS + 1
    incidents = section(text, "Incidents")
    assert ("INC-1" in incidents, "INC-2" in incidents, incidents.count("post-period extract")) == (True, True, 1)
    changes = section(text, "Changes and overrides")
    assert "A merge had been left out." in changes
    assert ("legal hold on" in changes, "A lawsuit." in changes, "code of the tool" in changes) == (True, True, True)
    after = section(text, "After the period&#39;s end")
    assert "post-period-" in after
    assert "version 2: Reworded." in after
    assert "The scope lists no later Type 2 period." in after
    assert after.count("<td>pull_request_referenced</td>") == MONTHS  # all landed, and was answered, after the end


def test_the_page_holds_rehearsals_and_cites_whose_numbers_they_are(page: Path) -> None:
    part = section(page.read_text(), "Rehearsals")
    assert "Management&#39;s own numbers" in part
    assert f"Rehearsal of {CHANGES} (shop_csv): 5 of {MONTHS * MERGES + 1} rows, seed a seed of ours" in part
    assert f"Rehearsal of {REVIEWS} (idp): 2 of 2 performances" in part


def test_a_rehearsal_prints_rows_and_comes_again_by_its_seed(months: Months, tmp_path: Path) -> None:
    arguments = ("dry-run", "--control", CHANGES, "--seed", "seed-of-ours")
    first = months.management(*arguments, "--csv", str(tmp_path / "rows.csv"))
    assert first.exit_code == 0, first.output
    again, other = months.management(*arguments), months.management("dry-run", "--control", CHANGES)
    assert first.stdout == again.stdout != other.stdout
    assert len(first.stdout.splitlines()) == 5
    assert all("sha=" in line and "committed_at=" in line for line in first.stdout.splitlines())
    assert "nothing was recorded in the bucket" in first.stderr
    assert "at least 5 and at most 25; all where there are fewer than 10 (per_event). Management's own numbers" in first.stderr
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig") as file:
        assert [row["#"] for row in csv.DictReader(file)] == [line.split()[0] for line in first.stdout.splitlines()]


def test_a_periodic_control_rehearses_performances_or_as_many_rows_as_are_asked_for(months: Months) -> None:
    done = months.management("dry-run", "--control", REVIEWS)
    assert [re.findall(r"performance=\S+, state=[a-z ]+", line) for line in done.stdout.splitlines()] == [
        [f"performance={months.program.key(0)}, state=performed late"],
        [f"performance={months.program.key(1)}, state=not performed"],
    ]
    rows = months.management("dry-run", "--control", REVIEWS, "--rows", "7")
    assert rows.stdout.startswith("1  system=idp, review_id=PAR-")
    assert "1 of 1 rows" in rows.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--control", "nothing"), f"control 'nothing': not active in simulated. Controls there: {LEAVERS}"),
        (("--control", ACCESS), "expected --system with one of idp, cloud, got none"),
        (("--control", ACCESS, "--system", "x"), "expected --system with one of idp, cloud, got x"),
        (("--control", CHANGES, "--seed", "short"), "expected at least 8 characters"),
    ],
)
def test_a_rehearsal_of_what_is_not_there_is_refused(months: Months, arguments: tuple[str, ...], message: str) -> None:
    done = months.management("dry-run", *arguments)
    assert (done.exit_code, message in done.output) == (1, True), done.output


@pytest.fixture(scope="module")
def signed(months: Months, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the signed list."""
    target = tmp_path_factory.mktemp("known") / "known.dsse.json"
    done = months.management("known", "--to", str(target), "--by", "CEO", who="admin")
    assert done.exit_code == 0, (done.output, done.exception)
    assert sorted(path.name for path in target.parent.iterdir()) == ["known.dsse.json", "known.html", "known.txt"]
    return target


def check(months: Months, file: Path, root: str | None = None) -> Result:
    """Run ``tieout management check``."""
    return months.run("management", "check", str(file), "--root", root or months.store.root, period=False)


def test_the_signed_list_names_what_is_known_with_who_and_when(months: Months, signed: Path) -> None:
    _, said = unseal(signed.read_bytes(), KNOWN_LIST.payload_type, "a test")
    assert (said["observation_period"]["id"], said["made_by"]) == ("simulated", "CEO")
    assert said["deviation_counts"]["confirmed"] == MONTHS + 1
    merges = [each for each in said["deviations"] if each["rule"] == "pull_request_referenced"]
    assert {(each["state"], each["last_response_by"], each["disposition"]) for each in merges} == {
        ("confirmed", "CTO", f"Closed. {EVIL}")
    }
    assert all(each["last_response_at"] and each["document"] for each in merges)
    assert [(each["incident_id"], each["after_period"]) for each in said["incidents"]] == [("INC-1", False), ("INC-2", True)]
    assert {each["kind"] for each in said["overrides"]} == {"superseded", "legal hold on"}
    assert {each["kind"] for each in said["changes"]} == {"code of the tool", "control began"}


def test_the_list_says_as_of_which_digest_and_what_none_names_yet(months: Months, signed: Path) -> None:
    _, said = unseal(signed.read_bytes(), KNOWN_LIST.payload_type, "a test")
    head = standing_chain(months.store.bucket("auditor")).head
    assert (said["as_of_digest"]["sequence"], said["as_of_digest"]["sha256"]) == (head.sequence, head.sha256)
    [late] = said["not_digested"]
    assert late.startswith(f"responses/observation_period=simulated/control={LEAVERS}/")
    readable = signed.with_name("known.txt").read_text()
    assert f"SHA-256 {head.sha256}" in readable
    assert "Management's own list, for its assertion and representation letter" in readable
    page = signed.with_name("known.html").read_text()
    assert ("INC-2" in page, "<script" in page, "A lawsuit." in page) == (True, False, True)


def test_a_list_is_checked_against_the_bucket_and_a_changed_one_is_found(months: Months, signed: Path, tmp_path: Path) -> None:
    assert check(months, signed).stdout.startswith("intact: simulated, made ")
    document = json.loads(signed.read_text())
    payload = base64.b64decode(document["payload"]).replace(b'"CTO"', b'"CFO"', 1)
    document["payload"] = base64.b64encode(payload).decode()
    (tmp_path / "changed.dsse.json").write_text(json.dumps(document))
    changed = check(months, tmp_path / "changed.dsse.json")
    assert (changed.exit_code, "the signature does not match the payload" in changed.output) == (1, True), changed.output
    other = check(months, signed, "0" * 64)
    assert (other.exit_code, "CannotCheck" in other.output or "Tampered" in other.output) == (1, True), other.output


def test_a_list_is_checked_in_a_copy_too_and_against_its_digest(months: Months, signed: Path, tmp_path: Path) -> None:
    auditor = months.store.bucket("auditor")
    for key in auditor.keys(""):
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(auditor.read(key, None) or b"")
    arguments = ("management", "check", str(signed), "--root", months.store.root, "--copy", str(tmp_path))
    intact = months.run(*arguments, period=False)
    assert (intact.exit_code, intact.stdout.startswith("intact: ")) == (0, True), intact.output
    digest = tmp_path / standing_chain(auditor).head.key
    kept = digest.read_bytes()
    digest.write_bytes(kept.replace(b"\n", b"\n\n"))
    other = months.run(*arguments, period=False)
    assert (other.exit_code, "that digest is another one here" in other.output) == (1, True), other.output
    digest.unlink()
    gone = months.run(*arguments, period=False)
    assert (gone.exit_code, "which is not here" in gone.output) == (1, True), gone.output


def test_a_list_is_never_overwritten_and_has_a_name_of_its_kind(months: Months, signed: Path, tmp_path: Path) -> None:
    before = signed.read_bytes()
    for target, message in (
        (signed, "a signed list is never overwritten"),
        (tmp_path / "known.json", "expected a name that ends with .dsse.json"),
        (tmp_path / "no" / "known.dsse.json", "there is no such folder"),
    ):
        done = months.management("known", "--to", str(target), "--by", "CEO", who="admin")
        assert (done.exit_code, message in done.output) == (1, True), done.output
    assert signed.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_without_the_landing_key_nothing_is_signed(months: Months, tmp_path: Path) -> None:
    done = months.management("known", "--to", str(tmp_path / "known.dsse.json"), "--by", "CEO")
    assert (done.exit_code, "signing key: expected" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_made_again_of_the_same_bucket_says_the_same(months: Months, page: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("--rehearse", f"{CHANGES}:shop_csv", "--rehearse", REVIEWS, "--seed", "a seed of ours")
        months.management("report", "--to", folder, *arguments)
        again = (Path(folder) / page.name).read_text()
    without_time = [re.sub(r"<tr><th scope=\"row\">read at</th>.*?</tr>", "", text) for text in (again, page.read_text())]
    assert without_time[0] == without_time[1]
