# SPDX-License-Identifier: Apache-2.0
"""The faults of a source. Each is a function of a request's answer; ``TABLE`` says what has to become of the extraction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.faults.scene import AFTER
from tests.simulators.pagerduty import Service
from tests.simulators.vendor import Fault as Change
from tests.simulators.vendor import Reply, Request, no_fault

Fault = Callable[[Service], Change]
Replied = Callable[[Reply], None]
ALL = 430
PAGES = 5
BY_CURSOR: dict[str, Any] = {
    "path": "/audit/records",
    "query": {},
    "records": "records",
    "total": None,
    "paging": {"kind": "cursor", "next": "next_cursor", "parameter": "cursor", "size_parameter": "limit", "size": 100},
}


@dataclass(frozen=True)
class Row:
    """One fault, and what has to become of it."""

    name: str
    fault: Fault
    lands: bool
    says: str
    """What the message holds, or, where it lands, what the IPE record says of the answers that were asked for again."""
    kept: int
    """Raw pages that are kept as unusable."""
    changes: dict[str, Any] = field(default_factory=dict)


def on(number: int, change: Replied, *, ever: bool = False) -> Fault:
    """Change the reply to one request, or to that and all later ones."""

    def fault(_: Service) -> Change:
        return lambda asked, _request, reply: change(reply) if asked == number or (ever and asked > number) else None

    return fault


def _lost(reply: Reply) -> None:
    reply.body["incidents"] = []


def _too_many(reply: Reply) -> None:
    reply.body["total"] = ALL + 1


def _is(status: int, body: Any, **headers: str) -> Replied:
    def change(reply: Reply) -> None:
        reply.status, reply.body = status, body
        reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return change


def _repeats_page_2(service: Service) -> Change:
    def change(number: int, _: Request, reply: Reply) -> None:
        if number == 3:
            reply.body["incidents"] = service.server.exchanges[1][1].body["incidents"]

    return change


def _reopened(service: Service) -> Change:
    def change(number: int, _: Request, __: Reply) -> None:
        if number == 4:
            service.api.held[0] = {**service.api.held[0], "urgency": "high", "status": "triggered"}

    return change


def _deleted(service: Service) -> Change:
    def change(number: int, _: Request, __: Reply) -> None:
        if number == 2:
            del service.api.held[0]

    return change


def _storm(_: Service) -> Change:
    limited = _is(429, {"error": {"message": "Rate Limit Exceeded", "code": 2020}}, ratelimit_remaining="0", ratelimit_reset="7")
    return lambda number, _request, reply: limited(reply) if number in (2, 3, 4, 6, 7) else None


def _cut(reply: Reply) -> None:
    reply.cut_to = 5000


def _malformed(reply: Reply) -> None:
    reply.raw = b'{"incidents": [{"id": "PT'


def _loops(_: Service) -> Change:
    def change(_number: int, request: Request, reply: Reply) -> None:
        if request.query.get("cursor") == "200":
            reply.body["next_cursor"] = "100"

    return change


def _clock(minutes: int) -> Fault:
    def fault(service: Service) -> Change:
        service.server.clock = lambda: AFTER + timedelta(minutes=minutes)
        return no_fault

    return fault


LIMIT = {"error": {"message": "Rate Limit Exceeded", "code": 2020}}
ERROR = {"error": {"message": "Internal Server Error"}}
UNAUTHORIZED = {"error": {"message": "Authentication failed", "code": 2006}}
TABLE = (
    Row("nothing", lambda _: no_fault, True, "", 0),
    Row("page lost in the middle", on(3, _lost), False, "holds 430 rows (total of the answers), 200 were read", 4),
    Row("total that disagrees", on(1, _too_many, ever=True), False, "holds 431 rows (total of the answers), 430 were read", 6),
    Row("duplicate page", _repeats_page_2, False, "the same 100 records as on page 2", 3),
    Row("page changed between reads", _reopened, False, "reads differently than at the beginning", PAGES + 1),
    Row("row deleted between reads", _deleted, False, "stated 430 rows before and 429 now", 3),
    Row("429 storm", _storm, True, "HTTP 429 x5", 0),
    Row("429 for longer than is waited", on(2, _is(429, LIMIT, Retry_After="3600"), ever=True), False, "asked to wait 3600 s", 2),
    Row("500 once", on(3, _is(500, ERROR)), True, "HTTP 500 x1", 0),
    Row("500 for ever", on(3, _is(500, ERROR), ever=True), False, "got HTTP 500, 6 times", 3),
    Row("expired token", on(4, _is(401, UNAUTHORIZED), ever=True), False, "HTTP 401: the credential of Airflow Connection", 4),
    Row("clock 10 minutes ahead", _clock(10), True, "", 0),
    Row("clock 10 hours behind", _clock(-600), False, "not over before 2026-04-01T00:00:00.000000Z by the source's clock", 6),
    Row("truncated JSON once", on(2, _cut), True, "an answer that broke off x1", 0),
    Row("truncated JSON for ever", on(2, _cut, ever=True), False, "got an answer that broke off, 6 times", 7),
    Row("malformed JSON for ever", on(2, _malformed, ever=True), False, "JSON that is cut off or malformed, 6 times", 7),
    Row("200 with an error body", on(2, _is(200, ERROR)), False, "expected a list at 'incidents', got dict with keys error", 2),
    Row("cursor that loops", _loops, False, "page 3 leads back to page 2: the cursor loops", 3, BY_CURSOR),
)
