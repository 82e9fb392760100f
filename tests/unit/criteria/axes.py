# SPDX-License-Identifier: Apache-2.0
"""Controls, scopes, landings and records made by hand, for the tests of the two axes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tieout.criteria.catalogue import Catalogue
from tieout.criteria.controls import Control
from tieout.criteria.extractions import EventCounts, ExtractionState, LandedExtraction, Noted
from tieout.criteria.periods import ObservationPeriod, WindowKind, window
from tieout.criteria.scope import Scope
from tieout.criteria.standing import Standing, stand

UTC_ZONE = ZoneInfo("UTC")
SYSTEM = "idp"
PERIOD = ObservationPeriod(id="2026-H1", type=2, first_day=date(2026, 1, 1), end_day=date(2026, 7, 1))
AFTER = datetime(2026, 9, 1, tzinfo=UTC)
"""A time at which every window of the period is past its grace."""
MONTHS = [f"2026-{month:02}" for month in range(1, 7)]
Shown = tuple[tuple[str, date], ...]


def noon(day: date) -> datetime:
    """Return noon of a day, UTC."""
    return datetime.combine(day, time(12), tzinfo=UTC)


def frequency(every: str = "monthly", **said: Any) -> dict[str, Any]:
    """Return a control's frequency, as its file states it."""
    return {"every": every, **said}


def make_control(every: str = "monthly", window: str = "monthly", **changed: Any) -> Control:
    """Return a control that serves CC6.2 and reads one system.

    Args:
        every: What makes it be performed again.
        window: Kind of its windows.
        changed: Keys of a control file that differ; ``frequency`` adds to how often it is performed, ``criteria`` and ``systems``
            are names, ``since`` the days on which its statements take effect.
    """
    said = {"every": every, **changed.pop("frequency", {})}
    since = changed.pop("since", (date(2020, 1, 1),))
    mapped = [
        {"criterion": name, "points_of_focus": [f"{name}-POF1"], "rationale": "It does.", "mapping": "proposed"}
        for name in changed.pop("criteria", ("CC6.2",))
    ]
    systems = [{"system": name, "collector": "object_drop"} for name in changed.pop("systems", (SYSTEM,))]
    file = {
        "kind": "access_review",
        "title": "Access is reviewed",
        "owner": "IT Lead",
        "statements": [
            {"version": number, "effective_from": day, "text": f"Wording {number}."} for number, day in enumerate(since, start=1)
        ],
        "criteria": mapped,
        "nature": "manual",
        "operation": "detective",
        "performer": "IT Lead",
        "reviewer": "Security Lead",
        "risk_ids": ["R-1"],
        "control_frequency": said,
        "extraction_schedule": {"window": window, "grace_days": 7},
        "evidence_type": "account_review.v1",
        "population": {"unit": "one decision", "inclusion_date_field": "decided_at", "exclusions": "none"},
        "systems": systems,
        **changed,
    }
    return Control.model_validate(file)


def make_scope(**changed: Any) -> Scope:
    """Return a scope with Security alone, in UTC, unless told otherwise."""
    return Scope.model_validate({"system_name": "Shop", "time_zone": "UTC", "observation_periods": [PERIOD], **changed})


def make_catalogue() -> Catalogue:
    """Return a catalogue of two criteria; CC6.2 has four points of focus, the last about privacy alone."""
    words = {"name": "Access", "summary": "Who needs it has it."}
    point = {"origin": "x", "system_level": True, "changed_2022": "unchanged"}
    points = [
        {"id": f"CC6.2-POF{number}", "summary": f"Point {number}.", "scope": scope, **point}
        for number, scope in enumerate(("all", "tsc", "all", "privacy"), start=1)
    ]
    edition = {"title": "t", "edition": "e", "notice": "n", "fields": {}, "criteria_count": 2, "points_of_focus_count": 4}
    return Catalogue.model_validate(
        {
            "catalog": edition,
            "categories": [],
            "series": [{"id": "CC6", "category": "security", "name": "Access"}],
            "criteria": [
                {"id": "CC6.2", "category": "security", "series": "CC6", **words, "points_of_focus": points},
                {"id": "P1.1", "category": "privacy", "series": "P1", **words, "points_of_focus": []},
            ],
        }
    )


def landing(
    key: str,
    shown: Shown = (),
    *,
    kind: WindowKind = WindowKind.MONTHLY,
    zone: ZoneInfo = UTC_ZONE,
    rows: int | None = None,
    after: timedelta = timedelta(days=1),
    events: EventCounts | None = None,
    **changed: Any,
) -> LandedExtraction:
    """Return a landing of a window that shows performances, by name and day, or counts events; it has landed a day after its end.

    Args:
        key: Its window.
        shown: Performances that its rows show.
        kind: Of the window.
        zone: The program's.
        rows: How many; by default as many as it shows or counts.
        after: How long after the window's end it landed.
        events: What it counts.
        changed: Other fields.
    """
    target = window(kind, key, zone)
    counted = 0 if events is None else events.on_time + events.late + events.not_performed + events.pending
    values: dict[str, Any] = {
        "window": key,
        "system": SYSTEM,
        "start": target.start,
        "end": target.end,
        "state": ExtractionState.IN_WINDOW if after <= timedelta(days=7) else ExtractionState.LATER,
        "lag_seconds": int(after.total_seconds()),
        "rows": max(len(shown), counted) if rows is None else rows,
        "landed_at": target.end + after,
        "statement_version": 1,
        "observation_period": "2026-H1",
        "performances": shown,
        "events": events,
        **changed,
    }
    values.setdefault("landing", f"{values['system']}-{key}")
    values.setdefault("manifest_key", f"manifests/observation_period={values['observation_period']}/{values['landing']}.json")
    return LandedExtraction(**values)


def note(kind: str, key: str, *, system: str = SYSTEM, at: datetime = AFTER, reason: str = "Because.", **facts: Any) -> Noted:
    """Return what a record says."""
    return Noted(kind, system, key, at, f"manifests/record-{kind}-{key}.json", reason, facts)


def standing(
    control: Control,
    *landed: LandedExtraction,
    scope: Scope | None = None,
    noted: tuple[Noted, ...] = (),
    now: datetime = AFTER,
    established: datetime | None = None,
    period: ObservationPeriod = PERIOD,
) -> Standing:
    """Work out where a control stands; nothing counts that landed or was noted later."""
    return stand(
        "cc6_2_access_review",
        control,
        scope or make_scope(),
        period,
        [each for each in landed if each.landed_at <= now],
        [each for each in noted if each.at <= now],
        established,
        now,
    )


def states(found: Standing, system: str = SYSTEM) -> dict[str, str]:
    """Return the state of each performance of a system."""
    return {each.key: each.state.value for each in found.performances if each.system == system}


def each_month(*days: int) -> list[LandedExtraction]:
    """Return the landings of the first months of 2026, each with one performance on a day of the month; 0 for none."""
    return [
        landing(key, ((f"R-{number}", date(2026, number, day)),) if day else ())
        for number, (key, day) in enumerate(zip(MONTHS, days, strict=False), start=1)
    ]
