# SPDX-License-Identifier: Apache-2.0
"""What happens when somebody submits a page of a review. Before it, the route's rule has seen to it that it is theirs.

1. The form is one of ours in form and size (`tieout.web.forms`).
2. Its stamp was written by us for this user and this assignment, and is not too old.
3. What was seen on the page can be said again word for word, from the campaign's own state.
4. Each decision is one that may be made, with its reason.
5. The answer is stored before anything is shown as accepted; what is shown then is what was stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import HTMLResponse

from tieout.desks.desk import AIRFLOW, Answer, Desk, Page, Refused
from tieout.web.access import Turned, visitor
from tieout.web.answers import Outcome, interaction_of, outcome, problems
from tieout.web.forms import TOKEN, BadForm, Filled, filled, parse, read_body
from tieout.web.people import as_member
from tieout.web.presenting import Presented, presented
from tieout.web.reading import Reader
from tieout.web.rendering import Told, again_page, fragment, receipt_page, review_page
from tieout.web.showing import OPEN_AGAIN, bearer_of, frame_of, names_on, stamp_of
from tieout.web.site import Site
from tieout.web.stamps import Bearer, Stamp, is_current, read, write

STALE = "This page was not made for you, or has changed since. Nothing of it was stored."
UNCERTAIN = Told(
    "Please submit again",
    "The store does not answer at the moment, and nobody can say whether this page was stored. Submit it again in a moment: the "
    "same answers are stored once.",
)
LONG_OPEN = Told(
    "Not stored: please look again", "This page had been open for a long time. Look at it once more, then submit it."
)


@dataclass(frozen=True, slots=True)
class Submission:
    """A form of ours: whose it is, its token, what that says, and what was filled in."""

    bearer: Bearer
    token: str
    stamp: Stamp
    said: Filled
    fields: Mapping[str, str]
    acted_at: datetime


async def submit(site: Site, request: Request) -> HTMLResponse:
    """Store what was decided on a page, and return what was stored."""
    given = await _submission(site, request)  # (1) (2)
    page, names = await _page(site, request, given)
    reader = Reader(given.stamp.language, site.zone)
    seen = presented(page, reader)
    if seen.sha256 != given.stamp.presented:  # (3)
        raise Turned(409, "Not stored", STALE, OPEN_AGAIN)
    frame = frame_of(request)
    if not is_current(given.stamp, given.acted_at):  # (2)
        token = write(stamp_of(site, page, reader), site.key, given.bearer)
        inside = fragment(page, reader, names, given.said)
        return HTMLResponse(review_page(frame, page, reader, token, inside, told=LONG_OPEN), 409)
    wrong = problems(page, given.said)  # (4)
    if wrong:
        inside = fragment(page, reader, names, given.said, wrong)
        return HTMLResponse(review_page(frame, page, reader, given.token, inside, problems=wrong), 422)
    decided = outcome(page, given.said)
    if not decided.decisions:
        return HTMLResponse(receipt_page(frame, page, decided, None, reader))
    answer = _answer(given, decided, seen)
    stored = await site.asked(lambda desk: desk.answer(as_member(visitor(request)), answer))  # (5)
    if isinstance(stored, Refused):
        raise Turned(403, "Not stored", stored.reason, f"Nothing of this page was stored. Ask {site.ask}.")
    return HTMLResponse(receipt_page(frame, page, decided, stored, reader))


async def submit_again(site: Site, request: Request) -> HTMLResponse | None:
    """Return a page from which the same form is submitted once more, for where the desk did not answer.

    Returns:
        The page; ``None`` where what was sent is no form of ours.
    """
    if request.method != "POST" or getattr(request.state, "tieout_visitor", None) is None:
        return None
    try:
        given = await _submission(site, request)
    except (BadForm, Turned):
        return None
    frame, bearer = frame_of(request), given.bearer
    here = f"{frame.root}/campaigns/{bearer.campaign}/{bearer.assignment}"
    return HTMLResponse(again_page(frame, here, given.fields, UNCERTAIN), 503)


async def _submission(site: Site, request: Request) -> Submission:
    """Return the form that a request carries; it is read once, and kept for `submit_again`."""
    if not hasattr(request.state, "tieout_form"):
        request.state.tieout_form = site.now(), parse(await read_body(request.headers.raw, request.stream()))
    acted_at, fields = request.state.tieout_form
    token, bearer = fields.get(TOKEN, ""), bearer_of(request)
    stamp = read(token, site.key, bearer)
    if stamp is None:
        raise Turned(403, "Not stored", STALE, OPEN_AGAIN)
    return Submission(bearer, token, stamp, filled(fields, stamp.items), fields, acted_at)


async def _page(site: Site, request: Request, given: Submission) -> tuple[Page, Mapping[str, str]]:
    """Return the page as it was shown, and the names on it."""
    who, bearer, stamp = as_member(visitor(request)), given.bearer, given.stamp

    def ask(desk: Desk) -> tuple[Page | Refused, Mapping[str, str]]:
        found = desk.shown(who, bearer.campaign, bearer.assignment, stamp.items)
        return found, names_on(found, desk)

    found, names = await site.asked(ask)
    if isinstance(found, Refused):
        raise Turned(403, "Not stored", found.reason, f"Nothing of this page was stored. Ask {site.ask}.")
    task = replace(found.task, total=stamp.total, answered=stamp.answered, due_at=datetime.fromtimestamp(stamp.due, UTC))
    return replace(found, number=stamp.number, of=stamp.of, task=task), names


def _answer(given: Submission, decided: Outcome, seen: Presented) -> Answer:
    return Answer(
        campaign=given.bearer.campaign,
        assignment=given.bearer.assignment,
        decisions=decided.decisions,
        interaction=interaction_of(given.token, decided.decisions),
        acted_at=given.acted_at,
        dwell_ms=max(0, int(given.acted_at.timestamp() * 1000) - given.stamp.opened_ms),
        presented=seen.document,
        presented_sha256=seen.sha256,
        channel=(AIRFLOW, False),
        shown=len(given.stamp.items),
    )
