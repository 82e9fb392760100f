# SPDX-License-Identifier: Apache-2.0
"""The page on which somebody signs off what a campaign came to. Before it, the route's rule has seen to it that they are asked.

1. The form is one of ours in form and size (`tieout.web.forms`), and its stamp was written by us for this user and this campaign.
2. What was seen on the page can be said again word for word: it is about the document that is asked about now.
3. It is signed off, or returned with a reason.
4. It is stored before anything is shown as accepted; what is shown then is what was stored.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import rfc8785
from fastapi import Request
from fastapi.responses import HTMLResponse

from tieout.campaigns.facts import says_something
from tieout.desks.desk import AIRFLOW, LONGEST_REASON, Desk, Refused
from tieout.desks.sign_off_desk import APPROVE, RETURN, SignOff, SignOffRequest
from tieout.texts import units
from tieout.web.access import Turned, visitor
from tieout.web.answers import Problem
from tieout.web.forms import TOKEN, BadForm, parse, read_body
from tieout.web.people import as_member
from tieout.web.presenting import Presented
from tieout.web.reading import Reader
from tieout.web.rendering import again_page
from tieout.web.showing import OPEN_AGAIN, frame_of, reader_of
from tieout.web.sign_off_page import SAID, Given, presented_sign_off, sign_off_page, signed_page
from tieout.web.site import Site
from tieout.web.stamps import Bearer, Stamp, is_current, read, write
from tieout.web.submitting import LONG_OPEN, STALE, UNCERTAIN

_SIGN_OFF = "sign-off"
"""Stands in a stamp where a page of a review names its assignment: no assignment is called so."""
REASON = "reason"
_FIELDS = frozenset({TOKEN, SAID, REASON})


@dataclass(frozen=True, slots=True)
class Submission:
    """A form of ours: its token, what that says, and what was filled in."""

    token: str
    stamp: Stamp
    given: Given
    fields: Mapping[str, str]
    acted_at: datetime


async def show(site: Site, request: Request) -> HTMLResponse:
    """Return what somebody is asked to sign off; where that is done, by whom it may be, that it is."""
    asked, frame, reader = await _asked(site, request), frame_of(request), reader_of(site, request)
    if not asked.waits:
        return HTMLResponse(signed_page(frame, asked.title, asked.standing, reader))
    token = write(_stamp(site, asked, reader), site.key, _bearer(request))
    return HTMLResponse(sign_off_page(frame, asked, reader, token))


async def submit(site: Site, request: Request) -> HTMLResponse:
    """Store what somebody said, and return what was stored."""
    sent = await _submission(site, request)  # (1)
    asked, frame, reader = await _asked(site, request), frame_of(request), Reader(sent.stamp.language, site.zone)
    seen = presented_sign_off(asked, reader)
    if seen.sha256 != sent.stamp.presented:  # (2)
        raise Turned(409, "Not stored", STALE, OPEN_AGAIN)
    if not is_current(sent.stamp, sent.acted_at):
        token = write(_stamp(site, asked, reader), site.key, _bearer(request))
        return HTMLResponse(sign_off_page(frame, asked, reader, token, sent.given, told=LONG_OPEN), 409)
    problem = _problem(sent.given)  # (3)
    if problem is not None:
        return HTMLResponse(sign_off_page(frame, asked, reader, sent.token, sent.given, problem=problem), 422)
    said = _said(asked, sent, seen)
    stored = await site.asked(lambda desk: desk.sign_off(as_member(visitor(request)), said))  # (4)
    if isinstance(stored, Refused):
        raise Turned(409, "Not stored", stored.reason, f"Nothing of this page was stored. Ask {site.ask}.")
    return HTMLResponse(signed_page(frame, asked.title, stored, reader, stored=True))


async def sign_again(site: Site, request: Request) -> HTMLResponse | None:
    """Return a page from which the same form is submitted once more, for where the desk did not answer.

    Returns:
        The page; ``None`` where what was sent is no form of ours.
    """
    if request.method != "POST" or getattr(request.state, "tieout_visitor", None) is None:
        return None
    try:
        sent = await _submission(site, request)
    except (BadForm, Turned):
        return None
    frame = frame_of(request)
    here = f"{frame.root}/sign-offs/{request.path_params['campaign']}"
    return HTMLResponse(again_page(frame, here, sent.fields, UNCERTAIN), 503)


async def _asked(site: Site, request: Request) -> SignOffRequest:
    def ask(desk: Desk) -> SignOffRequest | Refused:
        return desk.sign_off_request(as_member(visitor(request)), request.path_params["campaign"])

    found = await site.asked(ask)
    if isinstance(found, Refused):
        raise Turned(404, "Nothing to sign off", found.reason, f"Ask {site.ask}.")
    return found


async def _submission(site: Site, request: Request) -> Submission:
    """Return the form that a request carries; it is read once, and kept for `sign_again`."""
    if not hasattr(request.state, "tieout_form"):
        request.state.tieout_form = site.now(), parse(await read_body(request.headers.raw, request.stream()))
    acted_at, fields = request.state.tieout_form
    if not fields.keys() <= _FIELDS:
        raise BadForm("a field that is not on the page")
    token = fields.get(TOKEN, "")
    stamp = read(token, site.key, _bearer(request))
    if stamp is None:
        raise Turned(403, "Not stored", STALE, OPEN_AGAIN)
    return Submission(token, stamp, Given(fields.get(SAID, ""), fields.get(REASON, "").strip()), fields, acted_at)


def _problem(given: Given) -> Problem | None:
    if given.said not in ("", APPROVE, RETURN):
        raise BadForm("a choice that is not offered")
    if not given.said:
        return Problem(SAID, "Choose one: sign it off, or return it.")
    if given.said == RETURN and not says_something(given.reason):
        return Problem(REASON, "Please say why you return it.")
    if units(given.reason) > LONGEST_REASON:
        return Problem(REASON, f"At most {LONGEST_REASON} characters, please.")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in given.reason):
        return Problem(REASON, "There is a character in it that can not be seen. Please type it again.")
    return None


def _said(asked: SignOffRequest, sent: Submission, seen: Presented) -> SignOff:
    content = [sent.token, sent.given.said, sent.given.reason]
    return SignOff(
        campaign=asked.campaign,
        about_sha256=asked.about_sha256,
        approved=sent.given.said == APPROVE,
        reason=sent.given.reason,
        interaction=hashlib.sha256(rfc8785.dumps(content)).hexdigest()[:32],
        acted_at=sent.acted_at,
        presented=seen.document,
        presented_sha256=seen.sha256,
        channel=(AIRFLOW, False),
    )


def _bearer(request: Request) -> Bearer:
    return Bearer(visitor(request).user, request.path_params["campaign"], _SIGN_OFF)


def _stamp(site: Site, asked: SignOffRequest, reader: Reader) -> Stamp:
    opened_ms, seen = int(site.now().timestamp() * 1000), presented_sign_off(asked, reader).sha256
    return Stamp(
        items=(), number=1, of=1, total=0, answered=0, due=0, opened_ms=opened_ms, presented=seen, language=reader.language
    )
