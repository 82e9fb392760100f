# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the repository's folder, and a rule that nothing unmarked touches a server."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test under ``integration`` or ``faults`` that is not marked so: each test carries its kind."""
    for item in items:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if (folder in ("integration", "faults")) != (item.get_closest_marker("integration") is not None):
            msg = f"{item.nodeid}: tests in integration/ and faults/, and no others, are marked integration"
            raise pytest.UsageError(msg)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the repository's folder."""
    return REPOSITORY
