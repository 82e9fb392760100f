# SPDX-License-Identifier: Apache-2.0
"""PagerDuty is read whole, whatever its paging allows, and an alert's acknowledgement is found wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.named_sources import AFTER, Connections
from tests.simulators import pagerduty_account
from tests.simulators.company import PERIOD, Company, Kind
from tests.simulators.pagerduty_account import PagerDuty
from tests.simulators.pagerduty_objects import incident_id
from tests.simulators.vendor import Reply, Request, Server, serving
from tests.unit.collectors.frames import FrameFactory, staged_rows

from tieout.collectors import pagerduty, pagerduty_alerts, pagerduty_listing
from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.contracts.odcs import Contract, load_contract
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable
from tieout.persons import create_person_key

PAGES = 60


@pytest.fixture(scope="module")
def company() -> Company:
    return Company(*PERIOD, people=40, changes=60, pages=PAGES)


@pytest.fixture
def account(company: Company) -> Iterator[Server]:
    """Serve the company's PagerDuty, which lists at most 100 records of a request."""
    with serving(PagerDuty(company)) as server:
        server.clock = lambda: AFTER
        yield server


@pytest.fixture(scope="module")
def alert(repository: Path) -> Contract:
    return load_contract(repository / "include/evidence_schemas/on_call_alert.v1.odcs.yaml")


@pytest.fixture(scope="module")
def incident(repository: Path) -> Contract:
    return load_contract(repository / "include/evidence_schemas/incident.v1.odcs.yaml")


@pytest.fixture
def half_year(frame_of: FrameFactory) -> Callable[..., Frame]:
    """Return a function that makes a frame over the company's whole period."""

    def make(
        server: Server, collector: str = "pagerduty_alerts", token: str = pagerduty_account.TOKEN, **parameters: Any
    ) -> Frame:
        frame = frame_of(collector, **parameters)
        frame.window = replace(frame.window, start=PERIOD[0], end=PERIOD[1])
        frame.reach, frame.sleep = Connections(pagerduty=(server.url, "", token)), lambda _: None
        return frame

    return make


def read(frame: Frame, contract: Contract) -> Extraction:
    """Extract."""
    column = "raised_at" if frame.source.collector == "pagerduty_alerts" else "declared_at"
    return extract(frame, contract, Inclusion(column), lambda: AFTER, None)


def few(monkeypatch: pytest.MonkeyPatch, most: int, size: int) -> None:
    """Let offset and limit together be so small, at both ends."""
    monkeypatch.setattr(pagerduty_listing, "MOST", most)
    monkeypatch.setattr(pagerduty_listing, "SIZE", size)
    monkeypatch.setattr(pagerduty, "SIZE", size)
    monkeypatch.setattr(pagerduty_account, "MAX_RECORDS", most)


