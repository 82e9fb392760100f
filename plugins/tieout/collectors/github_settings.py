# SPDX-License-Identifier: Apache-2.0
"""Settings of a branch's protection on GitHub, each held against what it is to be: rules without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_PROTECTED = "Branch not protected"
"""What GitHub says, with status 404, of a branch without protection; of one that the token may not see it says ``Not Found``."""
_ABSENT = "not protected"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings are to be: approvals, whether a code owner's, checks (empty: any), and who may go past the reviews."""

    reviews: int
    code_owners: bool
    checks: Sequence[str]
    may_bypass: Sequence[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, what it is to be, what it is, and whether that will do."""

    name: str
    expected: str
    observed: str
    is_met: bool

    def row(self) -> dict[str, str | None]:
        """Return it as columns of a configuration check."""
        return {"setting": self.name, "expected": self.expected, "observed": self.observed, "compliant": _word(self.is_met)}


def settings_of(protection: Mapping[str, Any] | None, wanted: Wanted) -> list[Setting]:
    """Return the settings of a protection.

    Args:
        protection: GitHub's answer; ``None`` where the branch has none: then no expectation is met.
        wanted: What they are to be.
    """
    known = protection or {}
    reviews = known.get("required_pull_request_reviews") or {}
    checks = [str(each["context"]) for each in (known.get("required_status_checks") or {}).get("checks", ())]
    count = reviews.get("required_approving_review_count", 0)
    bypass = actors(reviews.get("bypass_pull_request_allowances") or {})
    found = [
        Setting("branch_protection", "true", _word(protection is not None), protection is not None),
        Setting("required_approving_review_count", f"at least {wanted.reviews}", str(count), count >= wanted.reviews),
        _switch("dismiss_stale_reviews", True, reviews.get("dismiss_stale_reviews", False)),
        _switch("enforce_admins", True, _enabled(known, "enforce_admins")),
        _switch("allow_force_pushes", False, _enabled(known, "allow_force_pushes")),
        _switch("allow_deletions", False, _enabled(known, "allow_deletions")),
        Setting(
            "required_status_checks",
            ", ".join(wanted.checks) or "at least one",
            ", ".join(checks) or "none",
            bool(checks) and set(wanted.checks) <= set(checks),
        ),
        Setting(
            "bypass_pull_request_allowances",
            f"none but {', '.join(wanted.may_bypass)}" if wanted.may_bypass else "none",
            f"{len(bypass)}: {', '.join(bypass)}" if bypass else "none",
            set(bypass) <= set(wanted.may_bypass),
        ),
    ]
    if wanted.code_owners:
        found.append(_switch("require_code_owner_reviews", True, reviews.get("require_code_owner_reviews", False)))
    if protection is not None:
        return found
    return [found[0], *(Setting(each.name, each.expected, _ABSENT, False) for each in found[1:])]


def actors(allowances: Mapping[str, Any]) -> list[str]:
    """Return who is allowed something: accounts by name, teams and apps with what they are."""
    return [
        *(str(user["login"]) for user in allowances.get("users", ())),
        *(f"team:{team['slug']}" for team in allowances.get("teams", ())),
        *(f"app:{app['slug']}" for app in allowances.get("apps", ())),
    ]


def _enabled(protection: Mapping[str, Any], name: str) -> bool:
    return bool((protection.get(name) or {}).get("enabled", False))


def _switch(name: str, wanted: bool, value: bool) -> Setting:
    return Setting(name, _word(wanted), _word(value), value is wanted)


def _word(value: bool) -> str:
    return "true" if value else "false"
