# SPDX-License-Identifier: Apache-2.0
"""The desk over a ledger, asked for sign-offs: who is asked about what, what is stored, and what is refused and not stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from tests.unit.flows import signing_bench
from tests.unit.flows.campaign_bench import TEAM, Bench, now
from tests.unit.reviews.world import mail

from tieout.campaigns.events import SignedOff
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.case_sign_off import NOTHING
from tieout.desks.cases import Cases
from tieout.desks.desk import AIRFLOW, Member, Refused
from tieout.desks.sign_off_desk import REQUIRED_ACTION, SignOff, SignOffRequest, SignOffStored
from tieout.errors import CannotCheck


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    with signing_bench.closed_bench(tmp_path_factory.mktemp("sign_off"), repository) as made:
        yield made


class Counter:
    """Numbers documents, each once."""

    number = 100


@pytest.fixture
def sha256(bench: Bench) -> str:
    """Return the document that is asked about, another one in each test."""
    Counter.number += 1
    return signing_bench.record(bench, Counter.number)


@pytest.fixture(scope="module")
def cases(bench: Bench) -> Cases:
    """Return campaigns of which everything is read anew whenever somebody looks."""
    made = signing_bench.cases_over(bench)
    made[bench.planned.campaign].clock = count(0.0, 100.0).__next__
    return made


@pytest.fixture
def desk(cases: Cases, sha256: str) -> CampaignDesk:  # it is recorded before anybody looks
    """Return a desk."""
    return CampaignDesk(lambda: cases, lambda _: {}, now, lambda work: work())


def who(person: str, team: str = AIRFLOW) -> Member:
    return Member(team, f"U{person.upper():0<9}" if team == TEAM else mail(person), mail(person))


def said(bench: Bench, sha256: str, **changed: Any) -> SignOff:
    """Return what somebody says who was shown something."""
    document = {"text": f"what {sha256} says"}
    values: dict[str, Any] = {
        "campaign": bench.planned.campaign, "about_sha256": sha256, "approved": True, "reason": "", "interaction": f"i {sha256}",
        "acted_at": now(), "presented": document, "channel": (AIRFLOW, False),
        "presented_sha256": hashlib.sha256(rfc8785.dumps(document)).hexdigest(),
    }  # fmt: skip
    return SignOff(**(values | changed))


def standing(bench: Bench, sha256: str) -> list[SignedOff]:
    """Return what counts of a document, as a stranger reads it."""
    return [each for each in bench.ledger().state.signed_off if each.about_sha256 == sha256]


def responses(bench: Bench) -> set[str]:
    return set(bench.store.keys("responses/"))


def test_who_may_sign_is_asked_in_slack_and_on_the_page(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    for member in (who("rob"), who("rob", TEAM)):
        [asked] = desk.sign_offs(member)
        assert (asked.campaign, asked.title, asked.about_sha256) == (bench.planned.campaign, "Access review 2026-Q1", sha256)
        assert desk.sign_off_request(member, bench.planned.campaign) == asked
        assert any(sha256 in line for line in asked.lines)
        assert asked.waits


@pytest.mark.parametrize(
    "member", [who("eva"), who("nobody"), Member(TEAM, "U0ANOTHER0", mail("rob")), Member("T", "U", mail("rob"))]
)
def test_nobody_else_learns_that_anything_waits(bench: Bench, desk: CampaignDesk, sha256: str, member: Member) -> None:
    assert desk.sign_offs(member) == ()
    for campaign in (bench.planned.campaign, "another.2026-Q1"):
        assert desk.sign_off_request(member, campaign) == Refused(NOTHING)
        assert desk.sign_off(member, said(bench, sha256, campaign=campaign)) == Refused(NOTHING)
    assert standing(bench, sha256) == []


def test_a_signer_who_was_asked_in_the_review_is_told_why_and_signs_nothing(
    bench: Bench, desk: CampaignDesk, sha256: str
) -> None:
    before = responses(bench)
    assert desk.sign_offs(who("ivo")) == ()
    for found in (desk.sign_off_request(who("ivo"), bench.planned.campaign), desk.sign_off(who("ivo"), said(bench, sha256))):
        assert isinstance(found, Refused)
        assert found.reason.startswith("You were asked in this review")
    assert responses(bench) == before


def test_what_is_said_is_stored_under_the_person_with_what_they_were_shown(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    given = said(bench, sha256, reason="as discussed")
    stored = desk.sign_off(who("rob"), given)
    assert isinstance(stored, SignOffStored)
    [event] = standing(bench, sha256)
    assert (event.id, event.by, event.approved, event.reason) == (stored.response, mail("rob"), True, "as discussed")
    assert (event.channel, event.presented_sha256) == ((AIRFLOW, False), given.presented_sha256)
    [key] = [each for each in responses(bench) if given.presented_sha256 in each]
    assert json.loads(bench.store.read(key, None) or b"") == given.presented
    assert desk.sign_offs(who("rob")) == ()
    found = desk.sign_off_request(who("rob"), bench.planned.campaign)
    assert isinstance(found, SignOffRequest)
    assert found.standing is not None
    assert (found.waits, found.standing.response) == (False, stored.response)


def test_the_same_said_many_times_at_once_is_stored_once(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    given = said(bench, sha256)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: desk.sign_off(who("rob"), given), range(12)))
    stored = [each for each in found if isinstance(each, SignOffStored)]
    assert {each.response for each in stored} == {standing(bench, sha256)[0].id}
    assert len(standing(bench, sha256)) == 1
    assert isinstance(desk.sign_off(who("rob"), given), SignOffStored)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"about_sha256": "0" * 64}, "another document by now"),
        ({"approved": False}, "say why you return it"),
        ({"approved": False, "reason": " .,- "}, "say why you return it"),
        ({"acted_at": now().replace(year=2025)}, "had not been opened|has not been opened"),
    ],
)
def test_what_would_not_count_is_refused_and_stored_nowhere(
    bench: Bench, desk: CampaignDesk, sha256: str, changed: dict[str, Any], why: str
) -> None:
    before = responses(bench)
    found = desk.sign_off(who("rob"), said(bench, sha256, **changed))
    assert isinstance(found, Refused)
    assert any(each in found.reason for each in why.split("|")), found.reason
    assert responses(bench) == before


def test_what_is_signed_off_takes_nothing_more(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    assert isinstance(desk.sign_off(who("rob"), said(bench, sha256)), SignOffStored)
    found = desk.sign_off(who("rob"), said(bench, sha256, approved=False, reason="after all not", interaction="another"))
    assert found == Refused("It is signed off already. What is to be said against it now is said to whoever runs the program.")
    assert [each.approved for each in standing(bench, sha256)] == [True]


def test_what_is_returned_waits_again_and_may_be_approved(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    returned = desk.sign_off(who("rob"), said(bench, sha256, approved=False, reason="b2 still stands"))
    assert isinstance(returned, SignOffStored)
    [asked] = desk.sign_offs(who("rob"))
    assert asked.standing is not None
    assert (asked.waits, asked.standing.response) == (True, returned.response)
    assert isinstance(desk.sign_off(who("rob"), said(bench, sha256, interaction="again")), SignOffStored)
    assert [each.approved for each in standing(bench, sha256)] == [False, True]


def test_on_airflows_own_page_nobody_can_be_held_to_a_reason(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    given = said(bench, sha256, approved=False, channel=REQUIRED_ACTION)
    assert isinstance(desk.sign_off(who("rob"), given), SignOffStored)
    assert [each.approved for each in standing(bench, sha256)] == [False]


def test_a_hash_that_is_not_of_what_was_shown_is_stored_nowhere(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    with pytest.raises(CannotCheck, match="the hash that was carried"):
        desk.sign_off(who("rob"), said(bench, sha256, presented_sha256="0" * 64))
    assert standing(bench, sha256) == []


def test_what_another_process_stores_or_records_is_seen(bench: Bench, desk: CampaignDesk, sha256: str) -> None:
    assert [each.about_sha256 for each in desk.sign_offs(who("rob"))] == [sha256]
    signing_bench.sign(bench, "rob", sha256)
    assert desk.sign_offs(who("rob")) == ()
    Counter.number += 1
    another = signing_bench.record(bench, Counter.number)
    assert [each.about_sha256 for each in desk.sign_offs(who("rob"))] == [another]


def test_a_result_that_is_not_what_its_record_says_is_asked_of_nobody(
    bench: Bench, desk: CampaignDesk, sha256: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forged(_: object) -> str:
        return "0" * 64

    monkeypatch.setattr("tieout.flows.signing.result_sha256", forged)
    assert desk.sign_offs(who("rob")) == ()
    with pytest.raises(CannotCheck, match="got another one"):
        desk.sign_off(who("rob"), said(bench, sha256))


def test_what_was_read_a_moment_ago_is_not_read_again(bench: Bench, sha256: str) -> None:
    fresh = signing_bench.cases_over(bench)
    desk = CampaignDesk(lambda: fresh, lambda _: {}, now, lambda work: work())
    assert len(desk.sign_offs(who("rob"))) == 1
    signing_bench.sign(bench, "rob", sha256)
    assert len(desk.sign_offs(who("rob"))) == 1  # within two seconds
