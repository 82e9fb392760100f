# SPDX-License-Identifier: Apache-2.0
"""The faults of named sources, each in its vendor's own shape: what has to become of the extraction.

One company stands behind all of them; each row plans an extraction of a shipped control as a system of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.faults import scene
from tests.named_sources import Connections
from tests.simulators.aws import AwsReach, running_aws
from tests.simulators.company import PERIOD, Company
from tests.simulators.services import apis, connection
from tests.simulators.vendor import Fault, Reply, Request, Server, no_fault, serving
from tests.stack import Store
from tieout.collectors.reach import NoReach
from tieout.flows import population_export as flow

WINDOW = "2026-03"
CHANGES, APPROVALS, ALERTS = "cc8_1_reviewed_changes", "cc8_1_change_approvals", "cc7_2_on_call_alerts"
INCIDENTS, FACTORS, LEAVERS, THREATS = (
    "cc7_4_on_call_incidents",
    "cc6_1_mfa_factors",
    "cc6_2_leaver_accounts",
    "cc7_2_threat_alerts",
)
Change = Callable[[Reply], None]


@dataclass(frozen=True)
class Row:
    """One fault of one vendor, and what has to become of it."""

    name: str
    vendor: str
    control: str
    fault: Callable[[], Fault]
    lands: bool
    says: str
    """What the message holds, or, where it lands, what the IPE record says of answers that were asked for again."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Parameters that differ from the control's."""
    pages: int = 120
    """Alerts of the company in the half-year."""


def on(path: str, change: Change, first: int = 1, last: int = 10**9, **query: str) -> Callable[[], Fault]:
    """Change the replies to requests whose path ends so and whose query holds this: the first to the last of them."""

    def fault() -> Fault:
        seen = 0

        def changed(_: int, request: Request, reply: Reply) -> None:
            nonlocal seen
            if request.path.endswith(path) and all(request.query.get(name) == value for name, value in query.items()):
                seen += 1
                if first <= seen <= last:
                    change(reply)

        return changed

    return fault


def becomes(status: int, body: Any, **headers: str) -> Change:
    """Make a reply another one."""

    def change(reply: Reply) -> None:
        reply.status, reply.body, reply.raw = status, body, None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in named}
        reply.headers = kept | named

    return change


def limited_until_a_time(status: int, body: Any, name: str, seconds: int) -> Change:
    """Make a reply a limit that ends at a time, as seconds since 1970 by the source's clock."""
    until = str(int((_after() + timedelta(seconds=seconds)).timestamp()))
    return becomes(status, body, **{f"{name}_remaining": "0", f"{name}_reset": until})


def _after() -> datetime:
    """Return when extractions run, the vendors' clocks included: six hours after the window's end."""
    return datetime(2026, 4, 1, 6, tzinfo=PERIOD[0].tzinfo)


def _loses_a_record(reply: Reply) -> None:
    reply.body = reply.body[:-1]


def _loses_a_finding(reply: Reply) -> None:
    reply.body["findings"].pop()


def _loses_log_entries(reply: Reply) -> None:
    reply.body["log_entries"] = []


def _is_cut(reply: Reply) -> None:
    reply.cut_to = len(reply.content()) // 2


