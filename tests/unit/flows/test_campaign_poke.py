# SPDX-License-Identifier: Apache-2.0
"""A look of a campaign's task: everybody is told once, whatever fails or runs twice; who can not be told is passed by."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from tests.unit.flows.campaign_bench import Bench, FakeMessenger, accounts_of_all, company, entry, mail, now

from tieout.campaigns.definition import Definition, Leftovers, Pin, Schedule
from tieout.campaigns.events import Notice
from tieout.campaigns.state import Phase
from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.keys import Scope
from tieout.evidence.store import S3Store
from tieout.flows import campaign_look, campaign_telling, campaign_work, review_campaign
from tieout.flows.campaign_manager import manager
from tieout.flows.campaign_poke import poke
from tieout.flows.campaign_standing import standing_of

Make = Callable[..., Bench]
INVITED = [("eva", "invitation"), ("ivo", "invitation"), ("max", "invitation")]
DAY = timedelta(days=1)


def without(*people: str) -> Callable[[str], Pin | None]:
    """Return what finds everybody's account but these people's."""
    return lambda person: None if person.partition("@")[0] in people else accounts_of_all(person)


def ago(days: float, due: float = 10, **more: Any) -> Schedule:
    """Return a schedule that began some days ago and is due some days from now."""
    at = now().replace(microsecond=0)
    return Schedule(at - timedelta(days=days), at + timedelta(days=due), **more)


def test_everybody_is_invited_once_and_the_campaign_closes_when_all_is_decided(bench: Bench) -> None:
    first = bench.poke()
    assert (first.phase, first.awaited, first.open, first.recorded, first.sent) == (Phase.OPEN, 6, 6, {"invitation": 3}, 3)
    assert not first.done
    assert "6 of 6 decisions are open" in first.waiting[0]
    second = bench.poke()
    assert (second.recorded, second.sent, second.updated, bench.messenger.told) == ({}, 0, 0, INVITED)
    bench.decide("ivo", "revoke")
    assert bench.poke().updated == 1
    bench.decide("eva")
    bench.decide("max")
    last = bench.poke()
    assert (last.phase, last.open, last.waiting, last.done, last.updated) == (Phase.CLOSED, 0, (), True, 3)
    assert bench.messenger.updates == [mail("ivo"), mail("eva"), mail("ivo"), mail("max")]
    closed = bench.ledger().state.closed
    assert closed is not None
    assert closed.counts == {"keep": 4, "revoke": 2}
    assert bench.poke().updated == 0


def test_who_answers_in_the_second_in_which_they_were_told_answers_after_it(make: Make) -> None:
    bench, at = make(), now().replace(microsecond=0)
    bench.open(without("ivo"), Schedule(at, at + DAY))
    assert poke(bench.task(clock=lambda: at + timedelta(milliseconds=500))).sent == 3  # opened in this very second
    other, later = make(), at + timedelta(seconds=2)
    other.open(without("ivo"), Schedule(at, at + DAY))
    poke(other.task(clock=lambda: later + timedelta(milliseconds=900)))
    noted = other.ledger().state.noticed.values()
    assert {each.at for each in noted} == {later - timedelta(microseconds=1)}


def test_reminders_come_once_at_their_times(make: Make) -> None:
    bench = make()
    at = now().replace(microsecond=0)
    bench.open(schedule=Schedule(at - DAY, at + DAY, reminders=(at - timedelta(minutes=30), at + timedelta(hours=20))))
    bench.poke()
    assert bench.messenger.told == INVITED
    late = bench.task(clock=lambda: now() + timedelta(minutes=40))  # as far as the store's own clock lets anybody be wrong
    assert poke(late).recorded == {}
    soon = make()
    soon.open(schedule=Schedule(at - DAY, at + DAY, reminders=(at + timedelta(minutes=20),)))
    soon.poke()
    soon.decide("max")
    for _ in range(2):
        poke(soon.task(clock=lambda: now() + timedelta(minutes=30)))
    assert soon.messenger.told == sorted([*INVITED, ("eva", "reminder"), ("ivo", "reminder")])


def test_who_has_no_account_is_recorded_and_passed_by_at_once(make: Make) -> None:
    bench = make()
    bench.open(without("ivo", "mia"))
    found = bench.poke()
    assert found.recorded == {"escalation": 1, "invitation": 1, "unreachable": 2}
    assert found.unreachable == 2
    assert bench.messenger.told == [("eva", "invitation"), ("max", "escalation")]
    assert not {mail("ivo"), mail("mia")} & set(bench.messenger.asked)
    state = bench.ledger().state
    assert set(state.facts.unreachable) == {mail("ivo"), mail("mia")}
    assert [each.assignment for each in state.open_items(mail("max"), now())]
    bench.decide("ivo")  # on the page: while nobody else has answered, it is still theirs to answer
    assert bench.poke().open == 4


def test_who_turns_out_to_be_unreachable_is_passed_by_in_the_same_look(bench: Bench) -> None:
    bench.messenger.gone = {mail("ivo"): "Slack: user_disabled", mail("mia"): "Slack: user_disabled"}
    found = bench.poke()
    assert bench.messenger.told == [("eva", "invitation"), ("max", "escalation")]
    assert (found.unreachable, found.uncertain, found.trouble) == (2, 0, ())
    noticed = [each.notice for each in bench.ledger().state.noticed.values()]
    assert {each.why for each in noticed if each.kind == "unreachable"} == {"Slack: user_disabled"}
    assert bench.poke().recorded == {}


def test_where_nobody_is_left_the_managers_are_told_who_can_be(make: Make) -> None:
    bench = make(company(entry("a1", "max")))
    bench.open(without("ivo", "mia", "max", "cleo"))
    bench.messenger.gone = {mail("rob"): "Slack: user_disabled"}
    found = bench.poke()
    assert bench.messenger.told == []
    assert found.recorded["stuck"] == 2
    assert "nobody is left in order" in found.waiting[1]
    assert bench.poke().sent == 0


def test_without_a_messenger_nobody_is_said_to_be_told_and_what_is_late_goes_on(make: Make) -> None:
    bench = make()
    bench.open(None, ago(1, escalate_at=now() - timedelta(minutes=1)))
    found = bench.poke()
    assert found.recorded == {"escalation": 3}
    assert (found.sent, bench.messenger.asked, found.unreachable) == (0, [], 0)


def test_a_messenger_that_does_not_answer_holds_up_messages_and_nothing_else(bench: Bench) -> None:
    bench.messenger.down = {"reach"}
    found = bench.poke()
    assert (found.sent, found.recorded, found.uncertain) == (0, {"invitation": 3}, 0)
    assert found.trouble == ("SourceUnavailable: reach: no answer",)
    bench.messenger.down = set()
    assert bench.poke().sent == 3
    bench.messenger.down = {"update"}
    for person in ("ivo", "eva", "max"):
        bench.decide(person)
    found = bench.poke()
    assert (found.phase, found.done, len(found.trouble)) == (Phase.CLOSED, True, 1)
    bench.messenger.down = set()
    assert bench.poke().updated == 3


def test_a_message_of_which_nobody_knows_whether_it_was_sent_is_not_sent_again(bench: Bench) -> None:
    bench.messenger.down = {"send"}
    found = bench.poke()
    assert (found.sent, found.uncertain, len(found.trouble)) == (0, 1, 1)
    bench.messenger.down = set()
    found = bench.poke()
    assert (found.sent, found.uncertain) == (2, 1)
    assert bench.messenger.told == INVITED[1:]


def test_credentials_that_slack_does_not_take_are_trouble_and_the_campaign_goes_on(bench: Bench) -> None:
    def refuse(_: Notice) -> None:
        raise ConfigurationError("Slack chat.postMessage: expected a token that may do this, got token_revoked.")

    bench.messenger.before_sending = refuse
    for person in ("ivo", "eva", "max"):
        bench.decide(person)
    found = bench.poke()
    assert found.phase is Phase.CLOSED
    assert found.trouble == ()  # who has decided all needs no message
    assert bench.messenger.told == []


def test_two_looks_at_once_send_nothing_twice(bench: Bench) -> None:
    met = Barrier(4)
    tasks = [bench.task() for _ in range(4)]

    def look(task: Any) -> int:
        met.wait()
        return poke(task).sent

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(look, tasks))
    assert (sum(sent), bench.messenger.told) == (3, INVITED)
    state = bench.ledger().state
    assert (len(state.noticed), state.unread, state.refused) == (3, {}, ())


class Failing:
    """Lets some calls to the store through, and then none for a while."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.left, self.calls = after, 0
        for name in ("read", "versions", "keys", "chunks", "put_locked"):
            self._wrap(monkeypatch, S3Store, name)
        self._wrap(monkeypatch, campaign_work.UnlockedStore, "create")

    def _wrap(self, monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> None:
        method = getattr(kind, name)

        def called(store: Any, *arguments: Any, **named: Any) -> Any:
            self.calls += 1
            self.left -= 1
            if self.left < 0:
                raise StoreUnavailable("the store did not answer")
            return method(store, *arguments, **named)

        monkeypatch.setattr(kind, name, called)


def test_a_store_that_goes_down_anywhere_loses_nothing_and_sends_nothing_twice(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look is cut off here and there, each time on a campaign of its own; then looks go on as if nothing had been."""
    whole = make()
    whole.open(without("ivo"))
    task = whole.task()
    with monkeypatch.context() as patched:
        counted = Failing(patched, 10_000)
        poke(task)
    told = whole.messenger.told
    assert told == [("eva", "invitation"), ("max", "escalation"), ("mia", "escalation")]
    for after in range(1, counted.calls, 8):
        bench = make()
        bench.open(without("ivo"))
        task = bench.task()
        with monkeypatch.context() as patched:
            Failing(patched, after)
            with pytest.raises(StoreUnavailable):
                poke(task)
        uncertain = bench.poke().uncertain
        assert len(set(bench.messenger.told)) == len(bench.messenger.told)
        assert set(bench.messenger.told) <= set(told)
        assert len(told) - len(bench.messenger.told) <= uncertain <= 1
        state = bench.ledger().state
        assert (len(state.noticed), set(state.facts.unreachable), state.refused) == (4, {mail("ivo")}, ())


def test_a_cancelled_campaign_stops_and_its_messages_say_so(bench: Bench) -> None:
    bench.poke()
    campaigns = bench.campaigns
    who = manager(standing_of(campaigns, campaigns.named(bench.planned.campaign), now()), campaigns, "cleo", now)
    assert who.cancel(bench.signers[Scope.LANDING], "frozen from the wrong list").written_now
    found = bench.poke()
    assert (found.phase, found.done, found.updated, found.recorded, found.waiting) == (Phase.CANCELLED, True, 3, {}, ())
    assert bench.messenger.told == INVITED


def test_what_is_left_over_is_decided_by_the_rule_once_it_is_due(make: Make) -> None:
    bench = make(leftovers="revoke")
    bench.open(schedule=ago(2, due=-1))
    bench.decide("ivo")
    found = bench.poke()
    assert (found.phase, found.done) == (Phase.CLOSED, True)
    closed = bench.ledger().state.closed
    assert closed is not None
    assert closed.counts == {"keep": 2, "revoke": 4}
    assert sum(map(len, closed.leftovers.values())) == 4


def test_a_review_of_nothing_closes_at_once(make: Make) -> None:
    bench = make(company())
    bench.open()
    found = bench.poke()
    assert (found.phase, found.awaited, found.sent) == (Phase.CLOSED, 0, 0)


def test_who_has_left_answers_nothing_more(bench: Bench) -> None:
    bench.poke()
    standing = standing_of(bench.campaigns, bench.campaigns.named(bench.planned.campaign), now())
    said = manager(standing, bench.campaigns, mail("cleo"), now)
    written = said.left(bench.signers[Scope.LANDING], mail("ivo"), "left on 1 April 2026")
    assert written.written_now
    assert bench.poke().recorded == {"escalation": 2}
    assert bench.ledger().state.open_items(mail("ivo"), now()) == ()


def test_once_a_day_from_the_second_on_it_is_looked_up_who_is_still_there(make: Make) -> None:
    bench = make()
    bench.open(schedule=ago(0.5))
    bench.poke()
    bench.messenger.asked.clear()
    bench.poke()
    assert bench.messenger.asked == []
    other = make()
    other.open(schedule=ago(3))
    other.poke()
    assert sorted(other.messenger.asked) == sorted([mail(each) for each in ("eva", "ivo", "max")] * 2)
    other.messenger.asked.clear()
    other.poke()
    assert other.messenger.asked == []
    third = make()
    third.open(schedule=ago(3))
    third.messenger.gone = {mail("ivo"): "Slack: Your account is deactivated."}
    third.messenger.down = {"reach"}
    assert third.poke().unreachable == 1
    third.messenger.down = {"is_there"}


def test_documents_that_were_kept_are_not_fetched_again_and_spoilt_ones_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_work, "KEEP_FROM", 3)
    for person in ("ivo", "eva"):
        bench.decide(person)
    bench.poke()
    reads: list[str] = []
    read = S3Store.read
    monkeypatch.setattr(S3Store, "read", lambda self, key, version: reads.append(key) or read(self, key, version))

    def fetched() -> int:
        task = bench.task()
        reads.clear()
        assert poke(task).open == 1
        return len(reads)

    assert fetched() == 0
    work = campaign_work.Work(bench.planned.campaign, bench.staging)
    kept = work.read("documents-00000.arrow")
    assert kept is not None
    documents = campaign_work._documents(kept)
    spoilt = {name: data[:-40] + b"x" * 40 if "/responses/" in f"/{name[0]}" else data for name, data in documents.items()}
    work.write("documents-00000.arrow", campaign_work._packed(spoilt))
    assert fetched() == 2
    for nonsense in (b"nonsense", b"", campaign_work._packed({})):
        for name in work.names("documents-"):
            work.write(name, nonsense)
        assert fetched() >= 3


def test_many_documents_are_kept_in_several_objects_and_those_that_come_later_are_added(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_work, "KEEP_FROM", 1)
    monkeypatch.setattr(campaign_work, "SHARD", 2)
    bench.decide("ivo")
    bench.poke()
    work = campaign_work.Work(bench.planned.campaign, bench.staging)
    first = work.names("documents-")
    bench.decide("eva")
    bench.poke()
    names = work.names("documents-")
    assert len(names) > len(first) >= 1
    assert names == [f"documents-{number:05}.arrow" for number in range(len(names))]
    kept = [campaign_work._documents(work.read(name)) for name in names]
    assert all(len(each) <= 2 for each in kept)
    keys = [key for each in kept for key in each]
    assert len(keys) == len(set(keys))
    monkeypatch.setattr(S3Store, "read", lambda _self, key, _version: pytest.fail(f"{key} was fetched again"))
    documents = campaign_work.Remembering(bench.store, work)
    documents.recall()
    assert all(documents.read(*key) == data for each in kept for key, data in each.items())
    documents.close()


def personal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what is opened a campaign in which everybody is asked for themselves."""
    made = review_campaign._definition

    def changed(*arguments: Any) -> Definition:
        return replace(made(*arguments), personal=True, leftovers=Leftovers.DECIDE, leftover_choice="revoke")

    monkeypatch.setattr(review_campaign, "_definition", changed)


def test_where_everybody_is_asked_for_themselves_what_is_late_is_listed_and_messages_stay_as_they_are(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    personal(monkeypatch)
    bench = make()
    at = now().replace(microsecond=0)
    bench.open(schedule=Schedule(at - DAY, at + DAY, escalate_at=at - timedelta(hours=1)))
    bench.messenger.gone = {mail("max"): "Slack: user_disabled"}
    found = bench.poke()
    assert found.recorded == {"invitation": 2, "listed": 2, "unreachable": 1}
    told = bench.messenger.told
    assert [each for each in told if each[1] == "invitation"] == [("eva", "invitation"), ("ivo", "invitation")]
    assert ("max", "listed") not in told
    bench.decide("eva")
    assert bench.poke().updated == 0
    assert bench.messenger.told == told
    assert bench.ledger().state.facts.unreachable.keys() == {mail("max")}


def test_what_one_look_has_no_time_to_send_the_next_one_sends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (campaign_look, campaign_telling):
        monkeypatch.setattr(module, "MOST", 2)
    first, second = bench.poke(), bench.poke()
    assert [(each.recorded, each.sent) for each in (first, second)] == [({"invitation": 3}, 2), ({}, 1)]
    assert bench.messenger.told == INVITED


def test_of_many_messages_a_look_records_as_many_as_it_sends(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    personal(monkeypatch)
    monkeypatch.setattr(campaign_look, "MOST_PERSONAL", 2)
    bench = make()
    bench.open()
    first, second, third = bench.poke(), bench.poke(), bench.poke()
    assert [(each.recorded, each.sent) for each in (first, second, third)] == [
        ({"invitation": 2}, 2),
        ({"invitation": 1}, 1),
        ({}, 0),
    ]
    assert bench.messenger.told == INVITED


def test_what_the_task_keeps_is_no_evidence_and_nonsense_in_it_is_made_again(bench: Bench) -> None:
    bench.poke()
    work = campaign_work.Work(bench.planned.campaign, bench.staging)
    for nonsense in (b"[]", b"{", b'{"x": 1, "invitation": {"at": 3}}'):
        work.write("shown.json", nonsense)
        found = bench.poke()
        assert (found.sent, found.updated) == (0, 3)
    assert bench.poke().updated == 0
    assert bench.messenger.told == INVITED


def test_people_are_told_by_a_messenger_only_where_somebody_has_an_account(make: Make) -> None:
    bench = make()
    bench.open(None)
    bench.messenger = FakeMessenger()
    found = bench.poke()
    assert (found.recorded, found.sent, found.unreachable) == ({}, 0, 0)
