# SPDX-License-Identifier: Apache-2.0
"""Evidence for auditors: what a person with a grant is shown, the text that they accept first, and a link to one object.

Before each, the route's rule has seen to it that a grant of theirs is in force and reaches the period in the path.

1. Where the grant names a text that they have not accepted as it is now, they are shown that, and nothing else.
2. A form is one of ours in form and size, and its stamp was written by us for this user and this page.
3. The desk records the use before it hands out the link (`tieout.desks.access_desk`); where it does not, there is none.

A link stands on the page of who asked for it and nowhere else: no log, no redirect, no address of ours has it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse

from tieout.criteria.auditor_access import Grant
from tieout.desks.access_desk import AccessDesk, Given
from tieout.desks.desk import Refused
from tieout.errors import TieoutError, TransientError
from tieout.flows.access_reading import MOST
from tieout.flows.access_terms import Terms
from tieout.web.access import Turned, visitor
from tieout.web.forms import TOKEN, BadForm, parse, read_body
from tieout.web.showing import frame_of, reader_of
from tieout.web.site import Site, place_of
from tieout.web.stamps import Bearer, Stamp, is_current, read, write

log = logging.getLogger(__name__)

T = TypeVar("T")
OBJECT, SHA256 = "object", "sha256"
_LONGEST_KEY = 1024
OPEN_AGAIN = "Open the page again, and ask from there."
STALE = "This page was not made for you, or was open for too long. There is no link, and nothing was recorded."
_NOT_RECORDED = "The use could not be recorded, or the evidence could not be read. There is no link."
_CAMPAIGN = "evidence access"
"""Stands in a stamp where a page of a review names its campaign: none is called so."""


async def show_grants(site: Site, request: Request) -> HTMLResponse:
    """Return what the visitor may read: each grant that is in force, with its periods or documents."""
    person = visitor(request).person

    def ask(desk: AccessDesk) -> list[tuple[Grant, bool]]:
        return [(each, desk.terms(person, each) is None) for each in desk.standing(person).grants]

    return _page(site, request, "evidence.html", grants=await site.evidence(ask))


async def show_terms(site: Site, request: Request) -> HTMLResponse:
    """Return the text that the visitor accepts before anything is read; that it is accepted, where it is."""
    grant, terms, _ = await _opened(site, request, lambda _: None)
    return _terms(site, request, grant, terms)


async def accept_terms(site: Site, request: Request) -> HTMLResponse:
    """Record that the visitor accepts the text that they were shown, and return that it is."""
    fields, person = await _sent(site, request, SHA256), visitor(request).person
    grant, terms, stored = await _opened(site, request, lambda desk: desk.accept(person, _granted(desk, request), fields[SHA256]))
    if isinstance(stored, Refused):
        raise Turned(409, "Not accepted", f"{stored.reason} Nothing was recorded.", "Open the page again.")
    if terms is not None:
        terms = (await _opened(site, request, lambda _: None))[1]
    return _page(site, request, "evidence_accepted.html", grant=grant, stored=stored, open_again=terms is not None)


async def show_documents(site: Site, request: Request) -> HTMLResponse:
    """Return the documents of a report user's grant, or the periods of an auditor's."""
    grant, terms, _ = await _opened(site, request, lambda _: None)
    if terms is not None:  # (1)
        return _terms(site, request, grant, terms)
    return _page(site, request, "evidence_grant.html", grant=grant, token=_token(site, request), here=_here(request))


async def show_controls(site: Site, request: Request) -> HTMLResponse:
    """Return the controls that have landings in a period."""
    period = request.path_params["period"]
    grant, terms, found = await _opened(site, request, lambda desk: desk.controls(period))
    if terms is not None:  # (1)
        return _terms(site, request, grant, terms)
    return _page(site, request, "evidence_controls.html", grant=grant, period=period, controls=found)


async def show_landings(site: Site, request: Request) -> HTMLResponse:
    """Return the landings of a control in a period, some at a time."""
    period, control, start = request.path_params["period"], request.path_params["control"], _start(request)
    grant, terms, found = await _opened(site, request, lambda desk: desk.landings(period, control, start))
    if terms is not None:  # (1)
        return _terms(site, request, grant, terms)
    listed, total = found
    if not listed:
        raise Turned(404, "No such landing", "There is no such landing among what your access lets you read.")
    shown = {"period": period, "control": control, "landings": listed, "pages": _pages(start, total)}
    return _page(site, request, "evidence_landings.html", grant=grant, here=_here(request), **shown)


async def show_objects(site: Site, request: Request) -> HTMLResponse:
    """Return the objects of a landing, some at a time, each with what asks for a link to it."""
    params, start = request.path_params, _start(request)
    place = params["period"], params["control"], params["landing"]
    grant, terms, found = await _opened(site, request, lambda desk: (desk.objects(*place), desk.raw))
    if terms is not None:  # (1)
        return _terms(site, request, grant, terms)
    listed, raw = found
    if isinstance(listed, Refused):
        raise Turned(404, "No such landing", listed.reason)
    shown = {"objects": listed[start : start + MOST], "pages": _pages(start, len(listed)), "raw": raw, "grant": grant}
    shown |= dict(zip(("period", "control", "landing"), place, strict=True))
    return _page(site, request, "evidence_objects.html", token=_token(site, request), here=_here(request), **shown)


async def link_to_object(site: Site, request: Request) -> HTMLResponse:
    """Return a link to one object of a landing, once its use is recorded."""
    fields, params, person = await _sent(site, request, OBJECT), request.path_params, visitor(request).person
    place = params["period"], params["control"], params["landing"]
    return await _linked(site, request, lambda desk: desk.link(person, params["grant"], place, fields[OBJECT]))


async def link_to_document(site: Site, request: Request) -> HTMLResponse:
    """Return a link to one document of a report user's grant, once its use is recorded."""
    fields, params, person = await _sent(site, request, OBJECT), request.path_params, visitor(request).person
    return await _linked(site, request, lambda desk: desk.document(person, params["grant"], fields[OBJECT]))


