# SPDX-License-Identifier: Apache-2.0
"""A small program in a project folder: a few controls of the library, on drops and over a period that a test states."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

LIBRARY = Path(__file__).parents[1] / "include" / "criteria" / "controls"


@dataclass
class Entry:
    """One row of a source: what it says, from when on the source shows it, and when it is gone again."""

    values: dict[str, str]
    shown_from: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    gone_from: datetime = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Program:
    """Controls and scope of a project folder, and the rows of each source over time."""

    home: Path
    first_day: date
    end_day: date
    entries: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    period: str = "simulated"
    more_periods: list[tuple[str, date, date]] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    @property
    def controls(self) -> Path:
        """The controls' folder."""
        return self.home / "include" / "criteria" / "controls"

    def month(self, number: int) -> date:
        """Return the first day of a month of the period, counted from 0."""
        months = self.first_day.year * 12 + self.first_day.month - 1 + number
        return date(months // 12, months % 12 + 1, 1)

    def key(self, number: int) -> str:
        """Return the window's key of a month of the period."""
        return f"{self.month(number):%Y-%m}"

    def keep(self, *controls: str) -> None:
        """Have these controls of the library, each extracted monthly from drops, and write the scope around them."""
        for path in self.controls.glob("*.yaml"):
            path.unlink()
        for control in controls:
            shutil.copy(LIBRARY / f"{control}.yaml", self.controls)
        systems = set()
        for control in controls:
            said = self.read(control)
            said["extraction_schedule"] = {"window": "monthly", "time": "06:00", "grace_days": 7}
            said["statements"] = [{"version": 1, "effective_from": "2020-01-01", "text": said["statements"][0]["text"]}]
            said["systems"] = [source for source in said["systems"] if source["collector"] != "git_merges"]
            said.pop("reconciliations", None)  # the other side may not be kept
            for source in said["systems"]:
                source["parameters"]["path"] = f"drop/{control}.{source['system']}.csv"
                self.entries[control, source["system"]] = []
                systems.add(source["system"])
            self.write(control, said)
        self.write_scope(sorted(systems))

    def write_scope(self, systems: list[str]) -> None:
        """Write the scope: the period, Security, these systems."""
        periods = [(self.period, self.first_day, self.end_day), *self.more_periods]
        said = {
            "system_name": "Shop",
            "time_zone": "UTC",
            "observation_periods": [
                {"id": name, "type": 2, "first_day": str(first), "end_day": str(end)} for name, first, end in periods
            ],
            "owners": [{"role": role, "email": email} for role, email in self.owners.items()],
            "categories": [{"category": "security", "effective_from": "2020-01-01"}],
            "systems": [{"system": name, "name": name, "owner": "Security Lead"} for name in systems],
        }
        (self.home / "include" / "criteria" / "scope.yaml").write_text(yaml.safe_dump(said, sort_keys=False))

    def read(self, control: str) -> dict[str, Any]:
        """Return a control's file."""
        said: dict[str, Any] = yaml.safe_load((self.controls / f"{control}.yaml").read_text())
        return said

    def write(self, control: str, said: dict[str, Any]) -> None:
        """Write a control's file."""
        (self.controls / f"{control}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))

    def columns(self, control: str) -> list[str]:
        """Return the columns of a control's drop: its contract's but ``system``."""
        evidence_type = self.read(control)["evidence_type"]
        contract = yaml.safe_load((self.home / "include" / "evidence_schemas" / f"{evidence_type}.odcs.yaml").read_text())
        derived = ("system", "committer_kind", "committer_is_author")
        return [each["name"] for each in contract["schema"][0]["properties"] if each["name"] not in derived]

    def add(self, control: str, system: str, *, shown_from: datetime | None = None, **values: str) -> Entry:
        """Add a row to a source."""
        entry = Entry(values) if shown_from is None else Entry(values, shown_from)
        self.entries[control, system].append(entry)
        return entry

    def drop(self, at: datetime) -> None:
        """Write every drop as its source shows it at an instant."""
        (self.home / "drop").mkdir(exist_ok=True)
        for (control, system), entries in self.entries.items():
            with (self.home / "drop" / f"{control}.{system}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, self.columns(control), restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(entry.values for entry in entries if entry.shown_from <= at < entry.gone_from)


def noon(day: date, days: int = 0) -> datetime:
    """Return noon, UTC, so many days after a day."""
    return datetime.combine(day, time(12), tzinfo=UTC) + timedelta(days=days)


def stamp(instant: datetime) -> str:
    """Return an instant as drops state it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def merge_values(number: int, at: datetime) -> dict[str, str]:
    """Return one merge."""
    return {
        "sha": f"{number:040x}",
        "committed_at": stamp(at),
        "authored_at": stamp(at),
        "author": "person-a@example.com",
        "committer": "person-b@example.com",
        "parents": "1",
        "pull_request": str(number),
        "change_type": "fix",
        "files_changed": "1",
        "insertions": "2",
        "deletions": "3",
    }


def leaver_values(number: int, left: datetime, done: datetime, recorded: datetime) -> dict[str, str]:
    """Return one step of one leaver."""
    return {
        "event_id": f"L-{number:03}",
        "event_type": "leave",
        "person": f"person-{number:03}@example.com",
        "worker_type": "employee",
        "event_at": stamp(left),
        "recorded_at": stamp(recorded),
        "step": "access_disabled",
        "completed_at": stamp(done),
        "approver": "person-lead@example.com",
        "reference": f"ACC-{number}",
    }


def review_values(review: str, number: int, at: datetime) -> dict[str, str]:
    """Return one decision of an access review."""
    return {
        "review_id": review,
        "account": f"usr-{number}",
        "entitlement": "engineering",
        "application": "single sign-on",
        "account_kind": "person",
        "reviewer": "person-lead@example.com",
        "decision": "keep",
        "decided_at": stamp(at),
        "reason": "works there",
        "reviewer_is_account": "false",
    }


def alert_values(number: int, at: datetime, triaged: datetime) -> dict[str, str]:
    """Return one alert."""
    return {
        "alert_id": f"AL-{number}",
        "rule": "sign-in from two countries",
        "severity": "high",
        "raised_at": stamp(at),
        "suppressed": "false",
        "triage_due_at": stamp(at + timedelta(days=1)),
        "triaged_at": stamp(triaged),
        "triaged_by": "person-lead@example.com",
        "outcome": "benign",
    }
