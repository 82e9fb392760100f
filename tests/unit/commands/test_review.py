# SPDX-License-Identifier: Apache-2.0
"""``tieout review``: what it prints of campaigns, and what a manager of the program says with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.unit.flows.campaign_bench import Bench, frozen_company, make_bench, make_signers, now, store_client
from tests.unit.reviews.world import mail

from tieout.campaigns.state import Phase
from tieout.cli import main
from tieout.evidence.keys import DocumentSigner, Scope

_NUMBERS = count()


@dataclass
class Typed:
    """A review, and somebody who types commands."""

    bench: Bench
    env: dict[str, str]

    @property
    def campaign(self) -> str:
        return self.bench.planned.campaign

    def run(self, *arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, ["review", *arguments], env=self.env)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    def assignment(self, person: str) -> str:
        [found] = self.bench.loaded().definition.assignments_of_person[mail(person)]
        return found.id


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def signers(keys: Path) -> dict[Scope, DocumentSigner]:
    return make_signers(keys)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with store_client() as made:
        yield made


@pytest.fixture
def typed(client: Any, signers: dict[Scope, DocumentSigner], keys: Path, tmp_path: Path, repository: Path) -> Typed:
    bench = make_bench(client, signers, tmp_path, repository, f"commands-{next(_NUMBERS)}")
    bench.freeze(frozen_company())
    env = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "TIEOUT_HOME": str(bench.settings.home), "TIEOUT_EVIDENCE_BUCKET": bench.settings.evidence_bucket,
        "TIEOUT_ROOT_FINGERPRINT": bench.settings.root_fingerprint,
        "TIEOUT_LANDING_KEY": f"file2:{keys / 'landing.pem'}", "TIEOUT_RESPONSE_KEY": f"file2:{keys / 'response.pem'}",
    }  # fmt: skip
    return Typed(bench, env)


def test_campaigns_are_listed_with_how_far_they_are(typed: Typed) -> None:
    assert "0 campaigns, 0 overdue" in typed.run("list").output
    typed.bench.open()
    typed.bench.decide("ivo")
    assert f"{typed.campaign}  open       2 of 6 decided  due " in typed.run("list").output
    [listed] = json.loads(typed.run("list", "--json").stdout)["campaigns"]
    assert (listed["campaign"], listed["decisions"], listed["overdue"]) == (typed.campaign, {"awaited": 6, "open": 4}, False)
    assert "assignments" not in listed


def test_the_status_names_who_has_what_open_and_why_it_is_not_closed(typed: Typed) -> None:
    typed.bench.open()
    typed.bench.poke()
    typed.bench.decide("eva", "revoke", most=2)
    said = typed.run("status", typed.campaign).output
    for part in (
        "outcomes: revoke 2", "4 of 6 decisions are open, due ", f"{typed.assignment('ivo')}  {mail('ivo')}  2 of 2 open, with",
        "owner of idp (IT Lead)", "notices: invitation 3",
    ):  # fmt: skip
        assert part in said
    document = json.loads(typed.run("status", typed.campaign, "--json").stdout)
    assert document["definition_sha256"] == typed.bench.loaded().definition.sha256
    assert "no campaign 'other' was opened" in typed.run("status", "other", code=1).output


def test_items_are_given_to_somebody_else_and_back(typed: Typed) -> None:
    typed.bench.open()
    arguments = ("reassign", typed.campaign, typed.assignment("ivo"), "--to", "Max@Example.com", "--reason", "away")
    done = typed.run(*arguments, "--by", mail("cleo"))
    assert done.output.startswith("recorded: responses/")
    assert len(typed.bench.ledger().state.open_items(mail("max"), now())) == 3
    refused = typed.run(*arguments, "--by", mail("eva"), code=1)
    assert "it would not count, and nothing was stored: the item is not the person's to answer (2 times)" in refused.output
    item = typed.bench.loaded().definition.assignments[typed.assignment("ivo")].items[0]
    back = ("reassign", typed.campaign, typed.assignment("ivo"), "--to", mail("ivo"), "--item", item, "--reason", "back")
    typed.run(*back, "--by", mail("max"))
    assert [each.item for each in typed.bench.ledger().state.open_items(mail("ivo"), now())] == [item]


def test_a_cover_is_entered_shown_and_withdrawn(typed: Typed) -> None:
    typed.bench.open()
    entered = ("cover", typed.campaign, mail("ivo"), "--stand-in", mail("mia"), "--until", "2027-01-31", "--reason", "on leave")
    typed.run(*entered, "--by", mail("ivo"))
    [cover] = json.loads(typed.run("status", typed.campaign, "--json").stdout)["covers"]
    assert (cover["person"], cover["stand_in"], cover["until"]) == (mail("ivo"), mail("mia"), "2027-01-31T23:00:00.000000Z")
    assert (
        f"cover {cover['id']}  {mail('mia')} for {mail('ivo')} until 2027-01-31T23:00"
        in typed.run("status", typed.campaign).output
    )
    assert len(typed.bench.ledger().state.open_items(mail("mia"), now())) == 2
    typed.run("withdraw", typed.campaign, cover["id"], "--reason", "back", "--by", mail("ivo"))
    assert typed.bench.ledger().state.open_items(mail("mia"), now()) == ()
    assert "(withdrawn)" in typed.run("status", typed.campaign).output


def test_who_has_left_is_recorded_once_and_only_where_it_says_something(typed: Typed) -> None:
    typed.bench.open()
    arguments = ("left", typed.campaign, "Ivo@Example.com", "--reason", "left on 1 April", "--by", "people lead")
    assert typed.run(*arguments).output.startswith("recorded: manifests/")
    assert typed.run(*arguments).output.startswith("stands already: manifests/")
    assert f"left: {mail('ivo')}" in typed.run("status", typed.campaign).output
    strange = typed.run("left", typed.campaign, "nobody@example.com", "--reason", "x", code=1).output
    assert "expected somebody who has a part in it" in strange
    assert "nobody@" not in strange
    typed.run("cancel", typed.campaign, "--reason", "x")
    assert "it is cancelled, and nobody is asked" in typed.run(*arguments, code=1).output


def test_a_campaign_is_cancelled_with_who_and_why(typed: Typed) -> None:
    typed.bench.open()
    done = typed.run("cancel", typed.campaign, "--reason", "the wrong list", "--by", "security lead")
    assert done.output.startswith("recorded: manifests/")
    assert "stands already" in typed.run("cancel", typed.campaign, "--reason", "again", "--by", "x").output
    cancelled = typed.bench.ledger().state.cancelled
    assert cancelled is not None
    assert (cancelled.by, cancelled.reason) == ("security lead", "the wrong list")
    assert "cancelled" in typed.run("list").output
    assert typed.bench.poke().phase is Phase.CANCELLED


def test_what_is_said_needs_a_key_and_a_root(typed: Typed) -> None:
    typed.bench.open()
    arguments = ("reassign", typed.campaign, typed.assignment("ivo"), "--to", mail("max"), "--reason", "x", "--by", mail("cleo"))
    typed.env["TIEOUT_RESPONSE_KEY"] = ""
    assert "signing key: expected file2:" in typed.run(*arguments, code=1).output
    typed.env["TIEOUT_ROOT_FINGERPRINT"] = ""
    assert "TIEOUT_ROOT_FINGERPRINT: expected the fingerprint" in typed.run("list", code=1).output


def test_text_of_others_can_not_steer_a_terminal(typed: Typed) -> None:
    typed.bench.open()
    typed.run("cancel", typed.campaign, "--reason", "x", "--by", "\x1b[31mred")
    assert "\x1b" not in typed.run("status", typed.campaign).output
