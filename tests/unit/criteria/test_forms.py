# SPDX-License-Identifier: Apache-2.0
"""Forms: the ten that we ship load, what is wrong in one is told with its line, and the largest fits Slack."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from pydantic import ValidationError
from tests.blockkit import VIEW_BLOCKS, VIEW_BYTES

from tieout.criteria.calendar import BusinessCalendar
from tieout.criteria.form_fields import LONGEST_HELP, LONGEST_LABEL, LONGEST_OPTION, MOST_FILES, MOST_OPTIONS, Edge, FileField
from tieout.criteria.forms import LONGEST_INTRODUCTION, LONGEST_TITLE, MOST_FIELDS, MOST_SUBMISSION, Form
from tieout.documents import load
from tieout.errors import ConfigurationError
from tieout.slack.guard import MAX_BODY

FOLDER = Path(__file__).parents[3] / "include/criteria/forms"
NAMES = (
    "background_checks", "board_minutes", "capacity", "incident_tabletop", "insurance", "physical_access", "points_of_focus",
    "restore_test", "risk_assessment", "vendor_review",
)  # fmt: skip
WHEN: dict[str, Any] = {"id": "when", "type": "date", "label": "When"}
YAML = """\
title: Restore test
introduction: Confirm it.
effective_date: day
due: {days: 10}
fields:
  - id: day
    type: date
    label: Day
  - id: result
    type: choice
    label: Result
    options:
      - {id: good, label: Good}
      - {id: bad, label: Bad}
  - id: why
    type: text
    label: Why
    required: false
    required_when: {field: result, chosen: [bad]}
