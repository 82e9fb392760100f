# SPDX-License-Identifier: Apache-2.0
"""Jira Cloud as far as tickets are opened in it: a search by label, and the creation of an issue.

Its search finds an issue only from the next request but ``behind`` on, as Jira's index is behind, too.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.webhook import Posted

LOGIN, TOKEN = "tickets@shop.example", "ATATT3xFfGF0T-tickets"  # of nobody
PROJECT = "SEC"
_JQL = re.compile(r'project = "(\w+)" AND labels = "([\w-]+)"')
_SUMMARY = 255


@dataclass
class JiraTickets:
    """A project that takes tickets.

    Attributes:
        issues: What was opened, in order: the fields as posted.
        behind: So many searches do not find an issue yet that was just opened.
    """

    issues: list[dict[str, Any]] = field(default_factory=list)
    behind: int = 0
    _searches: int = 0
    _opened_at: dict[str, int] = field(default_factory=dict)

    def answer(self, posted: Posted) -> tuple[int, str, bytes]:
        """Answer a request."""
        if posted.headers.get("Authorization") != f"Basic {b64encode(f'{LOGIN}:{TOKEN}'.encode()).decode()}":
            return _json(401, {"message": "Client must be authenticated to access this resource.", "status-code": 401})
        body = json.loads(posted.body)
        if posted.path.endswith("/rest/api/3/search/jql"):
            return self._found(body)
        if posted.path.endswith("/rest/api/3/issue"):
            return self._opened(body["fields"])
        return _json(404, {"errorMessages": ["not found"], "errors": {}})

    def _found(self, body: dict[str, Any]) -> tuple[int, str, bytes]:
        asked = _JQL.fullmatch(body["jql"])
        if asked is None or asked[1] != PROJECT:
            return _json(400, {"errorMessages": ["Error in the JQL Query"], "errors": {}})
        self._searches += 1
        found = [
            {"id": str(10_000 + number), "key": f"{PROJECT}-{number}"}
            for number, fields in enumerate(self.issues, 1)
            if asked[2] in fields["labels"] and self._searches > self._opened_at[f"{PROJECT}-{number}"] + self.behind
        ]
        return _json(200, {"issues": found[: body["maxResults"]], "isLast": True})

    def _opened(self, fields: dict[str, Any]) -> tuple[int, str, bytes]:
        problems = {}
        if fields["project"] != {"key": PROJECT}:
            problems["project"] = "valid project is required"
        if not 1 <= len(fields["summary"]) <= _SUMMARY or "\n" in fields["summary"]:
            problems["summary"] = "The summary is invalid because it contains newline characters, or is too long."
        if fields["description"].get("type") != "doc" or any(" " in label for label in fields["labels"]):
            problems["description"] = "Operation value must be an Atlassian Document"
        if problems:
            return _json(400, {"errorMessages": [], "errors": problems})
        self.issues.append(fields)
        key = f"{PROJECT}-{len(self.issues)}"
        self._opened_at[key] = self._searches
        return _json(201, {"id": str(10_000 + len(self.issues)), "key": key, "self": "https://jira.example/rest/api/3/issue/1"})


def _json(status: int, content: Any) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(content).encode()
