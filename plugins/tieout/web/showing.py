# SPDX-License-Identifier: Apache-2.0
"""What is shown: a visitor's tasks, and the pages of a review. Nothing here changes anything."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

from tieout.desks.desk import Desk, Member, Page, Refused, Task, Tasks
from tieout.desks.form_values import LookAsked
from tieout.desks.sign_off_desk import SignOffRequest
from tieout.errors import ConfigurationError
from tieout.web.access import Turned, visitor
from tieout.web.forms import MOST_ITEMS
from tieout.web.people import as_member
from tieout.web.presenting import presented
from tieout.web.reading import Reader, language_of
from tieout.web.rendering import Frame, end_page, fragment, review_page, tasks_page
from tieout.web.site import Site, place_of
from tieout.web.stamps import Bearer, Stamp, write

log = logging.getLogger(__name__)

LONGEST_ITEM = 128
"""Characters of an item's id in an address."""
OPEN_AGAIN = "Open the review again."


async def my_tasks(site: Site, request: Request) -> HTMLResponse:
    """Return what somebody has to do, and what they have done."""
    who = as_member(visitor(request))

    def ask(desk: Desk) -> tuple[Tasks, tuple[SignOffRequest, ...], tuple[LookAsked, ...]]:
        return desk.tasks(who), desk.sign_offs(who), desk.forms.looks(who) if desk.forms else ()

    tasks, sign_offs, looks = await site.asked(ask)
    evidence = await _reads_evidence(site, who)
    return HTMLResponse(tasks_page(frame_of(request), tasks, sign_offs, reader_of(site, request), looks, evidence))


async def _reads_evidence(site: Site, who: Member) -> bool:
    """Whether somebody may read evidence now. A broken file of grants keeps nobody from their reviews."""
    if site.access is None:
        return False
    try:
        return bool((await site.evidence(lambda desk: desk.standing(who.person))).grants)
    except ConfigurationError as error:
        log.warning("web: auditors' access can not be read: %s", place_of(error))
        return False


async def show(site: Site, request: Request) -> HTMLResponse:
    """Return the next page of open items, or the one that shows given items once more."""
    who, bearer = as_member(visitor(request)), bearer_of(request)
    items, after = request.query_params.getlist("item"), request.query_params.get("after")
    if len(items) > MOST_ITEMS or any(len(each) > LONGEST_ITEM for each in (*items, after or "")):
        raise Turned(400, "No such page", "The address names items that no page shows together.", OPEN_AGAIN)

    def ask(desk: Desk) -> tuple[Page | Task | Refused, Mapping[str, str]]:
        found: Page | Task | Refused
        if items:
            found = desk.shown(who, bearer.campaign, bearer.assignment, items)
        else:
            found = desk.page(who, bearer.campaign, bearer.assignment, after)
        return found, names_on(found, desk)

    found, names = await site.asked(ask)
    frame, reader = frame_of(request), reader_of(site, request)
    if isinstance(found, Refused):
        raise Turned(403, "Not possible", found.reason, f"Ask {site.ask}.")
    if isinstance(found, Task):
        return HTMLResponse(end_page(frame, found, reader))
    token = write(stamp_of(site, found, reader), site.key, bearer)
    return HTMLResponse(review_page(frame, found, reader, token, fragment(found, reader, names)))


def frame_of(request: Request) -> Frame:
    """Return what stands around a page."""
    return Frame(request.scope.get("root_path", ""), getattr(request.state, "tieout_visitor", None))


def reader_of(site: Site, request: Request) -> Reader:
    """Return how who asks writes numbers and times."""
    return Reader(language_of(request.headers.get("accept-language", "")), site.zone)


def bearer_of(request: Request) -> Bearer:
    """Return whom a page's stamp is good for."""
    return Bearer(visitor(request).user, request.path_params["campaign"], request.path_params["assignment"])


def names_on(found: Page | Task | Refused, desk: Desk) -> Mapping[str, str]:
    """Return the names of the persons on a page."""
    return desk.names({item.holder for _, item in found.items if item.holder}) if isinstance(found, Page) else {}


def stamp_of(site: Site, page: Page, reader: Reader) -> Stamp:
    """Return the stamp of a page that is shown now."""
    return Stamp(
        items=tuple(item.id for _, item in page.items),
        number=page.number,
        of=page.of,
        total=page.task.total,
        answered=page.task.answered,
        due=int(page.task.due_at.timestamp()),
        opened_ms=int(site.now().timestamp() * 1000),
        presented=presented(page, reader).sha256,
        language=reader.language,
    )
