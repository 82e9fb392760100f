# SPDX-License-Identifier: Apache-2.0
"""What our collectors ask, and what the simulators answer, is what the vendors' own descriptions say.

Every shipped control that reads a vendor is collected for a quarter from the simulators of the made-up company. Each exchange
is held against the vendor's description, where it has one here (`tests.openapi`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from tests.named_sources import REPOSITORY, Connections, collect_only
from tests.openapi import description
from tests.simulators.company import PERIOD, Company
from tests.simulators.services import apis, connection
from tests.simulators.vendor import Request, Server, serving
from tieout.criteria.controls import control_files, load_control

pytestmark = pytest.mark.integration
QUARTER = date(2026, 4, 1), date(2026, 7, 1)
FOLDER = REPOSITORY / "include" / "criteria" / "controls"


@dataclass(frozen=True)
class Vendor:
    """One vendor, and what beside the shipped controls is asked of it."""

    name: str
    collectors: str
    """Expression for the names of its collectors."""
    apart: dict[str, str] = field(default_factory=dict)
    """By expression for method and path: why its description does not have it."""
    further: tuple[str, ...] = ()
    """Addresses that are asked for as well: answers that no collector gets, errors among them."""
    describes_refusal: bool = False
    """Whether it describes what it answers to a credential that it does not know."""


_HALF = "since=2026-01-01T00:00:00Z&until=2026-07-01T00:00:00Z"
VENDORS = (
    Vendor(
        "github",
        "github_.*",
        {r"GET /(orgs|enterprises)/[^/]+/audit-log": "the audit log is in GitHub's description for Enterprise Cloud alone"},
    ),
    Vendor("okta", "okta_.*"),
    Vendor(
        "pagerduty",
        "pagerduty_.*",
        further=(
            "/services?limit=100&total=true",
            f"/oncalls?{_HALF}",
            f"/incidents?{_HALF}&limit=100&offset=9950",
            "/incidents/PT9999999",
        ),
        describes_refusal=True,
    ),
)
DESCRIBED_ELSEWHERE = {"jira": "Atlassian's description of Jira is not among those that the tests are given"}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """Serve all APIs of a small company with faults."""
    company = Company(*PERIOD, people=60, changes=60, pages=240)
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(api)) for name, api in apis(company).items()}


def reach(servers: dict[str, Server]) -> Connections:
    """Return the connections to them."""
    said = {name: connection(name, server.url) for name, server in servers.items()}
    return Connections(**{name: (each["host"], each.get("login", ""), each["password"]) for name, each in said.items()})


def controls_of(expression: str) -> list[tuple[str, str]]:
    """Return the shipped controls, each with its system, whose collector has a name like this."""
    return [
        (control, source.system)
        for control, path in control_files(FOLDER).items()
        for source in load_control(path).systems
        if re.fullmatch(expression, source.collector)
    ]


def ask(server: Server, vendor: Vendor) -> None:
    """Send the further requests with the headers of a recorded one, and one with another credential."""
    recorded = server.exchanges[-1][0]
    for url in vendor.further:
        server.answer(Request("GET", url, recorded.headers))
    if vendor.describes_refusal:
        server.answer(Request("GET", recorded.url, {**recorded.headers, "authorization": "Token token=another"}))


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_requests_and_answers_are_as_the_vendor_describes(
    vendor: Vendor, servers: dict[str, Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described, server = description(vendor.name), servers[vendor.name]
    controls = controls_of(vendor.collectors)
    assert controls, "a vendor whose collectors no shipped control uses"
    for control, system in controls:
        (tmp_path / f"{control}-{system}").mkdir()
        collect_only(control, system, reach(servers), tmp_path / f"{control}-{system}", QUARTER)
    collected = len(server.exchanges)
    ask(server, vendor)
    held = described.hold(server.exchanges)
    with capsys.disabled():
        print(f"\n{held}")
        for path in sorted(held.apart):
            print(f"  {path}: {held.apart[path]}")
    assert held.wrong == [], held.problems()
    assert [path for path in held.apart if not any(re.fullmatch(each, path) for each in vendor.apart)] == []
    assert held.requests >= collected - sum(held.apart.values()) > 0
    assert held.answers + sum(held.apart.values()) == len(server.exchanges)


def test_a_vendor_is_left_out_for_a_reason_only(servers: dict[str, Server]) -> None:
    assert set(servers) - {"hris"} == {vendor.name for vendor in VENDORS} | set(DESCRIBED_ELSEWHERE)
