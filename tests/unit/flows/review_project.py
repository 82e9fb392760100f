# SPDX-License-Identifier: Apache-2.0
"""A project with one control that reviews access, whose lists are dropped as CSV files."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from tieout.collectors.evidence_columns import ACCESS
from tieout.collectors.hr_roster import COLUMNS
from tieout.settings import Settings
from tieout.times import instant

CONTROL = "cc6_2_user_access_review"
SYSTEMS = ("idp", "erp", "bank")
OWNERS = {"idp": "IT Lead", "erp": "Finance Lead", "bank": "Finance Lead"}
TOXIC = "include/criteria/toxic_combinations.yaml"
Row = Mapping[str, Any]


def make_project(folder: Path, repository: Path, review: Row | None = None, owners: Iterable[tuple[str, str]] = ()) -> Settings:
    """Write the project: the shipped contracts, a control with a review, and a scope in which some people hold some roles.

    Args:
        folder: Where; nothing stands there yet.
        repository: The repository's folder.
        review: What the control's review says besides its roster.
        owners: Roles, each with the name of somebody who holds it.
    """
    criteria = folder / "include/criteria"
    for name in ("evidence_schemas", "criteria/schemas"):
        shutil.copytree(repository / "include" / name, folder / "include" / name)
    for name in ("tsc_2017_rev2022.yaml", "assessments"):
        source = repository / "include/criteria" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, criteria / name)
    (criteria / "controls").mkdir()
    (folder / "drop").mkdir()
    (criteria / "controls" / f"{CONTROL}.yaml").write_text(yaml.safe_dump(control(repository, review or {}), sort_keys=False))
    (criteria / "scope.yaml").write_text(yaml.safe_dump(scope(owners), sort_keys=False))
    return Settings(home=folder, environment="test")


def control(repository: Path, review: Row) -> dict[str, Any]:
    """Return the shipped control of access reviews, answered by people; its lists are dropped."""
    said: dict[str, Any] = yaml.safe_load((repository / f"include/criteria/controls/{CONTROL}.yaml").read_text())
    people = {"drop": {"path": "drop", "pattern": "people-{window}.csv"}}
    asked = {"due": {"days": 10, "count": "business"}, "removal": {"days": 5, "count": "business"}}
    said |= {
        "evidence_type": "account_review.v2",
        "review": {"roster": {"system": "people", "collector": "hr_roster", "parameters": people}, **asked, **review},
        "systems": [
            {"system": name, "collector": "object_drop", "parameters": {"path": "drop", "pattern": f"{name}-{{window}}.csv"}}
            for name in SYSTEMS
        ],
    }
    said["control_frequency"] |= {"performed_field": "signed_off_at"}
    said["population"] |= {"inclusion_date_field": "as_of"}
    return said


def scope(owners: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return a scope of two periods, in Berlin."""
    periods = (("2025-H2", "2025-07-01", "2026-01-01"), ("2026-H1", "2026-01-01", "2026-07-01"))
    named = {**OWNERS, "people": "People Lead"}
    return {
        "system_name": "Shop",
        "time_zone": "Europe/Berlin",
        "observation_periods": [{"id": name, "type": 2, "first_day": first, "end_day": end} for name, first, end in periods],
        "owners": [{"role": role, "email": f"{name}@example.com"} for role, name in owners],
        "systems": [{"system": name, "name": name, "owner": owner} for name, owner in named.items()],
    }


def drop(settings: Settings, name: str, rows: Iterable[Row], columns: Iterable[str]) -> None:
    """Write a file as somebody drops it."""
    with (settings.home / "drop" / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names := list(columns))
        writer.writerows([_text(row[name]) for name in names] for row in rows)


def drop_access(settings: Settings, window: str, rows: Iterable[Row]) -> None:
    """Write the entitlements of every system for a window's key."""
    listed = list(rows)
    for system in SYSTEMS:
        drop(settings, f"{system}-{window}.csv", [row for row in listed if row["system"] == system], ACCESS)


def drop_people(settings: Settings, window: str, rows: Iterable[Row]) -> None:
    """Write the people for a window's key."""
    drop(settings, f"people-{window}.csv", rows, (*COLUMNS, "as_of"))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
