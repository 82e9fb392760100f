# SPDX-License-Identifier: Apache-2.0
"""The scope file."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tieout.criteria.scope import load_scope
from tieout.errors import ConfigurationError

SCOPE = """\
system_name: Shop
time_zone: America/New_York
observation_periods:
  - id: 2026-H1
    type: 2
    first_day: 2026-01-01
    end_day: 2026-07-01
  - id: 2026-H2
    type: 2
    first_day: 2026-07-01
    end_day: 2027-01-01
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a scope file."""
    path = tmp_path / "scope.yaml"
    path.write_text(SCOPE)
    return path


def test_the_scope_gives_zone_and_periods_in_order(file: Path) -> None:
    scope = load_scope(file)
    assert scope.zone == ZoneInfo("America/New_York")
    assert [period.printed() for period in scope.observation_periods] == [
        "throughout 1 January 2026 to 30 June 2026",
        "throughout 1 July 2026 to 31 December 2026",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("America/New_York", "America/NewYork", 2, "expected an IANA time zone such as 'Europe/Berlin', got"),
        ("America/New_York", "Europe", 2, "expected an IANA time zone such as 'Europe/Berlin', got 'Europe'"),
        ("America/New_York", "../../etc/passwd", 2, "expected an IANA time zone such as 'Europe/Berlin', got"),
        ("id: 2026-H2", "id: 2026-H1", 3, "two observation periods share an id"),
        ("end_day: 2026-07-01", "end_day: 2025-07-01", 4, "must come after first_day 2026-01-01"),
        (
            "    type: 2\n    first_day: 2026-07-01",
            "    type: 3\n    first_day: 2026-07-01",
            9,
            "should be 1 or 2, got 3",
        ),
        ("time_zone", "timezone", 2, "unknown key. Did you mean 'time_zone'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(file: Path, old: str, new: str, line: int, problem: str) -> None:
    file.write_text(SCOPE.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_scope(file)
    assert any(f"{file}:{line}: " in entry and problem in entry for entry in str(caught.value).splitlines())
