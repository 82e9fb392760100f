# SPDX-License-Identifier: Apache-2.0
"""Twelve months of a Type 2 period: what went wrong in them is told on both axes, trued up, explained, closed and sealed.

Sources and extractions follow a simulated clock; what lands is signed and stored now, because signatures are held against the
store's own time.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.program import Program, alert_values, leaver_values, merge_values, noon, review_values
from tests.stack import Store
from tieout.cli import main
from tieout.evidence import verify_package
from tieout.evidence.digest import read_digest
from tieout.evidence.keys import Scope
from tieout.evidence.layout import Class, class_of
from tieout.evidence.records import RecordKind, read_record, write_record
from tieout.evidence.verify import Outcome
from tieout.flows.chain import standing_chain
from tieout.flows.close import close, is_closed, open_points
from tieout.flows.deviations import Register, read_register
from tieout.flows.deviations_answer import Desk, respond
from tieout.flows.differences import read_true_ups
from tieout.flows.documents import read_documents
from tieout.flows.explain import explain_alike, explain_differences, explain_performance
from tieout.flows.index import landings
from tieout.flows.status import choose_period, read_facts, read_program, read_records, status
from tieout.flows.true_up import plan_true_up, true_up
from tieout.flows.upkeep import not_extracted, retention_for

pytestmark = pytest.mark.integration

CHANGES, LEAVERS, REVIEWS = "cc8_1_change_management", "cc6_2_offboarding", "cc6_2_user_access_review"
PRIVILEGED, ALERTS = "cc6_3_privileged_access_review", "cc7_2_alert_monitoring"
DELETED, BACKDATED, QUIET, BACKFILLED, ADDED, PAUSED = 1, 2, 4, 5, 6, 7
"""Months of the period, counted from 0, in which something happens."""
REWORDED = 4


@dataclass
class Year:
    """The program after its twelve months, and where its evidence is."""

    program: Program
    store: Store
    late_quarter: str = ""

    def land(self, control: str, system: str, number: int, at: datetime) -> None:
        """Collect a month as the source shows it at an instant; land it now."""
        self.program.drop(at)
        self.store.land_as_of(control, system, self.program.key(number), at)

    def state(self, *options: str) -> dict[str, Any]:
        """Return what `tieout status --json` prints, run as the auditor."""
        done = CliRunner().invoke(main, ["status", "--json", "--period", self.program.period, *options])
        assert done.exit_code in (0, 1), done.output
        said: dict[str, Any] = json.loads(done.stdout)
        assert done.exit_code == int(said["behind"])
        return said


def fill(program: Program) -> str:
    """Fill the sources with twelve months; returns the key of the quarter whose review is late."""
    number = 0
    for month in range(12):
        first = program.month(month)
        for day in (3, 10, 17) if month != QUIET else ():
            number += 1
            entry = program.add(CHANGES, "shop_csv", **merge_values(number, noon(first, day)))
            if month == DELETED and day == 10:
                entry.gone_from = noon(program.month(month + 3))
        program.add(LEAVERS, "hris", **leaver_values(month, noon(first, 9), noon(first, 9) + timedelta(hours=2), noon(first, 1)))
        program.add(ALERTS, "log_monitor", **alert_values(month, noon(first, 5), noon(first, 5) + timedelta(hours=1)))
        if month > ADDED:
            at = noon(first, 1)
            program.add(PRIVILEGED, "idp", **review_values(f"PAR-{program.key(month - 1)}", 1, at))
    # From before the control began: it was never to land, and is no difference.
    program.add(PRIVILEGED, "idp", **review_values("PAR-before", 1, noon(program.month(2), 3)))
    left = noon(program.month(BACKDATED), 12)
    late_entry = noon(program.month(BACKDATED + 6), 3)
    program.add(LEAVERS, "hris", shown_from=late_entry, **leaver_values(99, left, left + timedelta(hours=1), late_entry))
    late = ""
    for month in range(12):
        first = program.month(month)
        if first.month % 3 == 1:  # a quarter has ended: its review is due on the 15th
            before = first - timedelta(days=1)
            quarter = f"{before.year}-Q{before.month // 3}"
            is_late = not late and month >= 3
            late = quarter if is_late else late
            for system in ("idp", "cloud"):
                at = noon(first, 20 if is_late and system == "cloud" else 7)
                for account in (1, 2):
                    program.add(REVIEWS, system, **review_values(f"UAR-{system}-{quarter}", account, at))
    return late


@pytest.fixture(scope="module")
def year(own_store: Store) -> Iterator[Year]:
    """Run the twelve months."""
    end = datetime.now(UTC).date().replace(day=1)
    program = Program(own_store.settings.home, end.replace(year=end.year - 1), end)
    program.keep(CHANGES, LEAVERS, REVIEWS, PRIVILEGED, ALERTS)
    said = program.read(PRIVILEGED)
    said["statements"][0]["effective_from"] = str(program.month(ADDED))
    program.write(PRIVILEGED, said)
    said = program.read(REVIEWS)
    reworded = {"version": 2, "effective_from": str(program.month(REWORDED)), "text": "The owners review access, cloud included."}
    said["statements"].append(reworded)
    program.write(REVIEWS, said)
    made = Year(program, own_store, fill(program))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own_store.environment("auditor").items():
            patch.setenv(name, value)
        patch.setenv("TIEOUT_HOME", str(program.home))
        for month in range(12):
            following = program.month(month + 1)
            for control, system in program.entries:
                if (control == ALERTS and month == PAUSED) or (control == PRIVILEGED and month < ADDED):
                    continue
                days = 40 if control == LEAVERS and month == BACKFILLED else 1
                at = min(noon(following, days - 1), datetime.now(UTC))
                made.land(control, system, month, at)
        record_silence(made)
        program.drop(datetime.now(UTC))
        yield made


def record_silence(year: Year) -> None:
    """Record, as the hourly sweep does, what was not extracted; the bucket's own age is left out of it."""
    settings, bucket, now = year.store.settings, year.store.bucket(), year.store.clock()
    scope = read_program(settings).scope
    for record in not_extracted(settings, scope, read_documents(bucket), None, now, "a test"):
        write_record(record, bucket, year.store.stack.installation.signer(Scope.LANDING),
                     retention_for(settings, scope, record.place.observation_period, now))  # fmt: skip


