# SPDX-License-Identifier: Apache-2.0
"""A project with one small review, answered by three people in Slack, of whom one has it from somebody without an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from tests.simulators.jira_tickets import PROJECT
from tests.unit.flows.review_project import CONTROL, control, drop, scope
from tests.unit.reviews.world import Row, ago, entry, person
from tieout.collectors.evidence_columns import ACCESS, ROSTER
from tieout.settings import Settings

WINDOW = "2026-Q1"
END = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
"""The quarter's last second in Berlin."""
OWNERS = [("IT Lead", "ivo"), ("Security Lead", "cleo"), ("CTO", "rob")]
MEMBERS = {name: f"U0{name.upper():0<8}" for name in ("mia", "max", "ivo", "rob")}
"""Who has an account in Slack. Eva has none: what is hers goes to Ivo, who owns the system."""
REVOKED = {"a03": "not needed in this team any more", "b2": "left finance in February"}
"""What is revoked, by account, and why."""
LATE = "b3"
"""An account that is left open until the reminder."""
SYSTEM = "idp"
_REVIEW: Row = {
    "sign_off": "CTO", "leftovers": "refuse", "reviewers": {SYSTEM: "manager"},
    "tickets": {"jira": {"connection": "tickets", "project": PROJECT}},
}  # fmt: skip


def accounts() -> list[Row]:
    """Return what is reviewed: two pages of Mia's, one account of Max's people, three of Eva's."""
    times = {"as_of": END, "read_at": END + timedelta(hours=8), "granted_at": ago(300), "last_used_at": ago(5)}
    held = [*((f"a{number:02}", "ann") for number in range(14)), ("c1", "kim"), *((f"b{number}", "pat") for number in (1, 2, 3))]
    return [entry(account, holder, "role:pay", **times) for account, holder in held]


def people() -> list[Row]:
    """Return who works here, and for whom."""
    of = {"ann": "mia", "kim": "max", "pat": "eva", **dict.fromkeys(("mia", "max", "eva", "ivo", "cleo"), "rob"), "rob": None}
    return [person(name, manager, as_of=END, read_at=END + timedelta(hours=8)) for name, manager in of.items()]


def drop_again(settings: Settings) -> None:
    """Write the entitlements as they are once the tickets are done."""
    at = datetime.now(UTC).replace(microsecond=0)
    left = [{**row, "as_of": at, "read_at": at} for row in accounts() if row["account"] not in REVOKED]
    drop(settings, f"{SYSTEM}-removal-{WINDOW}.csv", left, ACCESS)


def prepare(home: Path, repository: Path) -> None:
    """Make a copy of the project one with this review, and no other control."""
    criteria = home / "include/criteria"
    for path in (criteria / "controls").glob("*.yaml"):
        path.unlink()
    said = control(repository, _REVIEW)
    said["systems"] = [each for each in said["systems"] if each["system"] == SYSTEM]
    (criteria / "controls" / f"{CONTROL}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))
    (criteria / "scope.yaml").write_text(yaml.safe_dump(scope(OWNERS), sort_keys=False))
    (home / "drop").mkdir()
    settings = Settings(home=home, environment="test")
    drop(settings, f"{SYSTEM}-access-{WINDOW}.csv", accounts(), ACCESS)
    drop(settings, f"people-access-{WINDOW}.csv", people(), ROSTER)
