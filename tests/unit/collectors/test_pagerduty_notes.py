# SPDX-License-Identifier: Apache-2.0
"""What was recorded of an incident is read from fields and notes, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tieout.collectors.pagerduty_notes import LABELS, recorded, told_in_time
from tieout.errors import ContractError

READ = datetime(2026, 4, 1, tzinfo=UTC)


def note(text: str | None, at: str = "2026-03-05T10:00:00Z", **more: Any) -> dict[str, Any]:
    """Return a note in the log."""
    return {"type": "annotate_log_entry", "created_at": at, "channel": {"type": "note", "summary": text}, **more}


def test_lines_of_notes_with_a_label_and_the_latest_of_them() -> None:
    early, late = "root cause: a guess\nLessons: ask first", "We met.\nROOT CAUSE: a pool ran empty: twice\n\nContained at:"
    found = recorded({}, [note(late, "2026-03-06T10:00:00Z"), note(early)], LABELS)
    assert found == {"root_cause": "a pool ran empty: twice", "lessons": "ask first"}


def test_labels_of_ones_own_and_notes_in_their_own_field() -> None:
    found = recorded({}, [note("x", note="Ursache: Strom\nRoot cause: other")], {"root_cause": "Ursache"})
    assert found == {"root_cause": "Strom"}


def test_a_custom_field_counts_before_a_note_unless_it_is_empty() -> None:
    fields = [
        {"name": "root_cause", "value": "The field"},
        {"name": "lessons", "value": None},
        {"name": "commander", "value": ["a@example.com", "b@example.com"]},
        {"name": "environment", "value": "production"},
    ]
    found = recorded({"custom_fields": fields}, [note("Root cause: the note\nLessons: the note")], LABELS)
    assert found == {"root_cause": "The field", "lessons": "the note", "commander": "a@example.com, b@example.com"}


def test_other_entries_and_empty_notes_say_nothing() -> None:
    assert recorded({}, [note(None), {**note("Lessons: no"), "type": "resolve_log_entry"}], LABELS) == {}


@pytest.mark.parametrize(
    ("told", "due", "expected"),
    [
        (None, None, None),
        ("2026-03-05T10:00Z", None, None),
        ("2026-03-05T10:00Z", "2026-03-05T11:00:00+01:00", True),
        ("2026-03-05T10:01Z", "2026-03-05T11:00:00+01:00", False),
        (None, "2026-03-05T10:00Z", False),
        (None, "2026-04-02T10:00Z", None),
    ],
)
def test_told_in_time(told: str | None, due: str | None, expected: bool | None) -> None:
    facts = {name: text for name, text in (("customers_notified_at", told), ("notification_due_at", due)) if text}
    assert told_in_time(facts, READ) is expected


def test_a_text_that_is_no_time_is_refused_without_being_quoted() -> None:
    with pytest.raises(ContractError, match="notification due at of an incident: expected a time") as caught:
        told_in_time({"notification_due_at": "tomorrow"}, READ)
    assert "tomorrow" not in str(caught.value)
