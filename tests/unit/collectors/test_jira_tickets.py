# SPDX-License-Identifier: Apache-2.0
"""Jira is read whole: in the zone of the account that asks, with whole histories, and in its own words where it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.named_sources import AFTER, Connections
from tests.simulators.company import PERIOD, Company
from tests.simulators.jira import LOGIN, TOKEN, Jira
from tests.simulators.vendor import Reply, Request, Server, serving
from tests.unit.collectors.frames import FrameFactory, staged_rows

from tieout.collectors import jira as module
from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.contracts.odcs import Contract, load_contract
from tieout.errors import ConfigurationError, ContractError
from tieout.persons import create_person_key

CHANGES = 50
SHOP: dict[str, Any] = {"project": "SHOP", "approved_status": "Approved"}


@pytest.fixture(scope="module")
def company() -> Company:
    return Company(*PERIOD, people=40, changes=CHANGES, pages=40, faults=False)


@pytest.fixture
def site(company: Company) -> Iterator[Server]:
    with serving(Jira(company)) as server:
        server.clock = lambda: AFTER
        yield server


@pytest.fixture(scope="module")
def ticket(repository: Path) -> Contract:
    return load_contract(repository / "include/evidence_schemas/ticket.v1.odcs.yaml")


def prepared(frame: Frame, server: Server, token: str = TOKEN) -> Frame:
    """Return a frame that reaches the site."""
    frame.reach, frame.sleep = Connections(jira=(server.url, LOGIN, token)), lambda _: None
    return frame


def read(frame: Frame, contract: Contract) -> Extraction:
    """Extract."""
    return extract(frame, contract, Inclusion("created_at"), lambda: AFTER, None)


def created(company: Company, number: int) -> datetime:
    """Return when a change's ticket was created."""
    return company.change(number).merged_at - timedelta(days=2)


