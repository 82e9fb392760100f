# SPDX-License-Identifier: Apache-2.0
"""What an owner is asked, frozen: the form comes back as it was, whatever the file says by then, or not at all."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tieout.confirmations.requests import Asking, asked_of, campaign_items, form_of, form_text, request_row, text_sha256
from tieout.criteria.forms import Form
from tieout.documents import load
from tieout.errors import CannotCheck

FORMS = Path(__file__).parents[3] / "include/criteria/forms"
WINDOW, PERIOD = (date(2026, 1, 1), date(2026, 3, 31)), (date(2026, 1, 1), date(2026, 6, 30))


def row(form: Form, **changes: Any) -> dict[str, Any]:
    """Return a frozen row, with changes of who is asked."""
    values: dict[str, Any] = {
        "system": "confirmations",
        "campaign": "a1_3.2026-Q1",
        "form": form,
        "as_of": datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC),
        "window": WINDOW,
        "period": PERIOD,
        "due_on": date(2026, 4, 10),
        "owners": ("Platform Lead", ["pia", "paul"]),
    }
    return request_row(Asking(**(values | changes)))


def plain(said: dict[str, Any]) -> dict[str, Any]:
    return {name: each.isoformat() if isinstance(each, date) else each for name, each in said.items()}


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_form_comes_back_as_it_was_asked(path: Path) -> None:
    form = load(path, Form)
    said = row(form)
    assert form_of(said) == form
    assert form_text(form_of(said)) == said["form"]
    assert said["form_sha256"] == text_sha256(said["form"])
    asked = asked_of(said, date(2026, 4, 1), {"a1_3"})
    assert (asked.form, asked.window, asked.period, asked.today) == (form, WINDOW, PERIOD, date(2026, 4, 1))


def test_a_form_that_was_changed_or_is_of_a_later_release_is_not_taken() -> None:
    said = row(load(FORMS / "restore_test.yaml", Form))
    with pytest.raises(CannotCheck, match="expected a form of SHA-256"):
        form_of(said | {"form": said["form"].replace("Restore test", "Restore text")})
    later = json.dumps(json.loads(said["form"]) | {"of_a_later_release": "Zerberus"})
    with pytest.raises(CannotCheck, match="malformed at of_a_later_release") as refused:
        form_of(said | {"form": later, "form_sha256": text_sha256(later)})
    assert "Zerberus" not in str(refused.value)


def test_the_first_holder_is_asked_and_the_others_come_next() -> None:
    said = row(load(FORMS / "restore_test.yaml", Form), lookers=("Head of Engineering", ["hedi", "hans"]))
    assert (said["owner"], said["owner_order"], said["second_reviewers"]) == ("pia", "paul", "hedi hans")
    items, assignments = campaign_items([plain(said)])
    [assignment] = assignments.values()
    assert (assignment.person, assignment.order, assignment.authority) == ("pia", ("paul",), "Platform Lead")
    assert assignment.items == tuple(items)


def test_another_form_is_another_row_and_another_window_another_item() -> None:
    form = load(FORMS / "restore_test.yaml", Form)
    items, _ = campaign_items([plain(row(form))])
    [changed] = campaign_items([plain(row(form.model_copy(update={"title": "Other"})))])[0].values()
    assert items[changed.id].row_sha256 != changed.row_sha256
    assert row(form, campaign="a1_3.2026-Q2")["item"] not in items


def test_nobody_else_and_nobody_who_looks_is_null() -> None:
    said = row(load(FORMS / "board_minutes.yaml", Form), owners=("Chair", ["cleo"]))
    assert (said["owner_order"], said["second_reviewer_role"], said["second_reviewers"]) == (None, None, None)
