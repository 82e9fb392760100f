# SPDX-License-Identifier: Apache-2.0
"""GitHub's REST API: the credential and what it may do, listings by their ``Link`` header, and how many rows a listing has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pyarrow as pa

from tieout.collectors.frame import Frame
from tieout.collectors.github_parameters import OrganizationParameters
from tieout.collectors.http import Answer, Exchange
from tieout.collectors.http_address import request_line
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass, SourceStatement
from tieout.collectors.rest_auth import credential
from tieout.collectors.rest_parameters import Auth
from tieout.errors import ConfigurationError, ContractError

if TYPE_CHECKING:
    import requests

PER_PAGE = 100
"""Most records that GitHub puts on a page."""
MAX_PAGES = 100_000
LONGEST_WAIT = 6 * 3600.0
"""Seconds: GitHub answers 5,000 requests an hour (an app of an enterprise 15,000), and a window may need more."""
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
READING = frozenset({"read:org", "read:user", "read:audit_log", "read:enterprise", "read:project", "read:packages", "user:email"})
"""Scopes of a classic token that can only read."""
NO_NAME = "GitHub names accounts. Which person has one is shown where accounts are compared with the people system."
UNKNOWN = "unknown"
"""What stands where GitHub names nobody, because the account was deleted."""
_GHOST = "ghost"
"""Account that GitHub shows in place of each deleted one."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing: its records as captured, and the file that they were captured in."""

    records: list[Any]
    file: Path


@dataclass(frozen=True)
class _Signed:
    """Puts token, media type and version of the API into a request."""

    token: Any

    def __call__(self, request: Any) -> Any:
        request.headers.update(HEADERS)
        return self.token(request)


class Github:
    """The API, for one extraction.

    Args:
        frame: The extraction's frame.
        parameters: The collector's.

    Raises:
        ConfigurationError: The connection is not there, or has no token.
    """

    def __init__(self, frame: Frame, parameters: OrganizationParameters) -> None:
        self.frame, self._parameters = frame, parameters
        self._connection = frame.reach.connection(parameters.connection)
        self.exchange = Exchange(frame, self._connection, _Signed(credential(Auth(), self._connection)), LONGEST_WAIT)
        self._scopes: str | None = None
        self._accepted: set[str] = set()

    def request(self, path: str, **query: Any) -> requests.Request:
        """Return a request to read."""
        import requests

        return requests.Request("GET", self.exchange.base + path, params={name: str(value) for name, value in query.items()})

    def ask(self, path: str, what: str, **query: Any) -> Answer:
        """Ask once, and note what GitHub says of the credential; raises as `Exchange.ask`."""
        return self._ask(self.request(path, **query), what)

    def ask_unless(self, path: str, what: str, absent: str) -> Any:
        """Ask once, and return the JSON; ``None`` where GitHub answers with an error whose message is ``absent``."""
        before = len(self.frame.pages)
        try:
            return self.ask(path, what).content
        except ConfigurationError:
            kept = self.frame.pages[before:]  # the answer, whose message says why
            error = read_page(self.frame.folder / kept[-1].name) if kept and kept[-1].media_type == "application/json" else None
            if isinstance(error, dict) and error.get("message") == absent:
                return None
            raise

    def records(self, path: str, **query: Any) -> Iterator[Any]:
        """Yield a listing's records; raises as `pages`."""
        for page in self.pages(path, **query):
            yield from page.records

    def pages(self, path: str, **query: Any) -> Iterator[Page]:
        """Yield a listing's pages until GitHub names no further one.

        Raises:
            ContractError: An answer is no list, or a page leads back to one before it.
        """
        request: requests.Request | None = self.request(path, **query, per_page=PER_PAGE)
        asked: set[str] = set()
        while request is not None:
            answer = self._ask(request, f"page {len(asked) + 1}")
            yield Page(records_of(answer), self.frame.folder / self.frame.pages[-1].name)
            request = following(answer.response)
            if request is None:
                return
            line = request_line(request)
            if line in asked or len(asked) >= MAX_PAGES:
                msg = f"{answer.what}: leads back to a page before it, or there are more than {MAX_PAGES}. Nothing lands."
                raise ContractError(msg)
            asked.add(line)

    def total(self, path: str, **query: Any) -> int | None:
        """Return how many records a listing has: the number of its last page of one record. ``None`` where GitHub does not say.

        Raises:
            ContractError: The answer is no list.
        """
        answer = self.ask(path, "how many there are", **query, per_page=1)
        links = answer.response.links
        if "last" in links:
            number = parse_qs(urlsplit(links["last"]["url"]).query).get("page", [""])[0]
            return int(number) if number.isdigit() else None
        return None if "next" in links else len(records_of(answer))

    def state(self, path: str, query: str, asked: dict[str, str], blind_spots: Sequence[str]) -> None:
        """State source, request and credential; after the first answer, which says what the credential may do."""
        name = f"Airflow Connection {self._connection.id}"
        login = self._connection.login
        self.frame.state(
            SourceStatement(
                kind="GitHub REST API",
                location=self.exchange.base + path,
                account=self._parameters.organization,
                query=query,
                parameters=asked,
                credential=self.frame.as_captured(f"{name}, login {login}" if login else name),
                read_only_proof=read_only_proof(self._scopes, self._accepted),
                blind_spots=tuple(blind_spots),
            )
        )

    def count(self, read: int, totals: Sequence[int | None], what: str) -> None:
        """State the rows that were read, against those that the listings have where GitHub says so."""
        if None in totals:
            how = f"{what}, on pages until GitHub names no further one: it states no total"
            self.frame.count(Count(read, how), SecondCount(read, how, SecondCountClass.NONE))
            return
        rows, how = sum(total or 0 for total in totals), f"{what}: number of the last page of one record each"
        self.frame.count(Count(rows, how), SecondCount(rows, how, SecondCountClass.SAME_ENDPOINT))

    def count_again(self, total: int, how: str) -> None:
        """State a number of rows that was got by reading the same listing once more, as GitHub states no total of it."""
        self.frame.count(Count(total, how), SecondCount(total, how, SecondCountClass.SAME_ENDPOINT))

    def _ask(self, request: requests.Request, what: str) -> Answer:
        answer = self.exchange.ask(request, what)
        headers = answer.response.headers
        self._scopes = headers.get("X-OAuth-Scopes", self._scopes)
        self._accepted.update(filter(None, [headers.get("X-Accepted-GitHub-Permissions", "").strip()]))
        return answer


