# SPDX-License-Identifier: Apache-2.0
"""What somebody sees who is not served: why, that nothing was stored or that nobody can say so, and what to do."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from tieout.errors import TieoutError, TransientError
from tieout.web.access import Turned
from tieout.web.forms import BadForm
from tieout.web.rendering import note_page
from tieout.web.showing import OPEN_AGAIN, frame_of
from tieout.web.signing import sign_again
from tieout.web.site import Site, place_of
from tieout.web.submitting import submit_again

log = logging.getLogger(__name__)

_BY_AIRFLOW = {
    401: ("Please sign in", "You are not signed in to Airflow, or no longer. Nothing of what you sent was stored."),
    403: ("Please sign in again", "Airflow does not know your session. Nothing of what you sent was stored."),
    404: ("No such page", "There is no such page."),
    405: ("Not possible", "This page can not be asked for in that way."),
}


class Refusals:
    """Answers each kind of refusal with a page.

    Args:
        site: The installation.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def add_to(self, app: FastAPI) -> None:
        """Have an app answer with these pages."""
        app.add_exception_handler(Turned, self._turned)
        app.add_exception_handler(BadForm, self._bad_form)
        app.add_exception_handler(TransientError, self._unavailable)
        app.add_exception_handler(TieoutError, self._broken)
        app.add_exception_handler(HTTPException, self._by_airflow)

    async def _turned(self, request: Request, error: Exception) -> HTMLResponse:
        assert isinstance(error, Turned)  # noqa: S101 - each kind is handed to its own
        return HTMLResponse(note_page(frame_of(request), error.title, error.reason, error.cure), error.status)

    async def _bad_form(self, request: Request, error: Exception) -> HTMLResponse:
        assert isinstance(error, BadForm)  # noqa: S101
        log.warning("web: a form was refused: %s", error)
        reason = "What your browser sent is not what this page asks for. Nothing was stored."
        return HTMLResponse(note_page(frame_of(request), "Not stored", reason, OPEN_AGAIN), error.status)

    async def _unavailable(self, request: Request, error: Exception) -> HTMLResponse:
        log.warning("web: the desk did not answer: %s", place_of(error))
        submitted = submit_again if "assignment" in request.path_params else sign_again
        if "campaign" in request.path_params and (again := await submitted(self._site, request)) is not None:
            return again
        reason = "Tieout can not read this at the moment. Please try again."
        return HTMLResponse(note_page(frame_of(request), "Please try again", reason), 503)

    async def _broken(self, request: Request, error: Exception) -> HTMLResponse:
        log.error("web: a page failed: %s: %s", place_of(error), error)
        cure = f"Trying again will not help. Ask {self._site.ask}."
        return HTMLResponse(note_page(frame_of(request), "Not possible", "Tieout can not answer this.", cure), 500)

    async def _by_airflow(self, request: Request, error: Exception) -> HTMLResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        title, reason = _BY_AIRFLOW.get(error.status_code, ("Not possible", "Airflow refused this."))
        link = self._site.login(request.url.path) if error.status_code in (401, 403) and self._site.login else ""
        page = note_page(frame_of(request), title, reason, link=link, label="Sign in")
        return HTMLResponse(page, error.status_code, headers=error.headers)
