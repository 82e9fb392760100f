# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.simulators.jira_tickets import LOGIN, PROJECT, TOKEN, JiraTickets
from tests.simulators.webhook import Service, running_service

from tieout.collectors.reach import NoReach, SourceConnection
from tieout.criteria.reviews import Tickets
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.flows.tickets import Removal, TicketDesk, ticket_desk

REMOVAL = Removal(
    campaign="cc6_2_quarterly_review.2026-Q1",
    item="00112233445566778899",
    system="erp",
    account="u-17",
    entitlement="role:payments",
    decision="revoke",
    reason="left the team; =1+1 is text",
    decided_at=datetime(2026, 4, 7, 9, 30, tzinfo=UTC),
    due=date(2026, 4, 14),
    owner="Finance Lead",
)


class _Reach(NoReach):
    def __init__(self, connection: SourceConnection) -> None:
        self._connection = connection

    def connection(self, conn_id: str) -> SourceConnection:
        assert conn_id == "tickets"
        return self._connection


def _desk(service: Service, tickets: dict[str, Any], password: str) -> TicketDesk:
    connection = SourceConnection("tickets", "http", service.url, None, "", LOGIN, password, {})
    return ticket_desk(Tickets.model_validate(tickets), _Reach(connection))


@contextmanager
def _jira(site: JiraTickets, password: str = TOKEN) -> Iterator[TicketDesk]:
    with running_service() as service:
        service.answer = lambda _: site.answer(service.received[-1])
        yield _desk(service, {"jira": {"connection": "tickets", "project": PROJECT, "issue_type": "Task"}}, password)


def test_a_ticket_is_opened_once_however_often_it_is_asked_for() -> None:
    site = JiraTickets()
    with _jira(site) as desk:
        first, again = desk.open(REMOVAL), desk.open(REMOVAL)
        other = desk.open(replace(REMOVAL, item="99887766554433221100"))
    assert (first.id, first.opened_now) == ("SEC-1", True)
    assert (again.id, again.url, again.opened_now) == ("SEC-1", first.url, False)
    assert other.id == "SEC-2"
    assert first.url.endswith("/browse/SEC-1")
    assert len(site.issues) == 2


def test_a_ticket_says_what_has_to_go_until_when_and_what_happens_then() -> None:
    site = JiraTickets()
    with _jira(site) as desk:
        desk.open(REMOVAL)
    (fields,) = site.issues
    text = json.dumps(fields)
    for said in ("erp", "u-17", "role:payments", "left the team", "2026-04-14", REMOVAL.campaign, REMOVAL.item):
        assert said in text
    assert fields["duedate"] == "2026-04-14"
    assert REMOVAL.mark in fields["labels"]


@pytest.mark.parametrize("entitlement", ["x" * 5000, "a\nb\r\nc", "دور " * 100, "🙂" * 300])
def test_any_entitlement_makes_a_summary_that_jira_takes(entitlement: str) -> None:
    site = JiraTickets()
    with _jira(site) as desk:
        desk.open(replace(REMOVAL, entitlement=entitlement))
    assert entitlement in json.dumps(site.issues[0]["description"], ensure_ascii=False).replace("\\n", "\n").replace("\\r", "\r")


def test_a_description_fits_into_what_jira_takes_and_shows_that_it_is_cut() -> None:
    removal = replace(REMOVAL, reason="🙂" * 4_000, account="🙂" * 100_000, entitlement="🙂" * 100_000)
    assert 2 * sum(map(len, removal.lines)) < 32_767
    assert [line[-1] for line in removal.lines if len(line) == 6_000] == ["…", "…"]
    site = JiraTickets()
    with _jira(site) as desk:
        assert desk.open(removal).opened_now


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_desk_that_is_busy_or_down_is_asked_again(status: int) -> None:
    with running_service(lambda _: (status, "text/plain", b"later")) as service:
        for tickets in ({"jira": {"connection": "tickets", "project": PROJECT}}, {"webhook": {"connection": "tickets"}}):
            with pytest.raises(SourceUnavailable, match=f"status {status}"):
                _desk(service, tickets, TOKEN).open(REMOVAL)


def test_the_same_item_of_another_review_has_a_ticket_of_its_own() -> None:
    assert replace(REMOVAL, campaign="cc6_2_quarterly_review.2026-Q2").mark != REMOVAL.mark


def test_a_refused_credential_is_named_without_its_secret() -> None:
    with _jira(JiraTickets(), password="wrong-secret") as desk, pytest.raises(ConfigurationError, match="status 401") as caught:
        desk.open(REMOVAL)
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"issues": 7}', b'{"issues": [{"id": "1"}]}'])
def test_an_answer_that_names_no_issue_is_asked_for_again(answer: bytes) -> None:
    with running_service(lambda _: (200, "application/json", answer)) as service:
        desk = _desk(service, {"jira": {"connection": "tickets", "project": PROJECT, "issue_type": "Task"}}, TOKEN)
        with pytest.raises(SourceUnavailable, match="Jira: expected"):
            desk.open(REMOVAL)


def test_a_webhook_is_told_the_mark_by_which_it_knows_the_removal_again() -> None:
    answer = json.dumps({"id": 41, "url": "https://tickets.example/41"}).encode()
    with running_service(lambda _: (201, "application/json", answer)) as service:
        desk = _desk(service, {"webhook": {"connection": "tickets"}}, "hook-secret")
        opened = desk.open(REMOVAL)
        desk.open(REMOVAL)
    assert (opened.id, opened.url) == ("41", "https://tickets.example/41")
    keys = [posted.headers["Idempotency-Key"] for posted in service.received]
    assert keys == [REMOVAL.mark, REMOVAL.mark]
    body = json.loads(service.received[0].body)
    assert body["due"] == "2026-04-14"
    assert body["owner"] == "Finance Lead"
    assert service.received[0].headers["Authorization"] == "Bearer hook-secret"


def test_a_webhook_that_answers_no_json_has_opened_a_ticket_without_a_name() -> None:
    with running_service(lambda _: (200, "text/plain", b"ok")) as service:
        opened = _desk(service, {"webhook": {"connection": "tickets"}}, "").open(REMOVAL)
    assert (opened.id, opened.url, opened.opened_now) == ("", "", True)
    assert "Authorization" not in service.received[0].headers
