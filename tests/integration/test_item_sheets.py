# SPDX-License-Identifier: Apache-2.0
"""Item sheets of a real bucket: the row, each rule as a fact, the raw record with its hash, and what is not available."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.stack import CONTROL, Store, merge, write_csv
from tieout.criteria.scope import load_scope
from tieout.evidence.sources import Bucket
from tieout.flows.item_sheets import NOT_AVAILABLE, ItemSheet, item_sheets
from tieout.flows.sealed_population import period_population
from tieout.flows.trusted import trust

pytestmark = pytest.mark.integration
SYSTEM = "shop_csv"


@pytest.fixture(scope="module")
def sheets(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> list[ItemSheet]:
    """Return the sheets of three numbers: a row in order, one without a pull request, and one that is not there."""
    folder = tmp_path_factory.mktemp("drops")
    rows = [merge(1, "2026-03-02"), merge(2, "2026-03-03", pr=""), merge(3, "2026-03-04")]
    own_store.land(SYSTEM, "2026-03", path=str(write_csv(folder / "march.csv", rows)))
    auditor = own_store.bucket("auditor")
    [period] = [each for each in load_scope(own_store.settings.scope_file).observation_periods if each.id == "2026-H1"]
    with tempfile.TemporaryDirectory() as work:
        population = period_population(own_store.settings, CONTROL, SYSTEM, period, auditor, Path(work))
    return list(
        item_sheets(trust(Bucket(auditor), own_store.root), population, (1, 2, 99), repository / "include/evidence_schemas")
    )


def test_each_number_has_a_sheet_in_the_order_that_was_asked(sheets: list[ItemSheet]) -> None:
    assert [(each.number, each.outcome) for each in sheets] == [(1, "intact"), (2, "intact"), (99, NOT_AVAILABLE)]
    assert (sheets[2].facts, sheets[2].attributes, sheets[2].trace) == ({}, (), None), "nothing takes its place"


def test_attributes_are_facts_of_the_rules(sheets: list[ItemSheet]) -> None:
    met, not_met = ({each.rule: each for each in sheet.attributes} for sheet in sheets[:2])
    assert met.keys() == not_met.keys()
    assert (met["pull_request_referenced"].result, met["pull_request_referenced"].reason) == ("met", None)
    assert not_met["pull_request_referenced"].result == "not met"
    assert not_met["pull_request_referenced"].reason
    assert not_met["pull_request_referenced"].name == "A pull request is referenced"


def test_the_raw_record_is_there_with_its_hash_and_personal_columns_are_marked(sheets: list[ItemSheet]) -> None:
    sheet = sheets[0]
    assert sheet.facts["sha"] == f"{1:040x}"
    assert {"author", "committer"} <= sheet.personal
    assert sheet.trace is not None
    [page] = [step for step in sheet.trace.steps if step.name == "raw page"]
    assert len(page.facts["SHA-256"]) == 64
    assert any(f"{1:040x}" in str(value) for value in page.facts.values())
