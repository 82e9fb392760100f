# SPDX-License-Identifier: Apache-2.0
"""What unit tests share: the shipped contracts, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tieout.contracts.odcs import Contract, load_contract


@pytest.fixture(scope="session")
def change_record(repository: Path) -> Contract:
    """Return the shipped contract of change records."""
    return load_contract(repository / "include/evidence_schemas/change_record.v1.odcs.yaml")


@pytest.fixture(scope="session")
def rule_result(repository: Path) -> Contract:
    """Return the shipped contract of rule results."""
    return load_contract(repository / "include/evidence_schemas/rule_result.v1.odcs.yaml")
