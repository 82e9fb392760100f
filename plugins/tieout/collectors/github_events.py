# SPDX-License-Identifier: Apache-2.0
"""Rows of configuration events from GitHub's audit log, and whether each takes protection away: rules without I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tieout.collectors.evidence_columns import EVENT
from tieout.collectors.github import UNKNOWN
from tieout.collectors.row_tables import Row, text
from tieout.errors import ContractError
from tieout.times import instant

WEAKENING = frozenset(
    {
        "protected_branch.destroy",
        "protected_branch.policy_override",
        "protected_branch.required_status_override",
        "protected_branch.review_policy_override",
        "protected_branch.review_policy_and_required_status_override",
        "repository_ruleset.destroy",
        "required_status_check.destroy",
    }
)
"""Protection was taken away, or somebody went past it."""
KEEPING = frozenset(
    {
        "protected_branch.create",
        "protected_branch.rejected_ref_update",
        "repository_ruleset.create",
        "required_status_check.create",
    }
)
"""Protection was added, or it held."""
_PROTECTS = {
    "protected_branch.dismiss_stale_reviews": "dismiss_stale_reviews_on_push",
    "protected_branch.update_admin_enforced": "admin_enforced",
    "protected_branch.update_linear_history_requirement_enforcement_level": "linear_history_requirement_enforcement_level",
    "protected_branch.update_pull_request_reviews_enforcement_level": "pull_request_reviews_enforcement_level",
    "protected_branch.update_require_code_owner_review": "require_code_owner_review",
    "protected_branch.update_require_last_push_approval": "require_last_push_approval",
    "protected_branch.update_required_approving_review_count": "required_approving_review_count",
    "protected_branch.update_required_status_checks_enforcement_level": "required_status_checks_enforcement_level",
    "protected_branch.update_signature_requirement_enforcement_level": "signature_requirement_enforcement_level",
    "protected_branch.update_strict_required_status_checks_policy": "strict_required_status_checks_policy",
}
"""Events that set a protection, each with the value that says how much of it there is now."""
_ALLOWS = {
    "protected_branch.update_allow_deletions_enforcement_level": "allow_deletions_enforcement_level",
    "protected_branch.update_allow_force_pushes_enforcement_level": "allow_force_pushes_enforcement_level",
}
"""Events that allow what a protection is against."""
_LEVELS = {"off": 0, "non_admins": 1, "everyone": 2}
_MOST = 2
"""Highest level of an enforcement: for everyone."""


def row_of(event: Mapping[str, Any]) -> Row:
    """Return an event as a row.

    Raises:
        ContractError: It has no id, time or action.
    """
    stamp = event.get("@timestamp", event.get("created_at"))
    if not isinstance(stamp, int) or not event.get("_document_id") or not event.get("action"):
        msg = f"audit log: expected an event with _document_id, @timestamp and action, got one with {', '.join(sorted(event))}."
        raise ContractError(msg)
    action, branch = str(event["action"]), event.get("branch") or event.get("name") or event.get("ruleset_name")
    target = f"{event.get('repo') or event.get('org') or UNKNOWN}{f'#{branch}' if branch else ''}"
    return {
        **dict.fromkeys(EVENT),
        "event_id": str(event["_document_id"]),
        "occurred_at": instant(datetime.fromtimestamp(stamp / 1000, UTC)),
        "actor": event.get("actor") or UNKNOWN,
        "action": action,
        "target": target.replace("refs/heads/", ""),
        "change": change_of(event),
        "weakens": text(weakens(event)),
        "reference": event.get("after") or event.get("pull_request_url"),
    }


def weakens(event: Mapping[str, Any]) -> bool | None:
    """Return whether an event takes protection away or went past it; ``None`` where its kind and values do not tell."""
    action = event["action"]
    if action in WEAKENING or action in KEEPING:
        return action in WEAKENING
    name = _PROTECTS.get(action) or _ALLOWS.get(action)
    level = _level(event.get(name)) if name else None
    if name is None or level is None:
        return None
    before = _level(_before(event, name))
    if action in _ALLOWS:
        return level > (before or 0)
    if before is not None:
        return level < before
    # Without the value before, only the highest level is known to be no step down.
    is_highest = isinstance(event[name], bool) or (level == _MOST and name.endswith("_enforcement_level"))
    return True if level == 0 else False if is_highest else None


def change_of(event: Mapping[str, Any]) -> str | None:
    """Return what an event set, with the value before where it states one; what was gone past, for an override."""
    name = _PROTECTS.get(event["action"]) or _ALLOWS.get(event["action"])
    if name is not None and name in event:
        before = _before(event, name)
        now = json.dumps(event[name])
        return f"{name}: {now}" if before is None else f"{name}: from {json.dumps(before)} to {now}"
    codes = event.get("overridden_codes")
    return f"went past {', '.join(map(str, codes))}" if codes else None


def _before(event: Mapping[str, Any], name: str) -> Any:
    return event.get(f"{name}_was", event.get(f"old_{name}"))


def _level(value: Any) -> int | None:
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str):
        return _LEVELS.get(value, int(value) if value.isdigit() else None)
    return None
