# SPDX-License-Identifier: Apache-2.0
"""Questions about a request of an auditor's list, and their answers: what signed responses say, folded. Pure.

1. A question is the auditor's, entered by whoever received it, or management's. Who entered it and when stands beside it.
2. Nothing is edited or taken back: what somebody says later is a further answer, or a further question.
3. A question is open until an answer names it. An answer says nothing of whether the auditor is content with it.
4. What this release does not know, or what names a question that is not there, is left out: verification reads it all the same.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from tieout.documents import Document
from tieout.evidence.responses import Response

CAMPAIGN = "pbc"
"""What these responses are stored under; their control is the program, as a request may be about several."""
MOST_CHARACTERS = 4_000
_NONCHARACTERS = "\ufffe\uffff"


class Side(StrEnum):
    """Whose words they are."""

    AUDITOR = "auditor"
    MANAGEMENT = "management"

    @property
    def other(self) -> Side:
        """Return the one who answers."""
        return Side.MANAGEMENT if self is Side.AUDITOR else Side.AUDITOR


def is_plain(text: str) -> str:
    """Return a text that every file and terminal can show.

    Raises:
        ValueError: It is empty, too long, or has control characters but for line feeds and tabs.
    """
    if not text.strip() or text != text.strip() or len(text) > MOST_CHARACTERS:
        msg = f"expected 1 to {MOST_CHARACTERS} characters without blanks around them"
        raise ValueError(msg)
    strange = {
        each for each in text if each in _NONCHARACTERS or (unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t")
    }
    if strange:
        msg = f"expected no control characters but line feeds and tabs, got {', '.join(sorted(map(ascii, strange)))}"
        raise ValueError(msg)
    return text


_Text = Annotated[str, AfterValidator(is_plain)]
_ResponseId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Asked(Document):
    """What a response says that asks."""

    says: Literal["question"] = "question"
    list: str
    request: str
    side: Side
    """Whose question it is."""
    text: _Text


class Told(Document):
    """What a response says that answers."""

    says: Literal["answer"] = "answer"
    list: str
    request: str
    side: Side
    """Whose answer it is."""
    question: _ResponseId
    """The response that asked."""
    text: _Text


_SAID: TypeAdapter[Asked | Told] = TypeAdapter(Annotated[Asked | Told, Field(discriminator="says")])


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: what it says, whose it is, who entered it, when, and the key of its response."""

    id: str
    at: datetime
    by: str
    key: str
    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class PbcQuestion:
    """A question about a request, with its answers.

    Attributes:
        id: Its response's.
        request: Id of the request.
        at: When it was entered, UTC; asserted by the entity.
        by: Who entered it: a role or a person id.
        key: Key of its response.
        side: Whose question it is.
        text: What is asked.
        answers: In order.
    """

    id: str
    request: str
    at: datetime
    by: str
    key: str
    side: Side
    text: str
    answers: tuple[Answered, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it."""
        return not self.answers

    def as_document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            **_printed(self),
            "request": self.request,
            "open": self.is_open,
            "answers": [_printed(each) for each in self.answers],
        }


def _printed(each: PbcQuestion | Answered) -> dict[str, Any]:
    return {"id": each.id, "side": each.side.value, "text": each.text, "at": each.at, "by": each.by, "response": each.key}


def assignment_of(name: str, request: str) -> str:
    """Return what a response about a request of a list is stored under: the request's id may hold what no key can."""
    return f"{name}-{hashlib.sha256(request.encode()).hexdigest()[:32]}"


def fold_questions(name: str, responses: Iterable[tuple[str, Response]]) -> list[PbcQuestion]:
    """Return the questions of a list with their answers, by time and id.

    Args:
        name: Of the list.
        responses: Those of `CAMPAIGN` with their keys, by time and id.
    """
    questions: dict[str, PbcQuestion] = {}
    answers: dict[str, dict[str, Answered]] = {}
    places: dict[str, str] = {}
    for key, each in responses:
        said = read_said(each)
        if said is None or said.list != name:
            continue
        if isinstance(said, Asked):
            found = PbcQuestion(each.id, said.request, each.at, each.person, key, said.side, said.text)
            questions.setdefault(each.id, found)  # stored under two labels, it is one, and was asked when it was asked first
        else:
            found_answer = Answered(each.id, each.at, each.person, key, said.side, said.text)
            answers.setdefault(said.question, {}).setdefault(each.id, found_answer)
            places[each.id] = said.request
    return [_with(question, answers.get(question.id, {}), places) for question in questions.values()]


def _with(question: PbcQuestion, answers: Mapping[str, Answered], places: Mapping[str, str]) -> PbcQuestion:
    return replace(question, answers=tuple(each for each in answers.values() if places[each.id] == question.request))


def read_said(response: Response) -> Asked | Told | None:
    """Return what a response of `CAMPAIGN` says; ``None`` where a later release knows it, or it stands in another place."""
    try:
        said = _SAID.validate_python(response.answer)
    except ValidationError:
        return None
    fits = response.campaign == CAMPAIGN and response.assignment == assignment_of(said.list, said.request)
    return said if fits else None
