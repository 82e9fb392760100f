# SPDX-License-Identifier: Apache-2.0
"""Long work says how far it is now and then, short work says nothing."""

from __future__ import annotations

import logging

import pytest

from tieout.tasks.progress import logged


def test_progress_is_logged_no_more_often_than_asked(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 5.0, 15.0, 15.0, 20.0, 31.0, 31.0])
    with caplog.at_level(logging.INFO):
        tell = logged(logging.getLogger("test.progress"), 15, lambda: next(times))
        for done in (1_000, 2_000, 3_000, 4_000):
            tell("validated", done, 10_000_000)
    said = [each.getMessage() for each in caplog.records if each.name == "test.progress"]
    assert said == ["Validated: 2,000 of 10,000,000 rows", "Validated: 4,000 of 10,000,000 rows"]
