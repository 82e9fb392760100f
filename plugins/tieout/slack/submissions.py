# SPDX-License-Identifier: Apache-2.0
"""What happens when somebody submits a page of a review.

1. Who submits is who they say, now (`tieout.slack.identity`).
2. The page was made by us for them, and what they saw on it can be said again word for word.
3. The assignment, and each item, is theirs by the campaign's own state. Each decision is one that may be made, with its reason.
4. The answer is stored, within `storing.STORE_SECONDS`, before anything is shown as accepted.
5. They get the next page or a receipt; afterwards a receipt in their messages, and their summary is brought up to date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tieout.campaigns.items import canonical
from tieout.desks.desk import LATER, LONGEST_REASON, Answer, Decision, Member, Page, Refused, Stored
from tieout.desks.items import option_of
from tieout.errors import TransientError
from tieout.slack.actions import STALE
from tieout.slack.blocks.modals import paused_view
from tieout.slack.blocks.page import ANSWER, DECISION, REASON, block_id, presented, read_block_id
from tieout.slack.front import Front, acted_at, quietly, seen_on
from tieout.slack.guard import Request
from tieout.slack.metadata import Metadata
from tieout.slack.storing import stored_in_time
from tieout.slack.submitted import Instead, Said, again, made_for, refused, update, value_of
from tieout.texts import units

_NAMES = {DECISION: "choice", REASON: "reason", ANSWER: "answer"}


@dataclass(frozen=True, slots=True)
class Given:
    """What was filled in for one item: the choice, a reason, and which option answers its question."""

    choice: str | None = None
    reason: str | None = None
    answer: str | None = None


def submit_page(front: Front, request: Request) -> Said:
    """Store a page, and return the next one."""
    try:
        who, carried = made_for(front, request)
        given = _given(request.payload["view"]["state"]["values"], carried.opened_ms)
        page, document = _shown(front, who, carried, list(given))
        problems = _problems(page, given, carried.opened_ms)
        if problems:
            return {"response_action": "errors", "errors": problems}
        return _store(front, request, who, carried, page, _answer(request, carried, page, given, document))
    except Instead as instead:
        return instead.said
    except TransientError as error:
        quietly(error, "a page was not stored")
        return again(request)


def _shown(front: Front, who: Member, carried: Metadata, items: list[str]) -> tuple[Page, dict[str, Any]]:
    """Return the page as it was shown, by the campaign's own state (3), and what was presented, word for word (2)."""
    found = front.desk.shown(who, carried.campaign, carried.assignment, items)
    if isinstance(found, Refused):
        raise Instead(refused(front, found))
    page = replace(found, number=carried.number, of=carried.of)
    document, sha256 = presented(page, carried.opened_ms)
    if sha256 != carried.presented:
        raise Instead(refused(front, Refused(STALE)))
    return page, document


def _given(values: Mapping[str, Any], opened_ms: int) -> dict[str, Given]:
    """Return what was filled in for each item that has an input on the page."""
    found: dict[str, Given] = {}
    for name, inputs in values.items():
        known = read_block_id(name, opened_ms)
        if known is None:
            continue
        kind, item = known
        found[item] = replace(found.get(item, Given()), **{_NAMES[kind]: value_of(inputs, kind)})
    return found


def _problems(page: Page, given: Mapping[str, Given], opened_ms: int) -> dict[str, str]:
    """Return what is wrong with a page, by the input that it is wrong at."""
    problems = {}
    choices = {choice.id: choice for choice in page.choices}
    for _, item in page.items:
        said, reason = given[item.id].choice, given[item.id].reason
        if said != LATER and said not in choices:
            problems[block_id(DECISION, item.id, opened_ms)] = "Choose one, or 'Not now' to leave it open."
        elif said != LATER and choices[said].needs_reason and not (reason or "").strip():
            problems[block_id(REASON, item.id, opened_ms)] = f"A reason is needed for '{choices[said].label.lower()}'."
        elif units(reason or "") > LONGEST_REASON:
            problems[block_id(REASON, item.id, opened_ms)] = f"At most {LONGEST_REASON} characters, please."
        elif said != LATER and item.question is not None and option_of(item.question, given[item.id].answer) is None:
            problems[block_id(ANSWER, item.id, opened_ms)] = "Please answer the question."
    return problems


def _answer(request: Request, carried: Metadata, page: Page, given: Mapping[str, Given], document: dict[str, Any]) -> Answer:
    decisions = []
    for _, item in page.items:
        said, choice = given[item.id], given[item.id].choice
        if choice is not None and choice != LATER:
            answer = option_of(item.question, said.answer) if item.question else None
            decisions.append(Decision(item.id, item.row_sha256, choice, (said.reason or "").strip() or None, answer))
    interaction = hashlib.sha256(canonical([request.payload["view"]["id"], [each.content for each in decisions]])).hexdigest()[
        :32
    ]
    return Answer(
        campaign=carried.campaign,
        assignment=carried.assignment,
        decisions=tuple(decisions),
        interaction=interaction,
        acted_at=acted_at(request),
        dwell_ms=max(0, request.timestamp * 1000 - carried.opened_ms),
        presented=document,
        presented_sha256=carried.presented,
        channel=("slack", request.signed),
        shown=len(page.items),
    )


def _store(front: Front, request: Request, who: Member, carried: Metadata, page: Page, answer: Answer) -> Said:
    """Store what was decided (4), and return what is shown then (5)."""
    seen = seen_on(page, carried)

    def late(found: Stored | Refused) -> None:  # its receipt says that it was stored
        if isinstance(found, Stored):
            front.after_storing(who, found, answer.decisions, seen)

    stored = stored_in_time(front, request, lambda: front.desk.answer(who, answer), late) if answer.decisions else None
    if isinstance(stored, Refused):
        return refused(front, stored)
    if answer.decisions and stored is None:
        return again(request)
    if stored is not None:
        front.after_storing(who, stored, answer.decisions, seen)
    try:
        view = front.next_view(who, carried, stored)
    except TransientError as error:
        quietly(error, "the next page could not be read")
        return update(paused_view(stored.task, stored, front.carry(who, carried))) if stored else again(request)
    if isinstance(view, Refused):
        return refused(front, view) if stored is None else update(paused_view(stored.task, stored, front.carry(who, carried)))
    return update(view)
