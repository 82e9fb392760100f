# SPDX-License-Identifier: Apache-2.0
"""The DAGs around a period on a real scheduler: readiness, freshness, true-up, close with its final digest, and after it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.program import Program, leaver_values, merge_values, noon
from tests.simulators.slack import TOKEN, Slack
from tests.stack import Airflow, running_airflow
from tieout.evidence.digest import read_digest
from tieout.evidence.layout import CATALOG
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.verify import Outcome
from tieout.flows.chain import standing_chain
from tieout.flows.index import landings
from tieout.flows.status import read_records

pytestmark = pytest.mark.integration

CHANGES, LEAVERS = "cc8_1_change_management", "cc6_2_offboarding"
ENDED, CURRENT = "ended", "current"
REGISTERS = ("deviation.v1", "risk_acceptance.v1")
RECONCILIATION = {
    "id": "changes",
    "system": "hris",
    "other": {"control": CHANGES, "system": "shop_csv"},
    "match": {"reference": "pull_request"},
    "extract_here": {"reference": r"ACC-(\d+)"},
    "only_here": "A leaver's ticket led to no change.",
}


@dataclass
class Run:
    """A program on a running Airflow, its ended period extracted."""

    program: Program
    airflow: Airflow
    slack: Slack

    def trigger(self, dag_id: str, **conf: str) -> str:
        """Run a DAG and return how it ended."""
        run_id = f"test__{dag_id}__{len(self.airflow.api.call('GET', f'/dags/{dag_id}/dagRuns')['dag_runs'])}"
        self.airflow.api.trigger(dag_id, None, run_id, conf or None)
        return self.airflow.finish(run_id, dag_id)

    def records(self, kind: RecordKind) -> list[Record]:
        """Return the records of a kind."""
        return [each for each in read_records(self.airflow.store.bucket("auditor")) if each.kind is kind]


def rows(program: Program) -> None:
    """Fill the sources: two months that have ended, and what came since."""
    number = 0
    for month in range(3):
        first = program.month(month)
        for day in (0, 5):
            at = noon(first, day)
            if at > datetime.now(UTC) - timedelta(days=1):
                continue
            number += 1
            program.add(CHANGES, "shop_csv", **merge_values(number, at))
            program.add(LEAVERS, "hris", **leaver_values(number, at, at + timedelta(hours=2), at))
    program.drop(datetime.now(UTC))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Run]:
    """Start Airflow over a small program, and extract the two months of its ended period."""
    today = datetime.now(UTC).date()
    end = today.replace(day=1)
    first = (end - timedelta(days=40)).replace(day=1)
    programs: list[Program] = []

    def prepare(home: Path) -> None:
        following = (end + timedelta(days=95)).replace(day=1)
        owners = {"Head of Engineering": "head@example.com", "People Lead": "gone@example.com"}
        program = Program(home, first, end, period=ENDED, more_periods=[(CURRENT, end, following)], owners=owners)
        program.keep(CHANGES, LEAVERS)
        program.write(LEAVERS, program.read(LEAVERS) | {"reconciliations": [RECONCILIATION]})
        rows(program)
        programs.append(program)

    with Slack({"head@example.com": False, "gone@example.com": True}) as slack:
        connection = json.dumps({"conn_type": "slack", "password": TOKEN, "extra": {"base_url": slack.base_url}})
        variables = {"AIRFLOW_CONN_SLACK_SIMULATED": connection, "TIEOUT_SLACK_CONN_ID": "slack_simulated"}
        folder = tmp_path_factory.mktemp("program")
        with running_airflow(folder, repository, prepare, **variables) as airflow:
            made = Run(programs[0], airflow, slack)
            airflow.api.call("PATCH", "/dags/evidence_digest?update_mask=is_paused", {"is_paused": False})
            windows = [(control, made.program.key(month)) for control in (CHANGES, LEAVERS) for month in (0, 1)]
            for control, window in windows:
                airflow.api.trigger(control, window, f"window__{window}")
            for control, window in windows:
                assert airflow.finish(f"window__{window}", control) == "success"
            yield made


def test_each_control_is_listed_by_airflow(run: Run) -> None:
    listed = {each["dag_id"] for each in run.airflow.api.call("GET", "/dags?limit=200")["dags"]}
    assert {CHANGES, LEAVERS, "evidence_true_up", "evidence_period_close", "evidence_readiness"} <= listed


def test_readiness_finds_the_owner_who_is_gone_and_records_what_it_checked(run: Run) -> None:
    assert run.trigger("evidence_readiness", period=CURRENT) == "failed"
    # Unpausing the DAG made its weekly run as well.
    [record] = [each for each in run.records(RecordKind.READINESS) if " test__" in each.by]
    checks = {(each["what"], each["subject"]): each for each in record.facts["checks"]}
    assert checks["owner", "Head of Engineering"]["outcome"] == "ready"
    gone = checks["owner", "People Lead"]
    assert (gone["outcome"], gone["detail"]) == ("not ready", "Slack: the account is deactivated")
    assert checks["collector", f"{CHANGES} shop_csv"]["outcome"] == "ready"
    assert checks["collector", f"{LEAVERS} hris"]["detail"].endswith("2 rows")
    # Two controls do not serve all criteria of Security, and lint says so; nothing else is wrong with the files.
    assert all("has no control" in each["detail"] for (what, _), each in checks.items() if what == "files")
    assert any(what == "bucket" and each["outcome"] == "ready" for (what, _), each in checks.items())
    assert record.place.observation_period == CURRENT
    assert {method for method, _ in run.slack.calls} == {"users.lookupByEmail"}
    assert TOKEN not in json.dumps(record.facts)


def test_freshness_takes_the_snapshot_that_is_due_and_finds_nothing_stale(run: Run) -> None:
    assert run.trigger("evidence_freshness") == "success"
    [record] = [each for each in run.records(RecordKind.SNAPSHOT) if each.place.observation_period == CURRENT]
    assert record.place.window in ("snapshot-start", f"snapshot-{datetime.now(UTC):%Y-%m}")
    assert all(entry.key.startswith(f"{CATALOG}tsc_2017_rev2022/") for entry in record.objects)
    assert any(entry.key.endswith("criteria/scope.yaml") for entry in record.objects)
    assert run.trigger("evidence_freshness") == "success"
    assert len([each for each in run.records(RecordKind.SNAPSHOT) if each.place.observation_period == CURRENT]) == 1


def test_a_run_has_a_deadline_until_it_ends(run: Run) -> None:
    """A run of a window that is over hangs a day after it was made; one that has ended has no deadline any more."""
    query = "select r.run_after, d.deadline_time from deadline d join dag_run r on r.id = d.dagrun_id where r.run_id = ?"
    window, run_id = run.program.key(0), "window__deadline"
    run.airflow.api.trigger(CHANGES, window, run_id)
    with sqlite3.connect(run.airflow.home / ".tieout" / "airflow" / "airflow.db", timeout=30) as database:
        [(run_after, deadline)] = database.execute(query, (run_id,)).fetchall()
        assert datetime.fromisoformat(deadline) == datetime.fromisoformat(run_after) + timedelta(days=1)
        assert run.airflow.finish(run_id, CHANGES) == "success"
        assert database.execute(query, (run_id,)).fetchall() == []


def test_an_ended_period_is_trued_up_closed_and_sealed(run: Run) -> None:
    assert run.trigger("evidence_period_close", period=ENDED) == "success"  # skipped: no true-up yet
    assert run.records(RecordKind.CLOSED) == []
    assert run.trigger("evidence_true_up") == "success"
    auditor = run.airflow.store.bucket("auditor")
    found = [each for each in landings(auditor, period=ENDED) if each["window"].startswith("true-up-")]
    assert [(each["control"], each["rows"], each["evidence_type"]) for each in found] == [
        (LEAVERS, 0, "true_up_difference.v1"),
        (CHANGES, 0, "true_up_difference.v1"),
    ]
    for _ in range(2):  # the second finds nothing due
        assert run.trigger("evidence_reconciliation", period=ENDED) == "success"
    reconciled = [each for each in landings(auditor, period=ENDED) if each["window"].startswith("reconciled-")]
    assert [(each["control"], each["window"], each["rows"]) for each in reconciled] == [
        (LEAVERS, f"reconciled-changes-{run.program.key(month)}", 0) for month in (0, 1)
    ]
    assert run.trigger("evidence_period_close") == "success"
    [record] = run.records(RecordKind.CLOSED)
    assert (record.facts["differences"], record.facts["true_ups"]) == (0, 2)
    digest = wait_for_digest(run)
    assert ENDED in digest["closes"], digest
    report = run.airflow.store.verify()
    assert report.outcome is Outcome.INTACT, report.as_document()


def test_the_registers_of_deviations_and_risk_acceptances_land_once(run: Run) -> None:
    for _ in (1, 2):
        assert run.trigger("evidence_deviations", period=ENDED) == "success"
    found = landings(run.airflow.store.bucket("auditor"), period=ENDED, superseded=True)
    registers = [(each["evidence_type"], each["control"], each["rows"]) for each in found if each["evidence_type"] in REGISTERS]
    assert sorted(registers) == [(name, each, 0) for name in REGISTERS for each in (LEAVERS, CHANGES)]


def wait_for_digest(run: Run) -> dict[str, Any]:
    """Wait for the digest that the close asked for; return what the head says."""
    runs = run.airflow.api.call("GET", "/dags/evidence_digest/dagRuns")["dag_runs"]
    assert runs
    for each in runs:
        assert run.airflow.finish(each["dag_run_id"], "evidence_digest") == "success"
    auditor = run.airflow.store.bucket("auditor")
    head = standing_chain(auditor).head
    return {"closes": read_digest(auditor.read(head.key, None) or b"", head.key).closes}


def test_what_came_after_the_period_is_extracted_up_to_a_stated_date(run: Run) -> None:
    today = datetime.now(UTC).date()
    if today == run.program.end_day:
        pytest.skip("today is the first day after the period: no day after it is over")
    until = today - timedelta(days=1)
    assert run.trigger("evidence_post_period", period=ENDED, until=str(until)) == "success"
    window = f"post-period-{until}"
    found = {each["control"]: each["rows"] for each in landings(run.airflow.store.bucket("auditor")) if each["window"] == window}
    days = (until - run.program.end_day).days + 1
    assert found == dict.fromkeys((CHANGES, LEAVERS), sum(day < days for day in (0, 5)))
