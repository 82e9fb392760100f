# SPDX-License-Identifier: Apache-2.0
"""The desk over the ledgers of campaigns: what people are shown is what the bucket says, and what they say stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from tests.simulators.memory_s3 import memory_s3
from tests.simulators.slack import TEAM, Person
from tests.unit.campaigns.scene import A1, B1, C2, ITEMS, Signers
from tests.unit.evidence.signed_copy import key_list_of, listed
from tests.unit.slack.desk_bench import NOW, OPENED, REVIEW, USERS, Bench, who
from tests.unit.slack.scene import running

from tieout.campaigns.ledger import Ledger
from tieout.campaigns.leftovers import Closing, close
from tieout.desks.desk import AIRFLOW, Decision, Member, Page, Posted, Refused, Stored, Task
from tieout.desks.refusals import NOT_GIVEN
from tieout.evidence.keys import Scope, generate_key
from tieout.evidence.layout import Class, class_of
from tieout.evidence.store import S3Store
from tieout.slack.blocks.page import presented

_NUMBERS = count()


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    """Return keys that have been valid for some days."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: generate_key(folder / f"{name}.pem") for name in ("landing", "response", "stranger")}
    since = datetime.now(UTC) - timedelta(days=90)
    entries = [listed(made[name], Scope(name), valid_from=since) for name in ("landing", "response")]
    return Signers(**made, key_list=key_list_of("0" * 64, *entries))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a store without buckets; making one takes a third of a second."""
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


@pytest.fixture
def store(client: Any) -> S3Store:
    """Return an evidence bucket of the test's own."""
    bucket = f"evidence-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return S3Store(client, bucket)


@pytest.fixture
def bench(store: S3Store, signers: Signers) -> Bench:
    """Return a campaign that was opened."""
    return Bench(store, signers, REVIEW)


def page_of(bench: Bench, person: str, assignment: str, after: str | None = None) -> Page:
    """Return a page that somebody may see."""
    found = bench.desk.page(who(person), REVIEW.campaign, assignment, after)
    assert isinstance(found, Page), found
    return found


def test_an_answer_stands_signed_in_the_bucket_with_what_was_shown_before_it(bench: Bench) -> None:
    stored = bench.answer("a", A1, [("1", "keep"), ("2", "revoke")])
    assert isinstance(stored, Stored)
    assert (stored.now, stored.task.answered, stored.task.open) == (True, 2, 1)
    [said] = bench.responses()
    assert (said["person"], said["channel"]) == ("a", {"kind": "slack", "signature_checked": True})
    assert said["answer"]["measured"] == {"dwell_ms": 1200, "batch": 4}
    key = next(each for each in bench.store.keys("responses/") if class_of(each) is Class.PRESENTED)
    assert said["presented_sha256"] in key
    assert "Somebody" not in (bench.store.read(key, None) or b"").decode()
    fresh = Ledger(REVIEW, bench.store, bench.signers.key_list)
    fresh.refresh()
    assert fresh.state.progress(A1).decided == 2


def test_the_same_interaction_many_times_at_once_stands_once(bench: Bench) -> None:
    with ThreadPoolExecutor(10) as pool:
        stored = list(pool.map(lambda _: bench.answer("a", A1, [("1", "keep")]), range(30)))
    assert [each.now for each in stored if isinstance(each, Stored)].count(True) == 1
    assert len({each.response for each in stored if isinstance(each, Stored)}) == 1
    assert len(bench.responses()) == 1


def test_pages_hold_what_is_open_in_its_order_and_end_with_the_task(bench: Bench) -> None:
    page = page_of(bench, "a", A1)
    assert [(place, item.id) for place, item in page.items] == [(1, "i1"), (2, "i2"), (3, "i3")]
    assert [(choice.id, choice.needs_reason) for choice in page.choices] == [("keep", False), ("revoke", True), ("change", True)]
    bench.answer("a", A1, [("2", "keep")])
    assert [item.id for _, item in page_of(bench, "a", A1, after="i1").items] == ["i3"]
    end = bench.desk.page(who("a"), REVIEW.campaign, A1, "i3")
    assert isinstance(end, Task)
    assert (end.answered, end.open, end.done_at) == (1, 2, None)


def test_a_page_is_shown_again_after_it_was_answered(bench: Bench) -> None:
    before = bench.desk.shown(who("a"), REVIEW.campaign, A1, ["i3", "i1"])
    bench.answer("a", A1, [("1", "keep"), ("3", "keep")])
    after = bench.desk.shown(who("a"), REVIEW.campaign, A1, ["i1", "i3"])
    assert isinstance(before, Page)
    assert isinstance(after, Page)
    assert presented(before, 1) == presented(after, 1)


@pytest.mark.parametrize(
    ("person", "assignment", "digit", "word"),
    [
        ("b", A1, "1", NOT_GIVEN),
        ("c", B1, "4", "yourself"),
        ("c", B1, "5", "Two people"),
        ("a", "1-0000000000000000", "1", NOT_GIVEN),
        ("a", A1, "4", "not part of"),
    ],
)
def test_what_is_not_theirs_is_neither_shown_nor_stored(
    person: str, assignment: str, digit: str, word: str, bench: Bench
) -> None:
    shown = bench.desk.shown(who(person), REVIEW.campaign, assignment, [f"i{digit}"])
    assert isinstance(shown, Refused)
    assert word in shown.reason
    assert isinstance(bench.answer(person, assignment, [(digit, "keep")]), Refused)
    assert list(bench.store.keys("responses/")) == []


