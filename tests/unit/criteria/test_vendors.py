# SPDX-License-Identifier: Apache-2.0
"""Subservice organisations: the days that their reports leave uncovered."""

from __future__ import annotations

import pytest
from tests.unit.criteria.axes import PERIOD

from tieout.criteria.vendors import SubserviceOrganization


def organization(*reports: tuple[str, str, str | None]) -> SubserviceOrganization:
    """Return a vendor with reports: first day, the day after, and the day after its bridge letter."""
    listed = [
        {"type": "SOC 2 Type 2", "first_day": first, "end_day": end, "bridge_letter_to": bridged}
        for first, end, bridged in reports
    ]
    said = {"id": "cloud", "name": "Cloud", "method": "carve-out", "services": "All.", "criteria": ["CC6.4"], "reports": listed}
    return SubserviceOrganization.model_validate(said)


@pytest.mark.parametrize(
    ("reports", "gaps"),
    [
        ([], [("2026-01-01", "2026-07-01")]),
        ([("2025-10-01", "2026-10-01", None)], []),
        ([("2025-10-01", "2026-04-01", "2026-07-01")], []),
        ([("2025-10-01", "2026-04-01", "2026-06-30")], [("2026-06-30", "2026-07-01")]),
        ([("2025-10-01", "2026-04-01", "2026-02-01")], [("2026-04-01", "2026-07-01")]),  # a letter adds days, it takes none away
        ([("2026-05-01", "2027-05-01", None), ("2025-01-01", "2026-03-01", None)], [("2026-03-01", "2026-05-01")]),
        ([("2026-01-02", "2026-06-01", None)], [("2026-01-01", "2026-01-02"), ("2026-06-01", "2026-07-01")]),
        ([("2026-07-01", "2027-07-01", None)], [("2026-01-01", "2026-07-01")]),
    ],
)
def test_days_that_no_report_or_bridge_letter_covers_are_uncovered(
    reports: list[tuple[str, str, str | None]], gaps: list[tuple[str, str]]
) -> None:
    found = organization(*reports).uncovered(PERIOD)
    assert [(str(first), str(end)) for first, end in found] == gaps
