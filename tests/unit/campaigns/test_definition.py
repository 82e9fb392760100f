# SPDX-License-Identifier: Apache-2.0
"""A definition fits together or is refused; its sealed form gives it back from the same rows and from no others."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.campaigns.scene import A1, ITEMS, REVIEW, SCHEDULE, START, assignments, definition

from tieout.campaigns.assignments import Assigned, assign
from tieout.campaigns.definition import Choice, Leftovers, Pin
from tieout.campaigns.items import item_id, row_sha256
from tieout.campaigns.sealed import as_document, from_document
from tieout.errors import CannotCheck, ConfigurationError, LandingConflict

PLAIN = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()


@given(st.lists(PLAIN, max_size=5))
def test_an_items_id_is_a_hash_over_rfc_8785_bytes(key: list[Any]) -> None:
    assert item_id(key) == hashlib.sha256(rfc8785.dumps(key)).hexdigest()[:20]


@given(st.dictionaries(st.text(st.characters(min_codepoint=97, max_codepoint=122)), PLAIN, max_size=6))
def test_a_rows_hash_is_one_over_rfc_8785_bytes(row: dict[str, Any]) -> None:
    assert row_sha256(row | {"_landing": "x"}) == hashlib.sha256(rfc8785.dumps(row)).hexdigest()


def test_days_and_instants_are_hashed_as_their_text() -> None:
    at = datetime(2026, 3, 5, 14, 30, tzinfo=timezone(timedelta(hours=1)))
    assert row_sha256({"at": at, "on": date(2026, 3, 5)}) == row_sha256({"at": "2026-03-05T13:30:00.000000Z", "on": "2026-03-05"})


@pytest.mark.parametrize("row", [{"x": 0.5}, {"x": 2**53}, {"é": "x"}, {"x": b"x"}])
def test_what_readers_may_read_differently_has_no_hash(row: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="expected"):
        row_sha256(row)


def test_items_of_one_person_are_one_assignment() -> None:
    rows = [Assigned("x", "a", "owner", ("b",)), Assigned("y", "a", "manager", ("b",)), Assigned("z", "a", "owner", ("c",))]
    (found,) = assign(1, rows).values()
    assert (found.id, found.items, found.authority) == (A1, ("x", "y", "z"), "manager; owner")
    assert [found.order_of(item) for item in found.items] == [("b",), ("b",), ("c",)]


BAD = {
    "campaign": ({"campaign": "a/b"}, "become|becomes part of object keys"),
    "not utc": ({"schedule": replace(SCHEDULE, due_at=datetime(2026, 8, 1, tzinfo=timezone(timedelta(hours=1))))}, "in UTC"),
    "no zone": ({"schedule": replace(SCHEDULE, opened_at=datetime(2026, 7, 1))}, "in UTC"),  # noqa: DTZ001
    "due first": ({"schedule": replace(SCHEDULE, due_at=START)}, "due_at: expected a time after"),
    "reminders": ({"schedule": replace(SCHEDULE, reminders=SCHEDULE.reminders[::-1])}, "reminders: expected ascending"),
    "escalation": ({"schedule": replace(SCHEDULE, escalate_at=datetime(2027, 1, 1, tzinfo=UTC))}, "escalate_at: expected"),
    "extension": ({"schedule": replace(SCHEDULE, extensions=(SCHEDULE.due_at,))}, "extensions: expected ascending"),
    "extension without rule": (
        {"schedule": replace(SCHEDULE, extensions=(SCHEDULE.due_at + timedelta(days=1),))},
        "extensions: expected none where leftovers is refuse",
    ),
    "no choice": ({"choices": {"no": Choice(offered=False)}}, "at least one that people may choose"),
    "weak first": ({"choices": {"keep": Choice(), "revoke": Choice(overrules=True)}}, "overrule others first"),
    "no leftover choice": ({"leftovers": Leftovers.DECIDE}, "leftover_choice: expected one of revoke, change, keep, got None"),
    "leftover choice": ({"leftover_choice": "keep"}, "expected none where leftovers is refuse"),
    "no manager": ({"managers_of_program": ()}, "managers_of_program: expected at least one"),
    "one account": ({"pins": {"a": Pin("T", "U"), "b": Pin("T", "U")}}, "1 account"),
    "unknown item": ({"items": {key: item for key, item in ITEMS.items() if key != "i2"}}, "are not there: i2"),
    "given to nobody": ({"items": ITEMS | {"i7": replace(ITEMS["i2"], id="i7")}}, "nobody has these items in slot 1: i7"),
    "other id": ({"items": ITEMS | {"i2": replace(ITEMS["i2"], id="x")}}, "under another id than theirs: i2"),
    "own": ({"items": ITEMS | {"i2": replace(ITEMS["i2"], subject="a")}}, "slot 1 gives items to whom they are about: i2"),
    "own in 2": ({"items": ITEMS | {"i6": replace(ITEMS["i6"], subject="c")}}, "slot 2 gives items to whom they are about: i6"),
    "both slots": ({"assignments": assignments() | assign(2, [Assigned("i2", "a", "x")])}, "in both slots: i2"),
    "twice": ({"assignments": assignments() | assign(1, [Assigned("i2", "d", "x")])}, "names items twice: i2"),
    "other key": ({"assignments": {"x": next(iter(assignments().values()))}}, "under its own id"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        definition(**changes)


def test_an_account_belongs_to_one_person() -> None:
    assert REVIEW.person_of("T1", "UA") == "a"
    assert REVIEW.person_of("T2", "UA") is None
    assert REVIEW.people == frozenset("abcdems")


def test_the_sealed_form_gives_the_definition_back() -> None:
    document = json.loads(rfc8785.dumps(as_document(REVIEW)))
    assert from_document(document, REVIEW.items, REVIEW.assignments, "x") == REVIEW
    assert list(from_document(document, REVIEW.items, REVIEW.assignments, "x").choices) == ["revoke", "change", "keep"]
    assert "i1" not in json.dumps(document)


def test_any_change_has_another_hash() -> None:
    others: list[dict[str, Any]] = [
        {"campaign": "x"},
        {"items": ITEMS | {"i2": replace(ITEMS["i2"], row_sha256="e" * 64)}},
        {"managers_of_program": ("m", "d")},
        {"assignments": {key: replace(each, authority="none") for key, each in REVIEW.assignments.items()}},
        {"choices": {"revoke": Choice(True, True), "keep": Choice(), "change": Choice(True)}},
        {"pins": {}},
    ]
    assert len({REVIEW.sha256, *(definition(**each).sha256 for each in others)}) == len(others) + 1
    assert definition().sha256 == REVIEW.sha256


def test_other_rows_are_not_what_it_opened_with() -> None:
    other = ITEMS | {"i2": replace(ITEMS["i2"], row_sha256="e" * 64)}
    with pytest.raises(LandingConflict, match="tieout verify"):
        from_document(as_document(REVIEW), other, REVIEW.assignments, "x")


@pytest.mark.parametrize("change", [{"version": 2}, {"schedule": {}}, {"choices": None}, {"leftovers": "x"}, {"accounts": []}])
def test_a_document_that_is_malformed_can_not_be_checked(change: dict[str, Any]) -> None:
    with pytest.raises(CannotCheck, match=r"version 1|malformed"):
        from_document(as_document(REVIEW) | change, REVIEW.items, REVIEW.assignments, "x")
