# SPDX-License-Identifier: Apache-2.0
"""FAB's users as persons, in a real database of FAB's: found by address and id, known to Airflow by the token made of them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tieout.local.airflow import environment, migrate
from tieout.local.stack import Stack

pytestmark = pytest.mark.integration

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PROBE = """
import asyncio, json
from airflow.api_fastapi.app import init_auth_manager
from airflow.providers.fab.auth_manager.models import User
from airflow.utils.session import create_session
from tieout.web.airflow_users import airflow_users

people = {"rob": ("Rob@Example.com", True), "ada": ("ada@example.com", False), "eve": ("eve@example.com", True)}
with create_session() as session:
    for name, (email, active) in people.items():
        session.add(User(username=name, first_name=name, last_name=name, email=email, active=active))

from airflow.providers.fab.auth_manager.models import Action, Permission, Resource, Role
from tieout.web.doctor import check_navigation

with create_session() as session:
    can = Permission(action=Action(name="can_read"), resource=Resource(name="Plugins"))
    session.add_all([Role(name="Op", permissions=[can]), Role(name="Viewer")])

def roles(**names):
    with create_session() as session:
        for name, role in names.items():
            user = session.query(User).filter_by(username=name).one()
            user.roles = [session.query(Role).filter_by(name=role).one()]
    found = check_navigation([("CTO", "ROB@example.com"), ("IT Lead", "eve@example.com"), ("CEO", "bob@example.com")])
    return [found.outcome.value, found.found]

manager = init_auth_manager()
seen = [roles(rob="Op", eve="Viewer"), roles(eve="Op")]
users = airflow_users(manager, str.lower, lambda person: person)
found = users.of("rob@example.com")
token = manager.generate_jwt(found, expiration_time_in_seconds=30)
known = asyncio.run(manager.get_user_from_token(token))
print(json.dumps({
    "assignee": users.assignee("rob@example.com"),
    "known": [known.get_id(), known.get_name()],
    "person": users.person(found.get_id()),
    "nobody": [users.of(each) for each in ("ada@example.com", "bob@example.com")],
    "unknown": [users.person(each) for each in ("999", "rob", "")],
    "seen": seen,
    "assigned": manager.is_authorized_hitl_task(assigned_users={users.assignee("rob@example.com")[0]}, user=known),
}))
"""


def test_fab_users_are_persons_by_their_address(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.installation.create(datetime.now(UTC))
    variables = environment(stack.installation, {"AIRFLOW__CORE__AUTH_MANAGER": FAB, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"})
    migrate(stack.installation, variables)
    command = [sys.executable, "-W", "ignore", "-c", PROBE]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    user_id, name = said["assignee"]
    assert (name, said["known"], said["person"]) == ("rob", [user_id, "rob"], "rob@example.com")
    assert said["nobody"] == [None, None]
    assert said["unknown"] == [None, None, None]
    assert said["assigned"] is True
    assert said["seen"] == [
        ["weaker than policy", "holders without it: IT Lead"],
        ["as expected", "2 have a user, each with it"],
    ]
