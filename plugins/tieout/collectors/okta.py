# SPDX-License-Identifier: Apache-2.0
"""What the collectors of Okta share: the credential and its rights, listings page by page, people's accounts, the system log.

Only GET requests are sent. A page's ``Link`` header names the next one, which is followed and not parsed; answers are kept
together in bundles. Times in the log are asked for with both bounds: only such a query has an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from tieout.collectors.frame import Frame
from tieout.collectors.http import NOTHING_ABSENT, Exchange
from tieout.collectors.http_address import without_query
from tieout.collectors.ipe import SourceStatement
from tieout.collectors.rest_auth import credential
from tieout.collectors.rest_parameters import Auth
from tieout.documents import Document
from tieout.errors import ContractError
from tieout.times import parse_instant

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
LONGEST_WAIT = 4 * 3600
"""Seconds that one extraction waits in all: Okta limits by the minute, and tens of thousands of requests take an hour."""
EVERYBODY = 'lastUpdated gt "2000-01-01T00:00:00.000Z"'
"""Without a filter the list of users leaves out those whose status is DEPROVISIONED."""
LOG_RETENTION = (
    "Okta keeps its system log for 90 days, as it states; how far back it reached is measured by its oldest event: {reach}."
)
_LOOKS_BACK = timedelta(days=730)
_USERS_LIMIT, _LOG_LIMIT = 200, 1000
_READS_ONLY = ("READ_ONLY_ADMIN", "REPORT_ADMIN")


class OktaParameters(Document):
    """What every collector of Okta takes."""

    connection: str = "okta"
    """Airflow Connection of type http: the organization's address, and the token as its password."""
    scheme: Literal["SSWS", "bearer"] = "SSWS"
    """``SSWS``: an API token. ``bearer``: an access token of OAuth 2.0."""


class Account(NamedTuple):
    """One user of Okta, as far as it is needed; texts are as captured."""

    id: str
    status: str
    created: datetime | None
    activated: datetime | None
    status_changed: datetime | None
    number: str | None
    """The employee number of its profile."""
    address: str | None
    """E-mail address, or the person id that stands for it."""
    last_login: str | None
    user_type: str | None
    manager: str | None


class UserEvent(NamedTuple):
    """An event of the system log that succeeded, about one user."""

    user: str
    at: datetime
    kind: str
    group: str | None
    """Id of the group that it was about too."""
    factor: str | None
    """Name of the factor, as the log has it."""