def of(said: dict[str, Any], control: str) -> dict[str, Any]:
    """Return one control of a status."""
    found: dict[str, Any] = next(each for each in said["controls"] if each["control"] == control)
    return found


def states(entries: list[dict[str, Any]], name: str, system: str | None = None) -> dict[str, str]:
    """Return the state of each entry by its key."""
    return {each[name]: each["state"] for each in entries if system in (None, each["system"])}


def test_status_tells_both_axes_apart(year: Year) -> None:
    said = year.state()
    key = year.program.key
    changes = of(said, CHANGES)
    performed = {key(month): "performed on time" for month in range(12)} | {key(QUIET): "did not operate"}
    assert states(changes["performances"], "key") == performed
    quiet = next(each for each in changes["performances"] if each["key"] == key(QUIET))
    assert quiet["document"].startswith(f"manifests/observation_period=simulated/control={CHANGES}/window={key(QUIET)}/")
    assert set(states(changes["extractions"], "window").values()) == {"in window"}

    leavers = of(said, LEAVERS)
    assert set(states(leavers["performances"], "key").values()) == {"performed on time"}
    assert states(leavers["extractions"], "window") == {
        key(month): "later" if month == BACKFILLED else "in window" for month in range(12)
    }
    assert leavers["status"] == "complete"

    alerts = of(said, ALERTS)
    assert states(alerts["extractions"], "window")[key(PAUSED)] == "not extracted"
    assert states(alerts["performances"], "key")[key(PAUSED)] == "not determinable"
    assert Counter(states(alerts["performances"], "key").values()) == {"performed on time": 11, "not determinable": 1}
    assert (alerts["status"], said["behind"]) == ("not determinable", True)


def test_a_late_quarter_is_late_on_one_axis_only(year: Year) -> None:
    reviews = of(year.state(), REVIEWS)
    assert set(states(reviews["extractions"], "window").values()) == {"in window"}
    cloud, idp = (states(reviews["performances"], "key", system) for system in ("cloud", "idp"))
    assert cloud[year.late_quarter] == "performed late"
    assert Counter(cloud.values()) == {"performed on time": 3, "performed late": 1}
    assert Counter(idp.values()) == {"performed on time": 4}
    assert (reviews["potential_deviations"]["performances"], reviews["status"]) == (1, "complete")


def test_a_control_added_and_one_reworded_count_from_their_day(year: Year) -> None:
    said = year.state()
    privileged = of(said, PRIVILEGED)
    key = year.program.key
    # Monthly, due five business days after the month: the last month's is due after the period.
    assert list(states(privileged["extractions"], "window")) == [key(month) for month in range(ADDED, 12)]
    assert states(privileged["performances"], "key") == {key(month): "performed on time" for month in range(ADDED, 11)}
    reviews = of(said, REVIEWS)
    assert reviews["statement_versions"] == [1, 2]
    changed = str(year.program.month(REWORDED))
    versions = {each["due"]: each["statement_version"] for each in reviews["performances"]}
    assert versions == {due: 1 if due < changed else 2 for due in versions}
    by_window = {each["window"]: each["statement_version"] for each in reviews["extractions"]}
    assert by_window == {window: 1 if window < changed[:7] else 2 for window in by_window}