def test_every_ticket_of_the_months_is_read_once(
    frame_of: FrameFactory, site: Server, ticket: Contract, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SIZE", 4)
    found: list[str] = []
    for month in range(1, 7):
        extraction = read(prepared(frame_of("jira_tickets", f"2026-{month:02}", **SHOP), site), ticket)
        found += staged_rows(extraction)["ticket_id"].to_pylist()
        assert extraction.ipe.second_count.independence is SecondCountClass.SAME_ENDPOINT
        assert extraction.ipe.second_count.rows == extraction.ipe.source_total.rows
    assert found == [f"SHOP-{number + 1}" for number in range(CHANGES) if created(company, number) >= PERIOD[0]]


@pytest.mark.parametrize("edge", ["start", "end"])
def test_a_window_that_begins_or_ends_with_a_ticket_is_exact_in_any_zone(
    frame_of: FrameFactory, site: Server, ticket: Contract, company: Company, edge: str
) -> None:
    """The account's zone is an hour or two ahead of UTC: dates that were taken for UTC would lose tickets."""
    frame = prepared(frame_of("jira_tickets", **SHOP), site)
    at = created(company, 30)
    frame.window = replace(frame.window, **{"start": at - timedelta(days=5), "end": at + timedelta(days=5), edge: at})
    rows = staged_rows(read(frame, ticket))["ticket_id"].to_pylist()
    assert ("SHOP-31" in rows) == (edge == "start")


def test_dates_are_written_in_the_zone_of_the_account_an_hour_wider(frame_of: FrameFactory, site: Server) -> None:
    asked = module.Site(prepared(frame_of("jira_tickets", **SHOP), site), "jira")
    jql = asked.jql("SHOP", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert jql == 'project = "SHOP" AND created >= "2026-03-01 00:00" AND created < "2026-04-01 03:00"'


def test_a_refused_query_is_shown_in_jiras_own_words(frame_of: FrameFactory, site: Server, ticket: Contract) -> None:
    frame = prepared(frame_of("jira_tickets", **SHOP | {"project": "SHOES"}), site)
    with pytest.raises(ConfigurationError, match=r"HTTP 400: .*It says: \"The value 'SHOES' does not exist for the field"):
        read(frame, ticket)
    assert len(frame.pages) == 3  # who asks, its rights, the refusal


@pytest.mark.parametrize("project", ['SHOP" OR project = "HR', "shop", ""])
def test_a_project_is_a_key_and_nothing_else(frame_of: FrameFactory, site: Server, ticket: Contract, project: str) -> None:
    with pytest.raises(ConfigurationError, match="expected a project's key, such as SHOP"):
        read(prepared(frame_of("jira_tickets", **SHOP | {"project": project}), site), ticket)


def test_the_statement_says_who_asked_and_what_it_may_do(frame_of: FrameFactory, site: Server, ticket: Contract) -> None:
    source = read(prepared(frame_of("jira_tickets", **SHOP), site), ticket).ipe.source
    assert source.credential == "Airflow Connection jira, account 712020:auditor"
    assert source.read_only_proof.startswith("Jira states that it has none of the rights ADD_COMMENTS, ADMINISTER_PROJECTS")
    assert 'project = "SHOP" AND created >= ' in source.query
    assert TOKEN not in repr(source)


def test_an_account_that_may_write_is_said_to(frame_of: FrameFactory, site: Server, ticket: Contract) -> None:
    def writes(_: int, request: Request, reply: Reply) -> None:
        if request.path.endswith("/mypermissions"):
            reply.body["permissions"]["EDIT_ISSUES"]["havePermission"] = True

    site.fault = writes
    source = read(prepared(frame_of("jira_tickets", **SHOP), site), ticket).ipe.source
    assert source.read_only_proof == "it could write: Jira states the rights EDIT_ISSUES in SHOP"


def on(path: str, change: Callable[[dict[str, Any]], object]) -> Callable[[int, Request, Reply], None]:
    """Return a fault in the answers of a path."""

    def fault(_: int, request: Request, reply: Reply) -> None:
        if request.path.endswith(path):
            change(reply.body)

    return fault


@pytest.mark.parametrize(
    ("path", "change", "says"),
    [
        ("/search/jql", lambda body: body.update(nextPageToken="CAE=0"), "leads back to an earlier page: the cursor loops"),
        ("/search/jql", lambda body: body.pop("issues"), "expected a list at 'issues', got NoneType"),
        ("/myself", lambda body: body.update(timeZone="Mars/Base"), "expected a known time zone at 'timeZone'"),
        ("/myself", lambda body: body.pop("timeZone"), "expected a known time zone at 'timeZone'"),
    ],
)
def test_an_answer_that_can_not_be_right_is_refused(
    frame_of: FrameFactory, site: Server, ticket: Contract, path: str, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    site.fault = on(path, change)
    with pytest.raises(ContractError, match=says):
        read(prepared(frame_of("jira_tickets", **SHOP), site), ticket)


def test_a_listing_of_ids_that_differs_is_on_record(frame_of: FrameFactory, site: Server, ticket: Contract) -> None:
    def lose(_: int, request: Request, reply: Reply) -> None:
        if request.query.get("fields") == "id":
            reply.body["issues"].pop()

    site.fault = lose
    ipe = read(prepared(frame_of("jira_tickets", **SHOP), site), ticket).ipe
    assert ipe.second_count.rows == ipe.source_total.rows - 1


def test_a_refused_token(frame_of: FrameFactory, site: Server, ticket: Contract) -> None:
    with pytest.raises(ConfigurationError, match="HTTP 401: the credential of Airflow Connection 'jira' is expired"):
        read(prepared(frame_of("jira_tickets", **SHOP), site, "another"), ticket)


@pytest.mark.parametrize(("commented", "size"), [(37, 100), (105, 100), (45, 20)])
def test_histories_longer_than_the_search_gives_are_read_whole(
    frame_of: FrameFactory, ticket: Contract, company: Company, commented: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SIZE", size)
    with serving(Jira(company, commented)) as server:
        server.clock = lambda: AFTER
        rows = staged_rows(read(prepared(frame_of("jira_tickets", **SHOP), server), ticket)).to_pylist()
    assert {row["transitions"] for row in rows} == {"3"}
    assert {row["approved_before_done"] for row in rows} == {"true"}


def test_a_history_that_stays_short_is_refused(frame_of: FrameFactory, ticket: Contract, company: Company) -> None:
    with serving(Jira(company, 60)) as server:
        server.fault = on("/changelog", lambda body: body.update(values=body["values"][:-1]))
        with pytest.raises(ContractError, match=r"issue \d+: expected a history of 63 entries, got 62"):
            read(prepared(frame_of("jira_tickets", **SHOP), server), ticket)


def test_people_are_ids_where_those_are_on(
    frame_of: FrameFactory, site: Server, ticket: Contract, company: Company, tmp_path: Path
) -> None:
    key = tmp_path / "person.key"
    create_person_key(key)
    frame = prepared(frame_of("jira_tickets", **SHOP), site)
    frame.settings = replace(frame.settings, identity_key=f"file:{key}")
    frame.__post_init__()
    row = staged_rows(read(frame, ticket)).to_pylist()[0]
    change = company.change(int(row["ticket_id"].removeprefix("SHOP-")) - 1)
    assert row["reporter"] == frame.as_captured(company.person(change.author).email)
    assert row["approver"] == frame.as_captured(company.person(change.reviewer).email)
    assert row["reporter"].startswith("person-")
    assert row["approver_is_reporter"] == "false"
