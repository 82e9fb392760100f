# SPDX-License-Identifier: Apache-2.0
"""What the collectors of PagerDuty share: the account, its incidents, its people, and what a priority declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tieout.collectors.frame import Frame
from tieout.collectors.http import Exchange
from tieout.collectors.http_address import without_query
from tieout.collectors.ipe import SourceStatement
from tieout.collectors.pagerduty_listing import MOST, SIZE, Listings
from tieout.documents import Document
from tieout.errors import ConfigurationError

if TYPE_CHECKING:
    import requests

_ACCEPT = "application/vnd.pagerduty+json;version=2"
Severity = Literal["critical", "high", "medium", "low"]
USUAL_PRIORITIES: dict[str, Severity | None] = {"P1": "critical", "P2": "high", "P3": "medium", "P4": None, "P5": None}
READ_ONLY = "none: PagerDuty does not say what an API key may do; every request of ours is a GET, and a key can be made read-only"
BLIND_SPOTS = (
    "Events that PagerDuty suppressed, and those of services that were disabled or in maintenance, open no incident.",
    "An incident has the urgency and the priority that stand when it is read; what stood before is in its own log alone.",
    "How long incidents and their logs are kept depends on the plan; an interval that is older shows none.",
)


class AccountParameters(Document):
    """What every collector of PagerDuty takes."""

    connection: str = "pagerduty"
    """Airflow Connection of type ``http``: host ``https://api.pagerduty.com``, and an API key as password, made as read-only."""
    priorities: dict[str, Severity | None] = Field(default_factory=lambda: dict(USUAL_PRIORITIES))
    """Every priority of the account by name: the severity of an incident with it; null where it does not declare one."""


class Account:
    """One PagerDuty account.

    Args:
        frame: The extraction's frame.
        parameters: Of the collector.

    Raises:
        ConfigurationError: The connection has no password.
    """

    def __init__(self, frame: Frame, parameters: AccountParameters) -> None:
        connection = frame.reach.connection(parameters.connection)
        if not connection.password:
            msg = f"Airflow Connection {connection.id!r}: expected an API key of PagerDuty as its password, got none."
            raise ConfigurationError(msg)
        self.exchange = Exchange(frame, connection, _token(connection.password))
        self.listings = Listings(self.exchange)
        self._frame, self._parameters = frame, parameters
        self.clock = frame.clock
        self._seen: set[str] = set()
        """Ids of the incidents that `incidents` yielded last time."""
        self.total = 0
        """Incidents that PagerDuty counted, each once; known when `incidents` has ended."""

    def state(self, query: str, parameters: Mapping[str, str], blind_spots: tuple[str, ...]) -> None:
        """State the source, and how it was asked."""
        self._frame.state(
            SourceStatement(
                kind="PagerDuty REST API v2",
                location=self.exchange.base,
                account=None,
                query=query,
                parameters={"priorities": str(self._parameters.priorities), **parameters},
                credential=f"Airflow Connection {self._parameters.connection}",
                read_only_proof=READ_ONLY,
                blind_spots=(*BLIND_SPOTS, *blind_spots),
            )
        )

    def severity(self, incident: Mapping[str, Any]) -> Severity | None:
        """Return the severity of what was declared an incident by its priority; ``None`` where it was not.

        Raises:
            ConfigurationError: The parameter does not say what its priority stands for.
        """
        priority = incident.get("priority") or {}
        name = priority.get("name") or priority.get("summary")
        if name is None:
            return None
        if name not in self._parameters.priorities:
            msg = (
                f"system {self._frame.source.system!r}: parameters.priorities: expected each priority of the account, and "
                f"{name!r} is not among them. Add it with a severity, or with null where it declares no incident."
            )
            raise ConfigurationError(msg)
        return self._parameters.priorities[name]

    def people(self) -> dict[str, str]:
        """Return the address of each user, by id, as captured; one that was deleted is no longer listed.

        Raises:
            ContractError: There are more than can be listed.
        """
        pages = self.listings.pages("/users", "users", {}, lambda total: f"{total} users, of which {MOST} can be listed")
        return {user["id"]: user["email"] for page in pages for user in page.records}

    def incidents(self, since: datetime, until: datetime) -> Iterator[list[Any]]:
        """Yield the incidents raised in ``[since, until)``, each once, also where an interval before ended there.

        Raises: as `Listings.listed`.
        """
        seen, self._seen = self._seen, set()
        for page in self.listings.listed("/incidents", since, until, sort_by="created_at:asc"):
            new = [each for each in page.records if each["id"] not in seen and each["id"] not in self._seen]
            self._seen.update(each["id"] for each in new)
            self.total += page.total - (len(page.records) - len(new))
            yield new

    def logs(self, incidents: Iterable[str]) -> Iterator[tuple[str, list[Any]]]:
        """Yield the log entries of incidents, a page at a time, each with the incident's id."""
        query = {"limit": SIZE, "time_zone": "UTC"}
        wanted = ((each, self.listings.request(f"/incidents/{each}/log_entries", **query)) for each in incidents)
        for incident, said in self.exchange.gather(wanted, following=_next_page):
            yield incident, said["log_entries"]

    def details(self, incidents: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Yield incidents with their custom fields, each with its id."""
        query = {"include[]": "custom_fields"}
        wanted = ((each, self.listings.request(f"/incidents/{each}", **query)) for each in incidents)
        for incident, said in self.exchange.gather(wanted):
            yield incident, said["incident"]


def resolved_at(incident: Mapping[str, Any]) -> str | None:
    """Return when an incident was resolved; ``None`` while it is open."""
    if incident["status"] != "resolved":
        return None
    at: str = incident.get("resolved_at") or incident["last_status_change_at"]
    return at


def _token(key: str) -> Any:
    """Return what puts the key, and the version of the interface, into a request."""

    def authorized(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update({"Authorization": f"Token token={key}", "Accept": _ACCEPT, "Content-Type": "application/json"})
        return request

    return authorized


def _next_page(response: requests.Response) -> requests.Request | None:
    import requests

    said = response.json()
    if not said.get("more"):
        return None
    query = {"limit": SIZE, "offset": said["offset"] + said["limit"], "time_zone": "UTC"}
    return requests.Request("GET", without_query(response.url), params=query)
