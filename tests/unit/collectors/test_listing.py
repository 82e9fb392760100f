# SPDX-License-Identifier: Apache-2.0
"""Collectors told from their source text are those that can be imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tieout.collectors.extraction import find_collector
from tieout.collectors.listing import collector_names, missing_collector


def test_each_listed_collector_can_be_found() -> None:
    assert {"csv_merges", "object_drop", "git_merges"} <= set(collector_names())
    assert all(find_collector(name) for name in collector_names())
    assert [missing_collector(name) for name in collector_names()] == [""] * len(collector_names())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("csv_record", "there is no module tieout/collectors/csv_record.py"),
        ("frame", "tieout/collectors/frame.py has no function 'collect'"),
    ],
)
def test_what_is_no_collector_is_told_why(name: str, why: str) -> None:
    assert missing_collector(name) == why


def test_listing_imports_no_collector() -> None:
    probe = (
        "import sys; from tieout.collectors.listing import collector_names; collector_names(); print('pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