@pytest.mark.parametrize("changes", [{"campaign": "other"}, {"assignment": C2}], ids=str)
def test_another_campaign_or_assignment_stores_nothing(changes: dict[str, Any], bench: Bench) -> None:
    assert isinstance(bench.answer("a", A1, [("1", "keep")], **changes), Refused)
    assert list(bench.store.keys("responses/")) == []


def test_a_row_that_is_not_the_frozen_one_and_a_reason_that_is_missing_store_nothing(bench: Bench) -> None:
    for decision in (
        Decision("i1", "0" * 64, "keep"),
        Decision("i1", ITEMS["i1"].row_sha256, "revoke"),
        Decision("i1", "x", "certify"),
    ):
        assert isinstance(bench.answer("a", A1, [("1", "keep")], decisions=(decision,)), Refused)
    assert list(bench.store.keys("responses/")) == []


def test_another_slack_account_than_the_pinned_one_is_nobody(bench: Bench) -> None:
    stranger = who("a", "U0NEWACC01")
    assert bench.desk.summary(stranger, REVIEW.campaign) is None
    assert isinstance(bench.desk.page(stranger, REVIEW.campaign, A1, None), Refused)
    assert bench.desk.tasks(stranger).open == ()
    assert bench.desk.contacts(stranger, REVIEW.campaign) == ()
    at_airflow = Member(AIRFLOW, "7", "a")
    assert isinstance(bench.desk.page(at_airflow, REVIEW.campaign, A1, None), Page)
    assert bench.desk.summary(Member(AIRFLOW, "7", "nobody"), REVIEW.campaign) is None


def test_what_came_to_somebody_is_theirs_to_see_and_to_answer(bench: Bench) -> None:
    bench.say(bench.story.reassign("b", B1, "e", "6", at=OPENED + timedelta(minutes=1)))
    summary = bench.desk.summary(who("e"), REVIEW.campaign)
    assert summary is not None
    assert [(task.assignment, task.open) for task in summary.tasks] == [(B1, 1)]
    assert isinstance(bench.answer("e", B1, [("6", "keep")]), Stored)
    done = bench.desk.tasks(who("e"))
    assert (done.open, [(task.assignment, task.answered) for task in done.history]) == ((), [(B1, 1)])
    assert [item.id for _, item in page_of(bench, "b", B1).items] == ["i4", "i5"]


def test_a_closed_campaign_says_so_and_takes_nothing(bench: Bench) -> None:
    for person, assignment, digits in (("a", A1, "123"), ("b", B1, "456"), ("c", C2, "56")):
        assert isinstance(bench.answer(person, assignment, [(digit, "keep") for digit in digits]), Stored)
    closing = close(REVIEW, bench.case.ledger.state, NOW)
    assert isinstance(closing, Closing)
    bench.writer.close(closing, "task")
    bench.clock += 60
    late = bench.answer("a", A1, [("1", "revoke")])
    assert isinstance(late, Refused)
    assert late.reason.startswith("It was closed on")
    assert len(bench.responses()) == 3
    summary = bench.desk.summary(who("a"), REVIEW.campaign)
    assert summary is not None
    assert summary.closed == late.reason
    assert isinstance(bench.desk.page(who("a"), REVIEW.campaign, A1, None), Refused)
    assert [task.answered for task in bench.desk.tasks(who("a")).history] == [3]


def test_an_assignment_is_read_again_only_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    listings: list[str] = []
    versions = S3Store.versions
    monkeypatch.setattr(S3Store, "versions", lambda self, prefix: listings.append(prefix) or versions(self, prefix))
    page_of(bench, "a", A1)
    first = len(listings)
    page_of(bench, "a", A1)
    assert len(listings) == first > 0
    bench.clock += 60
    page_of(bench, "a", A1)
    assert len(listings) == 2 * first


def test_managers_of_the_program_answer_questions(bench: Bench) -> None:
    assert bench.desk.contacts(who("a"), REVIEW.campaign) == (who("m"),)
    assert bench.desk.names(["a"]) == {"a": "Somebody"}


def test_a_review_from_message_to_receipt_over_http_stands_in_the_bucket(bench: Bench) -> None:
    persons = {"owner@acme.example": "a", "manager@acme.example": "m"}
    with running(bench.desk, person_of=lambda address: persons.get(address, address)) as scene:  # type: ignore[arg-type]
        from tieout.slack.notices import Pin as Account
        from tieout.slack.notices import send_summary

        summary = bench.desk.summary(who("a"), REVIEW.campaign)
        assert summary is not None
        sent = send_summary(scene.front.sender, Account(TEAM, USERS["a"]), summary)
        assert isinstance(sent, Posted)
        bench.posted["a"] = sent
        owner: Person = scene.person(USERS["a"])
        assert (
            owner.review(owner.messages[0], lambda item, _: ("revoke", "left the team") if item == "i2" else ("keep", None)) == 1
        )
        scene.settle()
        assert "All done" in owner.messages[0].text
        assert scene.slack.wrong == scene.slack.views.problems == []
    [said] = bench.responses()
    assert [(line["item"], line["decision"]) for line in said["answer"]["decisions"]] == [
        ("i1", "keep"),
        ("i2", "revoke"),
        ("i3", "keep"),
    ]
