# SPDX-License-Identifier: Apache-2.0
"""Where a campaign stands, and what a manager of the program says in it: what would not count is refused and not stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.flows.campaign_bench import Bench, mail, now

from tieout.campaigns.definition import Schedule
from tieout.campaigns.events import Covered, Reassigned
from tieout.campaigns.state import Phase
from tieout.errors import ConfigurationError
from tieout.evidence.keys import Scope
from tieout.evidence.layout import Class, class_of
from tieout.flows.campaign_manager import Manager, manager
from tieout.flows.campaign_standing import Standing, standing_of


def standing(bench: Bench) -> Standing:
    campaigns = bench.campaigns
    return standing_of(campaigns, campaigns.named(bench.planned.campaign), now())


def as_(bench: Bench, person: str) -> Manager:
    return manager(standing(bench), bench.campaigns, mail(person), now)


def assignment_of(bench: Bench, person: str) -> str:
    [found] = bench.loaded().definition.assignments_of_person[mail(person)]
    return found.id


def responses(bench: Bench) -> list[str]:
    return [key for key in bench.store.keys("responses/") if class_of(key) is Class.RESPONSE]


def test_the_document_of_a_campaign_counts_everything(bench: Bench) -> None:
    bench.poke()
    bench.decide("ivo", "revoke", most=1)
    said = standing(bench).as_document()
    assert json.loads(json.dumps(said)) == said
    assert (said["phase"], said["items"], said["decisions"], said["outcomes"]) == (
        "open", 6, {"awaited": 6, "open": 5}, {"revoke": 1},
    )  # fmt: skip
    mine = {each["person"]: each for each in said["assignments"]}
    assert (mine[mail("ivo")]["open"], mine[mail("ivo")]["open_with"]) == (1, {mail("ivo"): 1})
    assert said["notices"] == {"invitation": 3}
    assert (said["over"], said["overdue"], said["unread"], said["refused"]) == (None, False, [], {})
    assert "5 of 6 decisions are open" in said["waiting"][0]


def test_a_closed_campaign_says_since_when_and_waits_for_nothing(bench: Bench) -> None:
    for person in ("ivo", "eva", "max"):
        bench.decide(person)
    bench.poke()
    said = standing(bench).as_document()
    assert (said["phase"], said["over"]["by"], said["waiting"], said["outcomes"]) == ("closed", "test poke", [], {"keep": 6})


def test_what_should_have_been_decided_by_now_is_overdue(make: Callable[..., Bench]) -> None:
    bench, at = make(), now().replace(microsecond=0)
    bench.open(schedule=Schedule(at - timedelta(days=3), at - timedelta(days=1)))
    assert standing(bench).is_overdue


def test_a_manager_gives_items_to_somebody_else(bench: Bench) -> None:
    stored = as_(bench, "cleo").reassign(bench.signers[Scope.RESPONSE], assignment_of(bench, "ivo"), mail("max"), None, "away")
    assert isinstance(stored.event, Reassigned)
    assert (stored.stored_now, stored.event.channel) == (True, ("command line", False))
    assert bench.ledger().state.open_items(mail("ivo"), now()) == ()
    assert len(bench.ledger().state.open_items(mail("max"), now())) == 3


@pytest.mark.parametrize(
    ("by", "to", "why"),
    [
        ("eva", "max", "the item is not the person's to answer"),
        ("cleo", "nobody", "the campaign knows no such person"),
    ],
)
def test_what_would_not_count_is_refused_and_not_stored(bench: Bench, by: str, to: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=f"it would not count, and nothing was stored: {why}"):
        as_(bench, by).reassign(bench.signers[Scope.RESPONSE], assignment_of(bench, "ivo"), mail(to), None, "away")
    assert responses(bench) == []


def test_nobody_is_given_what_is_about_himself(bench: Bench) -> None:
    row = next(row for row in bench.loaded().rows.table.to_pylist() if row["account"] == "a1")
    assignment = assignment_of(bench, "ivo")
    ann_is_unknown = pytest.raises(ConfigurationError, match="knows no such person")
    with ann_is_unknown:
        as_(bench, "cleo").reassign(bench.signers[Scope.RESPONSE], assignment, row["holder"], (row["item"],), "away")
    mias = next(row for row in bench.loaded().rows.table.to_pylist() if row["account"] == "c1")
    with pytest.raises(ConfigurationError, match="the item is about the person"):
        as_(bench, "cleo").reassign(bench.signers[Scope.RESPONSE], assignment_of(bench, "eva"), mail("mia"), (mias["item"],), "x")


def test_a_cover_is_entered_and_withdrawn(bench: Bench) -> None:
    between = (now() - timedelta(minutes=1), now() + timedelta(days=2))
    signer = bench.signers[Scope.RESPONSE]
    stored = as_(bench, "rob").cover(signer, mail("ivo"), mail("mia"), between, None, "on leave")
    assert isinstance(stored.event, Covered)
    assert [each.instead_of for each in bench.ledger().state.open_items(mail("mia"), now())] == [mail("ivo")] * 2
    [cover] = standing(bench).as_document()["covers"]
    assert (cover["id"], cover["withdrawn"]) == (stored.event.id, False)
    with pytest.raises(ConfigurationError, match="only the person, or a manager of the program"):
        as_(bench, "eva").withdraw(signer, stored.event.id, "back")
    as_(bench, "ivo").withdraw(signer, stored.event.id, "back")
    assert bench.ledger().state.open_items(mail("mia"), now()) == ()
    with pytest.raises(ConfigurationError, match="there is no such cover"):
        as_(bench, "ivo").withdraw(signer, stored.event.id, "back again")


def test_the_same_said_twice_at_the_same_state_is_stored_once(bench: Bench) -> None:
    who, assignment = as_(bench, "cleo"), assignment_of(bench, "ivo")
    signer = bench.signers[Scope.RESPONSE]
    first = who.reassign(signer, assignment, mail("max"), None, "away")
    again = who.reassign(signer, assignment, mail("max"), None, "away")
    assert (first.stored_now, again.stored_now, first.key == again.key) == (True, False, True)
    as_(bench, "cleo").reassign(signer, assignment, mail("rob"), None, "not him")
    back = as_(bench, "cleo").reassign(signer, assignment, mail("max"), None, "away")
    assert back.stored_now
    assert len(responses(bench)) == 3


def test_a_campaign_is_cancelled_once_and_not_when_it_is_closed(bench: Bench) -> None:
    signer = bench.signers[Scope.LANDING]
    assert as_(bench, "cleo").cancel(signer, "the wrong list").written_now
    assert not as_(bench, "rob").cancel(signer, "again").written_now
    said = standing(bench).as_document()
    assert (said["phase"], said["over"]["by"]) == ("cancelled", mail("cleo"))
    with pytest.raises(ConfigurationError, match="the campaign was cancelled"):
        as_(bench, "cleo").reassign(bench.signers[Scope.RESPONSE], assignment_of(bench, "ivo"), mail("max"), None, "away")


def test_what_is_closed_can_not_be_cancelled(bench: Bench) -> None:
    for person in ("ivo", "eva", "max"):
        bench.decide(person)
    assert bench.poke().phase is Phase.CLOSED
    with pytest.raises(ConfigurationError, match="it is closed, and can not be cancelled"):
        as_(bench, "cleo").cancel(bench.signers[Scope.LANDING], "too late")
