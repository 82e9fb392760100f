# SPDX-License-Identifier: Apache-2.0
"""Tells what an event of Okta's system log did to the settings that protect signing in."""

from __future__ import annotations

from typing import Any

_WEAKENS: dict[str, bool | None] = {
    "policy.lifecycle.create": None,
    "policy.lifecycle.update": None,
    "policy.lifecycle.overwrite": None,
    "policy.lifecycle.activate": None,
    "policy.lifecycle.deactivate": True,
    "policy.lifecycle.delete": True,
    "policy.rule.add": None,
    "policy.rule.update": None,
    "policy.rule.activate": None,
    "policy.rule.deactivate": True,
    "policy.rule.delete": True,
    "policy.rule.invalidate": True,
    "zone.create": None,
    "zone.update": None,
    "zone.activate": None,
    "zone.deactivate": True,
    "zone.delete": True,
    "zone.make_blacklist": False,
    "zone.remove_blacklist": True,
    "application.policy.sign_on.update": None,
    "application.policy.sign_on.rule.create": None,
    "application.policy.sign_on.rule.delete": True,
    "system.mfa.factor.activate": False,
    "system.mfa.factor.deactivate": True,
}
"""Whether a kind takes protection away. A new rule may let in whom another one kept out: that is not determinable."""
KINDS = tuple(sorted(_WEAKENS))
"""Kinds of events that are changes to settings; that a policy was evaluated at a sign-in is none."""


def weakens(kind: str) -> bool | None:
    """Return whether a kind of event takes protection away; ``None`` where the kind alone does not tell."""
    return _WEAKENS.get(kind)


def change_row(event: dict[str, Any]) -> dict[str, str | None]:
    """Return an event as a row."""
    actor, found = event.get("actor") or {}, weakens(event["eventType"])
    targets = [f"{each.get('type')} {each.get('displayName') or each.get('id')}" for each in event.get("target") or ()]
    details = [_text(each.get("changeDetails")) for each in event.get("target") or ()]
    return {
        "event_id": event["uuid"],
        "occurred_at": event["published"],
        "actor": actor.get("alternateId") or actor.get("displayName") or actor.get("id") or "unknown",
        "action": event["eventType"],
        "target": ", ".join(targets) or "unknown",
        "change": "; ".join(filter(None, details)) or event.get("displayMessage"),
        "weakens": None if found is None else str(found).lower(),
        "approver": None,
        "approved_at": None,
        "self_approved": None,
        "reference": (event.get("transaction") or {}).get("id"),
    }


def _text(details: dict[str, Any] | None) -> str | None:
    """Return what a target was changed from and to, where the log says so."""
    if not details:
        return None
    before, after = details.get("from") or {}, details.get("to") or {}
    names = sorted({*before, *after})
    return ", ".join(f"{name}: {before.get(name)} -> {after.get(name)}" for name in names) or None
