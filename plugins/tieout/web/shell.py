# SPDX-License-Identifier: Apache-2.0
"""What stands around every route: an ASGI app that no answer goes past.

1. What changes something comes from a page of this site (`tieout.web.origin`), before anything else is looked at.
2. Every answer carries the headers of `HEADERS`: no script or style but ours, no frame but Airflow's, no copy kept.
3. An error that nobody expected becomes a page; the log gets its type and place, and none of its text.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse

from tieout.web.origin import SAFE_METHODS, is_same_origin
from tieout.web.rendering import Frame, note_page
from tieout.web.site import place_of

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Not "no-referrer": browsers without Sec-Fetch-Site would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""On every answer; one that sets its own ``Cache-Control`` keeps it."""
UNFRAMED = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("frame-ancestors 'self'", "frame-ancestors 'none'"),
    "X-Frame-Options": "DENY",
}
"""Of pages that are in no frame, not even of this site."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Shell:
    """Stands around an ASGI app.

    Args:
        app: The app.
        origins: Addresses that this site is known by, beside the one that a request names.
        headers: What every answer carries.
    """

    def __init__(self, app: App, origins: tuple[str, ...], headers: Mapping[str, str] = HEADERS) -> None:
        self._app, self._origins, self._headers = app, origins, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            app = self._app if self._is_ours(scope) else _elsewhere(scope)
            await app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return
        except Exception as error:
            log.error("web: a page failed: %s", place_of(error))  # its text may name a person
            if not begun:
                await _failed(scope)(scope, receive, send_with_headers)

    def _is_ours(self, scope: Scope) -> bool:
        host = Headers(scope=scope).get("host", "")
        ours = (*self._origins, f"{scope.get('scheme', 'http')}://{host}")
        return scope["method"] in SAFE_METHODS or is_same_origin(scope["headers"], ours)


def _elsewhere(scope: Scope) -> App:
    log.warning("web: a request that would change something did not come from a page of ours")
    page = note_page(
        Frame(scope.get("root_path", "")),
        "Not from here",
        "Your browser says that this was sent from another site, or does not say where from. Nothing was stored.",
        "Open the review in Airflow and submit it there.",
    )
    return HTMLResponse(page, 403)


def _failed(scope: Scope) -> App:
    page = note_page(
        Frame(scope.get("root_path", "")),
        "Something went wrong",
        "Whatever you were doing, what is stored shows as decided: open the review again to see it.",
        "If it happens again, tell the people who run Airflow in your company when it was.",
    )
    return HTMLResponse(page, 500)
