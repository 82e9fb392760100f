# SPDX-License-Identifier: Apache-2.0
"""A REST source is read whole, through real HTTP, and its IPE record says how; faults stand in ``tests/faults``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.faults.scene import AFTER, ALERTS, OneConnection
from tests.simulators import pagerduty
from tests.simulators.vendor import Reply, Request
from tests.unit.collectors.frames import FrameFactory, staged_rows

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.http_address import base_url
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.reach import SourceConnection
from tieout.collectors.rest import NO_TOTAL
from tieout.contracts.odcs import Contract, load_contract
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable

ALL = 250
PAGING = {"kind": "offset", "parameter": "offset", "size_parameter": "limit", "size": 100, "more": "more"}


@pytest.fixture
def service() -> Iterator[pagerduty.Service]:
    """Return a source with alerts of March 2026."""
    with pagerduty.running(pagerduty.incidents(ALL, datetime(2026, 3, 1, tzinfo=UTC))) as running:
        running.server.clock = lambda: AFTER
        yield running


@pytest.fixture(scope="module")
def alert(repository: Path) -> Contract:
    """Return the contract of alerts."""
    return load_contract(repository / "include" / "evidence_schemas" / "alert.v1.odcs.yaml")


def read(frame: Frame, contract: Contract, url: str, password: str = pagerduty.TOKEN) -> Extraction:
    """Extract from a source."""
    frame.reach, frame.sleep = OneConnection(url, password), lambda _: None
    return extract(frame, contract, Inclusion("raised_at"), lambda: AFTER, None)


def test_every_page_is_read_and_counted(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    frame = frame_of("rest", **ALERTS)
    extraction = read(frame, alert, service.server.url)
    rows = staged_rows(extraction)
    assert (rows.num_rows, extraction.ipe.rows_read, extraction.ipe.source_total.rows) == (ALL, ALL, ALL)
    assert rows["alert_id"].to_pylist() == [each["id"] for each in service.api.held]
    assert [request.query["offset"] for request, _ in service.server.exchanges] == ["0", "100", "200", "0"]
    statement = extraction.ipe.source
    assert statement.query == "GET /incidents"
    assert statement.parameters["since"] == "2026-03-01T00:00:00Z"
    assert extraction.ipe.second_count.independence is SecondCountClass.SAME_ENDPOINT


def test_pages_are_kept_as_received(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    frame = frame_of("rest", **ALERTS)
    read(frame, alert, service.server.url)
    for page, (_, reply) in zip(frame.pages, service.server.exchanges, strict=True):
        with pa.input_stream(str(frame.folder / page.name), compression="zstd") as stored:
            data = stored.read()
        assert json.loads(data) == reply.body
        assert page.received_sha256 == hashlib.sha256(data).hexdigest()


def test_the_secret_is_nowhere(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    frame = frame_of("rest", **{**ALERTS, "proof": {"path": "/abilities", "rights": "abilities", "read_only": ["read_only"]}})
    extraction = read(frame, alert, service.server.url)
    assert pagerduty.TOKEN not in repr(extraction.ipe) + repr(frame.reach.connection("pagerduty"))
    assert extraction.ipe.source.credential == "Airflow Connection pagerduty"
    assert extraction.ipe.source.read_only_proof == (
        "it could write: the source states the rights read_only, teams, of which teams can do more than read"
    )


def test_rights_that_only_read_are_a_proof(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    proof = {"path": "/abilities", "rights": "abilities", "read_only": ["read_only", "teams"]}
    statement = read(frame_of("rest", **{**ALERTS, "proof": proof}), alert, service.server.url).ipe.source
    assert statement.read_only_proof == "the source states the rights read_only, teams; each can only read"


def test_a_second_count_of_another_endpoint(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    query = {"since": "{from}", "until": "{until}", "total": True, "limit": 1}
    changes: dict[str, Any] = {"second_count": {"path": "/incidents", "query": query, "value": "total"}, "total": None}
    second = read(frame_of("rest", **{**ALERTS, **changes}), alert, service.server.url).ipe.second_count
    assert (second.rows, second.independence) == (ALL, SecondCountClass.OTHER_ENDPOINT)


def test_a_source_without_a_total_says_so(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    cursor = {"kind": "cursor", "next": "next_cursor", "parameter": "cursor", "size_parameter": "limit", "size": 100}
    changes = {"path": "/audit/records", "query": {}, "records": "records", "total": None, "paging": cursor}
    ipe = read(frame_of("rest", **{**ALERTS, **changes}), alert, service.server.url).ipe
    assert (ipe.rows_read, ipe.second_count.independence) == (ALL, SecondCountClass.NONE)
    assert NO_TOTAL in ipe.source.blind_spots


def test_a_single_page_needs_no_second_look(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    service.api.held = service.api.held[:20]
    assert read(frame_of("rest", **ALERTS), alert, service.server.url).ipe.rows_read == 20
    assert service.server.asked == 1


def test_nothing_found_is_a_population_of_zero(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    service.api.held = []
    extraction = read(frame_of("rest", **ALERTS), alert, service.server.url)
    assert staged_rows(extraction).num_rows == extraction.ipe.source_total.rows == 0


def test_a_wrong_parameter_is_named(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    with pytest.raises(ConfigurationError, match=r"system 'shop': parameters.pageing: unknown key. Did you mean 'paging'\?"):
        read(frame_of("rest", **{**ALERTS, "pageing": {}}), alert, service.server.url)
    assert not service.server.asked


def test_a_link_to_another_host_gets_no_credential(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    def elsewhere(_: int, __: Request, reply: Reply) -> None:
        reply.body["following"] = "https://elsewhere.example.com/incidents?page=2"

    service.server.fault = elsewhere
    changes = {"paging": {"kind": "link", "next": "following"}}
    with pytest.raises(ContractError, match="got one of another host: the credential is not sent there"):
        read(frame_of("rest", **{**ALERTS, **changes}), alert, service.server.url)


def test_a_redirect_is_not_followed(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    def moved(_: int, __: Request, reply: Reply) -> None:
        reply.status, reply.headers["Location"] = 302, "https://elsewhere.example.com/"

    service.server.fault = moved
    with pytest.raises(ConfigurationError, match="got HTTP 302: the source has moved"):
        read(frame_of("rest", **ALERTS), alert, service.server.url)


def test_nobody_answers(frame_of: FrameFactory, alert: Contract) -> None:
    with pytest.raises(SourceUnavailable, match=r"GET http://127.0.0.1:9/incidents, page 1: expected a page, got no answer"):
        read(frame_of("rest", **ALERTS), alert, "http://127.0.0.1:9")


def test_a_connection_without_a_secret_is_refused(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    with pytest.raises(ConfigurationError, match="Airflow Connection 'pagerduty': expected a password"):
        read(frame_of("rest", **ALERTS), alert, service.server.url, password="")


class ClientCredentials(OneConnection):
    """A connection with login and password, as OAuth 2.0 wants it."""

    def connection(self, conn_id: str) -> SourceConnection:
        return replace(super().connection(conn_id), login="tieout")


@pytest.mark.parametrize(("secret", "lands"), [(pagerduty.TOKEN[::-1], True), ("expired", False)])
def test_a_token_is_got_for_client_credentials(
    frame_of: FrameFactory, service: pagerduty.Service, alert: Contract, secret: str, lands: bool
) -> None:
    frame = frame_of("rest", **{**ALERTS, "auth": {"kind": "oauth2", "token_path": "/oauth/token"}})
    frame.reach = ClientCredentials(service.server.url, secret)
    if lands:
        extraction = extract(frame, alert, Inclusion("raised_at"), lambda: AFTER, None)
        assert (extraction.ipe.rows_read, extraction.ipe.source.credential) == (ALL, "Airflow Connection pagerduty, login tieout")
        return
    with pytest.raises(ConfigurationError, match=r"token: expected 200, got HTTP 401: the credential of Airflow Connection"):
        extract(frame, alert, Inclusion("raised_at"), lambda: AFTER, None)
    assert {request.path for request, _ in service.server.exchanges} == {"/oauth/token"}


@pytest.mark.parametrize(
    ("host", "schema", "port", "base"),
    [
        ("api.example.com", "", None, "https://api.example.com"),
        ("api.example.com", "https", 8443, "https://api.example.com:8443"),
        ("https://api.example.com/v2/", "", None, "https://api.example.com/v2"),
        ("127.0.0.1", "http", 8080, "http://127.0.0.1:8080"),
    ],
)
def test_addresses(host: str, schema: str, port: int | None, base: str) -> None:
    assert base_url(SourceConnection("c", "http", host, port, schema, "", "", {})) == base


@pytest.mark.parametrize(("host", "schema"), [("", ""), ("http://api.example.com", ""), ("api.example.com", "http")])
def test_addresses_that_are_refused(host: str, schema: str) -> None:
    with pytest.raises(ConfigurationError, match="Airflow Connection 'c'"):
        base_url(SourceConnection("c", "http", host, None, schema, "", "", {}))


def test_rows_outside_the_window_are_dropped_by_key(frame_of: FrameFactory, service: pagerduty.Service, alert: Contract) -> None:
    service.api.held.append(pagerduty.incident(900, datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=1)))
    drops = read(frame_of("rest", **{**ALERTS, "query": {"total": True}}), alert, service.server.url).ipe.drops
    assert [(drop.rows, drop.keys) for drop in drops] == [(1, ("shop PT00900",))]