class Okta:
    """One organization, and the requests of one extraction to it.

    Args:
        frame: The extraction's frame.
        parameters: Where it is.
    """

    def __init__(self, frame: Frame, parameters: OktaParameters) -> None:
        connection = frame.reach.connection(parameters.connection)
        auth = Auth(kind="header", prefix="SSWS ") if parameters.scheme == "SSWS" else Auth()
        self._frame, self._connection = frame, connection
        self._exchange = Exchange(frame, connection, credential(auth, connection), LONGEST_WAIT)

    @property
    def base(self) -> str:
        """Address of the organization."""
        return self._exchange.base

    def listing(
        self, wanted: Iterable[tuple[T, str, dict[str, Any]]], *, absent: frozenset[int] = NOTHING_ABSENT
    ) -> Iterator[tuple[T, Any]]:
        """Read listings to their ends.

        Args:
            wanted: What each is about, its path and its query.
            absent: Statuses that say that it is not there.

        Yields:
            What a page is about, and the page; ``None`` where it is not there.

        Raises:
            ContractError: A page is no list, or leads back to one that was read.
        """
        import requests

        followed: set[str] = set()

        def following(response: requests.Response) -> requests.Request | None:
            url = response.links.get("next", {}).get("url")
            if url is None:
                followed.clear()
                return None
            if url in followed:
                msg = f"GET {without_query(url)}: the link to the next page leads back: the cursor loops. Nothing lands."
                raise ContractError(msg)
            followed.add(url)
            return requests.Request(
                "GET", without_query(url), params=dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
            )

        asked = (((about, path), self._request(path, query)) for about, path, query in wanted)
        for (about, path), page in self._exchange.gather(asked, absent=absent, following=following):
            if page is not None and not isinstance(page, list):
                msg = f"GET {self.base}/api/v1{path}: expected a list, got {type(page).__name__}. Nothing lands; it is kept."
                raise ContractError(msg)
            yield about, page

    def users(self) -> Iterator[Account]:
        """Read all users, of every status."""
        query = {"filter": EVERYBODY, "limit": _USERS_LIMIT}
        for _, page in self.listing([("users", "/users", query)]):
            yield from map(account_of, page)

    def count_users(self) -> int:
        """Count all users once more: those that the list without a filter has, and those that it leaves out."""
        plain, ended = {"limit": _USERS_LIMIT}, {"filter": 'status eq "DEPROVISIONED"', "limit": _USERS_LIMIT}
        return sum(len(page) for _, page in self.listing([("users", "/users", plain), ("users", "/users", ended)]))

    def log(self, kinds: Iterable[str], since: datetime, until: datetime, order: str = "ASCENDING") -> Iterator[dict[str, Any]]:
        """Read the events of some kinds in ``[since, until)``."""
        wanted = " or ".join(f'eventType eq "{kind}"' for kind in kinds)
        query = {"since": log_time(since), "until": log_time(until), "filter": wanted, "limit": _LOG_LIMIT, "sortOrder": order}
        for _, page in self.listing([("events", "/logs", query)]):
            yield from page

    def events_of_users(self, kinds: Iterable[str], since: datetime, until: datetime) -> Iterator[UserEvent]:
        """Read what happened to users, and succeeded."""
        for event in self.log(kinds, since, until):
            if (event.get("outcome") or {}).get("result") == "SUCCESS":
                yield from user_events(event)

    def log_reaches_to(self) -> datetime:
        """Return when the oldest event happened that the log still has; now, where it has none."""
        now = self._frame.clock()
        query = {"since": log_time(now - _LOOKS_BACK), "until": log_time(now), "limit": 1, "sortOrder": "ASCENDING"}
        response = self._exchange.ask(self._request("/logs", query), "the oldest event of the log")
        return parse_instant(response.content[0]["published"]) if response.content else now

    def state(self, query: str, parameters: dict[str, str], blind_spots: tuple[str, ...]) -> SourceStatement:
        """Return the statement of an extraction, with whose credential it is and what it may do."""
        who, proof = self._rights()
        location = f"{self.base}/api/v1"
        return SourceStatement("Okta", location, None, query, parameters, self._frame.as_captured(who), proof, blind_spots)

    def _rights(self) -> tuple[str, str]:
        name = f"Airflow Connection {self._connection.id}"
        unknown = "none: Okta does not tell this credential what it may do; every request of ours is one that reads"
        not_seen = frozenset({400, 401, 403, 404})
        _, user = next(self._exchange.gather([("", self._request("/users/me", {}))], absent=not_seen))
        if not isinstance(user, dict) or "id" not in user:
            return name, unknown
        name += f", known there as user {user['id']}"
        _, roles = next(self.listing([("roles", f"/users/{user['id']}/roles", {})], absent=not_seen))
        if roles is None:
            return name, unknown
        stated = sorted({str(role.get("type")) for role in roles})
        writing = [role for role in stated if role not in _READS_ONLY]
        if writing:
            return name, f"it could write: its user has the roles {', '.join(stated)}, of which {', '.join(writing)} can do more"
        return name, f"its user has the roles {', '.join(stated) or 'none'}; each can only read"

    def _request(self, path: str, query: dict[str, Any]) -> requests.Request:
        import requests

        return requests.Request("GET", f"{self.base}/api/v1{path}", params=query)


def together(listed: SourceStatement, okta: SourceStatement) -> SourceStatement:
    """Return the statement of an extraction that holds another source's list against Okta."""
    return replace(
        okta,
        kind=f"{listed.kind} and {okta.kind}",
        location=f"{listed.location} and {okta.location}",
        credential=f"{listed.credential}; {okta.credential}",
        read_only_proof=f"{listed.read_only_proof}; Okta: {okta.read_only_proof}",
    )


def shown(parameters: OktaParameters, *, leaving_out: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return parameters as a statement shows them."""
    values = parameters.model_dump(exclude=set(leaving_out)).items()
    return {name: ", ".join(value) if isinstance(value, tuple) else str(value) for name, value in values if value is not None}


def log_time(value: datetime) -> str:
    """Return a time as the log takes it."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"


def time_of(value: str | None) -> datetime | None:
    """Return a time of an answer; ``None`` where it has none."""
    return None if value is None else parse_instant(value)


def account_of(user: dict[str, Any]) -> Account:
    """Return a user of an answer."""
    profile = user.get("profile") or {}
    return Account(
        id=user["id"],
        status=user["status"],
        created=time_of(user.get("created")),
        activated=time_of(user.get("activated")),
        status_changed=time_of(user.get("statusChanged")),
        number=profile.get("employeeNumber") or None,
        address=profile.get("email") or profile.get("login") or None,
        last_login=user.get("lastLogin"),
        user_type=profile.get("userType"),
        manager=profile.get("manager"),
    )


def user_events(event: dict[str, Any]) -> Iterator[UserEvent]:
    """Return an event of the log once for each user that it was about."""
    targets = event.get("target") or []
    group = next((each.get("id") for each in targets if each.get("type") == "UserGroup"), None)
    factor = ((event.get("debugContext") or {}).get("debugData") or {}).get("factor")
    at = parse_instant(event["published"])
    for user in {each.get("id") for each in targets if each.get("type") == "User"}:
        yield UserEvent(user, at, event["eventType"], group, factor)
