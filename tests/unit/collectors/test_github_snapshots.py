# SPDX-License-Identifier: Apache-2.0
"""Protection, access, alerts and events of a made-up organization on GitHub are read whole, and refused where they can not be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.faults.scene import OneConnection
from tests.simulators.company import BRANCH_EVENTS, PERIOD, Company, Kind
from tests.simulators.github import TOKEN, Github
from tests.simulators.github_security import ALERTS
from tests.simulators.vendor import Reply, Request, Server, serving
from tests.unit.collectors.frames import FrameFactory, staged_rows
from tests.unit.collectors.rules import not_met

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.contracts.odcs import load_contract
from tieout.criteria.periods import WindowKind, window
from tieout.errors import ConfigurationError, ContractError, ExtractionRefused

SHOP = {"organization": "shop", "repository": "storefront"}
SUNDAY, TUESDAY = datetime(2026, 3, 29, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 31, 6, tzinfo=UTC)
KINDS = {
    "github_protection": ("configuration_check", "checked_at"),
    "github_members": ("access_entry", "as_of"),
    "github_vulnerabilities": ("vulnerability", "detected_at"),
    "github_audit": ("configuration_event", "occurred_at"),
}
MONTHS = {f"2026-{month:02}": datetime(2026, month + 1, 2, tzinfo=UTC) for month in range(1, 7)}


@pytest.fixture(scope="module")
def company() -> Company:
    """Return a company with every fault."""
    return Company(*PERIOD, people=45, changes=20, pages=20)


@pytest.fixture
def api(company: Company) -> Github:
    """Return GitHub, with the company's organization."""
    return Github(company)


@pytest.fixture
def server(api: Github) -> Iterator[Server]:
    """Serve it."""
    with serving(api) as running:
        yield running


def weekly(frame: Frame) -> Frame:
    """Give a frame the week that ends on Sunday."""
    frame.window = window(WindowKind.WEEKLY, "2026-W13", ZoneInfo("UTC"))
    return frame


def read(frame: Frame, repository: Path, server: Server, now: datetime = TUESDAY) -> Extraction:
    """Extract a frame's window."""
    frame.reach, frame.sleep = OneConnection(server.url, TOKEN), lambda _: None
    evidence_type, column = KINDS[frame.source.collector]
    contract = load_contract(repository / "include" / "evidence_schemas" / f"{evidence_type}.v1.odcs.yaml")
    return extract(frame, contract, Inclusion(column), lambda: now, None)


def findings(collector: str, rows: list[dict[str, Any]], repository: Path) -> list[tuple[str, Any]]:
    """Return what does not meet a control rule."""
    contract = load_contract(repository / "include" / "evidence_schemas" / f"{KINDS[collector][0]}.v1.odcs.yaml")
    return list(not_met(rows, contract))


def test_the_settings_of_a_protected_branch_are_as_they_are_to_be(
    frame_of: FrameFactory, repository: Path, server: Server
) -> None:
    extraction = read(weekly(frame_of("github_protection", owner="Head of Engineering", **SHOP)), repository, server)
    rows = staged_rows(extraction).to_pylist()
    assert len(rows) == len({row["check_id"] for row in rows}) == 8
    assert {row["checked_at"][:19] for row in rows} == {SUNDAY.isoformat()[:19]}
    assert findings("github_protection", rows, repository) == []
    assert any("2026-03-31T06:00:00" in each for each in extraction.ipe.source.blind_spots)


def test_a_branch_that_is_not_protected_meets_nothing(
    frame_of: FrameFactory, repository: Path, server: Server, api: Github
) -> None:
    api.protection = None
    rows = staged_rows(read(weekly(frame_of("github_protection", **SHOP)), repository, server)).to_pylist()
    assert len(findings("github_protection", rows, repository)) == len(rows) == 8


def test_a_branch_that_the_token_may_not_see_is_no_branch_without_protection(
    frame_of: FrameFactory, repository: Path, server: Server
) -> None:
    frame = weekly(frame_of("github_protection", **{**SHOP, "branch": "absent"}))
    with pytest.raises(ConfigurationError, match=r'HTTP 404.*It says: "Not Found"'):
        read(frame, repository, server)
    assert len(frame.pages) == 1, "the answer is kept"


@pytest.mark.parametrize("collector", ["github_protection", "github_members"])
def test_what_stands_now_says_nothing_of_long_ago(
    collector: str, frame_of: FrameFactory, repository: Path, server: Server
) -> None:
    with pytest.raises(ExtractionRefused, match="shows only what stands now"):
        read(weekly(frame_of(collector, **SHOP)), repository, server, datetime(2026, 5, 1, tzinfo=UTC))


