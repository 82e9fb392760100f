# SPDX-License-Identifier: Apache-2.0
"""The ledger in a bucket: what was stored is read and folded, once each; what nobody may have signed never counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from tests.unit.campaigns.scene import A1, B1, C2, ITEMS, Signers, Story, definition, snapshot

from tieout.campaigns.answers import OF_CAMPAIGN, response_of
from tieout.campaigns.definition import Schedule
from tieout.campaigns.events import Decided, Said
from tieout.campaigns.facts import Why
from tieout.campaigns.folding import fold
from tieout.campaigns.ledger import Ledger, opened_campaign
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.reminders import due_notices
from tieout.campaigns.responder import MAX_PRESENTED, Responder
from tieout.campaigns.sealed import from_document
from tieout.campaigns.state import Phase
from tieout.campaigns.statements import noticed, opened, opening_key, place_of
from tieout.campaigns.writer import Writer
from tieout.errors import CannotCheck, ConfigurationError, LandingConflict, Tampered
from tieout.evidence import signed
from tieout.evidence.layout import Class, class_of
from tieout.evidence.records import RecordKind, build_record, read_record, write_record
from tieout.evidence.responses import build_response, write_response
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256

NOW = datetime.now(UTC).replace(microsecond=0)
OPENED = NOW - timedelta(minutes=30)
CAMPAIGN = definition(schedule=Schedule(OPENED, OPENED + timedelta(days=20)))


class Bench:
    """A campaign in a bucket, with its task, somebody who answers, and a reader."""

    def __init__(self, store: S3Store, signers: Signers, retention: Retention) -> None:
        self.store, self.signers, self.retention = store, signers, retention
        self.story = Story(CAMPAIGN)
        self.story.now = OPENED
        self.writer = Writer(CAMPAIGN, store, signers.landing, retention)
        self.responder = Responder(CAMPAIGN, store, signers.response, retention, lambda: NOW)
        self.ledger = self.reader()

    def reader(self) -> Ledger:
        return Ledger(CAMPAIGN, self.store, self.signers.key_list)

    def say(self, method: Callable[..., Any], *arguments: Any, **said: Any) -> Said:
        event = method(*arguments, at=self.story.now + timedelta(seconds=1), **said)
        assert isinstance(event, Said)
        return replace(event, id="")

    def put(self, key: str, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "object"
        path.write_bytes(data)
        self.store.put_locked(key, path, file_sha256(path), self.retention)


@pytest.fixture
def bench(store: S3Store, signers: Signers, retention: Retention) -> Bench:
    return Bench(store, signers, retention)


def test_a_campaign_from_its_opening_to_its_close(bench: Bench) -> None:
    story, responder, ledger = bench.story, bench.responder, bench.ledger
    assert bench.writer.open("task", NOW).written_now
    assert not bench.writer.open("task", NOW).written_now
    notices = due_notices(CAMPAIGN, ledger.state, NOW)
    (written,) = bench.writer.notice(notices, "task", NOW)
    ledger.refresh()
    assert ledger.opened
    assert written.event is not None
    assert ledger.state.noticed.keys() == {each.id for each in notices}
    assert due_notices(CAMPAIGN, ledger.state, NOW) == ()

    shown = responder.present(A1, {"text": "3 items", "blocks": []})
    responder.respond(bench.say(story.decide, "a", "123", presented_sha256=shown))
    responder.respond(bench.say(story.reassign, "b", B1, "e", "6"))
    responder.respond(bench.say(story.cover, "c", "c", "d"))
    responder.respond(bench.say(story.decide, "b", "45", "revoke"))
    responder.respond(bench.say(story.decide, "e", "6", assignment=B1))
    responder.respond(bench.say(story.decide, "d", "56", "keep", C2))
    ledger.refresh()
    closing = close(CAMPAIGN, ledger.state, NOW)
    assert isinstance(closing, Closing)
    assert closing.counts == {"keep": 4, "revoke": 2}
    bench.writer.close(closing, "task")
    late = responder.respond(bench.say(story.decide, "a", "1", "revoke"))
    responder.respond(bench.say(story.sign_off, "s"))
    ledger.refresh()
    state = ledger.state
    assert (state.phase, len(state.signed_off), state.unread) == (Phase.CLOSED, 1, {})
    assert [each.why for each in state.refused_of(late.event.id)] == [Why.CLOSED]
    again = bench.reader()
    again.refresh()
    assert snapshot(again.state) == snapshot(state)


def test_what_a_person_was_shown_is_locked_before_the_answer_names_it(bench: Bench) -> None:
    shown = bench.responder.present(A1, {"text": "Zoë", "blocks": [{"type": "section"}]})
    assert bench.responder.present(A1, {"blocks": [{"type": "section"}], "text": "Zoë"}) == shown
    (key,) = bench.store.keys("responses/")
    assert class_of(key) is Class.PRESENTED
    assert json.loads(bench.store.read(key, None) or b"") == {"text": "Zoë", "blocks": [{"type": "section"}]}
    described = bench.store.describe(key, None)
    assert described is not None
    assert (described.sha256, described.lock.mode) == (shown, "COMPLIANCE")
    for expected in (shown, "0" * 64):  # the bytes are those of RFC 8785 whatever somebody expects
        assert bench.responder.present(A1, {"text": "Zoë", "blocks": [{"type": "section"}]}, expected) == shown
    odd = {"é": 1, "text": 1.0}
    named = hashlib.sha256(rfc8785.dumps(odd)).hexdigest()
    assert bench.responder.present(A1, odd, named) == named
    with pytest.raises(ConfigurationError, match="no such assignment"):
        bench.responder.present("1-x", {})
    with pytest.raises(ConfigurationError, match="Show fewer items"):
        bench.responder.present(A1, {"text": "x" * MAX_PRESENTED})


def test_the_same_interaction_delivered_many_times_at_once_is_stored_once(bench: Bench) -> None:
    event = bench.say(bench.story.decide, "a", "12", dwell_ms=100)
    with ThreadPoolExecutor(4) as pool:
        deliveries = [replace(event, at=event.at + timedelta(seconds=number), dwell_ms=number) for number in range(12)]  # type: ignore[call-arg]
        stored = list(pool.map(bench.responder.respond, deliveries))
    assert len(bench.store.versions("responses/")) == 1
    assert len({each.event.at for each in stored if not each.stored_now}) == 1
    assert {each.event.id for each in stored} == {stored[0].event.id}
    bench.ledger.refresh()
    assert bench.ledger.state.progress(A1).decided == 2


def test_who_has_just_listed_the_place_need_not_look_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    versions = S3Store.versions
    monkeypatch.setattr(S3Store, "versions", lambda self, prefix: listed.append(prefix) or versions(self, prefix))
    event = bench.say(bench.story.decide, "a", "12")
    first = bench.responder.respond(event, look=False)
    assert (first.stored_now, listed) == (True, [])
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda number: bench.responder.respond(replace(event, dwell_ms=number), look=False), range(8)))  # type: ignore[call-arg]
    assert [(each.stored_now, each.event) for each in again] == [(False, first.event)] * 8
    assert len(bench.store.versions("responses/")) == 1


def test_a_refresh_reads_only_what_has_come_since(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    read = S3Store.read
    monkeypatch.setattr(S3Store, "read", lambda self, key, version: reads.append(key) or read(self, key, version))
    first = bench.responder.respond(bench.say(bench.story.decide, "a", "1"))
    assert [event.id for event in bench.ledger.refresh()] == [first.event.id]
    assert bench.ledger.refresh() == ()
    mine = bench.responder.respond(bench.say(bench.story.decide, "a", "2"))
    bench.ledger.add(mine.key, mine.event)
    other = bench.responder.respond(bench.say(bench.story.decide, "b", "4"))
    covered = bench.responder.respond(bench.say(bench.story.cover, "b", "b", "e"))
    assert bench.ledger.refresh(A1) == ()
    assert [event.id for event in bench.ledger.refresh(OF_CAMPAIGN)] == [covered.event.id]
    assert [event.id for event in bench.ledger.refresh()] == [other.event.id]
    assert sorted(reads) == sorted([first.key, other.key, covered.key])
    assert bench.ledger.events.keys() == {each.event.id for each in (first, mine, other, covered)}
    assert bench.ledger.key_of(mine.event.id) == mine.key
    assert bench.ledger.key_of("x") is None
    assert f"/{OF_CAMPAIGN}/" in covered.key
    assert bench.ledger.state.open == 8 - 3


def test_what_nobody_may_have_signed_is_kept_counted_and_without_effect(bench: Bench, tmp_path: Path) -> None:
    good = response_of(CAMPAIGN, bench.say(bench.story.decide, "a", "1"))
    forged = response_of(CAMPAIGN, bench.say(bench.story.decide, "a", "2"))
    moved = response_of(CAMPAIGN, bench.say(bench.story.decide, "a", "3"))
    later = replace(good, answer=good.answer | {"version": 2})
    dated = replace(
        good, answer=good.answer | {"interaction": "x"}, at=NOW - timedelta(hours=3), stored_at=NOW - timedelta(hours=3)
    )
    write_response(replace(good, stored_at=NOW), bench.store, bench.signers.response, bench.retention)
    write_response(later, bench.store, bench.signers.response, bench.retention)
    write_response(dated, bench.store, bench.signers.response, bench.retention)  # three hours back, against the store's clock
    write_response(forged, bench.store, bench.signers.stranger, bench.retention)
    key = moved.key.replace(A1, B1)
    bench.put(key, build_response(moved, bench.store.bucket, bench.retention, bench.signers.response), tmp_path)
    bench.put(place_of(CAMPAIGN).response(CAMPAIGN.campaign, A1, "0" * 32), b"no envelope", tmp_path)
    other_id = place_of(CAMPAIGN).response(CAMPAIGN.campaign, A1, "1" * 32)
    payload = signed.read(signed.RESPONSE, build_response(good, bench.store.bucket, bench.retention, bench.signers.response), "x")
    payload |= {"key": other_id, "response": "1" * 32}
    bench.put(other_id, signed.sign(signed.RESPONSE, payload, other_id, bench.signers.response), tmp_path)

    bench.ledger.refresh()
    state = bench.ledger.state
    assert state.progress(A1).decided == 1
    assert {each.key: each.reason for each in state.unread.values()} == {
        later.key: "cannot check",
        dated.key: "tampered",
        forged.key: "tampered",
        key: "tampered",
        place_of(CAMPAIGN).response(CAMPAIGN.campaign, A1, "0" * 32): "cannot check",
        other_id: "tampered",
    }
    assert set(state.unread) <= state.heard
    assert not bench.ledger.refresh()


def test_a_record_that_the_response_key_signed_is_nobodys(bench: Bench) -> None:
    forged = Writer(CAMPAIGN, bench.store, bench.signers.response, bench.retention)
    forged.open("task", NOW)
    with pytest.raises(Tampered, match="expected a key of scope landing"):
        opened_campaign(bench.store, bench.signers.key_list, place_of(CAMPAIGN), CAMPAIGN.campaign)
    record = noticed(CAMPAIGN, due_notices(CAMPAIGN, fold(CAMPAIGN, ()), NOW), "task", NOW)
    write_record(record, bench.store, bench.signers.response, bench.retention)
    bench.ledger.refresh()
    state = bench.ledger.state
    assert ([each.reason for each in state.unread.values()], state.noticed, bench.ledger.opened) == (["tampered"] * 2, {}, False)


def test_records_of_others_in_the_same_slot_say_nothing(bench: Bench) -> None:
    other = definition(campaign="cc6_2_review.other", schedule=CAMPAIGN.schedule)
    Writer(other, bench.store, bench.signers.landing, bench.retention).open("task", NOW)
    Writer(other, bench.store, bench.signers.landing, bench.retention).cancel("m", "not needed", NOW)
    record = noticed(CAMPAIGN, (), "task", NOW)
    write_record(replace(record, kind=RecordKind.EXPLAINED), bench.store, bench.signers.landing, bench.retention)
    assert bench.ledger.refresh() == ()
    assert not bench.ledger.opened


def test_a_campaign_opens_with_one_definition(bench: Bench) -> None:
    bench.writer.open("task", NOW)
    other = definition(schedule=CAMPAIGN.schedule, signers=())
    with pytest.raises(LandingConflict, match="another definition"):
        Writer(other, bench.store, bench.signers.landing, bench.retention).open("task", NOW)
    with pytest.raises(LandingConflict, match="another definition"):
        Ledger(other, bench.store, bench.signers.key_list).refresh()
    found = opened_campaign(bench.store, bench.signers.key_list, place_of(CAMPAIGN), CAMPAIGN.campaign)
    assert found is not None
    assert from_document(found.document, ITEMS, CAMPAIGN.assignments, found.key) == CAMPAIGN
    assert (found.by, found.at) == ("task", NOW)


def test_a_campaign_that_was_not_opened_is_not_there_and_another_record_in_its_place_opens_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    place = place_of(CAMPAIGN)
    assert opened_campaign(bench.store, bench.signers.key_list, place, CAMPAIGN.campaign) is None
    key = bench.writer.open("task", NOW).key
    assert key == opening_key(place, CAMPAIGN.campaign)
    other = replace(opened(definition(campaign="other", schedule=CAMPAIGN.schedule), "task", NOW), place=place)
    bench.put(opening_key(place, "x"), build_record(other, bench.store.bucket, bench.retention, bench.signers.landing), tmp_path)
    with pytest.raises(Tampered, match="it was moved"):
        opened_campaign(bench.store, bench.signers.key_list, place, "x")


def test_a_cancellation_is_recorded_once_with_who_and_why(bench: Bench) -> None:
    first = bench.writer.cancel("m", "the wrong roster", NOW)
    again = bench.writer.cancel("task", "other words", NOW + timedelta(minutes=1))
    assert (first.written_now, again.written_now, again.event) == (True, False, first.event)
    record = read_record(bench.store.read(first.key, None) or b"", first.key)
    assert (record.kind, record.by, record.reason) == (RecordKind.CANCELLED, "m", "the wrong roster")
    bench.ledger.refresh()
    assert bench.ledger.state.phase is Phase.CANCELLED


def test_nothing_is_stored_that_nobody_could_read(bench: Bench) -> None:
    event = bench.say(bench.story.decide, "a", "1")
    for changes in ({"assignment": "../x"}, {"by": ""}, {"interaction": ""}, {"decisions": ()}):
        said: dict[str, Any] = changes
        with pytest.raises(CannotCheck):
            bench.responder.respond(replace(event, **said))
    assert bench.store.versions("responses/") == []


def test_a_file_is_locked_once_before_the_answer_that_names_it(bench: Bench, tmp_path: Path) -> None:
    given = tmp_path / "upload"
    given.write_bytes(b"%PDF-1.7")
    kept = bench.responder.keep(A1, given, file_sha256(given))
    assert bench.responder.keep(A1, given, file_sha256(given)) == kept
    key = place_of(CAMPAIGN).file(CAMPAIGN.campaign, A1, kept.sha256)
    [version] = bench.store.versions(key)
    described = bench.store.describe(key, kept.version_id)
    assert version.version_id == kept.version_id
    assert described is not None
    assert described.lock.until == bench.retention.until
    stored = bench.responder.respond(bench.say(bench.story.decide, "a", "123", files=(kept,)))
    bench.ledger.refresh()
    read = bench.ledger.events[stored.event.id]
    assert isinstance(read, Decided)
    assert read.files == (kept,)
    with pytest.raises(ConfigurationError, match="no such assignment"):
        bench.responder.keep("1-x", given, file_sha256(given))


def test_an_answer_without_files_is_the_document_that_it_was_before(bench: Bench) -> None:
    assert "files" not in response_of(CAMPAIGN, bench.say(bench.story.decide, "a", "123")).answer
