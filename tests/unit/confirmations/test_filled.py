# SPDX-License-Identifier: Apache-2.0
"""What is filled into a form: typed values, or what is wrong, at its field and in words that repeat nothing of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.confirmations.filled import Asked, Filled, Problems, hold
from tieout.confirmations.uploads import Upload
from tieout.criteria.forms import Form
from tieout.documents import load
from tieout.errors import ConfigurationError

FORMS = Path(__file__).parents[3] / "include/criteria/forms"
WINDOW = PERIOD = (date(2026, 1, 1), date(2026, 6, 30))
TODAY = date(2026, 7, 9)
WHEN: dict[str, Any] = {"id": "when", "type": "date", "label": "When"}
MAPPED = {"type": "text", "multiline": True, "maps_to_controls": True}
PDF = Upload("a.pdf", "pdf", "application/pdf", 10, "a" * 64, Path("x"))


def asked(form: Form, **changes: Any) -> Asked:
    return Asked(**({"form": form, "window": WINDOW, "period": PERIOD, "today": TODAY, "controls": {"cc6_2_access"}} | changes))


def form(*fields: dict[str, Any], **said: Any) -> Form:
    base = {"title": "T", "introduction": "I", "due": {"days": 10}, "effective_date": "when"}
    listed = [{"label": each["id"], "required": False, **each} for each in fields]
    return Form.model_validate({**base, "fields": [WHEN, *listed], **said})


def held(field: dict[str, Any], *texts: str, files: tuple[Upload, ...] = ()) -> Any:
    """Return the value of one field, or what is wrong with it."""
    given_ = {"when": ["2026-03-05"], **({"f": texts} if texts else {})}
    found = hold(asked(form({"id": "f", **field})), given_, {"f": files} if files else {})
    return found.by_field["f"] if isinstance(found, Problems) else found.values.get("f")


@pytest.mark.parametrize(
    ("field", "texts", "value"),
    [
        ({"type": "text", "multiline": True}, ["  a\r\nb\tc\r "], "a\nb\tc"),
        ({"type": "text", "longest": 2}, ["\U0001f600"], "\U0001f600"),
        ({"type": "text"}, ["=cmd()"], "=cmd()"),
        ({"type": "text"}, ["   "], None),
        ({"type": "number", "unit": "h"}, [" 1.50 "], "1.5"),
        ({"type": "number", "unit": "h"}, ["-0"], "0"),
        ({"type": "number", "unit": "h"}, ["100"], "100"),
        ({"type": "number", "unit": "h"}, ["999999999999999.999999"], "999999999999999.999999"),
        ({"type": "number", "unit": "h", "whole": True}, ["3.0"], "3"),
        ({"type": "date"}, ["2026-07-09"], "2026-07-09"),
        ({"type": "date", "may_be_future": True}, ["2027-01-01"], "2027-01-01"),
        ({"type": "link"}, ["https://wiki.example.com/x?page=3#top"], "https://wiki.example.com/x?page=3#top"),
        (MAPPED, ["CUEC-1: cc6_2_access"],
         [{"control": "CUEC-1", "ours": ["cc6_2_access"]}]),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_what_it_is(field: dict[str, Any], texts: list[str], value: Any) -> None:
    assert held(field, *texts) == value


OPTIONS = {
    "type": "choice",
    "options": [{"id": "one", "label": "One"}, {"id": "two", "label": "Two"}, {"id": "three", "label": "3"}],
}


def test_options_are_taken_in_the_order_of_the_form() -> None:
    assert held(OPTIONS, "two") == "two"
    assert held({**OPTIONS, "several": True}, "three", "one") == ["one", "three"]


@pytest.mark.parametrize(
    ("field", "texts", "words"),
    [
        ({"type": "text"}, ["a\nb"], "one line"),
        ({"type": "text"}, ["a\x1bb"], "can not be shown"),
        ({"type": "text", "longest": 3}, ["quetzal"], "at most 3 characters, got 7"),
        ({"type": "text"}, ["quetzal", "a"], "one answer"),
        ({"type": "number", "unit": "hours"}, ["1,5"], "number in hours such as 12.5"),
        ({"type": "number", "unit": "hours"}, ["1e3"], "number in hours"),
        ({"type": "number", "unit": "hours"}, ["\u0663"], "number in hours"),
        ({"type": "number", "unit": "hours"}, ["nan"], "number in hours"),
        ({"type": "number", "unit": "hours"}, ["1.0000001"], "number in hours"),
        ({"type": "number", "unit": "people", "whole": True}, ["1.5"], "whole number of people"),
        ({"type": "number", "unit": "hours", "least": 0}, ["-1"], "at least 0 hours"),
        ({"type": "number", "unit": "hours", "most": 5}, ["5.000001"], "at most 5 hours"),
        ({"type": "date"}, ["5 March"], "a day such as"),
        ({"type": "date"}, ["2026-02-30"], "a day such as"),
        ({"type": "date"}, ["20260305"], "a day such as"),
        ({"type": "date"}, ["2026-07-10"], "has not come"),
        ({"type": "date", "not_before": {"of": "window_start", "days": 5}}, ["2026-01-05"], "from 2026-01-06 on"),
        ({"type": "date", "not_after": {"of": "window_end"}}, ["2026-07-01"], "up to 2026-06-30"),
        ({"type": "date", "not_before_field": "when"}, ["2026-03-04"], "from 2026-03-05 on, as 'When' says"),
        ({"type": "link"}, ["http://x.example"], "https://"),
        ({"type": "link"}, ["javascript:alert(1)"], "https://"),
        ({"type": "link"}, ["https://[x"], "https://"),
        ({"type": "link"}, ["https://x.example/a b"], "https://"),
        ({"type": "link"}, ["https://me:quetzal@x.example"], "lets others in"),
        ({"type": "link"}, ["https://x.example/?X-Amz-Signature=quetzal"], "lets others in"),
        ({"type": "link"}, ["https://x.example/?a=1&api_key"], "lets others in"),
        ({"type": "link"}, ["https://x.example/" + "a" * 1000], "at most 1000"),
        (OPTIONS, ["quetzal"], "one of the options"),
        (OPTIONS, ["one", "two"], "one of the options"),
        ({**OPTIONS, "several": True}, ["one", "quetzal"], "among the options"),
        (MAPPED, ["CUEC-1: cc6_2_access\nCUEC-2"], "Line 2: expected"),
        (MAPPED, ["A: cc6_2_access\nA: cc6_2_access"], "Line 2: the control"),
        (MAPPED, ["A: cc9_9_x"], "no control cc9_9_x"),
        (MAPPED, ["A: Que tzal"], "a name that no control can have"),
    ],
)  # fmt: skip
def test_what_can_not_be_taken_is_said_and_not_repeated(field: dict[str, Any], texts: list[str], words: str) -> None:
    said = held(field, *texts)
    assert isinstance(said, str)
    assert words in said
    assert "quetzal" not in said


def test_files_are_named_by_what_they_are_and_not_by_their_names() -> None:
    field = {"type": "file", "kinds": ["pdf"], "most_files": 2, "most_bytes": 10}
    other = Upload("b.pdf", "pdf", "application/pdf", 9, "b" * 64, Path("y"))
    assert held(field, files=(PDF, other)) == [
        {"kind": "pdf", "media_type": "application/pdf", "bytes": 10, "sha256": "a" * 64},
        {"kind": "pdf", "media_type": "application/pdf", "bytes": 9, "sha256": "b" * 64},
    ]
    assert "twice" in held(field, files=(PDF, PDF))
    assert "at most 2 file(s), got 3" in held(field, files=(PDF, other, PDF))
    assert "of kind pdf" in held({**field, "most_bytes": 9}, files=(PDF,))
    assert "of kind png" in held({**field, "kinds": ["png"]}, files=(PDF,))


def test_what_is_required_is_asked_for_and_what_an_answer_requires_too() -> None:
    made = form(
        {"id": "must", "type": "text", "required": True}, OPTIONS | {"id": "result", "several": True},
        {"id": "why", "type": "text", "required_when": {"field": "result", "chosen": ["two"]}},
    )  # fmt: skip
    found = hold(asked(made), {"result": ["two", "one"], "why": [" "]}, {})
    assert isinstance(found, Problems)
    assert list(found.by_field) == ["when", "must", "why"]
    good = hold(asked(made), {"when": ["2026-03-05"], "must": ["x"], "result": ["one"]}, {})
    assert isinstance(good, Filled)
    assert good.effective_on == date(2026, 3, 5)


@pytest.mark.parametrize(("texts", "files"), [({"x": ["a"]}, {}), ({"f": ["a"]}, {}), ({}, {"when": [PDF]}), ({}, {"x": [PDF]})])
def test_what_the_form_did_not_ask_is_no_answer_to_it(texts: dict[str, list[str]], files: dict[str, list[Upload]]) -> None:
    with pytest.raises(ConfigurationError, match="1 that it does not have"):
        hold(asked(form({"id": "f", "type": "file", "kinds": ["pdf"]})), texts, files)


VENDOR = {
    "vendor": ["Acme Hosting"], "services": ["Hosting"], "report": ["soc2_type2"], "report_first_day": ["2025-10-01"],
    "report_last_day": ["2026-03-31"], "opinion": ["unqualified"], "exceptions": ["none_found"], "cuecs_in_place": ["yes"],
    "conclusion": ["rely"], "reviewed_on": ["2026-07-01"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("days", "uncovered"),
    [
        ({}, [["2026-04-01", "2026-06-30"]]),
        ({"bridged_to": ["2026-06-15"]}, [["2026-06-16", "2026-06-30"]]),
        ({"bridged_to": ["2026-07-01"]}, []),
        ({"report_first_day": ["2026-02-01"]}, [["2026-01-01", "2026-01-31"], ["2026-04-01", "2026-06-30"]]),
        ({"report_first_day": ["2025-01-01"], "report_last_day": ["2025-12-31"]}, [["2026-01-01", "2026-06-30"]]),
    ],
)
def test_the_days_that_a_vendors_report_leaves_uncovered_are_worked_out(days: dict[str, Any], uncovered: list[list[str]]) -> None:
    found = hold(asked(load(FORMS / "vendor_review.yaml", Form)), VENDOR | days, {"documents": [PDF]})
    assert isinstance(found, Filled), found
    assert found.as_document()["uncovered"] == uncovered
    assert json.loads(json.dumps(found.as_document())) == found.as_document()
    again = hold(asked(load(FORMS / "vendor_review.yaml", Form)), VENDOR | days, {"documents": [PDF]})
    assert isinstance(again, Filled)
    assert again.sha256 == found.sha256


@given(st.dates(date(2025, 1, 1), date(2026, 7, 9)), st.integers(0, 400), st.integers(0, 200))
def test_covered_and_uncovered_days_are_those_of_the_period(begins: date, length: int, bridge: int) -> None:
    made = form(
        {"id": "a", "type": "date"}, {"id": "b", "type": "date", "may_be_future": True},
        {"id": "c", "type": "date", "may_be_future": True}, coverage={"first_day": "a", "last_day": "b", "bridged_to": "c"},
    )  # fmt: skip
    ends, bridged = begins + timedelta(days=length), begins + timedelta(days=length + bridge)
    texts = {"when": ["2026-03-05"], "a": [f"{begins}"], "b": [f"{ends}"], "c": [f"{bridged}"]}
    found = hold(asked(made), texts, {})
    assert isinstance(found, Filled)
    assert found.uncovered is not None
    out = {first + timedelta(days=n) for first, last in found.uncovered for n in range((last - first).days + 1)}
    days = {PERIOD[0] + timedelta(days=n) for n in range((PERIOD[1] - PERIOD[0]).days + 1)}
    assert out == {day for day in days if not begins <= day <= bridged}


@given(st.dictionaries(st.sampled_from(["when", "f", "g", "h", "i"]), st.lists(st.text(max_size=20), max_size=2)))
def test_whatever_is_filled_in_is_taken_or_told(texts: dict[str, list[str]]) -> None:
    number = {"id": "g", "type": "number", "unit": "h"}
    made = form({"id": "f", "type": "text"}, number, {"id": "h", "type": "link"}, OPTIONS | {"id": "i"})
    found = hold(asked(made), texts, {})
    assert isinstance(found, Problems) or len(found.sha256) == 64
