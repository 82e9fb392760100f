# SPDX-License-Identifier: Apache-2.0
"""What the collectors of Okta share: whose token it is and what it may do, and pages that can not be trusted are refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.simulators.vendor import Reply, Request
from tests.unit.collectors.okta_scene import AFTER, FACTORS, POLICIES, scene

from tieout.errors import ConfigurationError, ContractError


@pytest.mark.parametrize(
    ("roles", "proof"),
    [
        (("SUPER_ADMIN",), "it could write: its user has the roles SUPER_ADMIN, of which SUPER_ADMIN can do more"),
        ((), "its user has the roles none; each can only read"),
    ],
)
def test_what_the_token_may_do_is_said(tmp_path: Path, roles: tuple[str, ...], proof: str) -> None:
    with scene(tmp_path, people=40) as shop:
        shop.okta.roles_of_me = roles
        assert shop.extract(POLICIES).ipe.source.read_only_proof == proof


def test_a_token_that_may_not_see_its_user_proves_nothing(tmp_path: Path) -> None:
    def hide(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/api/v1/users/me":
            reply.status, reply.body = 403, {"errorCode": "E0000006", "errorSummary": "No permission", "errorCauses": []}

    with scene(tmp_path, people=40) as shop:
        shop.servers["okta"].fault = hide
        assert shop.extract(POLICIES).ipe.source.read_only_proof.startswith("none: Okta does not tell")


def test_a_refused_token_names_the_connection(tmp_path: Path) -> None:
    with scene(tmp_path, people=40) as shop:
        frame = shop.frame(POLICIES)
        frame.reach.tokens["okta"] = "revoked"  # type: ignore[attr-defined]
        with pytest.raises(ConfigurationError, match=r"HTTP 401: the credential of Airflow Connection 'okta'"):
            shop.extract(POLICIES, frame)


def test_a_cursor_that_loops_is_refused(tmp_path: Path) -> None:
    def loop(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/api/v1/users":
            reply.headers["Link"] = f'<http://{request.headers["host"]}/api/v1/users?after=7&limit=200>; rel="next"'

    with scene(tmp_path, people=40) as shop:
        shop.servers["okta"].fault = loop
        with pytest.raises(ContractError, match="the cursor loops"):
            shop.extract(FACTORS)


def test_a_page_that_is_no_list_is_refused(tmp_path: Path) -> None:
    def other(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/api/v1/users":
            reply.body = {"users": []}

    with scene(tmp_path, people=40) as shop:
        shop.servers["okta"].fault = other
        with pytest.raises(ContractError, match=r"/api/v1/users: expected a list, got dict"):
            shop.extract(FACTORS)


def test_users_that_came_meanwhile_are_found_by_the_second_count(tmp_path: Path) -> None:
    def lose(_: int, request: Request, reply: Reply) -> None:
        if request.path == "/api/v1/users" and "lastUpdated" in request.query.get("filter", ""):
            reply.body = reply.body[1:]

    with scene(tmp_path, people=40) as shop:
        shop.servers["okta"].fault = lose
        ipe = shop.extract(FACTORS).ipe
        assert (ipe.source_total.rows, ipe.second_count.rows) == (38, 39)
        assert ipe.expected_rows == ipe.rows_in_window + 1


def test_an_access_token_is_sent_as_one(tmp_path: Path) -> None:
    with scene(tmp_path, people=40) as shop:
        shop.extract(POLICIES, shop.frame(POLICIES, scheme="bearer"))
        sent = {request.headers["authorization"].partition(" ")[0] for request, _ in shop.servers["okta"].exchanges}
        assert sent == {"Bearer"}


def test_a_limit_is_waited_for_as_okta_states_it(tmp_path: Path) -> None:
    def limit(number: int, _: Request, reply: Reply) -> None:
        if number == 3:
            reply.status, reply.body = 429, {"errorCode": "E0000047", "errorSummary": "Too many requests", "errorCauses": []}
            reset = int((AFTER + timedelta(seconds=40)).timestamp())
            reply.headers |= {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}

    with scene(tmp_path, people=40) as shop:
        shop.servers["okta"].fault = limit
        frame = shop.frame(POLICIES)
        waited: list[float] = []
        frame.sleep = waited.append
        shop.extract(POLICIES, frame)
        assert waited == [40.0]
