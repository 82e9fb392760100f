# SPDX-License-Identifier: Apache-2.0
"""How often a desk asks the bucket: once for a page, not for each thing that is done with it, and soon enough for others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from tests.simulators.memory_s3 import memory_s3
from tests.unit.campaigns.scene import A1, B1, Signers
from tests.unit.evidence.signed_copy import key_list_of, listed
from tests.unit.slack.desk_bench import REVIEW, Bench, who

from tieout.campaigns.answers import OF_CAMPAIGN
from tieout.campaigns.events import Notice, Noticed, NoticeKind, Reassigned
from tieout.desks.afterwards import Afterwards
from tieout.desks.campaign_desk import CampaignDesk, _aside
from tieout.desks.case import FRESH_SECONDS, GIVEN_SECONDS
from tieout.desks.desk import Page, Stored, Task
from tieout.errors import StoreUnavailable
from tieout.evidence.keys import Scope, generate_key
from tieout.evidence.store import S3Store

_NUMBERS = count()


class Counting(S3Store):
    """A bucket that counts what is listed of it, by the last part of the prefix, and can be down."""

    def __init__(self, client: Any, bucket: str) -> None:
        super().__init__(client, bucket)
        self.listed: list[str] = []
        self.down = False

    def versions(self, prefix: str) -> Any:
        if self.down:
            msg = "down"
            raise StoreUnavailable(msg)
        self.listed.append(prefix.rstrip("/").rpartition("/")[2])
        return super().versions(prefix)

    def since(self) -> dict[str, int]:
        """Return how often each assignment, and the campaign as a whole, was listed since the last time this was asked."""
        found = {name: self.listed.count(name) for name in (A1, B1, OF_CAMPAIGN) if name in self.listed}
        self.listed.clear()
        return found


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    folder = tmp_path_factory.mktemp("keys")
    made = {name: generate_key(folder / f"{name}.pem") for name in ("landing", "response", "stranger")}
    since = datetime.now(UTC) - timedelta(days=90)
    entries = [listed(made[name], Scope(name), valid_from=since) for name in ("landing", "response")]
    return Signers(**made, key_list=key_list_of("0" * 64, *entries))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


@pytest.fixture
def store(client: Any) -> Counting:
    bucket = f"evidence-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return Counting(client, bucket)


@pytest.fixture
def bench(store: Counting, signers: Signers) -> Bench:
    made = Bench(store, signers, REVIEW)
    store.since()
    return made


def opened(bench: Bench, person: str = "a", assignment: str = A1, after: str | None = None) -> list[str]:
    """Open a page as somebody, and return its items; none where nothing is left."""
    found = bench.desk.page(who(person), REVIEW.campaign, assignment, after)
    assert isinstance(found, (Page, Task)), found
    return [item.id for _, item in found.items] if isinstance(found, Page) else []


def test_a_page_that_comes_back_soon_is_answered_without_asking_again(bench: Bench, store: Counting) -> None:
    assert opened(bench) == ["i1", "i2", "i3"]
    assert store.since() == {A1: 1, OF_CAMPAIGN: 1}
    bench.clock += GIVEN_SECONDS - 1
    answered = bench.answer("a", A1, [("1", "keep"), ("2", "keep"), ("3", "keep")])
    assert isinstance(answered, Stored)
    assert (answered.task.answered, opened(bench, after="i3")) == (3, [])
    assert store.since() == {OF_CAMPAIGN: 1}


def test_one_that_comes_back_late_or_was_given_out_elsewhere_is_not(bench: Bench, store: Counting) -> None:
    opened(bench)
    store.since()
    bench.clock += GIVEN_SECONDS
    assert isinstance(bench.answer("a", A1, [("1", "keep")]), Stored)
    assert store.since() == {A1: 1, OF_CAMPAIGN: 1}
    bench.clock += FRESH_SECONDS
    assert isinstance(bench.answer("a", A1, [("2", "keep")]), Stored), "this page was not given out here"
    assert store.since() == {A1: 1, OF_CAMPAIGN: 1}
    assert isinstance(bench.answer("a", A1, [("3", "keep")]), Stored)
    assert store.since() == {}


def test_what_somebody_has_said_elsewhere_is_heard_before_the_next_page(bench: Bench, store: Counting) -> None:
    opened(bench)
    bench.say(bench.story.decide("a", "12"))
    assert opened(bench) == ["i3"]
    assert store.since()[A1] == 2


def test_many_at_once_ask_for_the_campaign_once(bench: Bench, store: Counting) -> None:
    threads = [threading.Thread(target=opened, args=(bench, person, each)) for person, each in (("a", A1), ("b", B1)) * 4]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert store.since() == {A1: 1, B1: 1, OF_CAMPAIGN: 1}


def test_a_store_that_is_down_is_asked_by_everybody_for_themselves(bench: Bench, store: Counting) -> None:
    store.down = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            opened(bench)
    store.down = False
    assert opened(bench) == ["i1", "i2", "i3"]


def given(to: str) -> Reassigned:
    """Return that somebody was given what was somebody else's."""
    return Reassigned(
        at=datetime.now(UTC), by="c", definition_sha256=REVIEW.sha256, interaction=to, channel=("command line", False),
        assignment=A1, to=to, items=None, reason="Away.",
    )  # fmt: skip


def test_the_whole_campaign_is_read_aside_once_however_many_ask(bench: Bench, store: Counting) -> None:
    aside, waiting = Afterwards("test"), threading.Event()
    aside.push("first", waiting.wait)
    desk = CampaignDesk(cases=bench.desk.cases, find_names=bench.desk.find_names, now=bench.desk.now, background=_aside(aside))
    assert desk.summary(who("a"), REVIEW.campaign) is not None
    assert not aside._waiting, "nobody was given anything of others'"
    bench.desk.cases()[REVIEW.campaign].note([given("a"), given("b")])
    for person in ("a", "b", "a"):
        assert desk.summary(who(person), REVIEW.campaign) is not None
    assert len(aside._waiting) == 1
    waiting.set()
    assert aside.drain(10)
    assert store.listed.count(REVIEW.campaign) == 1
    aside.close()


def test_an_answer_that_is_delivered_again_is_found_without_asking(bench: Bench, store: Counting) -> None:
    first = bench.answer("a", A1, [("1", "keep")])
    assert isinstance(first, Stored)
    store.since()
    again = bench.answer("a", A1, [("1", "keep")])
    assert isinstance(again, Stored)
    assert (again.now, again.response, again.at) == (False, first.response, first.at)
    assert store.since() == {}
    assert len(bench.responses()) == 1
    other = bench.answer("a", A1, [("1", "revoke")], interaction="a[('1', 'keep')]")
    assert isinstance(other, Stored)
    assert (other.now, other.response != first.response) == (True, True), "it says something else"


def test_who_is_told_of_others_is_not_given_anything_of_theirs(store: Counting, signers: Signers) -> None:
    case = Bench(store, signers, REVIEW).case
    items = {A1: ("i1",)}

    def told(kind: NoticeKind, person: str) -> Noticed:
        return Noticed(id=f"{kind}", at=datetime.now(UTC), by="task", notices=(Notice(kind.value, kind, person, items=items),))

    case.note([told(NoticeKind.LISTED, "d"), told(NoticeKind.STUCK, "m"), told(NoticeKind.ESCALATION, "c")])
    assert {person: case.has_others(person) for person in "dmc"} == {"d": False, "m": False, "c": True}
