# SPDX-License-Identifier: Apache-2.0
"""What is said of the keys that answers in campaigns rely on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.flows.campaign_bench import Bench, make_bench, make_signers, now, store_client

from tieout.errors import StoreUnavailable
from tieout.flows.campaign_doctor import attempted, check_keys
from tieout.settings import Settings


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("doctor")
    with store_client() as client:
        yield make_bench(client, make_signers(folder), folder, repository, "doctor")


def outcomes(bench: Bench, settings: Settings, days: int = 0) -> list[str]:
    return [each.outcome.value for each in check_keys(settings, bench.store, now() + timedelta(days=days))]


def test_a_listed_key_under_the_stated_root_is_as_expected(bench: Bench) -> None:
    folder = bench.settings.home.parent
    settings = replace(bench.settings, response_key=f"file2:{folder / 'response.pem'}")
    assert outcomes(bench, settings) == ["as expected", "as expected"]
    assert outcomes(bench, settings, days=-400) == ["as expected", "weaker than policy"]  # not valid then
    wrong = replace(settings, response_key=f"file2:{folder / 'landing.pem'}")
    assert outcomes(bench, wrong) == ["as expected", "weaker than policy"]
    [_, found] = check_keys(wrong, bench.store, now())
    assert "of scope landing" in found.found
    assert outcomes(bench, bench.settings) == ["as expected", "weaker than policy"]  # no key is named
    assert outcomes(bench, replace(settings, root_fingerprint="0" * 64)) == ["weaker than policy"] * 2
    assert outcomes(bench, replace(settings, root_fingerprint="")) == ["weaker than policy"] * 2


def test_what_does_not_answer_can_not_be_checked() -> None:
    def attempt() -> str:
        raise StoreUnavailable

    assert attempted("x", "y", attempt).outcome.value == "cannot check"