"""


def form(*fields: dict[str, Any], **said: Any) -> Form:
    """Return a form with a required date and other fields."""
    base = {"title": "T", "introduction": "I", "due": {"days": 10}, "effective_date": "when"}
    return Form.model_validate({**base, "fields": [WHEN, *fields], **said})


@pytest.mark.parametrize("name", NAMES)
def test_each_of_the_ten_loads_and_is_known_by_its_file(name: str) -> None:
    found = load(FOLDER / f"{name}.yaml", Form)
    assert found.field(found.effective_date).required
    assert any(isinstance(each, FileField) for each in found.fields)
    assert found.submission_bytes <= MOST_SUBMISSION


def test_no_other_form_stands_beside_them() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == list(NAMES)


def test_the_vendor_review_says_what_covers_which_days_and_which_controls_answer() -> None:
    found = load(FOLDER / "vendor_review.yaml", Form)
    assert found.coverage
    assert (found.coverage.first_day, found.coverage.bridged_to) == ("report_first_day", "bridged_to")
    assert getattr(found.field("cuecs"), "maps_to_controls", False)


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("type: choice", "type: choise", 10, "fields.1.type: expected one of 'text', 'choice', 'date', 'number', 'link', 'file', "
         "got 'choise'. Did you mean 'choice'?"),
        ("    type: text\n", "", 15, "fields.2.type: this key is required and absent"),
        ("label: Why\n", "label: Why\n    longst: 9\n", 18, "fields.2.longst: unknown key. Did you mean 'longest'?"),
        ("label: Why\n", "label: Why\n    text: 9\n", 18, "fields.2.text: unknown key"),
        ("label: Why\n", "label: Why\n    longest: 3001\n", 18, "fields.2.longest: Input should be less than or equal to 3000"),
        ("label: Why\n", "label: ' '\n", 17, "fields.2.label: expected a text of 1 to 200 characters"),
        ("    label: Day\n", "", 6, "fields.0.label: this key is required and absent"),
        ("{id: good, label: Good}", "{id: Good, label: Good}", 13, "fields.1.options.0.id: expected lower-case letters"),
        ("{id: good, label: Good}", "{id: bad, label: Good}", 12, "fields.1.options: two options share an id: bad"),
        ("chosen: [bad]", "chosen: [worse]", 5, "required_when: expected options of a choice field before it, got worse"),
        ("effective_date: day", "effective_date: dey", 1, "expected the id of a date field, got dey; date fields: day"),
        ("due: {days: 10}", "due: {days: 10, count: work}", 4, "due.count: Input should be 'calendar' or 'business'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, problem: str) -> None:
    path = tmp_path / "restore_test.yaml"
    path.write_text(YAML)
    load(path, Form)
    assert old in YAML
    path.write_text(YAML.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load(path, Form)
    assert f"{path}:{line}: " in str(caught.value)
    assert problem in str(caught.value)


TEXT = {"id": "t", "type": "text", "label": "Text"}
NUMBER = {"id": "n", "type": "number", "label": "Number", "unit": "hours"}
FILE = {"id": "f", "type": "file", "label": "File", "kinds": ["pdf"]}


@pytest.mark.parametrize(
    ("fields", "said", "message"),
    [
        ([{**WHEN, "label": "Again"}], {}, "two fields share an id: when"),
        ([{**TEXT, "label": "When"}], {}, "two fields share a label: When"),
        ([{**TEXT, "required_when": {"field": "when", "chosen": ["x"]}}], {}, "required_when: expected with required: false"),
        ([{**TEXT, "maps_to_controls": True}], {}, "maps_to_controls: expected with multiline: true"),
        ([{**NUMBER, "least": 2, "most": 1}], {}, "no number would do"),
        ([{**NUMBER, "least": 1e15}], {}, "at most 15 digits"),
        ([{**NUMBER, "most": "0.1234567"}], {}, "at most 15 digits before the point and 6 after"),
        ([{**NUMBER, "most": "NaN"}], {}, "finite number"),
        ([{**FILE, "kinds": ["pdf", "pdf"]}], {}, "a kind of file stands twice: pdf"),
        ([{**FILE, "kinds": ["html"]}], {}, "'pdf', 'png'"),
        ([{**FILE, "most_files": MOST_FILES + 1}], {}, "less than or equal to 10"),
        ([{**WHEN, "id": "d", "label": "D", "not_before_field": "later"}], {}, "expected the id of a date field, got later"),
        ([{**WHEN, "id": "d", "label": "D", "not_before": {"of": "window_end", "days": 2}, "not_after": {"of": "window_end"}}],
         {}, "no day would do"),
        ([{**WHEN, "id": "d", "label": "D", "required": False}], {"effective_date": "d"}, "is required and may not lie"),
        ([{**WHEN, "id": "d", "label": "D", "may_be_future": True}], {"effective_date": "d"}, "may not lie in the future"),
        ([], {"coverage": {"first_day": "when", "last_day": "t"}}, "coverage: expected the id of a date field, got t"),
        ([], {"reminders": [2, 2]}, "two reminders are on the same day"),
        ([{**TEXT, "label": "x" * (LONGEST_LABEL + 1)}], {}, "1 to 200 characters"),
        ([{**TEXT, "label": "\U0001f512" * LONGEST_LABEL}], {}, "1 to 200 characters"),
        ([{**TEXT, "id": f"t{n}", "label": f"T{n}", "longest": 3000} for n in range(10)], {}, "can come back from Slack as"),
        ([{**TEXT, "id": f"t{n}", "label": f"T{n}", "longest": 1} for n in range(MOST_FIELDS)], {}, "at most 40 items"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(fields: list[dict[str, Any]], said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        form(*fields, **said)


def test_its_days_count_from_the_windows_end() -> None:
    found = form(due={"days": 10, "count": "business"}, reminders=[1, 5, 30]).days(date(2026, 3, 31), BusinessCalendar())
    assert found.due == date(2026, 4, 14)
    assert found.reminders == (date(2026, 4, 7), date(2026, 4, 13))


def test_an_edge_counts_from_the_windows_first_or_last_day() -> None:
    window = (date(2026, 1, 1), date(2026, 3, 31))
    assert Edge(of="window_start", days=-1).day(window) == date(2025, 12, 31)
    assert Edge(of="window_end", days=30).day(window) == date(2026, 4, 30)


def largest() -> Form:
    """Return a form whose every text is as long and as wide as it may be, as near to the bound as whole fields go."""
    wide = "\u754c"
    options = [{"id": f"o{n}", "label": f"{n:03}" + wide * (LONGEST_OPTION - 3)} for n in range(20)]
    fields: list[dict[str, Any]] = [
        {**FILE, "most_files": MOST_FILES},
        {"id": "c", "type": "choice", "label": "C", "several": True, "options": options},
    ]
    fields += [{**TEXT, "id": f"t{n}", "label": f"{n:03}" + wide * 50, "longest": 400} for n in range(MOST_FIELDS - 3)]
    said: dict[str, Any] = {"introduction": wide * 500}
    while True:
        try:
            return form(*fields, **said)
        except ValidationError:
            fields.pop()


def submission(asked: Form) -> tuple[list[Any], bytes]:
    """Return the blocks of a form, and what Slack would send of it filled to its bounds, as it encodes it."""
    blocks: list[Any] = [{"type": "section", "text": {"type": "plain_text", "text": asked.introduction, "emoji": True}}]
    values: dict[str, Any] = {}
    for each in asked.fields:
        options = [
            {"text": {"type": "plain_text", "text": option.label, "emoji": True}, "value": option.id}
            for option in getattr(each, "options", ())
        ]
        element = {"type": "multi_static_select", "action_id": each.id, "dispatch_action_config": {}, "options": options}
        label = {"type": "plain_text", "text": each.label, "emoji": True}
        blocks.append({"type": "input", "block_id": each.id, "label": label, "optional": False, "element": element})
        files = [{"id": "F" * 11, "name": "n" * 100, "urls": f"{'a' * 15}/" * 300}] * getattr(each, "most_files", 0)
        text = "\u754c" * getattr(each, "longest", 10)
        values[each.id] = {each.id: {"type": "x", "value": text, "selected_options": options, "files": files}}
    sent = {"view": {"blocks": blocks, "state": {"values": values}}}
    return blocks, quote_plus(json.dumps(sent, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")).encode()


def test_the_largest_form_fits_one_modal_and_comes_back_within_what_is_read() -> None:
    asked = largest()
    blocks, body = submission(asked)
    assert MOST_SUBMISSION - 10_000 < asked.submission_bytes <= MOST_SUBMISSION
    assert len(body) <= asked.submission_bytes
    assert len(blocks) <= MOST_FIELDS + 1 < VIEW_BLOCKS
    assert len(json.dumps(blocks)) < VIEW_BYTES
    assert MOST_SUBMISSION + 32 * 1024 <= MAX_BODY


def test_the_bounds_are_no_wider_than_slacks() -> None:
    assert (LONGEST_TITLE, LONGEST_INTRODUCTION, LONGEST_OPTION, MOST_OPTIONS, MOST_FILES) == (150, 3000, 75, 100, 10)
    assert max(LONGEST_LABEL, LONGEST_HELP) <= 2000
