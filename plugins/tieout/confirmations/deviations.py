# SPDX-License-Identifier: Apache-2.0
"""Questions about deviations: what the owner of a control is asked about those that management has not answered.

1. Deviations of one control that do not meet the same rule, or are of the same kind, and count against the same control are asked
   about together, as `tieout deviations respond` answers them together.
2. Each question is the same five fields of a form (`_fields`). The form's own fields, such as the day, come after them.
3. What is answered says of each deviation what `tieout.audit.deviations.Answer` can say. Who can not say yet answers nothing: the
   deviation stays open, and is asked about again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from pydantic import ValidationError

from tieout.audit.deviations import Answer, Deviation, Observed
from tieout.criteria.form_fields import LONGEST_HELP, LONGEST_LABEL, Option
from tieout.criteria.forms import LONGEST_INTRODUCTION, LONGEST_TITLE, MOST_FIELDS, Form
from tieout.errors import ConfigurationError
from tieout.texts import counted, cut, units

CONFIRMED, NOT_CONFIRMED, NOT_YET = "confirmed", "not_confirmed", "not_yet"
_STATES = {CONFIRMED: "confirmed", NOT_CONFIRMED: "not confirmed"}
_OPTIONS = (
    Option(id=CONFIRMED, label="Confirmed: the control deviated"),
    Option(id=NOT_CONFIRMED, label="Not confirmed: it did not"),
    Option(id=NOT_YET, label="I can not say yet"),
)
_FIELDS = 5
_NAMED = 8
"""Deviations that a question describes one by one; the register lists all."""
_ROOM, _ROOM_IN_TITLE = 200, 40
"""UTF-16 units of an introduction or a help, and of a title, that are ours."""


@dataclass(frozen=True, slots=True)
class DeviationQuestion:
    """Deviations that are asked about together.

    Attributes:
        control: The control whose evidence shows them.
        kind: What deviates.
        rule: The rule that is not met; ``None`` for performances.
        against_control: The control that they count against.
        deviations: At least one.
        words: What the rule says, or the kind.
    """

    control: str
    kind: str
    rule: str | None
    against_control: str
    deviations: tuple[Deviation, ...]
    words: str


def questions_about(
    deviations: Iterable[Deviation], waiting: Collection[str], words: Callable[[str, str], str]
) -> list[DeviationQuestion]:
    """Return what is to be asked, by the control that it counts against, the one that shows it, and the rule.

    Args:
        deviations: All of the registers; what is not open, and what a register before has named, is passed over.
        waiting: Ids of those that somebody is being asked about already.
        words: Returns what a rule of an evidence type says, for a person to read.
    """
    groups: dict[tuple[str, str, str, str], dict[str, Deviation]] = {}
    for each in deviations:
        if each.is_open and each.id not in waiting:
            shown = each.observed
            key = (each.against_control, shown.control, shown.kind.value, shown.rule or "")
            groups.setdefault(key, {})[each.id] = each
    questions = []
    for (against, control, kind, rule), found in sorted(groups.items()):
        together = tuple(one for _, one in sorted(found.items()))
        evidence_type = together[0].observed.evidence_type
        said = f"Not met: {words(evidence_type, rule)}" if rule and evidence_type else kind.capitalize()
        questions.append(DeviationQuestion(control, kind, rule or None, against, together, said))
    return questions


def most_questions(form: Form) -> int:
    """Return how many questions fit one form, whatever they say.

    Raises:
        ConfigurationError: None does; the message says what is in the way.
    """
    problem: ValidationError | None = None
    for count in range((MOST_FIELDS - len(form.fields)) // _FIELDS, 0, -1):
        asked = [(f"{number} {'界' * LONGEST_LABEL}", "界" * LONGEST_HELP) for number in range(count)]
        try:
            _with_questions(form, asked, "界" * _ROOM_IN_TITLE, "界" * _ROOM)
        except ValidationError as error:
            problem = error
        else:
            return count
    why = problem.errors()[0]["msg"] if problem else f"it has {len(form.fields)} fields of its own, of {MOST_FIELDS} in all"
    msg = f"confirmation: expected room for the {_FIELDS} fields of one question about deviations beside its own: {why}."
    raise ConfigurationError(msg)


def question_form(form: Form, questions: Sequence[DeviationQuestion], more: int) -> Form:
    """Return the form that somebody is asked to fill in.

    Args:
        form: As the control's file has it.
        questions: At most `most_questions`.
        more: How many others that person will be asked once these are answered.
    """
    count = sum(len(each.deviations) for each in questions)
    others = f" {counted(more, 'more questions')} will follow when these are answered." if more else ""
    asked = [
        (f"{number}. {each.words} ({len(each.deviations):,} of {each.control})", _described(each))
        for number, each in enumerate(questions, start=1)
    ]
    return _with_questions(form, asked, f": {counted(count, 'deviations')}", others)


def about_text(questions: Iterable[DeviationQuestion]) -> str:
    """Return what a form asks about as RFC 8785 JSON: the questions in their order, each with the ids of its deviations."""
    said = [
        {
            "control": each.control,
            "kind": each.kind,
            "rule": each.rule,
            "against_control": each.against_control,
            "deviations": [one.id for one in each.deviations],
        }
        for each in questions
    ]
    data: bytes = rfc8785.dumps(said)
    return data.decode()


def ids_in(about: str | None) -> set[str]:
    """Return the deviations that a frozen row asks about."""
    return {one for each in json.loads(about or "[]") for one in each["deviations"]}


def answers_to(about: str, values: Mapping[str, Any]) -> list[Answer]:
    """Return what was answered to the questions of a frozen row, as management's answers to deviations.

    Args:
        about: The row's column of that name.
        values: What was filled in, by field.
    """
    found = []
    for number, question in enumerate(json.loads(about), start=1):
        state = _STATES.get(str(values.get(f"state_{number}")))
        if state is None:
            continue
        said = {
            "disposition": values.get(f"disposition_{number}"),
            "root_cause": values.get(f"root_cause_{number}"),
            "compensating_control": values.get(f"compensating_control_{number}"),
            "due": values.get(f"remedy_due_{number}"),
        }
        about_these = {question["kind"]: question["deviations"]}
        told = {name: value for name, value in said.items() if value is not None}
        found.append(Answer.model_validate({**told, "about": about_these, "state": state}))
    return found


def _with_questions(form: Form, asked: Sequence[tuple[str, str]], title: str, more: str) -> Form:
    """Return a form with questions, each given by what it is about and by what describes it, and more words around them."""
    before = [field for number, (label, described) in enumerate(asked, start=1) for field in _fields(number, label, described)]
    own = form.model_dump(mode="json", exclude_none=True)
    said = {
        **own,
        "title": cut(form.title, LONGEST_TITLE - units(title)) + title,
        "introduction": cut(form.introduction, LONGEST_INTRODUCTION - units(more)) + more,
        "fields": [*before, *own["fields"]],
    }
    return Form.model_validate(said)


def _fields(number: int, label: str, described: str) -> list[dict[str, Any]]:
    answered = {"field": f"state_{number}", "chosen": [CONFIRMED, NOT_CONFIRMED]}
    confirmed = {"field": f"state_{number}", "chosen": [CONFIRMED]}
    options = [each.model_dump() for each in _OPTIONS]
    disposition, cause = (f"{number}. What you conclude, and do about it", f"{number}. Why it happened")
    meanwhile, remedy = (f"{number}. What kept the risk down meanwhile", f"{number}. Day by which it is remedied")
    optional: dict[str, Any] = {"required": False}
    return [
        {"type": "choice", "id": f"state_{number}", "label": cut(label, LONGEST_LABEL), "help": cut(described, LONGEST_HELP),
         "options": options},
        {"type": "text", "id": f"disposition_{number}", "label": disposition, "longest": 1000, "multiline": True, **optional,
         "required_when": answered},
        {"type": "text", "id": f"root_cause_{number}", "label": cause, "longest": 500, "multiline": True, **optional,
         "required_when": confirmed},
        {"type": "text", "id": f"compensating_control_{number}", "label": meanwhile, "longest": 300, **optional},
        {"type": "date", "id": f"remedy_due_{number}", "label": remedy, "may_be_future": True, **optional},
    ]  # fmt: skip


def _described(question: DeviationQuestion) -> str:
    """Return which deviations a question is about, as far as there is room: system, row or performance, and the reason."""
    against = f" They count against {question.against_control}." if question.against_control != question.control else ""
    said = f"Shown by the evidence of {question.control}.{against}"
    room, named = LONGEST_HELP - _ROOM - units(said), 0
    for each in question.deviations[:_NAMED]:
        shown = each.observed
        line = f"\n{shown.system}, {_row(shown)}: {shown.reason}"
        if units(line) > room:
            continue
        said, room, named = said + line, room - units(line), named + 1
    if named < len(question.deviations):
        all_of = f"tieout deviations list --open --control {question.control}"
        said += f"\nThese are {named} of {len(question.deviations):,}; all of them: {all_of}"
    return said


def _row(shown: Observed) -> str:
    """Return which row or performance deviates: the key's columns but for the system, which is said before it."""
    if shown.row_key is None:
        return shown.performance or ""
    return ", ".join(f"{name} {value}" for name, value in json.loads(shown.row_key).items() if name != "system")
