# SPDX-License-Identifier: Apache-2.0
"""What collectors of Jira Cloud need: who asks, what that account may do, a search in its time zone, and whole histories.

JQL reads dates in the time zone of the account that asks, to the minute. The window's bounds are written in that zone, an hour
wider on both sides, as an hour of the clocks' change would be read as either of two; the frame drops what lies outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tieout.collectors.frame import Frame
from tieout.collectors.http import Answer, Exchange
from tieout.collectors.http_address import without_query
from tieout.collectors.rest_auth import credential
from tieout.collectors.rest_parameters import Auth
from tieout.errors import ConfigurationError, ContractError

if TYPE_CHECKING:
    import requests

API = "/rest/api/3"
SIZE = 100
IDS = 5000
"""So many issues fit on a page of ids alone."""
_WRITING = ("CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "DELETE_ISSUES", "ADD_COMMENTS", "ADMINISTER_PROJECTS")
_MARGIN = timedelta(hours=1)
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]*")


class Site:
    """One Jira Cloud site, as one account sees it.

    Args:
        frame: The extraction's frame.
        connection_id: Airflow Connection with the site's host, the account's address as login, and its API token as password.

    Raises:
        ConfigurationError: The connection is incomplete, or the account is refused.
    """

    def __init__(self, frame: Frame, connection_id: str) -> None:
        connection = frame.reach.connection(connection_id)
        self.exchange = Exchange(frame, connection, credential(Auth(kind="basic"), connection))
        myself = self._ask("GET", "/myself", "who asks").content
        self.account = f"Airflow Connection {connection_id}, account {myself.get('accountId')}"
        self._zone = _zone(myself.get("timeZone"), self.exchange.base)

    def rights(self, project: str) -> str:
        """Return how it is known that the account can not write in a project; says so where it can."""
        query = {"projectKey": project, "permissions": ",".join(_WRITING)}
        said = self._ask("GET", "/mypermissions", "the account's rights", query).content.get("permissions", {})
        held = sorted(name for name, each in said.items() if each.get("havePermission"))
        if held:
            return f"it could write: Jira states the rights {', '.join(held)} in {project}"
        return f"Jira states that it has none of the rights {', '.join(sorted(said))} in {project}"

    def jql(self, project: str, since: datetime, until: datetime) -> str:
        """Return the query of a project's issues created in ``[since, until)``, and of an hour around it.

        Raises:
            ConfigurationError: The project is no key.
        """
        if not _PROJECT.fullmatch(project):
            msg = f"parameter 'project': expected a project's key, such as SHOP, got {project!r}."
            raise ConfigurationError(msg)
        bounds = [f"{each.astimezone(self._zone):%Y-%m-%d %H:%M}" for each in (since - _MARGIN, until + _MARGIN)]
        return f'project = "{project}" AND created >= "{bounds[0]}" AND created < "{bounds[1]}"'

    def search(self, jql: str, fields: str, **more: Any) -> Iterator[list[Any]]:
        """Yield the issues of a query, a page at a time.

        Args:
            jql: The query, with its order.
            fields: What to give of each issue.
            more: Further parameters of the request.

        Raises:
            ConfigurationError: Jira refuses the query; the message holds its words.
            ContractError: A page is none, or leads back to an earlier one.
        """
        query = {"jql": jql, "fields": fields, "maxResults": SIZE, **more}
        seen: set[str] = set()
        for number in range(1, 1_000_000):
            answer = self._ask("GET", "/search/jql", f"page {number}", query)
            issues = answer.content.get("issues") if isinstance(answer.content, dict) else None
            if not isinstance(issues, list):
                msg = f"{answer.what}: expected a list at 'issues', got {type(issues).__name__}. Nothing lands."
                raise ContractError(msg)
            yield issues
            following = answer.content.get("nextPageToken")
            if following is None:
                return
            if following in seen:
                msg = f"{answer.what}: leads back to an earlier page: the cursor loops. Nothing lands; all pages are kept."
                raise ContractError(msg)
            seen.add(following)
            query["nextPageToken"] = following

    def count(self, jql: str) -> int:
        """Return how many issues a query has: their ids listed once more, in the other order. Raises as `search`.

        Jira's own count is an estimate, so that a whole listing would now and then look like one that is not.
        """
        return sum(len(issues) for issues in self.search(f"{jql} ORDER BY created DESC, key DESC", "id", maxResults=IDS))

    def whole_histories(self, issues: list[Any]) -> dict[str, list[Any]]:
        """Return the histories of issues, by id, where the search gave a part of them only.

        Raises:
            ContractError: Even so one is not whole.
        """
        totals = {each["id"]: each["changelog"]["total"] for each in issues if _is_part(each["changelog"])}
        found: dict[str, list[Any]] = {key: [] for key in totals}
        wanted = ((key, self._request("GET", f"/issue/{key}/changelog", {"startAt": 0, "maxResults": SIZE})) for key in totals)
        for key, said in self.exchange.gather(wanted, following=_next_page):
            found[key] += said["values"]
        short = next((key for key, total in totals.items() if len(found[key]) < total), None)
        if short:
            msg = f"{self.exchange.base}: issue {short}: expected a history of {totals[short]} entries, got {len(found[short])}."
            raise ContractError(msg)
        return found

    def _ask(self, method: str, path: str, what: str, query: dict[str, Any] | None = None, body: Any = None) -> Answer:
        return self.exchange.ask(self._request(method, path, query, body), what)

    def _request(self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None) -> requests.Request:
        import requests

        return requests.Request(method, self.exchange.base + API + path, params=dict(query or {}), json=body)


def _is_part(changelog: dict[str, Any]) -> bool:
    return bool(changelog["total"] > len(changelog["histories"]))


def _next_page(response: requests.Response) -> requests.Request | None:
    import requests

    said = response.json()
    if said["isLast"] or not said["values"]:
        return None
    query = {"startAt": said["startAt"] + len(said["values"]), "maxResults": SIZE}
    return requests.Request("GET", without_query(response.url), params=query)


def _zone(name: Any, base: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (TypeError, ValueError, ZoneInfoNotFoundError):
        msg = f"{base}{API}/myself: expected a known time zone at 'timeZone': JQL reads dates in the account's own."
        raise ContractError(msg) from None
