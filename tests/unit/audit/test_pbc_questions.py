# SPDX-License-Identifier: Apache-2.0
"""Questions about a request: folded from responses, append-only, and what is not known is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.audit.pbc_questions import CAMPAIGN, Asked, Side, Told, assignment_of, fold_questions, is_plain
from tieout.evidence.responses import Response

AT = datetime(2026, 7, 2, 9, 15, tzinfo=UTC)


def response(said: dict[str, Any], minutes: int = 0, by: str = "Security Lead", **changed: Any) -> tuple[str, Response]:
    """Return a response with its key."""
    values: dict[str, Any] = {
        "observation_period": "2026-H1", "control": "program", "campaign": CAMPAIGN, "person": by, "answer": said,
        "assignment": assignment_of(said.get("list", "soc2"), said.get("request", "1.01")), "at": AT + timedelta(minutes=minutes),
        **changed,
    }  # fmt: skip
    made = Response(**values)
    return made.key, made


def asked(text: str = "Which repositories?", request: str = "1.01", side: str = "auditor", name: str = "soc2") -> dict[str, Any]:
    return Asked(list=name, request=request, side=Side(side), text=text).model_dump(mode="json")


def told(question: str, text: str = "All of them.", request: str = "1.01", name: str = "soc2") -> dict[str, Any]:
    return Told(list=name, request=request, side=Side.MANAGEMENT, question=question, text=text).model_dump(mode="json")


def test_a_question_is_open_until_it_is_answered_and_every_answer_stays() -> None:
    first, second = response(asked()), response(asked("And forks?"), 1)
    one, two = response(told(first[1].id), 2), response(told(first[1].id, "And one more."), 3, by="CTO")
    found = fold_questions("soc2", [first, second, one, two])
    assert [(each.text, each.is_open) for each in found] == [("Which repositories?", False), ("And forks?", True)]
    assert [(each.text, each.by, each.at, each.key) for each in found[0].answers] == [
        ("All of them.", "Security Lead", AT + timedelta(minutes=2), one[0]),
        ("And one more.", "CTO", AT + timedelta(minutes=3), two[0]),
    ]
    assert (found[0].by, found[0].at, found[0].side, found[0].key) == ("Security Lead", AT, Side.AUDITOR, first[0])
    assert found[0].as_document()["answers"][0]["response"] == one[0]


def test_the_same_words_of_one_person_are_one_question_also_under_another_label() -> None:
    first = response(asked())
    later = response(asked(), 90, observation_period="2026-H2")
    assert first[1].id == later[1].id
    [found] = fold_questions("soc2", [first, later])
    assert (found.at, found.key) == (AT, first[0])
    assert len(fold_questions("soc2", [first, response(asked(), 1, by="CTO")])) == 2


@pytest.mark.parametrize(
    "said",
    [
        {"says": "retraction", "list": "soc2", "request": "1.01", "side": "auditor", "text": "x"},
        {**asked(), "urgent": True},
        {**asked(), "side": "regulator"},
        {**asked(), "text": ""},
        {"text": "x"},
        {},
    ],
)
def test_what_a_later_release_says_is_left_out(said: dict[str, Any]) -> None:
    first = response(asked())
    later = {**told(first[1].id), "withdraws": "another"}
    assert [each.text for each in fold_questions("soc2", [first, response(said), response(later)])] == ["Which repositories?"]
    assert fold_questions("soc2", [first, response(later)])[0].is_open


def test_what_stands_in_another_place_or_about_another_request_is_left_out() -> None:
    key, first = response(asked())
    moved = replace(first, assignment=assignment_of("soc2", "1.02"))
    assert fold_questions("soc2", [(moved.key, moved)]) == []
    assert fold_questions("other", [(key, first)]) == []
    answers = [
        response(told(first.id, request="1.02"), 1),
        response(told("0" * 32), 1),
        response(told(first.id, name="other"), 1),
    ]
    assert fold_questions("soc2", [(key, first), *answers])[0].is_open


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_request_has_a_place_of_its_own_that_a_key_can_hold(one: str, other: str) -> None:
    try:
        places = assignment_of("soc2", one), assignment_of("soc2", other)
    except UnicodeEncodeError:
        return  # a lone surrogate is in no list: YAML holds none
    assert (places[0] == places[1]) == (one == other)
    assert all(each.isascii() and "/" not in each and len(each) <= 128 for each in places)


@pytest.mark.parametrize("text", ["", "  ", " x", "x\n", "a\x00b", "a\rb", "a\x1bb", "\ud800", "\uffff", "x" * 4001])
def test_a_text_that_can_not_be_shown_everywhere_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        is_plain(text)


@given(
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=100).filter(
        lambda text: text == text.strip()
    )
)
def test_any_words_are_taken_as_they_are(text: str) -> None:
    assert is_plain(f"{text}\n\t{text}") == f"{text}\n\t{text}"
