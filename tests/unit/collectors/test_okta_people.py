# SPDX-License-Identifier: Apache-2.0
"""Who was active at a time that is past: nobody is left out who may have been."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.unit.collectors.okta_scene import AFTER, END, START

from tieout.collectors.okta import Account
from tieout.collectors.okta_people import left_out


@pytest.mark.parametrize(
    ("status", "created", "changed", "first", "reason"),
    [
        ("ACTIVE", START, START, None, None),
        ("ACTIVE", AFTER, AFTER, None, "created after the window's end"),
        ("ACTIVE", START, AFTER, "user.lifecycle.activate", "not active before it was let in after the window's end"),
        ("ACTIVE", START, AFTER, "user.lifecycle.deactivate", None),
        ("STAGED", START, None, None, "not taken up by its person"),
        ("PROVISIONED", START, AFTER, None, None),
        ("DEPROVISIONED", START, END, None, "deactivated or suspended before the window's end"),
        ("DEPROVISIONED", START, AFTER, "user.lifecycle.deactivate", None),
        ("DEPROVISIONED", START, None, None, None),
        ("SUSPENDED", START, END, None, "deactivated or suspended before the window's end"),
        ("LOCKED_OUT", START, AFTER, None, None),
    ],
)
def test_who_was_active(status: str, created: datetime, changed: datetime | None, first: str | None, reason: str | None) -> None:
    assert left_out(Account("a", status, created, created, changed, "E1", None, None, None, None), END, first) == reason


def test_programs_are_left_out() -> None:
    program = Account("a", "ACTIVE", START, START, START, None, None, None, "Service", None)
    assert left_out(program, END, None, ("Service",)) == "account of a program"
