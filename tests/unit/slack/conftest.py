# SPDX-License-Identifier: Apache-2.0
"""What tests of Slack share: a scene of each test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.slack.scene import Scene, running


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return a running scene."""
    with running() as made:
        yield made
