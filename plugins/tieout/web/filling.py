# SPDX-License-Identifier: Apache-2.0
"""What happens on the page of a form. Before it, the route's rule has seen to it that the visitor was given it.

1. What is sent is a form of ours in form and size (`tieout.web.multipart`): a longer one is cut off.
2. Its stamp was written by us for this user and this form, and is not too old.
3. What was seen on the page can be said again word for word, from the frozen form.
4. Each file is what its name says (`tieout.confirmations.uploads`), and each field takes its answer. Else nothing is stored, and
   the page comes back with what was filled in, and what is wrong at each field; files have to be chosen again.
5. It is stored before anything is shown as accepted; what is shown then is what was stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import rfc8785
from fastapi import Request
from fastapi.responses import HTMLResponse

from tieout.confirmations.filled import Problems, hold
from tieout.confirmations.uploads import Upload, receive
from tieout.criteria.form_fields import FileField
from tieout.desks.desk import AIRFLOW, Member, Refused
from tieout.desks.form_values import FormAsked, FormStored, HandIn
from tieout.desks.forms import FormDesk
from tieout.errors import TransientError, UploadRefused
from tieout.web.access import Turned, visitor
from tieout.web.form_page import BLANK, Entered, form_page, handed_page, presented_form
from tieout.web.multipart import Sent, blocks, read_form
from tieout.web.people import as_member
from tieout.web.presenting import Presented
from tieout.web.reading import Reader
from tieout.web.rendering import Told
from tieout.web.showing import bearer_of, frame_of, reader_of
from tieout.web.site import Site
from tieout.web.stamps import Stamp, is_current, read, write
from tieout.web.submitting import LONG_OPEN, STALE

STORE_SECONDS = 120.0
"""How long somebody waits until files are stored."""
OPEN_AGAIN = "Open the form again."
UNCERTAIN = Told(
    "Please submit again",
    "The store does not answer at the moment, and nobody can say whether this was stored. Choose the files again and submit it "
    "in a moment: the same answers with the same files are stored once.",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a submission: what is wrong with it, or what was stored, with the files that were given."""

    said: FormStored | Problems | Refused
    uploads: Mapping[str, list[Upload]]


async def show(site: Site, request: Request) -> HTMLResponse:
    """Return the form."""
    asked, reader = await _asked(site, request), reader_of(site, request)
    return _page(site, request, asked, reader)


async def submit(site: Site, request: Request) -> HTMLResponse:
    """Store what somebody filled in, and return what was stored."""
    asked, acted_at = await _asked(site, request), site.now()
    async with read_form(request.headers.raw, request.stream(), asked.asked.form) as sent:  # (1)
        stamp = read(sent.token, site.key, bearer_of(request))
        if stamp is None:  # (2)
            raise Turned(403, "Not stored", STALE, OPEN_AGAIN)
        reader = Reader(stamp.language, site.zone)
        kept = Entered(sent.texts, lost=frozenset(sent.files))
        seen = presented_form(asked, reader)
        if not is_current(stamp, acted_at):  # (2)
            return _page(site, request, asked, reader, kept, LONG_OPEN, 409)
        who = as_member(visitor(request))

        def take(desk: FormDesk) -> Taken:
            return _taken(desk, who, asked, sent, stamp, seen, acted_at)

        try:
            taken = await site.forms(take, STORE_SECONDS)  # (4) (5)
        except TransientError:
            return _page(site, request, asked, reader, kept, UNCERTAIN, 503)
    if isinstance(taken.said, Refused):
        raise Turned(409, "Not stored", taken.said.reason, f"Nothing of this form was stored. Ask {site.ask}.")
    if isinstance(taken.said, Problems):
        wrong = Entered(sent.texts, taken.said.by_field, kept.lost)
        return _page(site, request, asked, reader, wrong, status=422, token=sent.token)
    return HTMLResponse(handed_page(frame_of(request), asked, taken.said, taken.uploads, reader))


def _taken(desk: FormDesk, who: Member, asked: FormAsked, sent: Sent, stamp: Stamp, seen: Presented, acted_at: datetime) -> Taken:
    """Check files and answers on a thread, and hand them in where nothing is wrong; what was spooled is gone afterwards."""
    with TemporaryDirectory(prefix="tieout-form-") as work:
        uploads, wrong = _received(asked, sent, Path(work))
        stale = seen.sha256 != stamp.presented  # (3): unless it is what was stored before, delivered again
        if wrong:
            return Taken(Refused(STALE) if stale else _all_wrong(asked, sent, uploads, wrong), uploads)
        hashes = {name: [each.sha256 for each in given] for name, given in uploads.items()}
        content = [sent.token, dict(sent.texts), hashes]
        given = HandIn(
            campaign=asked.campaign,
            assignment=asked.assignment,
            texts=sent.texts,
            files=uploads,
            shown=seen.document,
            interaction=hashlib.sha256(rfc8785.dumps(content)).hexdigest()[:32],
            acted_at=acted_at,
            dwell_ms=max(0, int(acted_at.timestamp() * 1000) - stamp.opened_ms),
            channel=(AIRFLOW, False),
        )
        said = desk.earlier(who, given) or Refused(STALE) if stale else desk.hand_in(who, given)
        return Taken(said, uploads)


def _all_wrong(asked: FormAsked, sent: Sent, uploads: Mapping[str, list[Upload]], wrong: Mapping[str, str]) -> Problems:
    """Return what is wrong with files, and with every other answer, in the form's order."""
    held = hold(asked.asked, sent.texts, {name: given for name, given in uploads.items() if name not in wrong})
    found = {**(held.by_field if isinstance(held, Problems) else {}), **wrong}
    return Problems({each.id: found[each.id] for each in asked.asked.form.fields if each.id in found})


def _received(asked: FormAsked, sent: Sent, work: Path) -> tuple[dict[str, list[Upload]], dict[str, str]]:
    """Return the files that were checked, and what is wrong with others, by field."""
    uploads: dict[str, list[Upload]] = {}
    wrong: dict[str, str] = {}
    for each in asked.asked.form.fields:
        if not isinstance(each, FileField):
            continue
        for upload in sent.files.get(each.id, ()):
            try:
                uploads.setdefault(each.id, []).append(receive(blocks(upload), upload.filename or "", each, work))
            except UploadRefused as refused:
                wrong.setdefault(each.id, str(refused))
    return uploads, wrong


async def _asked(site: Site, request: Request) -> FormAsked:
    who, bearer = as_member(visitor(request)), bearer_of(request)
    found = await site.forms(lambda desk: desk.form(who, bearer.campaign, bearer.assignment))
    if isinstance(found, Refused):
        raise Turned(403, "Not possible", found.reason, f"If that is not so, ask {site.ask}.")
    return found


def _page(
    site: Site,
    request: Request,
    asked: FormAsked,
    reader: Reader,
    entered: Entered = BLANK,
    told: Told | None = None,
    status: int = 200,
    token: str = "",
) -> HTMLResponse:
    token = token or write(_stamp(site, asked, reader), site.key, bearer_of(request))
    return HTMLResponse(form_page(frame_of(request), asked, reader, token, entered, told), status)


def _stamp(site: Site, asked: FormAsked, reader: Reader) -> Stamp:
    return Stamp(
        items=(asked.item,),
        number=1,
        of=1,
        total=1,
        answered=0,
        due=int(asked.due_at.timestamp()),
        opened_ms=int(site.now().timestamp() * 1000),
        presented=presented_form(asked, reader).sha256,
        language=reader.language,
    )
