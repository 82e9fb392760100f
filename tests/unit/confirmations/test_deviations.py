# SPDX-License-Identifier: Apache-2.0
"""Questions about deviations: what is asked together, what fits one form, and what an answer says of each deviation."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from tieout.audit.deviations import Answer, Deviation, DeviationKind, DeviationState, Observed
from tieout.confirmations.deviations import about_text, answers_to, ids_in, most_questions, question_form, questions_about
from tieout.confirmations.filled import Asked, Filled, Problems, hold
from tieout.criteria.form_fields import LONGEST_HELP, LONGEST_LABEL
from tieout.criteria.forms import LONGEST_INTRODUCTION, Form
from tieout.errors import ConfigurationError
from tieout.texts import units

OWN = {
    "title": "Deviations",
    "introduction": "Please say what you conclude.",
    "fields": [{"type": "date", "id": "concluded_on", "label": "Day"}],
    "effective_date": "concluded_on",
    "due": {"days": 5},
    "asks_about": "deviations",
}
TODAY = date(2026, 11, 27)


def deviation(row: str, rule: str | None = "reviewed", against: str = "changes", **said: Any) -> Deviation:
    """Return a deviation of a row, or of a performance where there is no rule."""
    observed = Observed(
        control="changes", system="git", kind=DeviationKind.RULE_NOT_MET if rule else DeviationKind.LATE,
        evidence_type="change_record.v1" if rule else None, rule=rule,
        row_key=json.dumps({"system": "git", "sha": row}) if rule else None, performance=None if rule else row,
        reason="Expected: reviewed.", in_evidence=said.pop("in_evidence", True),
    )  # fmt: skip
    return Deviation(id=observed.id, observed=observed, against_control=against, **said)


def words(evidence_type: str, rule: str) -> str:
    return f"{rule} of {evidence_type}"


def asked(form: Form) -> Asked:
    days = date(2026, 11, 16), date(2026, 11, 22)
    return Asked(form=form, window=days, period=days, today=TODAY)


def test_what_is_alike_is_asked_together_and_what_has_an_answer_or_waits_not_at_all() -> None:
    answered = deviation("c", state=DeviationState.CONFIRMED, disposition="Done.")
    waiting, gone = deviation("d"), deviation("e", in_evidence=False)
    listed = [
        deviation("b"), deviation("a"), answered, waiting, gone, deviation("f", against="offboarding"),
        deviation("2026-11-01", None),
    ]  # fmt: skip
    found = questions_about([*listed, deviation("a")], {waiting.id}, words)
    told = [(each.against_control, each.rule, each.words, len(each.deviations)) for each in found]
    assert told == [
        ("changes", None, "Performed late", 1),
        ("changes", "reviewed", "Not met: reviewed of change_record.v1", 2),
        ("offboarding", "reviewed", "Not met: reviewed of change_record.v1", 1),
    ]


def test_an_answer_says_the_same_of_each_deviation_of_its_question() -> None:
    first, second = questions_about([deviation("a"), deviation("b"), deviation("2026-11-01", None)], (), words)
    form, about = question_form(Form.model_validate(OWN), (second, first), 0), about_text((second, first))
    assert ids_in(about) == {each.id for question in (first, second) for each in question.deviations}
    texts = {
        "state_1": ["confirmed"], "disposition_1": ["Reviewed since."], "root_cause_1": ["The rule was off."],
        "compensating_control_1": ["Deploys need two."], "remedy_due_1": ["2027-01-31"],
        "state_2": ["not_confirmed"], "disposition_2": ["It was a holiday."], "concluded_on": ["2026-11-26"],
    }  # fmt: skip
    filled = hold(asked(form), texts, {})
    assert isinstance(filled, Filled)
    assert answers_to(about, filled.values) == [
        Answer(
            about={DeviationKind.RULE_NOT_MET: tuple(sorted(each.id for each in second.deviations))},
            state=DeviationState.CONFIRMED, disposition="Reviewed since.", root_cause="The rule was off.",
            compensating_control="Deploys need two.", due=date(2027, 1, 31),
        ),
        Answer(
            about={DeviationKind.LATE: tuple(each.id for each in first.deviations)},
            state=DeviationState.NOT_CONFIRMED, disposition="It was a holiday.",
        ),
    ]  # fmt: skip


def test_who_can_not_say_yet_says_nothing_and_who_confirms_says_why() -> None:
    [question] = questions_about([deviation("a")], (), words)
    form = question_form(Form.model_validate(OWN), [question], 0)
    later = hold(asked(form), {"state_1": ["not_yet"], "concluded_on": ["2026-11-26"]}, {})
    assert isinstance(later, Filled)
    assert answers_to(about_text([question]), later.values) == []
    half = hold(asked(form), {"state_1": ["confirmed"], "concluded_on": ["2026-11-26"]}, {})
    assert isinstance(half, Problems)
    assert set(half.by_field) == {"disposition_1", "root_cause_1"}


def test_a_form_holds_as_many_questions_as_are_promised_however_long_they_are() -> None:
    form = Form.model_validate({**OWN, "introduction": "界" * LONGEST_INTRODUCTION})
    most = most_questions(form)
    assert most >= 1
    long = [deviation("界" * 900 + str(number), rule=f"rule_{number}") for number in range(most)]
    many = [deviation(str(number), rule="rule_0") for number in range(40)]
    questions = questions_about([*long, *many], (), lambda _, rule: rule + "界" * 300)
    made = question_form(form, questions, 3)
    assert Form.model_validate_json(made.model_dump_json()) == made
    assert made.title == f"Deviations: {most + 40} deviations"
    assert made.introduction.endswith("… 3 more questions will follow when these are answered.")
    for each in made.fields:
        assert units(each.label) <= LONGEST_LABEL
        assert units(each.help or "") <= LONGEST_HELP
    described = made.field("state_1").help or ""
    assert described.endswith("; all of them: tieout deviations list --open --control changes")
    assert "These are 8 of 41" in described
    assert re.search(r"\ngit, sha \d+: Expected: reviewed\.", described)


def test_a_form_without_room_for_a_question_says_what_is_in_the_way() -> None:
    own = [{"type": "text", "id": f"text_{number}", "label": f"Text {number}"} for number in range(35)]
    with pytest.raises(ConfigurationError, match="it has 36 fields of its own, of 40 in all"):
        most_questions(Form.model_validate({**OWN, "fields": [*OWN["fields"], *own]}))
    long = [{"type": "text", "id": f"text_{number}", "label": f"Text {number}", "longest": 3000} for number in range(7)]
    with pytest.raises(ConfigurationError, match="can come back from Slack as"):
        most_questions(Form.model_validate({**OWN, "fields": [*OWN["fields"], *long]}))
    with pytest.raises(ConfigurationError, match="two fields share an id: state_1"):
        most_questions(
            Form.model_validate({**OWN, "fields": [*OWN["fields"], {"type": "text", "id": "state_1", "label": "State"}]})
        )