def test_members_and_collaborators_are_listed_with_what_they_may_do(
    frame_of: FrameFactory, repository: Path, server: Server, company: Company
) -> None:
    extraction = read(weekly(frame_of("github_members", **SHOP)), repository, server)
    rows = staged_rows(extraction).to_pylist()
    owners = {row["account"] for row in rows if row["entitlement"] == "shop: owner"}
    assert owners == {company.person(number).login for number in (1, 41) if number not in company.leavers}
    assert {row["account"] for row in rows if row["entitlement"] == "shop/storefront: admin"} == {company.person(1).login}
    assert {row["account"] for row in rows if row["privileged"] == "true"} == owners
    assert {row["mfa"] for row in rows} == {"true"}
    assert findings("github_members", rows, repository) == []
    assert extraction.ipe.second_count.independence is SecondCountClass.SAME_ENDPOINT
    assert extraction.ipe.second_count.rows == len(rows) == len({(row["account"], row["entitlement"]) for row in rows})


def test_a_member_without_a_second_factor_shows(
    frame_of: FrameFactory, repository: Path, server: Server, company: Company
) -> None:
    login = company.person(2).login

    def fault(_: int, request: Request, reply: Reply) -> None:
        if "2fa_disabled" in request.url:
            reply.body = [{"login": login}]

    server.fault = fault
    rows = staged_rows(read(weekly(frame_of("github_members", **SHOP)), repository, server)).to_pylist()
    assert {row["account"] for row in rows if row["mfa"] == "false"} == {login}


def test_vulnerabilities_of_each_month_are_all_of_them_and_in_time(
    frame_of: FrameFactory, repository: Path, server: Server
) -> None:
    rows: list[dict[str, Any]] = []
    for month in MONTHS:
        extraction = read(frame_of("github_vulnerabilities", month, **SHOP), repository, server, datetime(2026, 7, 2, tzinfo=UTC))
        assert extraction.ipe.source_total.rows == ALERTS
        rows += staged_rows(extraction).to_pylist()
    assert sorted(int(row["vulnerability_id"]) for row in rows) == list(range(1, ALERTS + 1))
    assert findings("github_vulnerabilities", rows, repository) == []
    assert {row["fixed_in_time"] for row in rows} == {"true", None}


def test_the_event_that_weakened_the_protection_is_the_one_not_met(
    frame_of: FrameFactory, repository: Path, server: Server, company: Company
) -> None:
    rows: list[dict[str, Any]] = []
    for month, now in MONTHS.items():
        rows += staged_rows(read(frame_of("github_audit", month, **SHOP), repository, server, now)).to_pylist()
    others = BRANCH_EVENTS - sum(number % 5 == 3 for number in range(BRANCH_EVENTS))
    assert len(rows) == others + (BRANCH_EVENTS // 2 % 5 == 3)
    found = findings("github_audit", rows, repository)
    faults = list(company.faults(Kind.PROTECTION_WEAKENED))
    assert [(rule, row["change"]) for rule, row in found] == [("protection_kept", "admin_enforced: false")] * len(faults)
    at = company.at("branch event", faults[0].number, BRANCH_EVENTS)
    assert datetime.fromisoformat(found[0][1]["occurred_at"]) == at


def test_a_window_of_which_the_log_forgot_a_part_is_refused(frame_of: FrameFactory, repository: Path, server: Server) -> None:
    with pytest.raises(ExtractionRefused, match="keeps 180"):
        read(frame_of("github_audit", "2026-01", **SHOP), repository, server, datetime(2026, 7, 2, tzinfo=UTC))
    assert server.asked == 0
    kept = frame_of("github_audit", "2026-01", retention_days=400, **SHOP)
    assert staged_rows(read(kept, repository, server, datetime(2026, 7, 2, tzinfo=UTC))).num_rows > 0


@pytest.mark.parametrize(("collector", "part"), [("github_audit", "order=asc"), ("github_vulnerabilities", "direction=asc")])
def test_a_listing_that_is_shorter_the_second_time_is_refused(
    collector: str, part: str, frame_of: FrameFactory, repository: Path, server: Server
) -> None:
    server.fault = lambda _, request, reply: reply.body.pop() if part in request.url and reply.body else None
    with pytest.raises(ContractError, match="A partial read is no population"):
        read(frame_of(collector, "2026-03", **SHOP), repository, server, MONTHS["2026-03"])


def test_an_answer_that_is_no_list_is_refused(frame_of: FrameFactory, repository: Path, server: Server) -> None:
    def fault(_: int, __: Request, reply: Reply) -> None:
        reply.body = {"message": "Server Error"}

    server.fault = fault
    with pytest.raises(ContractError, match="expected a list, got dict"):
        read(frame_of("github_vulnerabilities", **SHOP), repository, server, MONTHS["2026-03"])


def test_a_page_that_leads_back_is_refused(frame_of: FrameFactory, repository: Path, server: Server) -> None:
    def fault(_: int, request: Request, reply: Reply) -> None:
        reply.headers["Link"] = f'<{server.url}{request.path}?after=3>; rel="next"'

    server.fault = fault
    with pytest.raises(ContractError, match="leads back to a page before it"):
        read(frame_of("github_vulnerabilities", **SHOP), repository, server, MONTHS["2026-03"])