def _leads_back(reply: Reply) -> None:
    reply.body["nextPageToken"] = "CAE=0"


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
EXCEEDED = {"message": "API rate limit exceeded for user ID 1."}
OKTA_LIMIT = {
    "errorCode": "E0000047",
    "errorSummary": "API call exceeded rate limit due to too many requests.",
    "errorCauses": [],
}
OKTA_TOKEN = {"errorCode": "E0000011", "errorSummary": "Invalid token provided", "errorCauses": []}
OFFSET = {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Offset and limit exceed 10000."]}}
THROTTLED = {"__type": "ThrottlingException", "message": "Rate exceeded"}
TABLE = (
    Row("nothing", "github", CHANGES, lambda: no_fault, True, ""),
    Row(
        "secondary rate limit, named in the body alone",
        "github",
        CHANGES,
        on("/reviews", becomes(403, SECONDARY), 3, 4),
        True,
        "HTTP 403 x2",
    ),
    Row(
        "secondary rate limit for ever",
        "github",
        CHANGES,
        on("/reviews", becomes(403, SECONDARY), 3),
        False,
        "got HTTP 403, 6 times",
    ),
    Row(
        "hourly limit",
        "github",
        CHANGES,
        on("/check-runs", limited_until_a_time(403, EXCEEDED, "x_ratelimit", 1800), 2, 2),
        True,
        "HTTP 403 x1",
    ),
    Row(
        "a commit lost from the listing",
        "github",
        CHANGES,
        on("/commits", _loses_a_record, per_page="100"),
        False,
        "what lies below the chain",
    ),
    Row("reviews cut off once", "github", CHANGES, on("/reviews", _is_cut, 5, 5), True, "an answer that broke off x1"),
    Row(
        "token revoked in the middle",
        "github",
        CHANGES,
        on("/check-runs", becomes(401, {"message": "Bad credentials"}), 4),
        False,
        "HTTP 401: the credential of Airflow Connection 'github' is expired, revoked, or may not read this",
    ),
    Row("nothing", "okta", FACTORS, lambda: no_fault, True, ""),
    Row(
        "limit until x-rate-limit-reset",
        "okta",
        FACTORS,
        on("/factors", limited_until_a_time(429, OKTA_LIMIT, "x_rate_limit", 42), 9, 9),
        True,
        "HTTP 429 x1",
    ),
    Row(
        "token revoked in the middle",
        "okta",
        FACTORS,
        on("/factors", becomes(401, OKTA_TOKEN), 9),
        False,
        'It says: "Invalid token provided"',
    ),
    Row("a user lost from the listing", "okta", FACTORS, on("/users", _loses_a_record, 1, 1), False, "second count"),
    Row(
        "a leaver lost from the people system",
        "hris",
        LEAVERS,
        on("/changes", lambda reply: reply.body["changes"].clear()),
        False,
        "A partial read is no population",
    ),
    Row("nothing", "jira", APPROVALS, lambda: no_fault, True, ""),
    Row(
        "JQL that Jira refuses",
        "jira",
        APPROVALS,
        lambda: no_fault,
        False,
        "It says: \"The value 'SHOPP' does not exist for the field 'project'.\"",
        {"project": "SHOPP"},
    ),
    Row(
        "429 with Retry-After",
        "jira",
        APPROVALS,
        on("/search/jql", becomes(429, {}, retry_after="11"), 1, 2),
        True,
        "HTTP 429 x2",
    ),
    Row("page token that leads back", "jira", APPROVALS, on("/search/jql", _leads_back), False, "the cursor loops"),
    Row("more than 10,000 alerts", "pagerduty", INCIDENTS, lambda: no_fault, True, "", pages=62_000),
    Row(
        "offset beyond 10,000 refused",
        "pagerduty",
        ALERTS,
        on("/incidents", becomes(400, OFFSET)),
        False,
        'It says: "Invalid Input Provided; Offset and limit exceed 10000."',
    ),
    Row("a page of the log lost", "pagerduty", ALERTS, on("/log_entries", _loses_log_entries, 1, 1), False, "log_entries"),
    Row("nothing", "aws", THREATS, lambda: no_fault, True, ""),
    Row("throttled for ever", "aws", THREATS, on("/findings/get", becomes(429, THROTTLED)), False, "Nothing lands"),
    Row(
        "a batch answered in part once",
        "aws",
        THREATS,
        on("/findings/get", _loses_a_finding, 1, 1),
        True,
        "an answer that leaves out part of what was asked for x1",
    ),
    Row(
        "a batch answered in part for ever",
        "aws",
        THREATS,
        on("/findings/get", _loses_a_finding),
        False,
        "1 of what was asked for did not come",
    ),
)


@contextmanager
def reached(row: Row) -> Any:
    """Run what a row needs; yields what reaches it and the server that has the fault."""
    company = Company(*PERIOD, people=60, changes=120, pages=row.pages)
    if row.vendor == "aws":
        with running_aws(company) as (_, reach, server):
            yield reach, server
        return
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(api)) for name, api in apis(company).items()}
        for server in servers.values():
            server.record, server.clock = False, _after
        said = {name: connection(name, server.url) for name, server in servers.items()}
        found = {name: (each["host"], each.get("login", ""), each["password"]) for name, each in said.items()}
        yield Connections(**found), servers[row.vendor]


def outcome_of(store: Store, row: Row) -> scene.Outcome:
    """Run one row of the table."""
    reach: NoReach | AwsReach
    server: Server
    with reached(row) as (reach, server):
        server.clock = _after
        server.fault = row.fault()
        system = "aws" if row.vendor == "aws" else {"hris": "okta"}.get(row.vendor, row.vendor)
        job = flow.plan(store.settings, row.control, system, WINDOW, reach)
        name = "".join(letter if letter.isalnum() else "_" for letter in f"fault_{row.vendor}_{row.name}".lower())[:60]
        source = job.source.model_copy(update={"system": name, "parameters": {**job.source.parameters, **row.changes}})
        return scene.run(store, replace(job, source=source), _after)
