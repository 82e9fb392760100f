# SPDX-License-Identifier: Apache-2.0
"""The page on which a second person accepts what was handed in, or returns it. The route's rule has seen to it that they may.

1. The form is one of ours in form and size (`tieout.web.forms`), and its stamp was written by us for this user, this form and
   this answer.
2. What was seen on the page can be said again word for word: the answer still waits.
3. It is accepted, or returned with a question.
4. It is stored before anything is shown as accepted; what is shown then is what was stored.

They may save the files that they are to accept while the answer waits, as they were handed in.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

import rfc8785
from fastapi import Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from tieout.campaigns.facts import says_something
from tieout.desks.desk import AIRFLOW, LONGEST_REASON, Refused
from tieout.desks.form_values import LookAsked, Looking
from tieout.texts import units
from tieout.web.access import Turned, visitor
from tieout.web.answers import Problem
from tieout.web.form_page import ACCEPT, RETURN, look_page, presented_look
from tieout.web.forms import TOKEN, BadForm, parse, read_body
from tieout.web.people import as_member
from tieout.web.reading import Reader
from tieout.web.showing import bearer_of, frame_of, reader_of
from tieout.web.sign_off_page import SAID, Given
from tieout.web.signing import REASON
from tieout.web.site import Site
from tieout.web.stamps import Bearer, Stamp, is_current, read, write
from tieout.web.submitting import LONG_OPEN, STALE

_FIELDS = frozenset({TOKEN, SAID, REASON})
OPEN_AGAIN = "Open it again."
FETCH_SECONDS = 120.0
"""How long somebody waits until a file was fetched and held against its hash."""
PIECE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Submission:
    """A form of ours: its token, what that says, and what was filled in."""

    token: str
    stamp: Stamp
    given: Given
    acted_at: datetime


async def show(site: Site, request: Request) -> HTMLResponse:
    """Return what was handed in."""
    asked, names = await _asked(site, request)
    if isinstance(asked, Refused):
        raise Turned(404, "Nothing to look at", asked.reason, f"Ask {site.ask}.")
    reader = reader_of(site, request)
    token = write(_stamp(site, asked, reader), site.key, _bearer(request))
    return HTMLResponse(look_page(frame_of(request), asked, names, reader, token))


async def file(site: Site, request: Request) -> Response:
    """Return a file of what was handed in, byte for byte, for the visitor to save: no browser is to show or run it."""
    who, params = as_member(visitor(request)), request.path_params
    found = await site.forms(
        lambda desk: desk.file(who, params["campaign"], params["assignment"], params["sha256"]), FETCH_SECONDS
    )
    if isinstance(found, Refused):
        raise Turned(404, "No such file", found.reason, f"Ask {site.ask}.")
    handed, data = found
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(handed.name, safe='')}",
        "Content-Length": str(handed.bytes),
    }
    return StreamingResponse(_pieces(data), headers=headers, media_type="application/octet-stream")


async def submit(site: Site, request: Request) -> HTMLResponse:
    """Store what somebody said of it, and return what was stored."""
    sent = await _submission(site, request)  # (1)
    asked, names = await _asked(site, request)
    frame, reader = frame_of(request), Reader(sent.stamp.language, site.zone)
    presented: Mapping[str, object] = {}
    if not isinstance(asked, Refused):
        seen = presented_look(asked, reader)
        if seen.sha256 != sent.stamp.presented:  # (2)
            raise Turned(409, "Not stored", STALE, OPEN_AGAIN)
        presented = seen.document
        if not is_current(sent.stamp, sent.acted_at):
            token = write(_stamp(site, asked, reader), site.key, _bearer(request))
            return HTMLResponse(look_page(frame, asked, names, reader, token, sent.given, told=LONG_OPEN), 409)
        if (problem := _problem(sent.given)) is not None:  # (3)
            return HTMLResponse(look_page(frame, asked, names, reader, sent.token, sent.given, problem), 422)
    # Where it waits no more, the same submission may have been stored before: the desk knows, and stores nothing else.
    who, said = as_member(visitor(request)), _said(request, sent, presented)
    stored = await site.forms(lambda desk: desk.look(who, said))  # (4)
    if isinstance(stored, Refused):
        raise Turned(409, "Not stored", stored.reason, f"Nothing of this page was stored. Ask {site.ask}.")
    return HTMLResponse(frame.html("looked.html", accepted=said.accepted, stored=stored, reader=reader))


def _pieces(data: BinaryIO) -> Iterator[bytes]:
    with data:
        while piece := data.read(PIECE_BYTES):
            yield piece


async def _asked(site: Site, request: Request) -> tuple[LookAsked | Refused, Mapping[str, str]]:
    who, params = as_member(visitor(request)), request.path_params
    asked = await site.forms(lambda desk: desk.look_asked(who, params["campaign"], params["assignment"]))
    names = {} if isinstance(asked, Refused) else await site.asked(lambda desk: desk.names([asked.by]))
    return asked, names


async def _submission(site: Site, request: Request) -> Submission:
    acted_at, fields = site.now(), parse(await read_body(request.headers.raw, request.stream()))
    if not fields.keys() <= _FIELDS:
        raise BadForm("a field that is not on the page")
    if fields.get(SAID, "") not in ("", ACCEPT, RETURN):
        raise BadForm("a choice that is not offered")
    stamp = read(fields.get(TOKEN, ""), site.key, _bearer(request))
    if stamp is None or len(stamp.items) != 1:
        raise Turned(403, "Not stored", STALE, OPEN_AGAIN)
    return Submission(fields[TOKEN], stamp, Given(fields.get(SAID, ""), fields.get(REASON, "").strip()), acted_at)


def _problem(given: Given) -> Problem | None:
    if not given.said:
        return Problem(SAID, "Choose one: accept it, or return it.")
    if given.said == RETURN and not says_something(given.reason):
        return Problem(REASON, "Please say what you ask.")
    if units(given.reason) > LONGEST_REASON:
        return Problem(REASON, f"At most {LONGEST_REASON} characters, please.")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in given.reason):
        return Problem(REASON, "There is a character in it that can not be seen. Please type it again.")
    return None


def _said(request: Request, sent: Submission, presented: Mapping[str, object]) -> Looking:
    content = [sent.token, sent.given.said, sent.given.reason]
    return Looking(
        campaign=request.path_params["campaign"],
        assignment=request.path_params["assignment"],
        about=sent.stamp.items[0],
        accepted=sent.given.said == ACCEPT,
        question=sent.given.reason,
        interaction=hashlib.sha256(rfc8785.dumps(content)).hexdigest()[:32],
        acted_at=sent.acted_at,
        presented=presented,
        channel=(AIRFLOW, False),
    )


def _bearer(request: Request) -> Bearer:
    """Return whom a stamp of this page is good for; that of the form itself is for another page."""
    bearer = bearer_of(request)
    return Bearer(bearer.user, bearer.campaign, f"look at {bearer.assignment}")


def _stamp(site: Site, asked: LookAsked, reader: Reader) -> Stamp:
    opened_ms, seen = int(site.now().timestamp() * 1000), presented_look(asked, reader).sha256
    return Stamp(
        items=(asked.about,), number=1, of=1, total=1, answered=0, due=0, opened_ms=opened_ms, presented=seen,
        language=reader.language,
    )  # fmt: skip
