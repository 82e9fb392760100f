# SPDX-License-Identifier: Apache-2.0
"""What tests of the pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.web.browsing import ADA, Form, World, form_in, worlds


@pytest.fixture
def world() -> Iterator[World]:
    """Return the pages over a desk in memory."""
    yield from worlds()


@pytest.fixture
def form(world: World) -> Form:
    """Return a page of Ada's, filled in and not yet submitted."""
    return form_in(world.get(ADA)).choose("keep")
