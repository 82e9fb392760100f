# SPDX-License-Identifier: Apache-2.0
"""Everything that was said, a line for each document: what holds, what does not count and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.unit.reviews.answered import CLEO, DUE, IVO, Review, small
from tests.unit.reviews.test_rows import MAX
from tests.unit.reviews.world import mail

from tieout.campaigns.definition import Leftovers
from tieout.campaigns.events import Unread
from tieout.campaigns.said import COLUMNS, document_rows, record_row, told


def lines(review: Review, **documents: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the rows of documents, which fit their columns."""
    found = list(document_rows(review.state, review.events, documents))
    assert pa.Table.from_pylist(found, schema=COLUMNS).num_rows == len(review.events)
    return found


def test_each_answer_says_how_much_of_it_holds_and_what_was_refused(tmp_path: Path) -> None:
    review = small(tmp_path)
    first = review.decide(IVO, ["a1", "a3"], "revoke", channel=("slack", True), presented_sha256="e" * 64)
    last = review.decide(IVO, ["a1"])
    own = review.decide(IVO, ["a2"])
    review.decide(MAX, ["a2"])
    review.close()
    found = {row["document"]: row for row in lines(review, **{each.id: (each.id, "d" * 64) for each in (first, last, own)})}
    counted = {key: tuple(found[key][name] for name in ("items", "holding", "refused")) for key in (first.id, last.id, own.id)}
    assert counted == {first.id: (2, 1, 0), last.id: (1, 1, 0), own.id: (1, 0, 1)}
    assert found[own.id]["why"] == "the item is about the person (1)"
    assert found[own.id]["refused_items"] == review.item("a2")["item"]
    assert (found[first.id]["channel"], found[first.id]["signature_checked"], found[first.id]["presented_sha256"]) == (
        "slack", True, "e" * 64,
    )  # fmt: skip
    assert (found[first.id]["sha256"], found[first.id]["assignment"]) == ("d" * 64, review.assignment("a1"))


def test_every_kind_of_document_is_named_and_what_can_not_be_read_is_there(tmp_path: Path) -> None:
    review = small(tmp_path, Leftovers.DECIDE)
    cover = review.story.cover(CLEO, IVO, CLEO)
    review.story.reassign(CLEO, review.assignment("a2"), mail("mia"))
    review.story.withdraw(CLEO, cover)
    review.story.notice([])
    torn = Unread(id="f" * 32, at=review.story.now, by="unknown", key="responses/x", reason="tampered")
    review.story.events.append(torn)
    review.close(DUE)
    review.story.sign_off(mail("rob"))
    kinds = [row["kind"] for row in lines(review)]
    assert kinds == [
        "cover", "reassignment", "cover withdrawn", "campaign notice", "could not be read", "campaign closed", "sign-off",
    ]  # fmt: skip
    [unread] = [row for row in lines(review) if row["kind"] == "could not be read"]
    assert (unread["document"], unread["why"], unread["sha256"]) == ("responses/x", "tampered", None)
    [closed] = [row for row in lines(review) if row["kind"] == "campaign closed"]
    assert (closed["items"], closed["holding"]) == (3, 3)


def test_moves_and_cover_are_listed_and_only_what_was_heard_is_counted_where_that_is_asked(tmp_path: Path) -> None:
    review = small(tmp_path)
    review.story.cover(IVO, IVO, CLEO)
    moved = review.story.reassign(CLEO, review.assignment("a1"), mail("mia"))
    review.decide(mail("mia"), ["a1", "a3"])
    own = review.decide(IVO, ["a2"])
    review.decide(MAX, ["a2"])
    closed = review.close().closed
    late = review.decide(MAX, ["a2"], "revoke")
    state, events = review.state, review.events
    everything = told(state, events)
    assert everything.moves == [{"at": moved.at, "how": "reassigned", "by": CLEO, "to": mail("mia"), "items": 2}]
    [cover] = everything.covers
    assert (cover["person"], cover["stand_in"], cover["entered_by"], cover["withdrawn_at"]) == (IVO, CLEO, IVO, None)
    assert [each.event for each in everything.refused] == [own.id, late.id]
    assert everything.why == {"the campaign was closed": 1, "the item is about the person": 1}
    assert closed is not None
    heard = told(state, events, closed.heard)
    assert ([each.event for each in heard.refused], heard.why) == ([own.id], {"the item is about the person": 1})
    assert heard == replace(everything, refused=heard.refused, why=heard.why)


def test_a_record_that_is_no_event_has_a_line_too() -> None:
    row = record_row("remediation ticket", "manifests/x", "a" * 64, {"items": 1})
    assert pa.Table.from_pylist([row], schema=COLUMNS).to_pylist() == [row]
    assert {name for name, value in row.items() if value is not None} == {"kind", "document", "sha256", "items"}
