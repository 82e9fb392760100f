# SPDX-License-Identifier: Apache-2.0
"""The desk of an installation: what was opened is there when somebody clicks, under the keys as they stand; nothing else is."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.unit.evidence.signed_copy import listed
from tests.unit.flows.campaign_bench import TEAM, Bench, frozen_company, make_bench, make_signers, now, retention, store_client
from tests.unit.reviews.world import mail

from tieout.desks import cases as module
from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.cases import ASKED_SECONDS, LISTED_SECONDS, RENEWED_SECONDS, SHOWN_FOR, Cases, open_desk
from tieout.desks.desk import Answer, Decision, Member, Page, Posted, Refused, Stored
from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.key_list import build_key_list
from tieout.evidence.keys import DocumentSigner, Scope, generate_key
from tieout.evidence.store import ObjectVersion, S3Store
from tieout.files import file_sha256
from tieout.slack.blocks.page import presented

_NUMBERS = count()


@dataclass
class Served:
    """A review, and the desk over it, whose clocks the test moves."""

    bench: Bench
    seconds: float = 0.0
    later: list[Callable[[], object]] = field(default_factory=list)
    cases: Cases = field(init=False)

    def __post_init__(self) -> None:
        signer = self.bench.signers[Scope.RESPONSE]
        self.cases = Cases(self.bench.settings, self.bench.store, signer, now, lambda: self.seconds, self.later.append)

    @property
    def desk(self) -> CampaignDesk:
        return CampaignDesk(lambda: self.cases, lambda _: {}, now, lambda work: work())

    def answer(self, person: str, choice: str = "keep") -> Stored | Refused:
        """Answer the first page of somebody."""
        who = self.who(person)
        [task] = self.desk.tasks(who).open[0].tasks
        page = self.desk.page(who, task.campaign, task.assignment, None)
        assert isinstance(page, Page)
        document, sha256 = presented(page, 1)
        lines = tuple(Decision(item.id, item.row_sha256, choice, None) for _, item in page.items)
        return self.desk.answer(
            who,
            Answer(
                campaign=task.campaign, assignment=task.assignment, decisions=lines, interaction="1", acted_at=now(), dwell_ms=5,
                presented=document, presented_sha256=sha256, channel=("slack", True), shown=len(lines),
            ),
        )  # fmt: skip

    def who(self, person: str) -> Member:
        return Member(TEAM, f"U{person.upper():0<9}", mail(person))


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[Scope, DocumentSigner]:
    return make_signers(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with store_client() as made:
        yield made


@pytest.fixture
def served(client: Any, signers: dict[Scope, DocumentSigner], tmp_path: Path, repository: Path) -> Served:
    bench = make_bench(client, signers, tmp_path, repository, f"cases-{next(_NUMBERS)}")
    bench.freeze(frozen_company())
    return Served(bench)


def test_a_campaign_that_opens_later_is_there_when_somebody_clicks(served: Served) -> None:
    campaign = served.bench.planned.campaign
    assert list(served.cases) == []
    served.bench.open()
    assert campaign not in served.cases
    served.seconds += ASKED_SECONDS
    assert served.cases[campaign].title == "Access review 2026-Q1"
    assert (list(served.cases), len(served.cases)) == ([campaign], 1)
    assert "another" not in served.cases


def test_people_see_what_is_theirs_in_words_and_answer_it(served: Served) -> None:
    served.bench.open()
    [summary] = served.desk.tasks(served.who("ivo")).open
    assert (summary.title, summary.unit, summary.tasks[0].title) == (
        "Access review 2026-Q1", "access rights", "idp: as owner of idp",
    )  # fmt: skip
    page = served.desk.page(served.who("ivo"), summary.campaign, summary.tasks[0].assignment, None)
    assert isinstance(page, Page)
    [(_, first), (_, second)] = page.items
    assert (first.title, first.holder) == ("idp: a1 has app:1 Mail", mail("ann"))
    assert dict(second.facts)["Second factor"] == "unknown"
    assert "a program's account for which nobody who works here answers" in second.flags
    assert [(choice.id, choice.label, choice.needs_reason) for choice in page.choices] == [
        ("keep", "Keep", False), ("revoke", "Revoke", True), ("change", "Change", True),
    ]  # fmt: skip
    assert isinstance(served.answer("ivo"), Stored)
    assert served.bench.ledger().state.open == 4
    assert served.desk.tasks(served.who("mia")).open == ()


def test_nobody_who_clicks_waits_for_a_look_at_what_else_there_is(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.bench.open()
    case = served.cases[served.bench.planned.campaign]
    served.seconds += LISTED_SECONDS

    def down(*_: object) -> None:
        raise StoreUnavailable("the store did not answer")

    with monkeypatch.context() as patched:
        patched.setattr(S3Store, "versions", down)
        assert served.cases[served.bench.planned.campaign] is case
        [look] = served.later
        with pytest.raises(StoreUnavailable):
            look()
    look()
    assert served.cases[served.bench.planned.campaign] is case
    assert len(served.later) == 1


def test_a_list_is_renewed_while_nobody_waits_before_it_is_too_old_to_be_whole(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.bench.open()
    campaign = served.bench.planned.campaign
    assert list(served.cases) == [campaign]
    found = served.cases._opened

    def down(*_: object) -> None:
        raise StoreUnavailable("the store did not answer")

    with monkeypatch.context() as patched:
        patched.setattr(S3Store, "versions", down)
        served.seconds += RENEWED_SECONDS - 1
        assert (list(served.cases), served.later) == ([campaign], [])
        served.seconds += 1
        assert list(served.cases) == [campaign]
        assert served.later
        served.seconds += LISTED_SECONDS - RENEWED_SECONDS
        with pytest.raises(StoreUnavailable):
            list(served.cases)
    served.seconds -= 1
    served.later[0]()
    assert served.cases._opened is not found
    found = served.cases._opened
    served.later[-1]()  # somebody else has just looked
    assert served.cases._opened is found


def test_who_knows_the_list_does_not_wait_for_somebody_who_looks(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.bench.open()
    campaign, looks, goes_on = served.bench.planned.campaign, threading.Event(), threading.Event()
    assert list(served.cases) == [campaign]
    versions = S3Store.versions

    def slow(store: S3Store, prefix: str) -> Iterator[ObjectVersion]:
        looks.set()
        assert goes_on.wait(20)
        return versions(store, prefix)

    monkeypatch.setattr(S3Store, "versions", slow)
    served.seconds += RENEWED_SECONDS
    list(served.cases)
    thread = threading.Thread(target=served.later[0])
    thread.start()
    assert looks.wait(20)
    assert list(served.cases) == [campaign]
    goes_on.set()
    thread.join(20)
    assert not thread.is_alive()


def test_what_a_new_key_has_signed_counts_once_it_is_on_the_list(served: Served, tmp_path: Path) -> None:
    bench = served.bench
    bench.open()
    assert list(served.cases) != []
    signer = generate_key(tmp_path / "new.pem")
    bench.signers = {**bench.signers, Scope.RESPONSE: signer}
    before = bench.campaigns.key_list
    keys = [*before.keys, listed(signer, Scope.RESPONSE, valid_from=now() - timedelta(minutes=10))]
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "edition"
        path.write_bytes(build_key_list(bench.signers[Scope.ROOT], keys, now(), before.genesis_sha256, before))
        bench.store.put_locked("keys/root-000002.dsse.json", path, file_sha256(path), retention())
    bench.decide("ivo")
    served.seconds += LISTED_SECONDS
    [case] = served.cases.values()
    case.refresh_whole()
    assert (case.ledger.state.open, case.ledger.state.unread) == (4, {})


def test_a_campaign_that_can_not_be_shown_is_left_out_and_named(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    served.bench.open()
    calls = []

    def broken(*_: object) -> None:
        calls.append(1)
        raise ConfigurationError("scope.yaml: line 3")

    monkeypatch.setattr(module, "showing", broken)
    assert list(served.cases) == []
    assert list(served.cases.values()) == []
    assert len(calls) == 1
    assert f"Campaign {served.bench.planned.campaign} is not shown: scope.yaml: line 3" in caplog.text


def test_a_campaign_of_long_ago_is_not_shown(served: Served) -> None:
    served.bench.open()
    served.cases._clock = lambda: now() + SHOWN_FOR + timedelta(days=1)
    assert list(served.cases) == []


def test_a_summary_stands_where_the_task_has_sent_it(served: Served) -> None:
    bench = served.bench
    bench.open()
    assert served.cases[bench.planned.campaign].summary(mail("ivo"), now()).posted is None
    bench.poke()
    served.seconds += LISTED_SECONDS
    case = served.cases[bench.planned.campaign]
    case.refresh_whole()
    posted = case.posted(mail("ivo"))
    assert posted == Posted(f"D-{mail('ivo')}", posted.ts if posted else "")
    assert case.posted(mail("mia")) is None


def test_a_staging_bucket_that_refuses_keeps_nobody_from_answering(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = served.bench
    bench.open()
    bench.poke()

    def refuse(*_: object) -> None:
        raise ConfigurationError("the store refused this identity (AccessDenied)")

    monkeypatch.setattr("tieout.campaigns.outbox.Outbox.reference", refuse)
    assert isinstance(served.answer("ivo"), Stored)


def test_without_a_root_no_desk_opens(served: Served) -> None:
    settings = replace(served.bench.settings, root_fingerprint="")
    with pytest.raises(ConfigurationError, match="TIEOUT_ROOT_FINGERPRINT"):
        open_desk(settings, served.bench.store, served.bench.signers[Scope.RESPONSE])


def test_a_desk_opens_without_the_store_and_finds_campaigns_once_it_is_there(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = served.bench
    bench.open()

    def down(*_: object) -> None:
        raise StoreUnavailable("the store did not answer")

    with monkeypatch.context() as patched:
        patched.setattr(S3Store, "versions", down)
        desk = open_desk(bench.settings, bench.store, bench.signers[Scope.RESPONSE])
        with pytest.raises(StoreUnavailable):
            desk.tasks(served.who("ivo"))
    assert len(desk.tasks(served.who("ivo")).open) == 1
    assert desk.names([mail("ivo")]) == {}
