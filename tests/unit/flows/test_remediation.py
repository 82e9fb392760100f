# SPDX-License-Identifier: Apache-2.0
"""Tickets of a closed review: each opened and recorded once, whatever comes between; where none is opened, a record says why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.simulators.jira_tickets import LOGIN, PROJECT, TOKEN, JiraTickets
from tests.simulators.webhook import Service, running_service
from tests.unit.flows.campaign_bench import Bench, now
from tests.unit.flows.signing_bench import DECIDERS

from tieout.collectors.reach import NoReach, SourceConnection
from tieout.errors import CannotCheck, ConfigurationError, ExtractionRefused, SourceUnavailable, Tampered
from tieout.evidence.keys import Scope
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.evidence.store import S3Store
from tieout.flows.campaigns import Campaigns
from tieout.flows.remediation import Remediation, open_tickets, read_tickets, removals_of
from tieout.flows.review_answered import Answered, read_answered
from tieout.flows.review_records import checked_records
from tieout.flows.upkeep import retention_for

JIRA = {"jira": {"connection": "tickets", "project": PROJECT}}
WEBHOOK = {"webhook": {"connection": "tickets"}}


class _Reach(NoReach):
    def __init__(self, service: Service) -> None:
        self._service = service

    def connection(self, conn_id: str) -> SourceConnection:
        assert conn_id == "tickets"
        return SourceConnection(conn_id, "http", self._service.url, None, "", LOGIN, TOKEN, {})


@contextmanager
def desk(site: JiraTickets) -> Iterator[Service]:
    """Serve a Jira."""
    with running_service() as service:
        service.answer = lambda _: site.answer(service.received[-1])
        yield service


def answer(bench: Bench, **decisions: str) -> None:
    """Have everybody answer, and the review close; who is not named keeps."""
    bench.open()
    for person in DECIDERS:
        bench.decide(person, decisions.get(person, "keep"))
    bench.poke()


def tickets(bench: Bench, service: Service, store: S3Store | None = None) -> Remediation:
    """Open tickets, as a task that has just started."""
    campaigns = Campaigns(bench.settings, store or bench.store)
    return open_tickets(bench.planned, campaigns, bench.signers[Scope.LANDING], _Reach(service), now, "the task")


def answered(bench: Bench) -> Answered:
    """Read the review."""
    return read_answered(bench.planned, bench.campaigns)


def test_each_removal_has_one_ticket_and_one_record(make: Callable[..., Bench]) -> None:
    bench, site = make(tickets=JIRA), JiraTickets()
    answer(bench, eva="revoke", max="change")
    with desk(site) as service:
        assert tickets(bench, service) == Remediation(4, 0)
        asked = len(service.received)
        assert tickets(bench, service) == Remediation(0, 4)
        assert len(service.received) == asked
    found = read_tickets(answered(bench))
    assert (len(site.issues), found.none) == (4, None)
    removals = {each.item: each for each in removals_of(answered(bench))}
    assert [(each.system, each.account, each.decision) for each in removals.values()] == [
        ("bank", "c1", "revoke"), ("erp", "b1", "revoke"), ("erp", "b2", "revoke"), ("idp", "a2", "change"),
    ]  # fmt: skip
    for number, item in enumerate(removals, start=1):
        ticket, document = found.by_item[item]
        assert (ticket.id, ticket.record) == (f"SEC-{number}", document.key)
        assert ticket.url is not None
        assert ticket.url.endswith(f"/browse/SEC-{number}")
    assert {each.owner for each in removals.values()} == {"IT Lead", "Finance Lead"}
    assert all(each.reason == "no longer needed" for each in removals.values())


class _Killed(Exception):
    pass


class _Killing(S3Store):
    def __init__(self, store: S3Store, at: int) -> None:
        super().__init__(store._client, store.bucket)
        self._left = at

    def put_locked(self, *arguments: Any) -> str:
        self._left -= 1
        if self._left < 0:
            raise _Killed
        return super().put_locked(*arguments)


def test_whatever_ends_a_run_the_next_one_goes_on_and_every_ticket_is_opened_once(make: Callable[..., Bench]) -> None:
    bench, site = make(tickets=JIRA), JiraTickets()
    answer(bench, eva="revoke", max="change")
    with desk(site) as service:
        working = service.answer
        for puts in (0, 1):  # killed between a ticket and its record
            with pytest.raises(_Killed):
                tickets(bench, service, _Killing(bench.store, puts))
        assert len(site.issues) == 2

        asked = iter(range(100))
        service.answer = lambda body: (429, "text/plain", b"") if next(asked) == 2 else working(body)
        with pytest.raises(SourceUnavailable, match="status 429"):
            tickets(bench, service)
        refused = json.dumps({"errorMessages": []}).encode()
        service.answer = lambda body: (400, "application/json", refused) if b"Account: b2" in body else working(body)
        with pytest.raises(ConfigurationError, match=r"1 of 2 tickets were refused, 1 are open now\. .* status 400") as caught:
            tickets(bench, service)
        assert "no longer needed" not in str(caught.value)

        service.answer = working
        assert tickets(bench, service) == Remediation(1, 3)
    assert len(site.issues) == 4
    found = read_tickets(answered(bench)).by_item.values()
    assert sorted(ticket.id for ticket, _ in found) == ["SEC-1", "SEC-2", "SEC-3", "SEC-4"]


def test_a_desk_that_takes_none_is_asked_three_times_and_no_more(make: Callable[..., Bench]) -> None:
    bench = make(tickets={"jira": {"connection": "tickets", "project": "NOPE"}})
    answer(bench, eva="revoke", max="change")
    with desk(JiraTickets()) as service:
        with pytest.raises(ConfigurationError, match=r"3 of 4 tickets were refused, 0 are open now"):
            tickets(bench, service)
        assert len(service.received) == 3


def test_a_webhook_s_ticket_without_a_name_is_known_by_its_mark(make: Callable[..., Bench]) -> None:
    bench = make(tickets=WEBHOOK)
    answer(bench, max="revoke")
    with running_service() as service:
        assert tickets(bench, service) == Remediation(1, 0)
    [removal] = removals_of(answered(bench))
    [(ticket, _)] = read_tickets(answered(bench)).by_item.values()
    assert (ticket.id, ticket.url) == (removal.mark, None)


@pytest.mark.parametrize(
    ("asked", "decision", "because"),
    [
        (None, "revoke", "No ticket was opened: the control's file has no section 'tickets', which says where."),
        (JIRA, "keep", "No ticket was opened: nothing was revoked or changed."),
    ],
)
def test_where_none_is_opened_one_record_says_why(make: Callable[..., Bench], asked: Any, decision: str, because: str) -> None:
    bench = make(tickets=asked) if asked else make()
    answer(bench, eva=decision)
    with running_service() as service:
        assert tickets(bench, service) == Remediation(0, 0, because)
        assert tickets(bench, service) == Remediation(0, 1, because)
        assert service.received == []
    found = read_tickets(answered(bench))
    assert (found.by_item, found.none_because, found.none is None) == ({}, because, False)


def test_nothing_is_asked_for_before_the_review_is_closed(make: Callable[..., Bench]) -> None:
    bench = make(tickets=JIRA)
    with running_service() as service:
        with pytest.raises(ExtractionRefused, match="it was not opened"):
            tickets(bench, service)
        bench.open()
        with pytest.raises(ExtractionRefused, match="it is open"):
            tickets(bench, service)
        assert service.received == []


def test_a_record_that_the_wrong_key_signed_or_that_names_no_ticket_is_none(make: Callable[..., Bench]) -> None:
    bench = make(tickets=JIRA)
    answer(bench, max="revoke")
    review, planned = answered(bench), bench.planned
    [removal] = removals_of(review)
    retention = retention_for(planned.settings, planned.scope, planned.period.id, now())
    facts = {"once": f"{removal.campaign} ticket {removal.item}"}
    record = Record(
        place=review.place, kind=RecordKind.TICKET, system=removal.system, reason="x", by="x", at=now(), facts=facts
    )  # fmt: skip
    write_record(record, bench.store, bench.signers[Scope.LANDING], retention)
    with pytest.raises(CannotCheck, match="expected the record of a ticket"):
        read_tickets(review)
    forged = replace(record, facts={**facts, "once": "another", "ticket": "SEC-1"})
    write_record(forged, bench.store, bench.signers[Scope.RESPONSE], retention)
    with pytest.raises(Tampered, match="expected a key of scope landing"):
        checked_records(bench.campaigns, review.place, [forged.key])
