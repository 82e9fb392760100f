# SPDX-License-Identifier: Apache-2.0
"""Sends a request to an HTTP source once: to its host alone, with its credential, within the time and size that are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tieout.collectors.frame import Frame
from tieout.collectors.http_address import base_url
from tieout.collectors.http_body import read_body
from tieout.collectors.http_errors import refusal
from tieout.collectors.http_waits import is_worth_asking_again, source_time
from tieout.collectors.ipe import ClockOffset
from tieout.collectors.reach import SourceConnection
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable

if TYPE_CHECKING:
    import requests

_TIMEOUT = (10, 60)
"""Seconds to connect, and between two pieces of an answer."""


class Transport:
    """The way to one source.

    Args:
        frame: The extraction's frame; it keeps an answer that broke off, and the offset of the source's clock.
        connection: Where the source is.
        auth: Puts the secret into a request; ``None`` where there is none.
    """

    def __init__(self, frame: Frame, connection: SourceConnection, auth: Any) -> None:
        import requests

        self.base = base_url(connection)
        self._frame, self._connection, self._auth = frame, connection.id, auth
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "tieout"
        self._session.headers["Accept"] = "application/json"
        # Proxies and certificates of the environment, read once: for each request it would cost as much as the request itself.
        self._settings = self._session.merge_environment_settings(self.base, {}, True, None, None)
        self._session.trust_env = False  # nor is a credential taken from a .netrc file

    def send(self, request: requests.Request, what: str) -> tuple[requests.Response | None, str]:
        """Send once; where no whole answer came, return what kind of problem there was, which never quotes the address.

        Raises:
            ConfigurationError: The token that the request needs was refused.
            ContractError: The request leads to another host (``what`` names it), or the answer is larger than `MAX_ANSWER_BYTES`.
            SourceUnavailable: The token was asked for, and did not come.
        """
        import requests
        import urllib3

        self._refuse_elsewhere(request.url, what)
        prepared = self._prepared(request)
        started = self._frame.clock()
        pieces: list[bytes] = []
        try:
            response = self._session.send(prepared, **self._settings, timeout=_TIMEOUT, allow_redirects=False)
            response._content = read_body(response, pieces)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if pieces:  # what came of an answer that broke off is kept too
                self._frame.capture(iter(pieces), ".txt", "application/octet-stream")
                return None, "an answer that broke off"
            return None, f"no answer ({type(error).__name__})"
        self._note_clock(response, (self._frame.clock() - started).total_seconds())
        return response, ""

    def _prepared(self, request: requests.Request) -> requests.PreparedRequest:
        """Return a request with its credential.

        Raises:
            ConfigurationError: A token was asked for, and refused.
            SourceUnavailable: It was asked for, and did not come.
        """
        import requests

        plain = requests.Request(request.method, request.url, params=request.params, json=request.json, auth=self._auth)
        try:
            return self._session.prepare_request(plain)
        except requests.HTTPError as error:
            status = error.response.status_code
            if not is_worth_asking_again(status, error.response.headers):
                raise ConfigurationError(refusal(status, f"{self.base}, token", self._connection, "")) from None
            got = f"HTTP {status}"
        except requests.RequestException as error:
            got = f"no answer ({type(error).__name__})"
        msg = f"{self.base}: asked for a token, got {got}. Run the window again."
        raise SourceUnavailable(msg)

    def _refuse_elsewhere(self, url: str, what: str) -> None:
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            msg = f"{what}: expected an address of {self.base}, got one of another host: the credential is not sent there."
            raise ContractError(msg)

    def _note_clock(self, response: requests.Response, took: float) -> None:
        stated = source_time(response.headers)
        if stated is None or self._frame.clock_offset is not None:
            return
        # The header has whole seconds: half a second is added on average, as is half of the way that the answer took.
        seconds = (stated - self._frame.clock()).total_seconds() + 0.5 + took / 2
        self._frame.clock_offset = ClockOffset(seconds, "Date header of the first answer, to about a second")
