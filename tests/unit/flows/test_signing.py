# SPDX-License-Identifier: Apache-2.0
"""What is put before whoever signs off, who that may be, and what holds of what they said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.campaigns.scene import REVIEW, Story, told
from tests.unit.flows import signing_bench
from tests.unit.flows.campaign_bench import Bench, now
from tests.unit.reviews.world import mail

from tieout.campaigns.leftovers import Closing, close
from tieout.errors import CannotCheck, ExtractionRefused
from tieout.flows.signing import asked_about, campaign_in, holding, prepared, read_signing, required_action, signers


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    with signing_bench.closed_bench(tmp_path_factory.mktemp("signing"), repository) as made:
        yield made


def closed_story() -> Story:
    story = Story().decide_all()
    closing = close(REVIEW, told(story), story.now)
    assert isinstance(closing, Closing)
    story.close(closing)
    return story


def test_of_the_sign_offs_of_a_document_the_last_holds_and_another_document_has_its_own() -> None:
    story = closed_story()
    story.sign_off("s", approved=False)
    other = replace(story.sign_off("s"), about_sha256="b" * 64)  # type: ignore[call-arg]
    story.events[-1] = other
    last = story.sign_off("s")
    state = told(story)
    assert holding(state, "a" * 64) == last
    assert holding(state, "b" * 64) == other
    assert holding(state, "c" * 64) is None


def test_whoever_was_asked_or_decided_may_not_sign_and_nobody_may_before_the_close() -> None:
    assert signers(REVIEW, told(Story().decide_all()), now()) == ()
    story = closed_story()
    assert REVIEW.signers == ("s", "a", "d")
    assert signers(REVIEW, told(story), story.now) == ("s", "d")


def test_what_was_recorded_last_is_asked_about(bench: Bench) -> None:
    first = signing_bench.record(bench, 1)
    second = signing_bench.record(bench, 2)
    assert signing_bench.record(bench, 1) == first  # made again, it stands already
    ledger = bench.ledger()
    assert [each.sha256 for each in prepared(ledger)][-2:] == [first, second]
    found = asked_about(ledger)
    assert found is not None
    assert found.sha256 == second
    assert found.lines[0].startswith(f"Review of access {bench.planned.campaign}")


def test_a_record_that_holds_another_document_than_it_says_is_not_put_before_anybody(bench: Bench) -> None:
    signing_bench.record(bench, 3)
    ledger = bench.ledger()
    name, record = sorted(ledger.results.items(), key=lambda each: each[1].at)[-1]
    ledger.results[name] = replace(record, facts={**record.facts, "document": signing_bench.document(bench, 4)})
    with pytest.raises(CannotCheck, match="got another one"):
        prepared(ledger)


def test_a_sign_off_is_read_with_who_may_give_it(bench: Bench) -> None:
    sha256 = signing_bench.record(bench, 5)
    signing = read_signing(bench.planned, bench.campaigns, sha256)
    assert (signing.prepared.sha256, signing.holding) == (sha256, None)
    assert signing.signers(now()) == (mail("rob"),)
    response = signing_bench.sign(bench, "rob", sha256)
    signing_bench.sign(bench, "ivo", sha256, approved=False)
    signing.ledger.refresh()
    assert signing.holding is not None
    assert signing.holding.id == response


def test_a_document_that_nobody_recorded_is_refused(bench: Bench) -> None:
    with pytest.raises(ExtractionRefused, match="no result of SHA-256 0000"):
        read_signing(bench.planned, bench.campaigns, "0" * 64)


def test_where_nobody_may_sign_it_is_said_what_to_do(bench: Bench) -> None:
    sha256 = signing_bench.record(bench, 6)
    signing = read_signing(bench.planned, bench.campaigns, sha256)
    object.__setattr__(signing.ledger.definition, "signers", (mail("ivo"),))
    with pytest.raises(ExtractionRefused, match="expected somebody who may sign it off, got nobody: each of the 1") as caught:
        signing.signers(now())
    assert mail("ivo") not in str(caught.value)


def test_airflow_shows_counts_and_nothing_that_a_system_has_named(bench: Bench) -> None:
    signing_bench.record(bench, 7)
    found = asked_about(bench.ledger())
    assert found is not None
    shown = required_action(found)
    assert campaign_in(shown.subject) == bench.planned.campaign
    for expected in (found.sha256, found.record, "`idp`: 3 items: 0 change, 2 keep, 1 revoke", "1 not proven carried out"):
        assert expected in shown.body
    assert "a1" not in shown.body.replace(found.sha256, "").replace(found.record, "")
    assert required_action(found) == shown


@pytest.mark.parametrize(
    "subject", ["", "Sign off review ", "Sign off review a b", "sign off review a", "Sign off review a\n", "x"]
)
def test_other_subjects_are_none_of_ours(subject: str) -> None:
    assert campaign_in(subject) is None


def test_who_may_sign_is_reminded_on_the_reviews_days_before_the_control_is_due_and_never_before_it_was_asked(
    bench: Bench,
) -> None:
    sha256 = signing_bench.record(bench, 6)
    signing = read_signing(bench.planned, bench.campaigns, sha256)
    planned = replace(bench.planned, review=bench.planned.review.model_copy(update={"reminders": (5, 1)}))
    asked = replace(signing, planned=planned, prepared=replace(signing.prepared, at=datetime(2026, 4, 7, 9, tzinfo=UTC)))
    first, last = datetime(2026, 4, 8, 6, tzinfo=UTC), datetime(2026, 4, 14, 6, tzinfo=UTC)  # due on the 15th; 08:00 in Berlin
    second, day = timedelta(seconds=1), timedelta(days=1)
    times = [first - second, first, first + day - second, first + day, last - second, last, last + day]
    found = [asked.reminder(at) for at in times]
    assert found == [None, date(2026, 4, 8), date(2026, 4, 8), None, None, date(2026, 4, 14), None]
    later = replace(asked, prepared=replace(asked.prepared, at=first))
    assert [later.reminder(at) for at in (first, last)] == [None, date(2026, 4, 14)]
    assert replace(asked, planned=bench.planned).reminder(first) is None  # whose control names no reminders