def test_more_records_than_can_be_listed_are_read_in_pieces(
    half_year: Callable[..., Frame], account: Server, alert: Contract, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = staged_rows(read(half_year(account), alert)).sort_by("alert_id").drop_columns(["_position"])
    few(monkeypatch, 40, 10)
    account.exchanges.clear()
    extraction = read(half_year(account), alert)
    assert extraction.ipe.source_total.rows == extraction.ipe.second_count.rows == PAGES
    assert extraction.ipe.second_count.independence is SecondCountClass.OTHER_ENDPOINT
    assert staged_rows(extraction).sort_by("alert_id").drop_columns(["_position"]) == whole
    assert {reply.status for _, reply in account.exchanges} == {200}
    assert len(extraction.ipe.pages) < len(account.exchanges)


def test_a_listing_beyond_its_limit_says_so_in_the_vendors_words(
    half_year: Callable[..., Frame], account: Server, alert: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagerduty_account, "MAX_RECORDS", 50)
    with pytest.raises(ConfigurationError, match=r"Invalid Input Provided; Offset plus limit may not be larger than 50"):
        read(half_year(account), alert)


def test_one_second_that_holds_too_many_is_refused(
    half_year: Callable[..., Frame], account: Server, alert: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 40, 10)
    account.fault = lambda _, request, reply: reply.body.update(total=41) if request.path == "/log_entries" else None
    with pytest.raises(ContractError, match=r"41 records in one second, of which 40 can be listed\. Nothing lands"):
        read(half_year(account), alert)


@pytest.mark.parametrize("kind", [Kind.PAGE_LATE, Kind.PAGE_IGNORED])
def test_what_happens_after_the_window_is_found(
    half_year: Callable[..., Frame], account: Server, alert: Contract, company: Company, kind: Kind
) -> None:
    [fault] = company.faults(kind)
    page = company.page(fault.number)
    frame = half_year(account)
    frame.window = replace(frame.window, start=page.raised_at - timedelta(days=3), end=page.raised_at + timedelta(minutes=1))
    rows = {row["alert_id"]: row for row in staged_rows(read(frame, alert)).to_pylist()}
    row = rows[incident_id(fault.number)]
    assert row["acknowledged_in_time"] == "false"
    assert (row["acknowledged_at"] is None) == (kind is Kind.PAGE_IGNORED)
    own = [request.path for request, _ in account.exchanges if request.path.endswith("/log_entries") and "PT" in request.path]
    assert own == [f"/incidents/{incident_id(fault.number)}/log_entries"]


def test_an_older_incident_that_was_triggered_again_is_not_counted(
    half_year: Callable[..., Frame], account: Server, alert: Contract, company: Company
) -> None:
    def again(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/log_entries":
            notify = next(each for each in reply.body["log_entries"] if each["type"] == "notify_log_entry")
            notify["type"], notify["incident"]["id"] = "trigger_log_entry", incident_id(0)

    account.fault = again
    frame = half_year(account)
    frame.window = replace(frame.window, start=company.page(20).raised_at)
    extraction = read(frame, alert)
    assert extraction.ipe.source_total.rows == extraction.ipe.second_count.rows == PAGES - 20
    assert f"/incidents/{incident_id(0)}" in [request.path for request, _ in account.exchanges]


def test_an_alert_that_the_log_does_not_know_shows_in_the_second_count(
    half_year: Callable[..., Frame], account: Server, alert: Contract
) -> None:
    def lost(_: int, request: Request, reply: Reply) -> None:
        if request.path.endswith("/log_entries"):
            for each in reply.body["log_entries"]:
                if each["incident"]["id"] == incident_id(3):
                    each["incident"]["id"] = incident_id(4)

    account.fault = lost
    extraction = read(half_year(account), alert)
    assert (extraction.ipe.source_total.rows, extraction.ipe.second_count.rows) == (PAGES, PAGES - 1)


def changed(path: str, change: Callable[[dict[str, Any]], object], offset: str = "5") -> Callable[[int, Request, Reply], None]:
    """Return a fault in the answer to one page of a listing."""

    def fault(_: int, request: Request, reply: Reply) -> None:
        if request.path == path and request.query.get("offset") == offset:
            change(reply.body)

    return fault


@pytest.mark.parametrize("path", ["/incidents", "/log_entries"])
@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda body: body[next(iter(body))].pop(), ContractError, "expected 5 records of"),
        (lambda body: body.update(total=body["total"] + 1), SourceUnavailable, "it changed while it was read"),
        (lambda body: body.update(total=None), ContractError, "expected the number of all records at 'total', got NoneType"),
        (lambda body: body.pop(next(iter(body))), ContractError, "expected a list at"),
    ],
)
def test_a_page_that_can_not_be_whole_is_refused(
    half_year: Callable[..., Frame], account: Server, alert: Contract, company: Company, monkeypatch: pytest.MonkeyPatch,
    path: str, change: Callable[[dict[str, Any]], object], error: type[Exception], says: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(pagerduty_listing, "SIZE", 5)
    monkeypatch.setattr(pagerduty_alerts, "STEP", timedelta(days=400))
    account.fault, frame = changed(path, change), half_year(account)
    frame.window = replace(frame.window, start=company.page(30).raised_at)
    with pytest.raises(error, match=says):
        read(frame, alert)


def test_a_page_that_comes_twice_is_refused(
    half_year: Callable[..., Frame], account: Server, alert: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagerduty_listing, "SIZE", 5)
    monkeypatch.setattr(pagerduty_alerts, "STEP", timedelta(days=400))

    def twice(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/incidents" and request.query.get("offset") == "10":
            reply.body["incidents"] = next(
                before.body["incidents"] for asked, before in account.exchanges
                if asked.path == "/incidents" and asked.query.get("offset") == "5"
            )  # fmt: skip

    account.fault = twice
    with pytest.raises(ContractError, match="page 3: the same 5 records as on an earlier page"):
        read(half_year(account), alert)


def test_an_incident_on_the_border_of_two_halves_is_one(
    half_year: Callable[..., Frame], account: Server, incident: Contract, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/incidents" and request.query["since"] > "2026-01-02" and "statuses[]" not in request.query:
            at = company.numbers("page", PAGES, PERIOD[0], _instant(request.query["since"])).stop - 1
            first = {**reply.body["incidents"][0], "id": incident_id(at), "incident_number": at + 1, "priority": None}
            reply.body["incidents"] = [first, *reply.body["incidents"]]
            reply.body["total"] += 1

    account.fault = both
    extraction = read(half_year(account, "pagerduty_incidents"), incident)
    assert extraction.ipe.source_total.rows == extraction.ipe.rows_read == PAGES


def _instant(text: str) -> Any:
    return pagerduty_account._time(text)


def test_a_priority_that_the_parameters_do_not_know_is_a_mistake_in_them(
    half_year: Callable[..., Frame], account: Server, incident: Contract
) -> None:
    with pytest.raises(ConfigurationError, match=r"parameters\.priorities: expected each priority of the account, and 'P[12]'"):
        read(half_year(account, "pagerduty_incidents", priorities={"P3": "low"}), incident)


def test_priorities_say_what_declares_an_incident(half_year: Callable[..., Frame], account: Server, incident: Contract) -> None:
    frame = half_year(account, "pagerduty_incidents", priorities={"P1": "medium", "P2": None})
    rows = staged_rows(read(frame, incident)).to_pylist()
    assert {row["severity"] for row in rows} <= {"medium"}
    assert frame.drops[0].rows == PAGES - len(rows)


def test_a_refused_key_and_no_key(half_year: Callable[..., Frame], account: Server, alert: Contract) -> None:
    with pytest.raises(ConfigurationError, match="HTTP 401: the credential of Airflow Connection 'pagerduty' is expired"):
        read(half_year(account, token="another"), alert)
    with pytest.raises(ConfigurationError, match="expected an API key of PagerDuty as its password, got none"):
        read(half_year(account, token=""), alert)


def test_people_are_ids_where_those_are_on(
    half_year: Callable[..., Frame], account: Server, alert: Contract, company: Company, tmp_path: Path
) -> None:
    key = tmp_path / "person.key"
    create_person_key(key)
    frame = half_year(account)
    frame.settings = replace(frame.settings, identity_key=f"file:{key}")
    frame.__post_init__()
    rows = staged_rows(read(frame, alert)).to_pylist()
    page = company.page(0)
    row = next(row for row in rows if row["alert_id"] == incident_id(0))
    assert row["acknowledged_by"] == frame.as_captured(company.person(page.responder).email)
    assert row["acknowledged_by"].startswith("person-")
    assert "@" not in "".join(filter(None, (row["acknowledged_by"] for row in rows)))


def test_an_account_that_was_deleted_is_named_by_its_id(
    half_year: Callable[..., Frame], account: Server, alert: Contract, company: Company
) -> None:
    account.fault = lambda _, request, reply: reply.body.update(users=[], total=0) if request.path == "/users" else None
    rows = staged_rows(read(half_year(account), alert)).to_pylist()
    assert (
        next(row for row in rows if row["alert_id"] == incident_id(0))["acknowledged_by"] == f"PU{company.page(0).responder:06}"
    )
