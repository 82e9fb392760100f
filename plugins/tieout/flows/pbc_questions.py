# SPDX-License-Identifier: Apache-2.0
"""Questions about requests of an auditor's list, and their answers, in the bucket: signed responses, stored once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tieout.audit.pbc_questions import CAMPAIGN, Asked, PbcQuestion, Side, Told, assignment_of, fold_questions, read_said
from tieout.criteria.pbc import RequestList
from tieout.documents import did_you_mean, mistakes_in
from tieout.errors import ConfigurationError
from tieout.evidence.responses import Response
from tieout.evidence.store import S3Store
from tieout.flows.deviations_answer import Desk
from tieout.flows.documents import read_responses
from tieout.flows.snapshot import PROGRAM

LEAST_SHOWN = 8
"""Digits of a question's id that name it."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A question or an answer that stands: its id, its key, and whether it was stored now."""

    id: str
    key: str
    stored_now: bool


def read_questions(store: S3Store, name: str) -> list[PbcQuestion]:
    """Return the questions of a list with their answers, by time; what this release does not know is left out.

    Signatures are not checked: `tieout verify` does that.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    return fold_questions(name, read_responses(store, (CAMPAIGN,)))


def ask(desk: Desk, name: str, requests: RequestList, request: str, side: Side, text: str) -> Entered:
    """Store a question about a request; the same one, entered again by the same person, is found.

    Args:
        desk: Where it goes, and who enters it.
        name: Of the list.
        requests: The list.
        request: Id of the request.
        side: Whose question it is.
        text: What is asked.

    Raises:
        ConfigurationError: There is no such request, or the text can not be taken.
        StoreUnavailable: The store did not answer; run it again.
    """
    _require_request(requests, request)
    return _enter(desk, _checked(Asked, {"list": name, "request": request, "side": side, "text": text.strip()}))


def answer(
    desk: Desk, name: str, requests: RequestList, request: str, question: str, text: str, side: Side | None = None
) -> Entered:
    """Store an answer to a question; the same one, entered again by the same person, is found.

    Args:
        desk: Where it goes, and who enters it.
        name: Of the list.
        requests: The list.
        request: Id of the request.
        question: The first digits of the question's id.
        text: The answer.
        side: Whose answer it is; by default the side's that was asked.

    Raises:
        ConfigurationError: There is no such request or question, or the text can not be taken.
        StoreUnavailable: The store did not answer; run it again.
    """
    _require_request(requests, request)
    asked = find_question(read_questions(desk.store, name), request, question)
    said = {"list": name, "request": request, "side": side or asked.side.other, "question": asked.id, "text": text.strip()}
    return _enter(desk, _checked(Told, said))


def find_question(questions: Sequence[PbcQuestion], request: str, question: str) -> PbcQuestion:
    """Return the one question about a request whose id begins with a text.

    Raises:
        ConfigurationError: None or several do; the message lists those there are.
    """
    there = [each for each in questions if each.request == request]
    found = [each for each in there if each.id.startswith(question)] if len(question) >= LEAST_SHOWN else []
    if len(found) != 1:
        listed = "".join(f"\n  {each.id[:16]}  {' '.join(each.text.split())[:80]}" for each in there)
        msg = (
            f"request {request!r}: expected the first {LEAST_SHOWN} digits or more of one question's id, got {question!r}. "
            f"Questions:{listed or ' none'}"
        )
        raise ConfigurationError(msg)
    return found[0]


def _require_request(requests: RequestList, request: str) -> None:
    known = {each.id for each in requests.requests}
    if request not in known:
        msg = f"no request {request!r} in this list. {did_you_mean(request, known)}".rstrip()
        raise ConfigurationError(msg)


def _checked(kind: type[Asked] | type[Told], said: dict[str, Any]) -> Asked | Told:
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, at))}: {why}" for at, why in mistakes_in(kind, error))
        msg = f"{said['list']}, request {said['request']!r}: {problems}"
        raise ConfigurationError(msg) from error


def _enter(desk: Desk, said: Asked | Told) -> Entered:
    document, assignment = said.model_dump(mode="json"), assignment_of(said.list, said.request)
    made = Response(
        observation_period=desk.label.id, control=PROGRAM, campaign=CAMPAIGN, assignment=assignment, person=desk.by,
        answer=document, at=desk.now,
    )  # fmt: skip
    for key, each in read_responses(desk.store, (CAMPAIGN,)):
        if each.id == made.id and read_said(each) is not None:  # also under the label of a period that is closed by now
            return Entered(each.id, key, stored_now=False)
    key, now = desk.put(PROGRAM, CAMPAIGN, assignment, document)
    return Entered(made.id, key, now)
