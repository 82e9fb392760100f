# SPDX-License-Identifier: Apache-2.0
"""What a filled page says: decisions, or what is wrong with it. Pure.

Each item is decided by itself, and nothing beforehand. "Not now" is said, never assumed: it leaves an item as it is, and is
stored nowhere.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

import rfc8785

from tieout.desks.desk import LATER, LONGEST_REASON, Decision, Page
from tieout.desks.items import Choice, option_of
from tieout.texts import units
from tieout.web.forms import ANSWER, DECISION, REASON, BadForm, Filled


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one item: at its ``decision``, its ``reason`` or its ``answer``, and in words."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided on a page.

    Attributes:
        decisions: Of the items that were decided, in the order of the page.
        unsaid: How many items were left open with a reason beside them, which nobody will read.
    """

    decisions: tuple[Decision, ...]
    unsaid: int


def problems(page: Page, filled: Filled) -> dict[str, Problem]:
    """Return what is wrong with a page, by item.

    Raises:
        BadForm: A choice, an answer or a reason that the page does not ask for: the form was edited.
    """
    choices = {choice.id: choice for choice in page.choices}
    found = {}
    for _, item in page.items:
        said, reason = filled.choices.get(item.id), filled.reasons.get(item.id, "").strip()
        if said is not None and said != LATER and said not in choices:
            raise BadForm("a choice that is not offered")
        if not page.words.reasons and reason:
            raise BadForm("a reason that is not asked for")
        answered = filled.answers.get(item.id)
        if answered is not None and (item.question is None or option_of(item.question, answered) is None):
            raise BadForm("an answer that is not offered")
        if (problem := _problem(said, reason, choices)) is not None:
            found[item.id] = problem
        elif said != LATER and item.question is not None and answered is None:
            found[item.id] = Problem(ANSWER, "Please answer the question.")
    return found


def outcome(page: Page, filled: Filled) -> Outcome:
    """Return what was decided on a page that has no `problems`."""
    decisions, unsaid = [], 0
    for _, item in page.items:
        choice, reason = filled.choices[item.id], filled.reasons.get(item.id, "").strip()
        if choice == LATER:
            unsaid += bool(reason)
        else:
            answer = option_of(item.question, filled.answers.get(item.id)) if item.question else None
            decisions.append(Decision(item.id, item.row_sha256, choice, reason or None, answer))
    return Outcome(tuple(decisions), unsaid)


def interaction_of(token: str, decisions: tuple[Decision, ...]) -> str:
    """Return the id of a submission: the same page submitted with the same content has the same one."""
    return hashlib.sha256(rfc8785.dumps([token, [each.content for each in decisions]])).hexdigest()[:32]


def _problem(said: str | None, reason: str, choices: dict[str, Choice]) -> Problem | None:
    if said is None:
        return Problem(DECISION, "Choose one, or “Not now” to leave it as it is.")
    if said != LATER and choices[said].needs_reason and not reason:
        return Problem(REASON, f"A reason is needed for “{choices[said].label.lower()}”.")
    if units(reason) > LONGEST_REASON:
        return Problem(REASON, f"At most {LONGEST_REASON} characters, please.")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in reason):
        return Problem(REASON, "There is a character in it that can not be seen. Please type it again.")
    return None