def following(response: requests.Response) -> requests.Request | None:
    """Return the request for the page after an answer; ``None`` after the last one."""
    import requests

    link = response.links.get("next")
    if link is None:
        return None
    address, _, query = link["url"].partition("?")
    return requests.Request("GET", address, params=dict(parse_qsl(query)))


def records_of(answer: Answer) -> list[Any]:
    """Return the records of an answer.

    Raises:
        ContractError: It is no list.
    """
    if not isinstance(answer.content, list):
        msg = f"{answer.what}: expected a list, got {type(answer.content).__name__}. Nothing lands; the answer is kept."
        raise ContractError(msg)
    return answer.content


def read_page(file: Path) -> Any:
    """Return the JSON of a captured page."""
    with pa.input_stream(str(file), compression="zstd") as stored:
        return json.loads(stored.read())


def read_only_proof(scopes: str | None, accepted: set[str]) -> str:
    """Return how it is known that the credential can not write; says so where it is not.

    Args:
        scopes: Header ``X-OAuth-Scopes``, which GitHub sends for classic tokens.
        accepted: Headers ``X-Accepted-GitHub-Permissions``: what the requests needed.
    """
    if scopes is None:
        needs = f"; our requests needed {'; '.join(sorted(accepted))}" if accepted else ""
        return f"none: GitHub does not say what a fine-grained token or an app may do{needs}; every request of ours reads"
    stated = sorted({scope.strip() for scope in scopes.split(",")} - {""})
    writing = [scope for scope in stated if scope not in READING]
    listed = ", ".join(stated) or "none"
    if writing:
        return f"it could write: GitHub states the scopes {listed}, of which {', '.join(writing)} can do more than read"
    return f"GitHub states the scopes {listed}; each can only read"


def login_of(user: Any) -> str | None:
    """Return the name of an account; ``None`` where GitHub does not know it any more, or never did."""
    login = user.get("login") if isinstance(user, dict) else None
    return None if login == _GHOST else login
