# SPDX-License-Identifier: Apache-2.0
"""What the demo's owners fill in fits the shipped forms, and what is known of it is what the forms make of it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from tests.simulators.confirmations.plan import CONFIRMATIONS, Confirmation, as_document
from tests.simulators.review.staff import mail

from tieout.confirmations.filled import Asked, Filled, hold
from tieout.confirmations.uploads import Upload, receive
from tieout.criteria.controls import load_control
from tieout.criteria.form_fields import FileField
from tieout.criteria.scope import load_scope

H1, Q1 = (date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 1, 1), date(2026, 3, 31))


def test_they_are_two_with_files_and_one_of_them_is_returned_once() -> None:
    assert len(CONFIRMATIONS) == 2
    assert all(each.files for each in CONFIRMATIONS)
    assert [each["returns"] for each in as_document()] == [0, 1]


@pytest.mark.parametrize("each", CONFIRMATIONS, ids=[each.control for each in CONFIRMATIONS])
def test_the_form_takes_what_is_filled_in(each: Confirmation, repository: Path, tmp_path: Path) -> None:
    control = load_control(repository / f"include/criteria/controls/{each.control}.yaml")
    form = control.confirmation
    assert form is not None
    fields = {field.id: field for field in form.fields if isinstance(field, FileField)}
    uploads: dict[str, list[Upload]] = {}
    for field, name, data in each.files:
        uploads.setdefault(field, []).append(receive([data], name, fields[field], tmp_path))
    names = {path.stem for path in (repository / "include/criteria/controls").iterdir()}
    asked = Asked(form=form, window=Q1, period=H1, today=date(2026, 7, 1), controls=names)
    filled = hold(asked, {field: [text] for field, text in each.answers.items()}, uploads)
    assert isinstance(filled, Filled), filled
    assert filled.as_document().get("uncovered") == (None if each.uncovered is None else json.loads(each.uncovered))
    stored = sorted(upload.sha256 for listed in uploads.values() for upload in listed)
    assert stored == sorted(hashlib.sha256(data).hexdigest() for _, _, data in each.files)


@pytest.mark.parametrize("each", CONFIRMATIONS, ids=[each.control for each in CONFIRMATIONS])
def test_owner_and_second_person_hold_the_roles_of_the_control(each: Confirmation, repository: Path) -> None:
    control = load_control(repository / f"include/criteria/controls/{each.control}.yaml")
    held = {owner.email: owner.role for owner in load_scope(repository / "include/criteria/scope.yaml").owners}
    assert held[mail(each.owner)] == control.owner
    assert held[mail(each.looker)] == control.reviewer