@pytest.fixture(scope="module")
def trued_up(year: Year) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """True up every system of every control; return the differences, as the command prints them."""
    settings, bucket = year.store.settings, year.store.bucket()
    signer = year.store.stack.installation.signer(Scope.LANDING)
    period = choose_period(read_program(settings).scope.observation_periods, year.program.period, date.min)
    for control, system in year.program.entries:
        job = plan_true_up(settings, control, system, period, year.store.clock().date())
        with tempfile.TemporaryDirectory() as work:
            reference, found = true_up(job, bucket, signer, year.store.clock, Path(work), None)
        assert reference.rows == found.rows.num_rows
    done = CliRunner().invoke(main, ["true-up", "--period", "simulated", "--json"])
    assert done.exit_code in (0, 1), done.output
    return {(each["control"], each["system"]): each["differences"] for each in json.loads(done.stdout)}


def test_the_true_up_names_the_rows_that_changed(year: Year, trued_up: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    assert set(trued_up) == set(year.program.entries)
    [gone] = trued_up[CHANGES, "shop_csv"]
    assert (gone["difference"], gone["window"]) == ("vanished", year.program.key(DELETED))
    assert f"{5:040x}" in gone["row_key"]
    assert gone["landing"].startswith("shop_csv-")
    assert json.loads(gone["before"])["pull_request"] == "5"
    [backdated] = trued_up[LEAVERS, "hris"]
    assert (backdated["difference"], backdated["window"], backdated["landing"]) == ("added", year.program.key(BACKDATED), None)
    assert "L-099" in backdated["row_key"]
    # What the paused month would have landed is new as well: nothing has landed of it.
    paused = [(each["difference"], each["window"]) for each in trued_up[ALERTS, "log_monitor"]]
    assert paused == [("added", year.program.key(PAUSED))]
    assert trued_up[REVIEWS, "idp"] == trued_up[REVIEWS, "cloud"] == trued_up[PRIVILEGED, "idp"] == []


@dataclass
class Closing:
    """What closing the period took."""

    before: list[str]
    after: list[str]
    record: str
    digest: str


REASON = "The owner was away; nobody stood in."


@pytest.fixture(scope="module")
def closing(year: Year, trued_up: dict[tuple[str, str], list[dict[str, Any]]]) -> Closing:
    """Explain what is open, close the period, seal its final digest."""
    del trued_up  # made before
    settings, bucket, now = year.store.settings, year.store.bucket(), year.store.clock()
    program = read_program(settings)
    scope = program.scope
    period = choose_period(scope.observation_periods, year.program.period, date.min)
    signer = year.store.stack.installation.signer(Scope.LANDING)

    def facts() -> tuple[Any, list[Any], Register, list[str]]:
        at = year.store.clock()
        found = status(program, read_facts(bucket, at), period, at)
        with tempfile.TemporaryDirectory() as work:
            true_ups = read_true_ups(bucket, period, Path(work))
            index = landings(bucket, superseded=True)
            register = read_register(settings, bucket, program, found, index, Path(work))
        return found, true_ups, register, open_points(program, found, true_ups, register.deviations, at)

    found, true_ups, register, before = facts()
    say = (settings, bucket, signer, found)
    explain_performance(*say, REVIEWS, year.late_quarter, REASON, "Security Lead", now, "cloud")
    explain_performance(*say, ALERTS, year.program.key(PAUSED), "The DAG was paused for a migration.", "Security Lead", now)
    by_control = {each.control: each for each in true_ups if each.differences}
    for control, reason in ((CHANGES, "The ticket was deleted with its project."), (LEAVERS, "HR learned of it late.")):
        rows = [row for row, _ in by_control[control].differences]
        explain_differences(*say, by_control[control], rows, reason, "CTO", now)
    explain_alike(*say, by_control[ALERTS], "added", None, "The month was paused.", "Security Lead", now)
    responder = year.store.bucket("responder"), year.store.stack.installation.signer(Scope.RESPONSE)
    desk = Desk(settings, *responder, program, period, "Security Lead", now)
    respond(desk, register.deviations, {"state": "confirmed", "disposition": "A deputy is named now.", "root_cause": REASON})
    found, true_ups, register, after = facts()
    retention = retention_for(settings, scope, period.id, now)
    key = close(settings, found, true_ups, register.deviations, bucket, signer, retention, "a test", now)
    assert is_closed(read_records(bucket), period, scope)
    return Closing(before, after, key, year.store.seal((period.id,)).key)


def test_a_period_closes_once_everything_is_explained_and_each_deviation_has_a_disposition(year: Year, closing: Closing) -> None:
    assert sorted(closing.before) == sorted(
        [
            f"{LEAVERS}: 1 differences of hris are not explained",
            f"{CHANGES}: 1 differences of shop_csv are not explained",
            f"{ALERTS}: 1 differences of log_monitor are not explained",
            f"{ALERTS}: {year.program.key(PAUSED)} (log_monitor) not determinable, and nobody has explained it",
            f"{REVIEWS}: {year.late_quarter} (cloud) performed late, and nobody has explained it",
            f"{REVIEWS}: 1 deviations of cloud have no disposition (performed late)",
        ]
    )
    assert closing.after == []
    late = next(each for each in of(year.state(), REVIEWS)["performances"] if each["state"] == "performed late")
    assert (late["explanation"], late["potential_deviations"]) == (REASON, 1), "an explanation takes nothing away"
    assert CliRunner().invoke(main, ["true-up", "--period", "simulated"]).exit_code == 0


def test_the_digests_hold_the_negative_evidence(year: Year, closing: Closing) -> None:
    auditor = year.store.bucket("auditor")
    head = read_digest(auditor.read(closing.digest, None) or b"", closing.digest)
    named = {entry.key for entry in head.entries} | set(standing_chain(auditor).keys)
    records = {name: read_record(auditor.read(name, None) or b"", name) for name in named if class_of(name) is Class.RECORD}
    kinds = Counter(record.kind for record in records.values())
    assert kinds[RecordKind.NOT_EXTRACTED] == 1
    assert (kinds[RecordKind.EXPLAINED], kinds[RecordKind.SNAPSHOT], kinds[RecordKind.CLOSED]) == (5, 1, 1)
    assert records[closing.record].facts["differences"] == 3
    assert records[closing.record].facts["deviations"]["confirmed"] == 1
    [snapshot] = [record for record in records.values() if record.kind is RecordKind.SNAPSHOT]
    assert {entry.key for entry in snapshot.objects} <= named
    assert any(entry.key.endswith(f"criteria/controls/{CHANGES}.yaml") for entry in snapshot.objects)
    quiet = [row for row in of(year.state(), CHANGES)["performances"] if row["state"] == "did not operate"]
    assert [row["document"] in named for row in quiet] == [True]
    report = year.store.verify()
    assert report.outcome is Outcome.INTACT, report.as_document()


@pytest.mark.usefixtures("closing")
def test_the_second_verifier_finds_a_copy_of_the_closed_period_intact(year: Year, tmp_path: Path) -> None:
    auditor = year.store.bucket("auditor")
    for key in auditor.keys(""):
        target = tmp_path / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(auditor.read(key, None) or b"")
    report = verify_package.verify(tmp_path, year.store.root, year.store.clock(), None)
    assert report.outcome == "intact", report.as_text()


def test_moving_the_period_changes_what_counts_and_nothing_that_has_landed(year: Year) -> None:
    before = year.state()
    keys = sorted(year.store.bucket("auditor").keys("manifests/"))
    scope = year.program.home / "include" / "criteria" / "scope.yaml"
    text = scope.read_text()
    shorter = str(year.program.month(9))
    scope.write_text(text.replace(f"end_day: '{year.program.end_day}'", f"end_day: '{shorter}'"))
    try:
        after = year.state()
    finally:
        scope.write_text(text)
    assert sorted(year.store.bucket("auditor").keys("manifests/")) == keys
    for control in (CHANGES, LEAVERS, REVIEWS, PRIVILEGED, ALERTS):
        said, still = of(before, control), of(after, control)
        assert still["extractions"] == [each for each in said["extractions"] if each["window"] < shorter[:7]]
        kept = [each for each in said["performances"] if (each["due"] or f"{each['key']}-01") < shorter]
        assert still["performances"] == kept


def test_as_of_an_earlier_day_nothing_had_landed(year: Year) -> None:
    day = datetime.now(UTC).date() - timedelta(days=2)
    said = year.state("--as-of", str(day))
    assert (said["status"], said["behind"]) == ("not determinable", False), "the bucket gives its grace from its first digest on"
    assert {each["state"] for control in said["controls"] for each in control["extractions"]} <= {"not extracted"}
