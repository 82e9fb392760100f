# SPDX-License-Identifier: Apache-2.0
"""Controls over PagerDuty and Jira show every fault of the made-up company, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from tests.named_sources import REPOSITORY, Collected, Connections, collect_span
from tests.simulators import jira, pagerduty_account
from tests.simulators.company import PERIOD, PROJECT, Company, Kind
from tests.simulators.jira import Jira
from tests.simulators.pagerduty_account import PagerDuty
from tests.simulators.pagerduty_objects import incident_id
from tests.simulators.vendor import serving

from tieout.audit.reconciliation import RECONCILIATION_TYPE, Side, reconcile
from tieout.contracts.odcs import contract_file, load_contract
from tieout.criteria.controls import load_control

CONTROLS, CONTRACTS = REPOSITORY / "include/criteria/controls", REPOSITORY / "include/evidence_schemas"
NAMES = ("contract", "inclusion")


@pytest.fixture(scope="module")
def company() -> Company:
    """Return a small company with faults."""
    return Company(*PERIOD, people=60, changes=60, pages=60)


def of_pagerduty(control: str, company: Company, folder: Path) -> Collected:
    """Collect a control from the company's PagerDuty."""
    with serving(PagerDuty(company)) as server:
        return collect_span(control, "pagerduty", Connections(pagerduty=(server.url, "", pagerduty_account.TOKEN)), folder)


def numbers(company: Company, *kinds: Kind) -> list[int]:
    """Return the numbers of what has these faults."""
    return [fault.number for fault in company.faults(*kinds)]


def test_pages_that_were_acknowledged_late_or_never_are_shown(company: Company, tmp_path: Path) -> None:
    found = of_pagerduty("cc7_2_on_call_alerts", company, tmp_path)
    faults = numbers(company, Kind.PAGE_LATE, Kind.PAGE_IGNORED)
    assert len(faults) == 2
    assert found.results("not met") == sorted(("acknowledged_in_time", incident_id(number)) for number in faults)
    assert found.results("not determinable") == []
    assert found.rows.num_rows == company.pages
    by_id = {row["alert_id"]: row for row in found.rows.to_pylist()}
    for number in range(company.pages):
        page, row = company.page(number), by_id[incident_id(number)]
        assert (row["raised_at"], row["acknowledged_at"], row["resolved_at"]) == (
            page.raised_at,
            page.acknowledged_at,
            page.resolved_at,
        )
        expected = company.person(page.responder).email if page.acknowledged_at else None
        assert (row["acknowledged_by"], row["urgency"]) == (expected, page.urgency)
        assert row["incident_id"] == (str(number + 1) if page.is_major else None)


def test_incidents_without_a_cause_are_shown(company: Company, tmp_path: Path) -> None:
    found = of_pagerduty("cc7_4_on_call_incidents", company, tmp_path)
    [fault] = numbers(company, Kind.INCIDENT_OPEN)
    assert found.results("not met") == [("root_cause_recorded", str(fault + 1))]
    major = {str(number + 1): company.page(number) for number in range(company.pages) if company.page(number).is_major}
    rows = {row["incident_id"]: row for row in found.rows.to_pylist()}
    assert rows.keys() == major.keys()
    for key, page in major.items():
        assert (rows[key]["contained_at"], rows[key]["resolved_at"]) == (page.acknowledged_at, page.resolved_at)
        assert rows[key]["commander"] == company.person(page.responder).email
    [outside, dropped] = found.ipe["drops"]
    assert (outside["rows"], dropped["rows"]) == (0, company.pages - len(major))


def test_a_period_without_incidents_is_proven_by_the_alerts_that_became_none(tmp_path: Path) -> None:
    calm = Company(*PERIOD, people=60, changes=60, pages=40, seed="still", faults=False)
    assert not any(calm.page(number).is_major for number in range(calm.pages))
    found = of_pagerduty("cc7_4_on_call_incidents", calm, tmp_path)
    assert (found.rows.num_rows, found.results("not met")) == (0, [])
    assert found.ipe["source_total"]["rows"] == found.ipe["second_count"]["rows"] == 40
    assert found.ipe["second_count"]["how"] == "totals of GET /incidents by status: 0 triggered, 0 acknowledged, 40 resolved"


@pytest.mark.parametrize("lost", [False, True], ids=["all alerts", "an alert is missing"])
def test_every_incident_comes_from_an_alert(company: Company, tmp_path: Path, lost: bool) -> None:
    sides = []
    for control in ("cc7_2_on_call_alerts", "cc7_4_on_call_incidents"):
        (tmp_path / control).mkdir()
        rows = of_pagerduty(control, company, tmp_path / control).rows
        kind = load_control(CONTROLS / f"{control}.yaml")
        contract = load_contract(contract_file(CONTRACTS, kind.evidence_type))
        sides.append(Side(rows, contract, kind.population.inclusion_date_field))
    [rule] = load_control(CONTROLS / "cc7_2_on_call_alerts.yaml").reconciliations
    alerts = sides[0].rows.to_pylist()
    first = next(row["incident_id"] for row in alerts if row["incident_id"])
    if lost:
        kept = [row for row in alerts if row["incident_id"] != first]
        sides[0] = Side(pa.Table.from_pylist(kept, schema=sides[0].rows.schema), *(getattr(sides[0], name) for name in NAMES))
    found = reconcile(*sides, rule, load_contract(contract_file(CONTRACTS, RECONCILIATION_TYPE)), PERIOD, "H1", tmp_path)
    missing = [(row["difference"], json.loads(row["row_key"])["incident_id"]) for row in found.rows.to_pylist()]
    assert missing == ([("only there", first)] if lost else [])
    assert found.there.matched == sides[1].rows.num_rows - len(missing) > 0


@pytest.mark.parametrize("commented", [0, 45], ids=["short histories", "histories longer than the search gives"])
def test_tickets_that_nobody_else_approved_are_shown(company: Company, tmp_path: Path, commented: int) -> None:
    with serving(Jira(company, commented)) as server:
        reach = Connections(jira=(server.url, jira.LOGIN, jira.TOKEN))
        found = collect_span("cc8_1_change_approvals", "jira", reach, tmp_path)
        long = [request.path for request, _ in server.exchanges if request.path.endswith("/changelog")]
    [unapproved], [own] = numbers(company, Kind.TICKET_UNAPPROVED), numbers(company, Kind.TICKET_SELF_APPROVED)
    assert found.results("not met") == [
        ("approved_before_done", f"{PROJECT}-{unapproved + 1}"),
        ("approver_is_another", f"{PROJECT}-{own + 1}"),
    ]
    assert found.results("not determinable") == [("approver_is_another", f"{PROJECT}-{unapproved + 1}")]
    without = numbers(company, Kind.NO_TICKET, Kind.DIRECT_PUSH, Kind.LOST_TICKET)
    expected = {number for number in range(company.changes) if number not in without}
    assert set(found.rows["ticket_id"].to_pylist()) == {
        f"{PROJECT}-{number + 1}" for number in expected if created(company, number)
    }
    assert set(found.rows["transitions"].to_pylist()) == {2, 3}
    assert bool(long) == bool(commented)


def created(company: Company, number: int) -> bool:
    """Whether a change's ticket was created in the period."""
    return company.change(number).merged_at - timedelta(days=2) >= company.start
