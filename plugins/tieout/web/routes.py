# SPDX-License-Identifier: Apache-2.0
"""Every route of the pages, each with its rule next to it."""

from __future__ import annotations

from pathlib import PurePosixPath

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tieout.web import accessing, filling, looking, showing, signing, submitting
from tieout.web.access import Rules, Turned
from tieout.web.rendering import static_files
from tieout.web.site import Site

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def routes(site: Site, rules: Rules) -> APIRouter:
    """Return the routes of an installation."""
    router = APIRouter()

    @router.get("/", dependencies=[rules.person])
    async def my_tasks(request: Request) -> HTMLResponse:
        return await showing.my_tasks(site, request)

    @router.get("/campaigns/{campaign}/{assignment}", dependencies=[rules.assigned])
    async def show(request: Request) -> HTMLResponse:
        return await showing.show(site, request)

    @router.post("/campaigns/{campaign}/{assignment}", dependencies=[rules.assigned])
    async def submit(request: Request) -> HTMLResponse:
        return await submitting.submit(site, request)

    _form_routes(router, site, rules)
    _access_routes(router, site, rules)

    @router.get("/sign-offs/{campaign}", dependencies=[rules.signer])
    async def show_sign_off(request: Request) -> HTMLResponse:
        return await signing.show(site, request)

    @router.post("/sign-offs/{campaign}", dependencies=[rules.signer])
    async def submit_sign_off(request: Request) -> HTMLResponse:
        return await signing.submit(site, request)

    @router.get("/static/{name}", dependencies=[rules.signed_in])
    async def static(name: str) -> Response:
        content = static_files().get(name)
        if content is None:
            raise Turned(404, "No such file", "There is no such file.")
        kept = {"Cache-Control": "private, max-age=3600"}
        return Response(content, headers=kept, media_type=_TYPES[PurePosixPath(name).suffix])

    return router


def _form_routes(router: APIRouter, site: Site, rules: Rules) -> None:
    @router.get("/confirmations/{campaign}/{assignment}", dependencies=[rules.assigned])
    async def show_form(request: Request) -> HTMLResponse:
        return await filling.show(site, request)

    @router.post("/confirmations/{campaign}/{assignment}", dependencies=[rules.assigned])
    async def submit_form(request: Request) -> HTMLResponse:
        return await filling.submit(site, request)

    @router.get("/second-reviews/{campaign}/{assignment}", dependencies=[rules.looker])
    async def show_look(request: Request) -> HTMLResponse:
        return await looking.show(site, request)

    @router.get("/second-reviews/{campaign}/{assignment}/files/{sha256}", dependencies=[rules.looker])
    async def save_file(request: Request) -> Response:
        return await looking.file(site, request)

    @router.post("/second-reviews/{campaign}/{assignment}", dependencies=[rules.looker])
    async def submit_look(request: Request) -> HTMLResponse:
        return await looking.submit(site, request)


def _access_routes(router: APIRouter, site: Site, rules: Rules) -> None:
    @router.get("/evidence", dependencies=[rules.granted])
    async def show_grants(request: Request) -> HTMLResponse:
        return await accessing.show_grants(site, request)

    @router.get("/evidence-terms/{grant}", dependencies=[rules.granted])
    async def show_terms(request: Request) -> HTMLResponse:
        return await accessing.show_terms(site, request)

    @router.post("/evidence-terms/{grant}", dependencies=[rules.granted])
    async def accept_terms(request: Request) -> HTMLResponse:
        return await accessing.accept_terms(site, request)

    @router.get("/evidence/{grant}", dependencies=[rules.granted])
    async def show_documents(request: Request) -> HTMLResponse:
        return await accessing.show_documents(site, request)

    @router.post("/evidence/{grant}", dependencies=[rules.granted])
    async def link_to_document(request: Request) -> HTMLResponse:
        return await accessing.link_to_document(site, request)

    @router.get("/evidence/{grant}/{period}", dependencies=[rules.granted])
    async def show_controls(request: Request) -> HTMLResponse:
        return await accessing.show_controls(site, request)

    @router.get("/evidence/{grant}/{period}/{control}", dependencies=[rules.granted])
    async def show_landings(request: Request) -> HTMLResponse:
        return await accessing.show_landings(site, request)

    @router.get("/evidence/{grant}/{period}/{control}/{landing}", dependencies=[rules.granted])
    async def show_objects(request: Request) -> HTMLResponse:
        return await accessing.show_objects(site, request)

    @router.post("/evidence/{grant}/{period}/{control}/{landing}", dependencies=[rules.granted])
    async def link_to_object(request: Request) -> HTMLResponse:
        return await accessing.link_to_object(site, request)
