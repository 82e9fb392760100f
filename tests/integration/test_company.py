# SPDX-License-Identifier: Apache-2.0
"""A made-up company through its vendors' APIs into the bucket: what is wrong in it are its deviations, and nothing else is."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.faults import scene
from tests.simulators.company import PERIOD, Company
from tests.simulators.known import BRANCH, CHANGES, LEAVERS, Known, known_differences, known_faults, known_unknowns
from tests.simulators.services import NAMES, apis, connection
from tests.simulators.vendor import serving
from tests.stack import Store
from tieout.collectors.reach import NoReach, SourceConnection
from tieout.criteria.controls import control_files, load_control
from tieout.criteria.periods import WindowKind
from tieout.flows import population_export as flow
from tieout.flows.deviations import Register, read_register
from tieout.flows.index import landings
from tieout.flows.reconciliation import compare, plan_reconciliation
from tieout.flows.status import choose_period, read_facts, read_program, status
from tieout.local.demo_report import listed

pytestmark = pytest.mark.integration

CONTROLS = {
    control: load_control(path)
    for control, path in control_files(REPOSITORY / "include" / "criteria" / "controls").items()
    if any(source.system in NAMES and "path" not in source.parameters for source in load_control(path).systems)
    and not load_control(path).is_campaign  # what it is frozen from is collected by its own tasks
}
"""All that read the company's APIs."""
MONTHS = [f"2026-{month:02}" for month in range(1, 7)]
LAST_WEEK = ["2026-W26"]
NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)


class Reaches(NoReach):
    """Reaches the company's APIs."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls = urls

    def connection(self, conn_id: str) -> SourceConnection:
        said = connection(conn_id, self.urls[conn_id])
        return SourceConnection(conn_id, "http", said["host"], None, "", said.get("login", ""), said["password"], {})


@dataclass
class Landed:
    """What the module's tests share."""

    company: Company
    store: Store
    register: Register


@pytest.fixture(scope="module")
def landed(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """Land six windows of each control, as the tasks of their DAGs do, and read the register of deviations."""
    company = Company(*PERIOD)
    store = replace(own_store, settings=replace(own_store.settings, home=repository))
    with ExitStack() as stack:
        urls = {}
        for name, api in apis(company).items():
            server = stack.enter_context(serving(api))
            server.record, server.clock = False, lambda: NOW
            urls[name] = server.url
        reach = Reaches(urls)
        for control, said in CONTROLS.items():
            [source] = said.systems
            for window in windows_of(control):
                outcome = scene.run(store, flow.plan(store.settings, control, source.system, window, reach), lambda: NOW)
                assert outcome.landed_rows is not None, outcome.message
    program = read_program(store.settings)
    period = choose_period(program.scope.observation_periods, "2026-H1", NOW.date())
    bucket = store.bucket("auditor")
    at = datetime.now(UTC)
    found = status(program, read_facts(bucket, at), period, at)
    register = read_register(store.settings, bucket, program, found, landings(bucket), tmp_path_factory.mktemp("register"))
    return Landed(company, store, register)


def windows_of(control: str) -> list[str]:
    """Return a control's windows in the period; of a snapshot by the week, the one that can still be read."""
    if CONTROLS[control].extraction_schedule.window is WindowKind.WEEKLY:
        return LAST_WEEK
    return MONTHS[1:] if control == BRANCH else MONTHS  # GitHub keeps its audit log for 180 days


def as_known(known: list[Known]) -> set[tuple[str, str, str]]:
    """Return what is known in a form that can be compared."""
    return {(each.control, each.rule, json.dumps(each.row, sort_keys=True)) for each in known}


def key(row_key: str | None) -> str:
    """Return a row's key without its system."""
    said = json.loads(row_key or "{}")
    said.pop("system", None)
    return json.dumps(said, sort_keys=True)


def test_of_whom_nothing_can_be_said_is_listed_and_no_deviation(landed: Landed) -> None:
    found = listed(landed.store.stack.installation, tuple(CONTROLS), "not determinable")
    unknown = known_unknowns(landed.company)
    assert {(control, rule, json.dumps(dict(row))) for control, rule, row in found if control == LEAVERS} == as_known(unknown)


def test_a_ticket_that_does_not_exist_is_a_difference(landed: Landed, tmp_path: Path) -> None:
    found = set()
    for window in MONTHS[1:]:  # a ticket of January's first change was opened before the period
        (tmp_path / window).mkdir()
        plan = plan_reconciliation(landed.store.settings, CHANGES, "tickets", window)
        compared, _ = compare(plan, landed.store.bucket(), landed.store.clock, tmp_path / window, None)
        found |= {key(row["row_key"]) for row in compared.rows.to_pylist() if row["difference"] == "only here"}
    assert found == {row for _, _, row in as_known(known_differences(landed.company))}


def test_every_fault_and_nothing_else_is_a_deviation(landed: Landed) -> None:
    shown = [each.observed for each in landed.register.deviations if each.observed.control in CONTROLS]
    assert {(each.control, each.rule or each.kind.value, key(each.row_key)) for each in shown} == as_known(
        known_faults(landed.company)
    )
    assert all(each.in_evidence for each in shown)
