# SPDX-License-Identifier: Apache-2.0
"""Campaigns as a bucket has them: found by where their opening stands, loaded from what was sealed, and only under our root."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.flows.campaign_bench import PERIOD, WINDOW, Bench, retention
from tests.unit.flows.review_project import CONTROL

from tieout.campaigns.items import row_sha256
from tieout.campaigns.ledger import Opened
from tieout.campaigns.statements import opening_key
from tieout.errors import CannotCheck, ConfigurationError, LandingConflict, VerificationError
from tieout.evidence.layout import Place
from tieout.evidence.store import S3Store
from tieout.files import file_sha256
from tieout.flows.campaigns import Campaigns, campaign_of, load
from tieout.flows.frozen_rows import agreed

PLACE = Place(PERIOD, CONTROL, WINDOW)


def put_over(bench: Bench, key: str, data: bytes) -> None:
    """Write something else over what stands under a key."""
    bench.client.put_object(Bucket=bench.settings.evidence_bucket, Key=key, Body=data)


def test_a_campaign_is_found_by_where_its_opening_stands(bench: Bench) -> None:
    found = bench.campaigns.find()
    assert list(found) == [f"{CONTROL}.{WINDOW}"] == [bench.planned.campaign] == [campaign_of(CONTROL, WINDOW)]
    opened = found[bench.planned.campaign]
    assert (opened.key, opened.by) == (opening_key(PLACE, bench.planned.campaign), "test open")
    assert bench.campaigns.of(PLACE) == opened == bench.campaigns.named(opened.campaign)
    assert bench.campaigns.of(replace(PLACE, window="2026-Q2")) is None
    with pytest.raises(ConfigurationError, match=rf"no campaign 'other' was opened. Campaigns there: {opened.campaign}\."):
        bench.campaigns.named("other")


def test_before_anything_is_opened_there_is_none(make: Callable[..., Bench]) -> None:
    bench = make()
    assert bench.campaigns.find() == {}
    with pytest.raises(ConfigurationError, match="Campaigns there: none"):
        bench.campaigns.named(bench.planned.campaign)


def test_what_was_found_and_loaded_is_not_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    campaigns = bench.campaigns
    loaded = campaigns.load(campaigns.named(bench.planned.campaign))
    calls: list[str] = []
    for name in ("chunks", "read"):
        monkeypatch.setattr(S3Store, name, lambda _, key, *__: calls.append(key))
    assert campaigns.load(campaigns.named(bench.planned.campaign)) is loaded
    assert calls == []


def test_what_it_asks_is_what_the_landed_rows_say(bench: Bench) -> None:
    loaded = bench.loaded()
    definition, rows = loaded.definition, loaded.rows
    assert [each.system for each in definition.populations] == ["bank", "erp", "idp"]
    assert rows.table.num_rows == len(definition.items) == 6
    for item, asked in definition.items.items():
        row = rows.row(item)
        assert (row["item"], row_sha256(row)) == (item, asked.row_sha256)
        assert row["reviewer"] in {each.person for each in definition.assignments_of_item[item]}
    some = list(definition.items)[2:4]
    assert [row["item"] for row in rows.some(some, ("item", "account"))] == some
    with pytest.raises(KeyError):
        rows.row("0" * 20)
    request = agreed(rows, "request")
    assert request is not None
    assert request["parameters"]["dormant_days"] == 90


def test_what_two_landings_say_otherwise_is_not_agreed(bench: Bench) -> None:
    rows = bench.loaded().rows
    first, *others = rows.manifests
    other = replace(first, predicate={**first.predicate, "ipe": {**first.predicate["ipe"], "request": None}})
    assert agreed(replace(rows, manifests=(other, *others)), "request") is None
    assert agreed(replace(rows, manifests=()), "request") is None


def test_without_a_root_nothing_is_believed_and_under_another_nothing_is_either(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match=r"^TIEOUT_ROOT_FINGERPRINT: expected the fingerprint of the root key"):
        Campaigns(replace(bench.settings, root_fingerprint=""), bench.store)
    with pytest.raises(CannotCheck, match="expected root"):
        Campaigns(replace(bench.settings, root_fingerprint="0" * 64), bench.store)


def test_an_opening_that_is_not_as_it_was_signed_opens_nothing(
    make: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    key = opening_key(PLACE, bench.planned.campaign)
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "x"
        path.write_bytes(b"{}")
        bench.store.put_locked(key, path, file_sha256(path), retention())
    assert bench.campaigns.find() == {}
    assert "is left out" in caplog.text
    with pytest.raises(VerificationError):
        bench.open()


@pytest.mark.parametrize("prefix", ["manifests/", "evidence/review_item/"])
def test_what_was_written_over_a_landing_later_is_not_read(bench: Bench, prefix: str) -> None:
    before = bench.loaded()
    for key in bench.store.keys(prefix):
        if "items-" in key:
            put_over(bench, key, b"something else")
    assert bench.loaded().definition == before.definition


def test_a_landing_that_is_not_what_was_sealed_is_named(bench: Bench) -> None:
    opened = bench.campaigns.named(bench.planned.campaign)
    first, *others = opened.document["populations"]

    def changed(**changes: object) -> Opened:
        return replace(opened, document={**opened.document, **changes})

    with pytest.raises(
        LandingConflict, match=r"expected the object of SHA-256 0{64}, and it has another one\. Run tieout verify"
    ):
        load(bench.store, changed(populations=[{**first, "manifest_sha256": "0" * 64}, *others]))
    with pytest.raises(LandingConflict, match="it is not there"):
        load(bench.store, changed(populations=[{**first, "manifest_key": first["manifest_key"] + "x"}, *others]))
    with pytest.raises(LandingConflict, match="expected items and assignments of SHA-256"):
        load(bench.store, changed(populations=others))
    for malformed in ({"populations": None}, {"populations": [{"x": 1}]}, {"kind": "policy"}, {"kind": None}):
        with pytest.raises(CannotCheck, match="expected a campaign"):
            load(bench.store, changed(**malformed))


def test_a_control_whose_file_is_broken_is_left_out_and_others_are_found(bench: Bench) -> None:
    (bench.settings.controls_folder / "cc1_1_broken.yaml").write_text("kind: nonsense\n")
    assert list(bench.campaigns.find()) == [bench.planned.campaign]
