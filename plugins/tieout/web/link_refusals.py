# SPDX-License-Identifier: Apache-2.0
"""What somebody with a personal link sees who is not served: nothing of it tells one wrong code from another."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from tieout.errors import TieoutError, TransientError
from tieout.web.access import Turned
from tieout.web.forms import BadForm
from tieout.web.rendering import Frame
from tieout.web.site import place_of
from tieout.web.submitting import UNCERTAIN

log = logging.getLogger(__name__)


def add_refusals(app: FastAPI) -> None:
    """Have an app answer each kind of refusal with a page."""
    for kind, answer in ((Turned, _turned), (BadForm, _bad_form), (TransientError, _unavailable), (TieoutError, _broken)):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(HTTPException, _not_found)


def link_page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page, which nobody indexes."""
    html = Frame(request.scope.get("root_path", "")).html(template, **values)
    return HTMLResponse(html, status, headers={"X-Robots-Tag": "noindex, nofollow"})


async def _turned(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, Turned)  # noqa: S101 - each kind is handed to its own
    return link_page(request, "link_note.html", error.status, title=error.title, reason=error.reason)


async def _bad_form(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, BadForm)  # noqa: S101
    reason = "What your browser sent is not what this page asks for."
    return link_page(request, "link_note.html", error.status, title="Not stored", reason=reason)


async def _unavailable(request: Request, error: Exception) -> HTMLResponse:
    _log(error)
    return link_page(request, "link_note.html", 503, title=UNCERTAIN.title, reason=UNCERTAIN.text)


async def _broken(request: Request, error: Exception) -> HTMLResponse:
    _log(error)
    return link_page(request, "link_note.html", 500, title="Not possible", reason="This can not be answered. Nothing was stored.")


async def _not_found(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 429:
        made = link_page(request, "link_note.html", 429, title="Please wait", reason="This was tried too often. Wait a minute.")
        made.headers.update(error.headers or {})
        return made
    return link_page(request, "link_note.html", error.status_code, title="No such page", reason="There is no such page.")


def _log(error: Exception) -> None:
    """Log that a page failed, by type and place: its text may hold what was sent."""
    log.warning("web: a personal link was not answered: %s", place_of(error))
