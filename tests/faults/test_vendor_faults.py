# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong at a vendor, in the vendor's own words: nothing partial lands as complete, and no raw page is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import vendors
from tests.stack import Store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def library(store: Store, repository: Path) -> Store:
    """Return the shared store, with the library's controls instead of the one that the stack has."""
    return replace(store, settings=replace(store.settings, home=repository))


@pytest.mark.parametrize("row", vendors.TABLE, ids=lambda row: f"{row.vendor}: {row.name}")
def test_a_fault_of_a_vendor(library: Store, row: vendors.Row) -> None:
    outcome = vendors.outcome_of(library, row)
    assert (outcome.landed_rows is not None) is row.lands, outcome.message
    said = ", ".join(f"{each['answer']} x{each['count']}" for each in outcome.attempts) if row.lands else outcome.message
    assert row.says in said
    assert row.lands or outcome.kept_pages == outcome.captured_pages > 0
