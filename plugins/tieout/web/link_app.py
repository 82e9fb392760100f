# SPDX-License-Identifier: Apache-2.0
"""The page of personal links, an app of its own: nobody signs in for it, and it has no address of anything else.

1. A link's token stands behind a ``#``, which browsers send to nobody: no log, no referrer and no mail scanner's request has it.
2. The page that is got is the same for everybody, and getting it changes nothing. A script puts what stands behind the ``#`` into
   its form; whoever has none pastes it. Only what is posted is looked at.
3. A code that is good shows what one person is asked, and neither their name nor anybody else's. Any other, whatever is wrong
   with it, is answered alike.
4. What is posted comes from this page (`tieout.web.shell`), and not too often (`tieout.web.link_limits`).
5. What was seen is said again word for word, and the answer is stored before anything is shown as accepted. The record says that
   somebody held the link, and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from tieout.desks.desk import LINK, Answer, Page, Refused, Stored, Task
from tieout.desks.link_desk import Held, LinkDesk
from tieout.errors import ConfigurationError
from tieout.web.access import Turned
from tieout.web.answers import interaction_of, outcome, problems
from tieout.web.forms import TOKEN, BadForm, filled, parse, read_body
from tieout.web.link_limits import Limits
from tieout.web.link_refusals import add_refusals, link_page
from tieout.web.presenting import presented
from tieout.web.reading import Reader, language_of
from tieout.web.rendering import fragment, static_files
from tieout.web.shell import UNFRAMED, Shell
from tieout.web.showing import stamp_of
from tieout.web.site import Site
from tieout.web.stamps import Bearer, Stamp, is_current, read, write

CODE = "code"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
NO_GOOD = (
    "This link is not good, or not any more",
    "It may have expired, be of a campaign that is closed, or not be whole. Open it from the mail once more, or ask whoever sent "
    "it.",
)
STALE = ("Not stored", "This page has changed since, or was open for too long. Open the link from the mail once more.")


async def everybody() -> None:
    """Rule of a route that shows the same to everybody, and changes nothing."""


async def holder() -> None:
    """Rule of a route that answers whoever holds a good code, which it looks at itself."""


OPEN, HELD = Depends(everybody), Depends(holder)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSite:
    """What the page shares.

    Attributes:
        site: Of the pages: threads, clock, key of stamps, zone.
        links: Opens the desk of links, or returns it.
        limits: How often it may be tried.
    """

    site: Site
    links: Callable[[], LinkDesk]
    limits: Limits = field(default_factory=Limits)


def create_link_app(given: LinkSite) -> FastAPI:
    """Return the page as an app.

    Raises:
        ConfigurationError: A route has no rule.
    """
    app = FastAPI(title="Tieout", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(Shell, origins=given.site.origins, headers=UNFRAMED)
    app.include_router(_routes(given))
    for route in app.routes:
        stated = [each.dependency for each in route.dependencies] if isinstance(route, APIRoute) else []
        if len([each for each in stated if each in (everybody, holder)]) != 1:
            msg = f"web: expected one rule at {getattr(route, 'path', route)!r}. State OPEN or HELD beside the route."
            raise ConfigurationError(msg)
    add_refusals(app)
    return app


def _routes(given: LinkSite) -> APIRouter:
    router = APIRouter()

    @router.get("/", dependencies=[OPEN])
    async def entry(request: Request) -> HTMLResponse:
        return link_page(request, "link_entry.html")

    @router.get("/static/{name}", dependencies=[OPEN])
    async def static(name: str) -> Response:
        content = static_files().get(name)
        if content is None:
            raise Turned(404, "No such file", "There is no such file.")
        return Response(content, media_type=_TYPES[PurePosixPath(name).suffix])

    @router.post("/open", dependencies=[HELD])
    async def show(request: Request) -> HTMLResponse:
        fields = await _fields(given, request)
        return await _shown(given, request, await _held(given, fields), fields[CODE])

    @router.post("/answer", dependencies=[HELD])
    async def submit(request: Request) -> HTMLResponse:
        fields = await _fields(given, request)
        return await _answered(given, request, await _held(given, fields), fields)

    return router


async def _fields(given: LinkSite, request: Request) -> dict[str, str]:
    """Return the fields of a form of ours, where it may be looked at now."""
    wait = given.limits.wait(request.client.host if request.client else "unknown")
    if wait is not None:
        raise HTTPException(429, headers={"Retry-After": str(wait)})
    fields = parse(await read_body(request.headers.raw, request.stream()))
    if CODE not in fields:
        raise BadForm("no code")
    return fields


async def _held(given: LinkSite, fields: dict[str, str]) -> Held:
    found = await given.site.asked(lambda _: given.links().find(fields[CODE].strip()))
    if found is None:
        given.limits.failed()
        raise Turned(404, *NO_GOOD)
    return found


async def _shown(given: LinkSite, request: Request, held: Held, code: str) -> HTMLResponse:
    case, desk = held.case, given.links().desk
    found = await given.site.asked(lambda _: desk.page(held.who, case.definition.campaign, held.assignment, None))
    if isinstance(found, Refused):
        raise Turned(404, *NO_GOOD)
    reader = Reader(language_of(request.headers.get("accept-language", "")), given.site.zone)
    if isinstance(found, Task):
        return link_page(request, "link_done.html", task=found, reader=reader)
    stamp = write(stamp_of(given.site, found, reader), given.site.key, _bearer(held))
    return _form(request, found, reader, stamp, code)


def _form(request: Request, page: Page, reader: Reader, stamp: str, code: str, **above: Any) -> HTMLResponse:
    said, wrong = above.get("filled"), above.get("problems", {})
    inside = fragment(page, reader, {}, said, wrong) if said is not None else fragment(page, reader, {})
    status = 422 if wrong else 200
    shown = {"page": page, "reader": reader, "token": stamp, "code": code, "fragment": inside, "problems": wrong}
    return link_page(request, "link_page.html", status, **shown)


async def _answered(given: LinkSite, request: Request, held: Held, fields: dict[str, str]) -> HTMLResponse:
    acted_at, code = given.site.now(), fields[CODE]
    stamp = read(fields.get(TOKEN, ""), given.site.key, _bearer(held))
    if stamp is None or not is_current(stamp, acted_at):
        raise Turned(409, *STALE)
    said = filled({name: value for name, value in fields.items() if name != CODE}, stamp.items)
    page = await _again(given, held, stamp)
    reader = Reader(stamp.language, given.site.zone)
    seen = presented(page, reader)
    if seen.sha256 != stamp.presented:
        raise Turned(409, *STALE)
    if wrong := problems(page, said):
        return _form(request, page, reader, fields[TOKEN], code, filled=said, problems=wrong)
    decided = outcome(page, said)
    if not decided.decisions:
        return await _shown(given, request, held, code)
    answer = Answer(
        campaign=held.case.definition.campaign,
        assignment=held.assignment,
        decisions=decided.decisions,
        interaction=interaction_of(fields[TOKEN], decided.decisions),
        acted_at=acted_at,
        dwell_ms=max(0, int(acted_at.timestamp() * 1000) - stamp.opened_ms),
        presented=seen.document,
        presented_sha256=seen.sha256,
        channel=(LINK, False),
        shown=len(stamp.items),
    )
    stored = await given.site.asked(lambda _: given.links().desk.answer(held.who, answer))
    if isinstance(stored, Refused):
        raise Turned(409, "Not stored", stored.reason)
    return _receipt(request, page, stored, len(decided.decisions), reader, code)


def _receipt(request: Request, page: Page, stored: Stored, count: int, reader: Reader, code: str) -> HTMLResponse:
    return link_page(request, "link_receipt.html", page=page, stored=stored, count=count, reader=reader, code=code)


async def _again(given: LinkSite, held: Held, stamp: Stamp) -> Page:
    """Return the page as it was shown."""
    desk, campaign = given.links().desk, held.case.definition.campaign
    found = await given.site.asked(lambda _: desk.shown(held.who, campaign, held.assignment, stamp.items))
    if isinstance(found, Refused):
        raise Turned(409, "Not stored", found.reason)
    task = replace(found.task, total=stamp.total, answered=stamp.answered, due_at=datetime.fromtimestamp(stamp.due, UTC))
    return replace(found, number=stamp.number, of=stamp.of, task=task)


def _bearer(held: Held) -> Bearer:
    return Bearer(f"{LINK} {held.who.user}", held.case.definition.campaign, held.assignment)