async def _linked(site: Site, request: Request, ask: Callable[[AccessDesk], Given | Refused]) -> HTMLResponse:
    try:
        given = await site.evidence(ask)  # (3)
    except TransientError as error:
        log.warning("web: no link was given: %s", place_of(error))
        raise Turned(503, "No link", _NOT_RECORDED, "Try again in a moment.") from None
    except TieoutError as error:
        log.error("web: no link was given: %s: %s", place_of(error), error)
        raise Turned(500, "No link", _NOT_RECORDED, f"Trying again will not help. Ask {site.ask}.") from None
    if isinstance(given, Refused):
        raise Turned(403, "No link", f"{given.reason} Nothing was recorded.", OPEN_AGAIN)
    return _page(site, request, "evidence_link.html", given=given, here=_here(request))


async def _opened(site: Site, request: Request, ask: Callable[[AccessDesk], T]) -> tuple[Grant, Terms | None, T]:
    """Return the grant in the path, the text that is still to be accepted, and, where there is none, what the desk answers."""
    person = visitor(request).person

    def asked(desk: AccessDesk) -> tuple[Grant, Terms | None, Any]:
        grant = _granted(desk, request)
        terms = desk.terms(person, grant)
        unsafe = request.method != "GET"
        return grant, terms, ask(desk) if terms is None or unsafe else None

    return await site.evidence(asked)


def _granted(desk: AccessDesk, request: Request) -> Grant:
    found = desk.grant(visitor(request).person, request.path_params["grant"])
    if isinstance(found, Refused):  # it ended in this moment
        raise Turned(403, "No access", found.reason)
    return found


async def _sent(site: Site, request: Request, name: str) -> Mapping[str, str]:
    """Return the form of a page of ours (2): its token, and one field."""
    fields = parse(await read_body(request.headers.raw, request.stream()))
    if fields.keys() - {TOKEN} != {name} or len(fields[name]) > _LONGEST_KEY:
        raise BadForm("not the fields of this page")
    stamp = read(fields.get(TOKEN, ""), site.key, _bearer(request))
    if stamp is None or not is_current(stamp, site.now()):
        raise Turned(403, "No link" if name == OBJECT else "Not accepted", STALE, OPEN_AGAIN)
    return fields


def _terms(site: Site, request: Request, grant: Grant, terms: Terms | None) -> HTMLResponse:
    here = f"{frame_of(request).root}/evidence-terms/{grant.id}"
    token = _token(site, request, f"/evidence-terms/{grant.id}")
    return _page(site, request, "evidence_terms.html", grant=grant, terms=terms, token=token, here=here)


def _page(site: Site, request: Request, template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(frame_of(request).html(template, reader=reader_of(site, request), **values))


def _path(request: Request) -> str:
    """Return the path of the page below where the pages are mounted."""
    params = request.path_params
    return re.sub(r"\{(\w+)\}", lambda found: quote(params[found[1]], safe=""), request.scope["route"].path)


def _here(request: Request) -> str:
    return f"{frame_of(request).root}{_path(request)}"


def _bearer(request: Request, path: str | None = None) -> Bearer:
    return Bearer(visitor(request).user, _CAMPAIGN, path or _path(request))


def _token(site: Site, request: Request, path: str | None = None) -> str:
    opened_ms = int(site.now().timestamp() * 1000)
    stamp = Stamp(
        items=(), number=1, of=1, total=0, answered=0, due=0, opened_ms=opened_ms, presented="",
        language=reader_of(site, request).language,
    )  # fmt: skip
    return write(stamp, site.key, _bearer(request, path))


def _start(request: Request) -> int:
    said = request.query_params.get("from", "0")
    if not (said.isascii() and said.isdigit() and len(said) <= 7):
        raise Turned(400, "No such page", "The address names no place in the list.", OPEN_AGAIN)
    return int(said)


def _pages(start: int, total: int) -> dict[str, int | None]:
    """Return what a page says of the list that it is a part of: first and last from 1, and where the others begin."""
    before, after = (max(0, start - MOST) if start else None), (start + MOST if start + MOST < total else None)
    return {"first": start + 1, "last": min(total, start + MOST), "total": total, "before": before, "after": after}
