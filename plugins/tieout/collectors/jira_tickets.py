# SPDX-License-Identifier: Apache-2.0
"""Tickets of a Jira Cloud project that were created in the window, with who approved each and when it was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.collectors.jira import API, Site
from tieout.collectors.jira_history import answered_approvals, course, name_of, parse_time
from tieout.collectors.row_tables import Row, row_tables, text
from tieout.documents import Document
from tieout.times import instant

COLUMNS = ("ticket_id", "ticket_type", "created_at", "reporter", "assignee", "status", "approver", "approved_at", "done_at",
           "approved_before_done", "approver_is_reporter", "transitions")  # fmt: skip
BLIND_SPOTS = (
    "A ticket that was deleted, or that the account may not see, appears nowhere; one that was moved has its new key.",
    "Jira states no total, and its own count is an estimate: both counts are listings, in opposite orders.",
    "Who made it, and who changed its status, is who was logged in: an automation's rule acts as an account of its own.",
)


class Parameters(Document):
    """Parameters of collector ``jira_tickets``."""

    connection: str = "jira"
    project: str
    """Key of the project."""
    approved_status: str = Field(min_length=1)
    """Status that says that a ticket is approved."""
    done_statuses: tuple[str, ...] = Field(default=("Done",), min_length=1)
    approvals_field: str | None = None
    """Field of Jira Service Management that holds answered approvals, such as ``customfield_10010``; they count as well."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the tickets a page at a time, and for long histories the rest of them; then list their ids once more.

    Raises: as `Site.search`.
    """
    parameters = frame.parameters(Parameters)
    site = Site(frame, parameters.connection)
    jql = site.jql(parameters.project, frame.window.start, frame.window.end)
    query = f"GET {API}/search/jql with changelog, GET {API}/issue/{{id}}/changelog of long histories: {jql}"
    asked = {"approved_status": parameters.approved_status, "done_statuses": ", ".join(parameters.done_statuses)}
    rights, base = site.rights(parameters.project), site.exchange.base
    frame.state(SourceStatement("Jira Cloud REST API v3", base, None, query, asked, site.account, rights, BLIND_SPOTS))
    read = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        more = f",{parameters.approvals_field}" if parameters.approvals_field else ""
        fields = "created,reporter,assignee,status,issuetype" + more
        for issues in site.search(f"{jql} ORDER BY created ASC, key ASC", fields, expand="changelog"):
            whole = site.whole_histories(issues)
            yield from (_row(each, whole.get(each["id"], each["changelog"]["histories"]), parameters) for each in issues)
            read += len(issues)

    yield from row_tables(rows(), COLUMNS)
    how = f"ids of GET {API}/search/jql in the other order"
    frame.count(Count(read, "issues up to the last page"), SecondCount(site.count(jql), how, SecondCountClass.SAME_ENDPOINT))


def _row(issue: Any, histories: list[Any], parameters: Parameters) -> Row:
    fields, status = issue["fields"], issue["fields"]["status"]["name"]
    created, answered = parse_time(fields["created"]), answered_approvals(fields.get(parameters.approvals_field or ""))
    found = course(status, created, histories, parameters.approved_status, parameters.done_statuses, answered)
    approval, reporter = found.approval, fields.get("reporter")
    values = (issue["key"], (fields.get("issuetype") or {}).get("name"), instant(created), name_of(reporter),
              name_of(fields.get("assignee")), status, name_of(approval.by if approval else None),
              approval and instant(approval.at), found.done_at and instant(found.done_at), text(found.approved_before_done()),
              text(found.approver_is(reporter)), str(found.transitions))  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))
