# SPDX-License-Identifier: Apache-2.0
"""Follows a REST source from page to page with dlt's paginators, and refuses a read that can not be whole."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pyarrow as pa

from tieout.collectors.http import Answer, Exchange
from tieout.collectors.rest_parameters import Paging, RestParameters
from tieout.collectors.rest_rows import Picker, RowPicker
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ContractError, SourceUnavailable

if TYPE_CHECKING:
    import requests

MAX_PAGES = 100_000
_TELL_EVERY = 50
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, and how many there are in all, where the answer says so."""

    rows: pa.Table
    total: int | None


def paginator(paging: Paging) -> Any:
    """Return dlt's paginator for a way of paging."""
    from dlt.sources.helpers.rest_client import paginators as of

    if paging.kind == "link_header":
        return of.HeaderLinkPaginator()
    if paging.kind == "link":
        return of.JSONLinkPaginator(paging.next or "next")
    if paging.kind == "cursor":
        return of.JSONResponseCursorPaginator(paging.next or "", paging.parameter, has_more_path=paging.more)
    if paging.kind == "offset":
        return of.OffsetPaginator(
            paging.size,
            offset_param=paging.parameter,
            limit_param=paging.size_parameter,
            total_path=None,
            has_more_path=paging.more,
        )
    if paging.kind == "page_number":
        return of.PageNumberPaginator(paging.first, page_param=paging.parameter, total_path=None, has_more_path=paging.more)
    return of.SinglePagePaginator()


class Reader:
    """Reads all pages of one request.

    Args:
        exchange: Sends it.
        parameters: The source.
        request: The first request.
    """

    def __init__(self, exchange: Exchange, parameters: RestParameters, request: requests.Request) -> None:
        self._exchange, self._parameters, self._request = exchange, parameters, request
        self._rows = RowPicker(parameters.columns, exchange.base)
        self._records = Picker(parameters.records, "parameter 'records'")
        self._total = Picker(parameters.total, "parameter 'total'") if parameters.total else None
        self._failure = Picker(parameters.failure, "parameter 'failure'") if parameters.failure else None
        self._asked: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._stated: int | None = None

    def pages(self) -> Iterator[Page]:
        """Yield the pages in order, and end only when the source says that there is no further one.

        Raises:
            ContractError: A page is no list of records, comes twice, or is asked for twice; there are more than `MAX_PAGES`.
            SourceUnavailable: The source changed meanwhile: its total, or the first page when it is read again at the end.
            ConfigurationError: As `Exchange.ask`.
        """
        import requests

        following = paginator(self._parameters.paging)
        following.init_request(self._request)
        asked = self._request
        first = requests.Request(asked.method, asked.url, params=dict(asked.params), json=deepcopy(asked.json))
        read, opening = 0, ""
        for number in range(1, MAX_PAGES + 1):
            self._refuse_loop(number)
            answer = self._exchange.ask(self._request, f"page {number}")
            page = self._page(answer, read + 1)
            digest = self._refuse_repeated(page, number, answer.what)
            opening = opening or digest
            read += page.rows.num_rows
            more = self._follow(following, answer, page.rows.num_rows) and not self._is_all(read)
            if number % _TELL_EVERY == 0:
                log.info("Read %s rows of %s on %s pages", read, self._stated or "an unknown number", number)
            yield page
            if not more:
                if number > 1:
                    self._refuse_changed(first, opening)
                return
        msg = f"{self._exchange.base}: expected at most {MAX_PAGES} pages, and there are more. Ask for larger ones."
        raise ContractError(msg)

    def _page(self, answer: Answer, start: int) -> Page:
        failed = self._failure.pick(answer.content) if self._failure else None
        if failed:
            said = f": {failed}" if isinstance(failed, str) else ""
            msg = f"{answer.what}: got HTTP 200 with a body that says it failed{said}. Nothing lands; the answer is kept."
            raise ContractError(msg)
        records = self._records.pick(answer.content)
        if not isinstance(records, list):
            keys = f" with keys {', '.join(sorted(answer.content))[:200]}" if isinstance(answer.content, dict) else ""
            msg = (
                f"{answer.what}: expected a list at {self._parameters.records!r}, got {type(answer.content).__name__}{keys}: "
                f"an error, or another kind of answer. Nothing lands; the answer is kept. Correct 'records' if it is elsewhere."
            )
            raise ContractError(msg)
        return Page(self._rows.rows(records, start), self._checked_total(answer))

    def _checked_total(self, answer: Answer) -> int | None:
        name = self._parameters.total_header
        value = self._total.pick(answer.content) if self._total else answer.response.headers.get(name) if name else None
        if value is None and not (self._total or name):
            return None
        try:
            total = int(str(value))
        except (TypeError, ValueError):
            msg = f"{answer.what}: expected the number of all rows at {self._parameters.total or name!r}, got another value."
            raise ContractError(msg) from None
        if self._stated not in (None, total):
            msg = (
                f"{answer.what}: the source stated {self._stated} rows before and {total} now: it changed while it was read. "
                f"Nothing lands; run the window again."
            )
            raise SourceUnavailable(msg)
        self._stated = total
        return total

    def _is_all(self, read: int) -> bool:
        return self._parameters.paging.kind in ("offset", "page_number") and self._stated is not None and read >= self._stated

    def _follow(self, following: Any, answer: Answer, rows: int) -> bool:
        try:
            following.update_state(answer.response, [None] * rows)  # it only asks whether there are any
        except ValueError as error:  # its text quotes the answer
            msg = f"{answer.what}: paging: expected {self._parameters.paging.more!r} in the answer, and it is not there."
            raise ContractError(msg) from error
        if following.has_next_page:
            following.update_request(self._request)
        return bool(following.has_next_page)

    def _refuse_loop(self, number: int) -> None:
        asked = f"{self._request.url}?{urlencode(self._request.params or {})} {json.dumps(self._request.json, sort_keys=True)}"
        if asked in self._asked:
            msg = (
                f"{self._exchange.base}{self._parameters.path}: page {number - 1} leads back to page {self._asked[asked]}: "
                f"the cursor loops. Nothing lands; all pages are kept."
            )
            raise ContractError(msg)
        self._asked[asked] = number

    def _refuse_repeated(self, page: Page, number: int, what: str) -> str:
        digest = _digest(page.rows)
        if page.rows.num_rows and digest in self._seen:
            msg = f"{what}: the same {page.rows.num_rows} records as on page {self._seen[digest]}. Nothing lands; both are kept."
            raise ContractError(msg)
        self._seen[digest] = number
        return digest

    def _refuse_changed(self, first: requests.Request, opening: str) -> None:
        answer = self._exchange.ask(first, "page 1 again")
        if _digest(self._page(answer, 1).rows) != opening:
            msg = (
                f"{answer.what}: it reads differently than at the beginning: the source changed while it was read. "
                f"Nothing lands; run the window again."
            )
            raise SourceUnavailable(msg)


def _digest(rows: pa.Table) -> str:
    """Return a hash over what is read of a page: what else stands in its records, such as signed links, may change."""
    return hashlib.sha256(json.dumps(rows.drop_columns([POSITION_COLUMN]).to_pydict()).encode()).hexdigest()
