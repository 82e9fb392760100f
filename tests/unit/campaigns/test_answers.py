# SPDX-License-Identifier: Apache-2.0
"""What people and the task say is read back as it was said; what is malformed is refused without a word of its content."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.campaigns.scene import A1, HOUR, REVIEW, START, Story, definition
from tests.unit.evidence.signed_copy import BUCKET, RETENTION

from tieout.campaigns import answers, statements
from tieout.campaigns.answer_documents import MAX_REASON
from tieout.campaigns.answers import event_of, response_of
from tieout.campaigns.events import Event, ItemDecision, Notice, NoticeKind, Said
from tieout.campaigns.leftovers import Closing
from tieout.errors import CannotCheck
from tieout.evidence import signed
from tieout.evidence.keys import generate_key
from tieout.evidence.layout import Class, class_of
from tieout.evidence.records import RecordKind, build_record, read_record
from tieout.evidence.responses import build_response, read_response


def said() -> list[Said]:
    story = Story()
    story.decide("a", "12", "revoke", presented_sha256="c" * 64, dwell_ms=900, stored_at=START + HOUR)
    story.reassign("a", A1, "e")
    story.reassign("a", A1, "e", "1", stored_at=START + 3 * HOUR)
    cover = story.cover("a", "a", "e", assignments=(A1,))
    story.withdraw("a", cover)
    story.sign_off("s", approved=False)
    return [event for event in story.events if isinstance(event, Said)]


@pytest.mark.parametrize("event", said(), ids=lambda event: type(event).__name__)
def test_what_a_person_says_is_read_back(event: Said, tmp_path_factory: pytest.TempPathFactory) -> None:
    response = response_of(REVIEW, event)
    signer = generate_key(tmp_path_factory.mktemp("key") / "response.pem")
    data = build_response(response, BUCKET, RETENTION, signer)
    found = event_of(read_response(data, response.key))
    stored_at = None if event.stored_at == event.at else event.stored_at
    assert found == replace(event, id=response.id, stored_at=stored_at)
    assert class_of(response.key) is Class.RESPONSE
    assert signed.read(signed.RESPONSE, data, response.key)["population"]["landing"] == "idp-" + "0" * 32


def test_the_same_delivered_again_is_the_same_response_however_it_was_measured() -> None:
    event = said()[0]
    again = replace(event, at=event.at + HOUR, dwell_ms=1, stored_at=None, id="x")  # type: ignore[call-arg]
    assert response_of(REVIEW, again).key == response_of(REVIEW, event).key
    for other in ({"interaction": "other"}, {"by": "b"}, {"decisions": event.decisions[:1]}):  # type: ignore[attr-defined]
        changes: dict[str, Any] = other
        assert response_of(REVIEW, replace(event, **changes)).key != response_of(REVIEW, event).key


def test_with_several_populations_the_definition_alone_is_named() -> None:
    campaign = definition(populations=REVIEW.populations * 2)
    assert response_of(campaign, said()[0]).population is None


TWICE = (ItemDecision("i1", "0" * 64, "keep"), ItemDecision("i1", "0" * 64, "revoke"))


@pytest.mark.parametrize(
    "changes",
    [
        {"interaction": ""},
        {"interaction": "x" * 201},
        {"decisions": ()},
        {"decisions": TWICE},
        {"decisions": (ItemDecision("i1", "0" * 64, "revoke", "x" * (MAX_REASON + 1)),)},
        {"decisions": (ItemDecision("i1", "short", "keep"),)},
        {"decisions": tuple(ItemDecision(f"i{number}", "0" * 64, "keep") for number in range(1001))},
        {"dwell_ms": -1},
        {"batch": 0},
        {"definition_sha256": "x"},
    ],
)
def test_what_could_not_be_read_again_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(CannotCheck, match="malformed at"):
        response_of(REVIEW, replace(said()[0], **changes))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "voted"},
        {"kind": ["decided"]},
        {"version": 2},
        {"decisions": [{"item": "Ann Smith <ann@example.com>"}]},
        {"decisions": "Ann Smith"},
        {"measured": {"dwell_ms": "Ann Smith", "batch": 1}},
        {"more": "Ann Smith"},
    ],
)
def test_what_is_malformed_or_of_a_later_version_is_refused_and_not_repeated(change: dict[str, Any]) -> None:
    response = response_of(REVIEW, said()[0])
    with pytest.raises(CannotCheck, match=r"malformed") as refused:
        event_of(replace(response, answer=response.answer | change))
    assert "Ann" not in str(refused.value)
    assert refused.value.__cause__ is None


NOTICES = (
    Notice("invitation-1", NoticeKind.INVITATION, "a", open=3),
    Notice("escalation-1", NoticeKind.ESCALATION, "c", "left", open=2, items={A1: ("i1", "i2")}),
    Notice("reminder-2-1", NoticeKind.REMINDER, "a", number=2, open=3),
)


def statements_said() -> list[tuple[Any, Event | None]]:
    story = Story()
    noticed, cancelled = story.notice(NOTICES), story.cancel()
    closing = Closing(story.now, {"keep": 5, "revoke": 1}, {A1: ("i3",)}, frozenset({"x", "y"}), 2, 1)
    closed = story.close(closing)
    return [
        (statements.opened(REVIEW, "task", START), None),
        (statements.noticed(REVIEW, NOTICES, noticed.by, noticed.at), noticed),
        (statements.cancelled(REVIEW, "m", "wrong population", cancelled.at), cancelled),
        (statements.closed(REVIEW, closing, "task"), closed),
    ]


@pytest.mark.parametrize(("record", "event"), statements_said(), ids=["opened", "notices", "cancelled", "closed"])
def test_what_the_task_says_is_read_back(record: Any, event: Event | None, tmp_path_factory: pytest.TempPathFactory) -> None:
    signer = generate_key(tmp_path_factory.mktemp("key") / "landing.pem")
    found = read_record(build_record(record, BUCKET, RETENTION, signer), record.key)
    assert found == record
    read = statements.event_of(found, REVIEW.campaign)
    assert read == (event and replace(event, id=record.id))
    assert statements.event_of(found, "another") is None
    assert class_of(record.key) is Class.RECORD


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"notices": None}, {"notices": [{}]}, {"notices": [{"id": "x", "kind": "voted"}]}, {"notices": [3]}],
)
def test_a_record_that_is_malformed_can_not_be_checked(change: dict[str, Any]) -> None:
    record = statements.noticed(REVIEW, NOTICES, "task", START)
    with pytest.raises(CannotCheck, match=r"version 1|malformed"):
        statements.event_of(replace(record, facts=record.facts | change), REVIEW.campaign)


def test_the_same_notices_are_one_record_and_a_campaign_opens_once() -> None:
    first = statements.noticed(REVIEW, NOTICES, "task", START)
    assert statements.noticed(REVIEW, NOTICES[::-1], "other", START + HOUR).id == first.id
    assert statements.noticed(REVIEW, NOTICES[:2], "task", START).id != first.id
    other = definition(signers=())
    assert statements.opened(other, "x", START).id == statements.opened(REVIEW, "y", START).id
    assert statements.opened(REVIEW, "x", START).kind is RecordKind.CAMPAIGN_OPENED
    assert "frozen_sha256" in json.dumps(statements.opened(REVIEW, "x", START).facts)


def test_notices_are_cut_into_records_that_can_be_stored() -> None:
    many = [replace(NOTICES[0], id=f"n{number}") for number in range(250)]
    assert [len(batch) for batch in statements.batches(many)] == [100, 100, 50]
    large = [Notice(f"e{number}", NoticeKind.STUCK, "m", items={A1: ("i1",) * 150_000}) for number in range(3)]
    assert [len(batch) for batch in statements.batches(large)] == [1, 1, 1]
    assert list(statements.batches([])) == []
    assert answers.OF_CAMPAIGN not in REVIEW.assignments
