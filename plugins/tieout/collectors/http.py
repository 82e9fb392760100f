# SPDX-License-Identifier: Apache-2.0
"""Asks an HTTP source: waits where it limits, asks again where that can help, captures every answer that counts, leaks no secret.

A request is sent at most `TRIES` times, an extraction waits at most `patience.MAX_WAIT_SECONDS` where its collector says nothing
else, and an answer has at most `http_body.MAX_ANSWER_BYTES`. What no more asking can mend ends the extraction, with the answer
that said so captured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from tieout.collectors.bundles import kept_together
from tieout.collectors.frame import Frame
from tieout.collectors.http_address import request_line, without_query
from tieout.collectors.http_errors import error_text, refusal
from tieout.collectors.http_transport import Transport
from tieout.collectors.http_waits import (
    TRIES,
    is_worth_asking_again,
    seconds_until_asked_again,
)
from tieout.collectors.patience import MAX_WAIT_SECONDS, Patience
from tieout.collectors.reach import SourceConnection
from tieout.errors import ConfigurationError, SourceUnavailable

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
NOTHING_ABSENT: frozenset[int] = frozenset()


def _nothing_follows(_: requests.Response) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 2xx that is JSON.

    Attributes:
        response: As received; a paginator reads it.
        content: The JSON value as captured: with person ids for e-mail addresses, where they are on.
        what: What errors call it: ``GET https://api.example.com/tickets, page 3``.
    """

    response: requests.Response
    content: Any
    what: str


class Exchange:
    """The requests of one extraction to one source.

    Args:
        frame: The extraction's frame.
        connection: Where the source is; its secret is used by ``auth`` alone.
        auth: Puts the secret into a request; ``None`` where there is none.
        longest_wait: Seconds that the extraction waits for this source in all.
    """

    def __init__(self, frame: Frame, connection: SourceConnection, auth: Any, longest_wait: float = MAX_WAIT_SECONDS) -> None:
        self.frame = frame
        self._connection = connection
        self._transport = Transport(frame, connection, auth)
        self._patience = Patience(frame, longest_wait)

    @property
    def base(self) -> str:
        """Address of the source."""
        return self._transport.base

    def ask(self, request: requests.Request, what: str) -> Answer:
        """Send a request until it is answered, and capture the answer as a raw page.

        Args:
            request: Without credentials; it may not lead to another host than the connection's.
            what: Names it in errors, beside method and address.

        Raises:
            ConfigurationError: The credential, the address or the request is refused: asking again would not help.
            ContractError: The answer is larger than `MAX_ANSWER_BYTES`, or leads to another host.
            SourceUnavailable: No usable answer came within `TRIES` and the longest wait.
        """
        what = f"{request.method} {without_query(request.url)}, {what}"
        response, content = self._answered(request, what, lambda response: self._content(response, what))
        return Answer(response, content, what)

    def gather(
        self,
        wanted: Iterable[tuple[T, requests.Request]],
        *,
        absent: frozenset[int] = NOTHING_ABSENT,
        following: Callable[[requests.Response], requests.Request | None] = _nothing_follows,
    ) -> Iterator[tuple[T, Any]]:
        """Send many small requests, one after the other, and keep their answers together (`kept_together`).

        Args:
            wanted: Requests as for `ask`, each with what it is about.
            absent: Statuses that are answers too: what was asked for is not there.
            following: Returns the request for an answer's next page, which is about the same; ``None`` after the last one.

        Yields:
            What a request was about, and the JSON of its answer as captured; ``None`` where that had a status of ``absent``.

        Raises:
            ConfigurationError: As `ask`, and so on for the others; the answers until then are kept.
        """
        return kept_together(self.frame, self._gathered(wanted, absent, following))

    def _gathered(
        self,
        wanted: Iterable[tuple[T, requests.Request]],
        absent: frozenset[int],
        following: Callable[[requests.Response], requests.Request | None],
    ) -> Iterator[tuple[T, str, bytes]]:
        for each, first in wanted:
            request: requests.Request | None = first
            while request is not None:
                what = f"{request.method} {without_query(request.url)}"
                response, content = self._answered(request, what, partial(self._json, what=what, absent=absent))
                yield each, request_line(request), response.content if content is not _ABSENT else b"null"
                request = following(response)

    def _answered(
        self, request: requests.Request, what: str, read: Callable[[requests.Response], Any]
    ) -> tuple[requests.Response, Any]:
        """Send a request until an answer comes that is none to ask for again and can be read; return it, and what was read."""
        for tries in range(1, TRIES + 1):
            last = tries == TRIES
            response, problem = self._transport.send(request, what)
            if response is None:
                self._wait(float(2 ** (tries - 1)), problem, what, last=last)
                continue
            if is_worth_asking_again(response.status_code, response.headers, response.content):
                now = self.frame.clock()
                seconds = seconds_until_asked_again(response.headers, tries, now, response.status_code, response.content)
                if last or self._patience.is_too_long(seconds):
                    self._capture(response)
                self._wait(seconds, f"HTTP {response.status_code}", what, last=last)
                continue
            content = read(response)
            if content is not _BROKEN:
                return response, content
            self._wait(float(2 ** (tries - 1)), "JSON that is cut off or malformed", what, last=last)
        msg = f"{what}: no usable answer."  # not reached: the last wait raises
        raise SourceUnavailable(msg)

    def _content(self, response: requests.Response, what: str) -> Any:
        """Return the captured answer's JSON, or `_BROKEN`.

        Raises:
            ConfigurationError: The status says that asking again would not help.
        """
        page = self._capture(response)
        if not 200 <= response.status_code < 300:
            raise ConfigurationError(self._refusal(response.status_code, what, response.content))
        with pa.input_stream(str(page), compression="zstd") as stored:
            data = stored.read()
        try:
            return json.loads(data)
        except ValueError:  # also a text that is no UTF-8
            return _BROKEN

    def _json(self, response: requests.Response, what: str, absent: frozenset[int]) -> Any:
        """Return an answer's JSON as received, `_ABSENT`, or `_BROKEN`; what is not usable is captured by itself.

        Raises:
            ConfigurationError: The status says that asking again would not help.
        """
        if response.status_code in absent:
            return _ABSENT
        if 200 <= response.status_code < 300:
            try:
                return json.loads(response.content)
            except ValueError:
                self._capture(response)
                return _BROKEN
        self._capture(response)
        raise ConfigurationError(self._refusal(response.status_code, what, response.content))

    def _capture(self, response: requests.Response) -> Any:
        media_type = response.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
        suffix = ".json" if "json" in media_type else ".txt"
        return self.frame.capture(iter([response.content]), suffix, media_type)

    def _refusal(self, status: int, what: str, body: bytes = b"") -> str:
        return refusal(status, what, self._connection.id, self.frame.as_captured(error_text(body)))

    def _wait(self, seconds: float, answer: str, what: str, *, last: bool) -> None:
        """Wait before a request is sent again.

        Raises:
            SourceUnavailable: It was sent often enough, or the wait would be too long.
        """
        if last or self._patience.is_too_long(seconds):
            self.frame.asked_again(answer, 0)
            why = (
                f"{TRIES} times"
                if last
                else f"asked to wait {seconds:.0f} s, more than the {self._patience.longest:.0f} s of one extraction"
            )
            msg = f"{what}: expected a page, got {answer}, {why}. Nothing lands; run the window again when the source answers."
            raise SourceUnavailable(msg)
        self._patience.wait(seconds, answer)


_BROKEN = object()
_ABSENT = object()
