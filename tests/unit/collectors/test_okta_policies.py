# SPDX-License-Identifier: Apache-2.0
"""What a change to a sign-in policy did, as far as the log tells."""

from __future__ import annotations

import pytest

from tieout.collectors.okta_policies import change_row, weakens


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("policy.rule.deactivate", True),
        ("policy.lifecycle.delete", True),
        ("zone.deactivate", True),
        ("system.mfa.factor.deactivate", True),
        ("policy.rule.update", None),
        ("policy.rule.add", None),
        ("zone.make_blacklist", False),
        ("policy.something.new", None),
    ],
)
def test_whether_a_change_weakens(kind: str, expected: bool | None) -> None:
    assert weakens(kind) is expected


def test_a_change_states_what_it_was_as_far_as_the_log_does() -> None:
    rule = {"id": "0pr1", "type": "PolicyRule", "displayName": "Everybody"}
    details = {"from": {"status": "ACTIVE"}, "to": {"status": "INACTIVE", "priority": 2}}
    event = {"uuid": "u", "published": "2026-03-05T10:00:00.000Z", "eventType": "policy.rule.update", "displayMessage": "Updated"}
    row = change_row({**event, "target": [{**rule, "changeDetails": details}]})
    assert row["change"] == "priority: None -> 2, status: ACTIVE -> INACTIVE"
    assert (row["actor"], row["target"]) == ("unknown", "PolicyRule Everybody")
    assert change_row(event)["change"] == "Updated"
