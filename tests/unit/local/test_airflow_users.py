# SPDX-License-Identifier: Apache-2.0
"""Who has a login of the embedded Airflow: its administrator, and those who are asked anything in a review."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tieout.local.airflow import environment
from tieout.local.installation import Installation

USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
OWNERS = "owners:\n  - {role: Security Lead, email: cleo@example.com}\n  - {role: CTO, email: rob@example.com}\n"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    made.create(datetime.now(UTC))
    return made


def write_scope(installation: Installation, text: str) -> None:
    path = installation.home / "include/criteria/scope.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_who_holds_a_role_or_is_named_has_one_each_once(installation: Installation, repository: Path) -> None:
    scope = (repository / "include/criteria/scope.yaml").read_text()
    write_scope(installation, scope)
    said = environment(installation, people=["cto@example.com", "it-lead@example.com"])[USERS]
    names = ("cto", "head-of-engineering", "it-lead", "platform-lead", "security-lead")
    assert said == ",".join(["admin:admin", *(f"{name}@example.com:user" for name in names)])


@pytest.mark.parametrize("text", [None, "owners: [", OWNERS], ids=["no file", "no YAML", "no scope"])
def test_without_a_scope_file_that_can_be_read_the_administrator_alone_has_one(
    installation: Installation, text: str | None
) -> None:
    if text is not None:
        write_scope(installation, text)
    assert environment(installation)[USERS] == "admin:admin"
