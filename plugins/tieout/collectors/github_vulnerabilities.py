# SPDX-License-Identifier: Apache-2.0
"""Vulnerabilities that GitHub's Dependabot sees in what a repository depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
from pydantic import Field

from tieout.collectors.evidence_columns import VULNERABILITY
from tieout.collectors.frame import Frame
from tieout.collectors.github import Github
from tieout.collectors.github_alerts import Days, row_of
from tieout.collectors.github_parameters import RepositoryParameters
from tieout.collectors.row_tables import row_tables

BLIND_SPOTS = (
    "Dependabot sees what manifests and lock files of the default branch name; what is installed otherwise appears nowhere.",
    "Alerts exist from the day on which they were switched on. Whether they still are is a setting that is not read here.",
    "fixed_at is when Dependabot saw a fixed version in the manifest, not when that was deployed.",
    "GitHub keeps no ticket with an alert: one that its dismissal names counts, else an alert that is assigned to somebody is "
    "its own ticket.",
    "A dismissal has no end: a risk that was accepted for a time shows as accepted without one.",
)


class Parameters(RepositoryParameters):
    """What the control's YAML says: days from the alert to the fix, by severity."""

    critical_days: int = Field(default=7, ge=1)
    high_days: int = Field(default=30, ge=1)
    medium_days: int = Field(default=90, ge=1)
    low_days: int = Field(default=180, ge=1)
    ticket_pattern: re.Pattern[str] = re.compile(r"[A-Z][A-Z0-9]+-\d+")


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read all alerts, oldest first, and count them again from the newest.

    Raises:
        ConfigurationError: A parameter is wrong, alerts are switched off, or the token may not read them.
        ContractError: They changed while they were read.
    """
    asked = frame.parameters(Parameters)
    path, github = f"{asked.path}/dependabot/alerts", Github(frame, asked)
    total = sum(1 for _ in github.records(path, sort="created", direction="desc"))
    days = Days(asked.critical_days, asked.high_days, asked.medium_days, asked.low_days)
    github.state(path, f"GET {path}", {"sort": "created", "direction": "asc"}, BLIND_SPOTS)
    github.count_again(total, "alerts, counted once more from the newest")
    now = frame.clock()
    alerts = github.records(path, sort="created", direction="asc")
    rows = (row_of(alert, asked.name, days, asked.ticket_pattern, now) for alert in alerts)
    yield from row_tables(rows, VULNERABILITY)
