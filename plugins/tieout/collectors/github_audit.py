# SPDX-License-Identifier: Apache-2.0
"""Changes to the protection of a repository's branches, and what went past it, from the organization's audit log on GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pyarrow as pa
from pydantic import Field

from tieout.collectors.evidence_columns import EVENT
from tieout.collectors.frame import Frame
from tieout.collectors.github import NO_NAME, Github
from tieout.collectors.github_events import row_of
from tieout.collectors.github_parameters import RepositoryParameters
from tieout.collectors.row_tables import row_tables
from tieout.errors import ExtractionRefused
from tieout.times import instant

BLIND_SPOTS = (
    "Only organizations on GitHub Enterprise Cloud have this interface.",
    "The log knows of no approvals. Where changes to settings are approved, a ticket or a change record shows it.",
    "An event states the value that was set, and seldom the one before.",
    "Events of rulesets and of branches of all names are in it; those of the organization's own settings are not.",
    NO_NAME,
)


class Parameters(RepositoryParameters):
    """What the control's YAML says."""

    categories: tuple[str, ...] = ("protected_branch", "repository_ruleset", "required_status_check")
    """Of events, as GitHub names them before the dot."""
    retention_days: int = Field(default=180, ge=1)
    """So long GitHub keeps events."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Read the window's events, oldest first, and count them again from the newest.

    Raises:
        ConfigurationError: A parameter is wrong, or the token may not read the log.
        ContractError: The log changed while it was read.
        ExtractionRefused: The window began before the oldest event that GitHub keeps.
    """
    asked = frame.parameters(Parameters)
    _refuse_forgotten(frame, asked.retention_days)
    path, github = f"/orgs/{asked.organization}/audit-log", Github(frame, asked)
    bounds = "..".join(instant(time).replace(".000000Z", "+00:00") for time in (frame.window.start, frame.window.end))
    phrases = [f"repo:{asked.name} action:{category} created:{bounds}" for category in asked.categories]
    total = sum(1 for phrase in phrases for _ in github.records(path, phrase=phrase, include="web", order="desc"))
    query = {"phrase": "; ".join(phrases), "include": "web", "order": "asc"}
    github.state(path, f"GET {path}, once for each category", query, (*BLIND_SPOTS, f"Kept for {asked.retention_days} days."))
    github.count_again(total, "events, counted once more from the newest")
    events = (each for phrase in phrases for each in github.records(path, phrase=phrase, include="web", order="asc"))
    yield from row_tables((row_of(event) for event in events), EVENT)


def _refuse_forgotten(frame: Frame, days: int) -> None:
    """Refuse a window of which GitHub has forgotten a part.

    Raises:
        ExtractionRefused: It began before the oldest event that GitHub keeps.
    """
    age = frame.clock() - frame.window.start
    if age > timedelta(days=days):
        msg = (
            f"window {frame.window.key!r}: began {age.days} days ago, and the audit log of system {frame.source.system!r} keeps "
            f"{days}. What was logged before can not be read any more; the window stays on record as not extracted."
        )
        raise ExtractionRefused(msg)
