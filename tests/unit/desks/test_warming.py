# SPDX-License-Identifier: Apache-2.0
"""What a process reads when it starts: whoever comes first reads nothing but what came since; nothing keeps it from starting."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.flows.campaign_bench import TEAM, Bench, frozen_company, make_bench, make_signers, now, store_client
from tests.unit.reviews.world import mail

from tieout.desks.campaign_desk import CampaignDesk
from tieout.desks.cases import Cases
from tieout.desks.desk import Member, Page
from tieout.desks.warming import warm_up
from tieout.errors import StoreUnavailable
from tieout.evidence.keys import Scope
from tieout.evidence.store import S3Store
from tieout.flows.frozen_rows import FrozenRows


class Noting(S3Store):
    """The evidence bucket; notes the keys of all that is read."""

    def __init__(self, store: S3Store) -> None:
        super().__init__(store._client, store.bucket)
        self.keys_read: list[str] = []

    def read(self, key: str, version_id: str | None) -> bytes | None:
        self.keys_read.append(key)
        return super().read(key, version_id)

    def chunks(self, key: str, version_id: str | None = None) -> Iterator[bytes] | None:
        self.keys_read.append(key)
        return super().chunks(key, version_id)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("warming")
    with store_client() as client:
        made = make_bench(client, make_signers(folder), folder, repository, "warming")
        made.freeze(frozen_company())
        made.open()
        made.decide("ivo")
        yield made


def test_the_first_click_after_the_start_reads_no_campaign(bench: Bench) -> None:
    store = Noting(bench.store)
    cases = Cases(bench.settings, store, bench.signers[Scope.RESPONSE], now)
    desk = CampaignDesk(lambda: cases, lambda _: {}, now, lambda _: None)
    warm_up(lambda: desk).join(60)
    assert {key.partition("/")[0] for key in store.keys_read} >= {"evidence", "manifests", "responses"}
    store.keys_read.clear()
    who = Member(TEAM, "UEVA000000", mail("eva"))
    [summary] = desk.tasks(who).open
    assert isinstance(desk.page(who, summary.campaign, summary.tasks[0].assignment, None), Page)
    assert store.keys_read == []


def test_how_items_are_found_is_worked_out_at_the_start(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    rows_of = FrozenRows.shown

    def noting(rows: FrozenRows, items: Iterable[str]) -> list[dict[str, Any]]:
        shown.extend(found := list(items))
        return rows_of(rows, found)

    monkeypatch.setattr(FrozenRows, "shown", noting)
    cases = Cases(bench.settings, bench.store, bench.signers[Scope.RESPONSE], now)
    desk = CampaignDesk(lambda: cases, lambda _: {}, now, lambda _: None)
    warm_up(lambda: desk).join(60)
    [case] = cases.values()
    assert shown
    assert set(shown) <= set(case.definition.items)


def test_a_store_that_does_not_answer_is_a_line_in_the_log_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    def unavailable() -> CampaignDesk:
        msg = "s3://a-bucket/someone@example.com: no answer"
        raise StoreUnavailable(msg)

    with caplog.at_level(logging.INFO):
        warm_up(unavailable).join(10)
    assert "Campaigns were not read at the start, but for 0: StoreUnavailable" in caplog.text
    assert "someone" not in caplog.text
