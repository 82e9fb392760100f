# SPDX-License-Identifier: Apache-2.0
"""Every seeded fault of a company's changes on GitHub is a rule not met, and nothing else is; what is not whole is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.faults.scene import OneConnection
from tests.simulators.company import PERIOD, Company, Kind
from tests.simulators.github import TOKEN, Github
from tests.simulators.known import CHANGES, known_faults
from tests.simulators.vendor import Reply, Request, Server, serving
from tests.unit.collectors.frames import FrameFactory, staged_rows
from tests.unit.collectors.rules import not_met

from tieout.collectors.extraction import Extraction, Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.github_history import NOT_ON_CHAIN
from tieout.contracts.odcs import Contract, load_contract
from tieout.errors import ConfigurationError, ContractError

AFTER = datetime(2026, 7, 20, tzinfo=UTC)
SHOP = {"organization": "shop", "repository": "storefront"}
CHECKS = {"required_checks": ["build", "lint", "test"]}


@pytest.fixture(scope="module")
def company() -> Company:
    """Return a company with every fault."""
    return Company(*PERIOD, people=40, changes=60, pages=20)


@pytest.fixture
def server(company: Company) -> Iterator[Server]:
    """Return GitHub, with the company's organization."""
    with serving(Github(company)) as running:
        yield running


@pytest.fixture(scope="module")
def contract(repository: Path) -> Contract:
    """Return the contract of reviewed changes."""
    return load_contract(repository / "include" / "evidence_schemas" / "reviewed_change.v1.odcs.yaml")


def whole(frame: Frame) -> Frame:
    """Give a frame the whole period as its window."""
    frame.window = replace(frame.window, key="2026-H1", start=PERIOD[0], end=PERIOD[1])
    return frame


def read(frame: Frame, contract: Contract, url: str, now: datetime = AFTER) -> Extraction:
    """Extract the window."""
    frame.reach, frame.sleep = OneConnection(url, TOKEN), lambda _: None
    return extract(frame, contract, Inclusion("committed_at"), lambda: now, None)


def test_every_seeded_fault_and_nothing_else_is_not_met(
    frame_of: FrameFactory, company: Company, server: Server, contract: Contract
) -> None:
    frame = whole(frame_of("github_changes", **SHOP, **CHECKS))
    found = staged_rows(read(frame, contract, server.url)).to_pylist()
    expected = {(each.rule, each.row["sha"]) for each in known_faults(company) if each.control == CHANGES}
    assert {(rule, row["sha"]) for rule, row in not_met(found, contract)} == expected
    assert {kind for kind in Kind if kind.name in ("DIRECT_PUSH", "STALE_APPROVAL")} <= {each.kind for each in company.faults()}
    named = {company.change(number).sha: company.change(number).ticket for number in range(60)}
    assert {row["sha"]: row["ticket"] for row in found if row["sha"] in named} == named


def test_a_month_holds_its_changes_and_every_listed_commit_is_accounted_for(
    frame_of: FrameFactory, company: Company, server: Server, contract: Contract
) -> None:
    extraction = read(frame_of("github_changes", "2026-03", **SHOP), contract, server.url)
    rows, ipe = staged_rows(extraction), extraction.ipe
    numbers = company.numbers("change", 60, *(datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4)))
    rebased = [number for number in numbers if number % 8 == 5 and company.fault_of("change", number) is None]
    shas = {company.change(number).sha for number in numbers} | {company.sha("rebased", number) for number in rebased}
    assert set(rows["sha"].to_pylist()) == shas
    assert len(rebased) > 0
    drops = {drop.reason: drop.rows for drop in ipe.drops}
    assert drops[NOT_ON_CHAIN] > 0
    assert ipe.source_total.rows == ipe.rows_read == rows.num_rows + sum(drops.values())
    by_number = {row["pull_request"]: row for row in rows.to_pylist()}
    change = company.change(numbers[-1])
    row = by_number[str(change.pull_request)]
    assert (row["author"], row["merged_by"]) == (company.person(change.author).login, company.person(change.merger).login)
    assert (row["approvals"], row["approved_by"]) == ("1", company.person(change.reviewer).login)


def test_reviews_beyond_a_page_are_read_and_little_is_kept_by_itself(
    frame_of: FrameFactory, company: Company, server: Server, contract: Contract
) -> None:
    frame = frame_of("github_changes", "2026-01", **SHOP)
    rows = {row["pull_request"]: row for row in staged_rows(read(frame, contract, server.url)).to_pylist()}
    assert len([1 for asked, _ in server.exchanges if asked.path.endswith("/pulls/10/reviews")]) == 2
    assert (rows["10"]["approvals"], rows["10"]["approved_by_another"]) == ("1", "true")
    assert len(frame.pages) <= 7, "the answers about single pull requests are kept together"


def test_who_merged_is_not_asked_where_that_is_not_wanted(frame_of: FrameFactory, server: Server, contract: Contract) -> None:
    extraction = read(frame_of("github_changes", "2026-03", ask_merger=False, **SHOP), contract, server.url)
    assert set(staged_rows(extraction)["merged_by"].to_pylist()) == {None}
    assert any("Who merged was not asked" in each for each in extraction.ipe.source.blind_spots)


def test_a_repository_without_a_commit_in_the_window_has_no_change(
    frame_of: FrameFactory, contract: Contract, server: Server
) -> None:
    frame = frame_of("github_changes", "2026-09", days_before=0, **SHOP)
    extraction = read(frame, contract, server.url, datetime(2026, 10, 2, tzinfo=UTC))
    assert (extraction.ipe.source_total.rows, staged_rows(extraction).num_rows) == (0, 0)


def test_a_commit_that_hides_others_by_its_date_is_refused(frame_of: FrameFactory, contract: Contract, company: Company) -> None:
    hiding = company.change(55).sha

    class Backdated(Github):
        """Has a commit that is dated before everything, so that a listing by date ends above it."""

        def _commits(self, query: dict[str, str]) -> Any:
            count, of = super()._commits(query) or (0, lambda _: [])
            if "since" not in query:
                return count, of
            listed = of(range(count))
            kept = listed[: next(at for at, each in enumerate(listed) if each["sha"] == hiding)]
            return len(kept), lambda places: [kept[at] for at in places]

    with serving(Backdated(company)) as server, pytest.raises(ContractError, match="Raise parameter days_before"):
        read(frame_of("github_changes", "2026-06", **SHOP), contract, server.url)


def lacking(part: str, name: str) -> Any:
    """Return a fault that takes the last record off an answer."""

    def fault(_: int, request: Request, reply: Reply) -> None:
        if request.path.endswith(part) and "per_page=100" in request.url:
            records = reply.body[name] if name else reply.body
            if records:
                records.pop()

    return fault


@pytest.mark.parametrize(
    ("part", "name", "match"),
    [("/commits", "", "were read. A partial read is no population"), ("/check-runs", "check_runs", "states . runs of checks")],
)
def test_an_answer_that_lacks_a_record_is_refused(
    part: str, name: str, match: str, frame_of: FrameFactory, server: Server, contract: Contract
) -> None:
    server.fault = lacking(part, name)
    with pytest.raises(ContractError, match=match):
        read(frame_of("github_changes", "2026-03", **SHOP), contract, server.url)


def test_a_pull_request_that_slips_from_the_listing_is_found_by_its_commit(
    frame_of: FrameFactory, server: Server, contract: Contract
) -> None:
    before = staged_rows(read(frame_of("github_changes", "2026-03", **SHOP), contract, server.url)).to_pylist()
    server.fault = lambda _, request, reply: reply.body.clear() if request.path.endswith("storefront/pulls") else None
    found = staged_rows(read(frame_of("github_changes", "2026-03", **SHOP), contract, server.url)).to_pylist()
    assert found == before


def test_a_token_that_is_refused_says_so_and_is_not_shown(frame_of: FrameFactory, server: Server, contract: Contract) -> None:
    frame = frame_of("github_changes", "2026-03", **SHOP)
    frame.reach = OneConnection(server.url, "ghp_wrong")
    with pytest.raises(ConfigurationError, match="got HTTP 401") as refused:
        extract(frame, contract, Inclusion("committed_at"), lambda: AFTER, None)
    assert "ghp_wrong" not in str(refused.value)


def test_every_request_is_signed_and_says_which_version_it_speaks(
    frame_of: FrameFactory, server: Server, contract: Contract
) -> None:
    read(frame_of("github_changes", "2026-03", **SHOP), contract, server.url)
    asked = [request for request, _ in server.exchanges]
    assert {request.headers["accept"] for request in asked} == {"application/vnd.github+json"}
    assert {request.headers["x-github-api-version"] for request in asked} == {"2022-11-28"}
    assert {request.method for request in asked} == {"GET"}


def test_a_secondary_limit_is_waited_for(frame_of: FrameFactory, server: Server, contract: Contract) -> None:
    said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

    def fault(number: int, _: Request, reply: Reply) -> None:
        if number in (3, 9):
            reply.status, reply.raw = 403, json.dumps({"message": said}).encode()

    server.fault = fault
    extraction = read(frame_of("github_changes", "2026-03", **SHOP), contract, server.url)
    assert [(each.answer, each.count) for each in extraction.ipe.attempts] == [("HTTP 403", 2)]
    assert timedelta(seconds=extraction.ipe.attempts[0].waited_seconds) >= timedelta(minutes=2)


@pytest.mark.parametrize(
    "parameters",
    [{"organization": "shop"}, {**SHOP, "ticket_pattern": "("}, {**SHOP, "branch": "main?x"}, {**SHOP, "emergency_days": -1}],
)
def test_parameters_that_are_wrong_are_named(
    parameters: dict[str, Any], frame_of: FrameFactory, server: Server, contract: Contract
) -> None:
    with pytest.raises(ConfigurationError, match=r"parameters\."):
        read(frame_of("github_changes", "2026-03", **parameters), contract, server.url)


def test_a_pusher_without_an_account_is_named_by_the_person_id_of_the_address(
    frame_of: FrameFactory, company: Company, server: Server, contract: Contract, tmp_path: Path
) -> None:
    pushed = company.change(next(company.faults(Kind.DIRECT_PUSH)).number)
    email = company.person(pushed.author).email

    def fault(_: int, request: Request, reply: Reply) -> None:
        for each in reply.body if request.path.endswith("storefront/commits") else ():
            each["author"] = None

    server.fault = fault
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    frame = frame_of("github_changes", f"{pushed.merged_at:%Y-%m}", **SHOP)
    frame = replace(frame, settings=replace(frame.settings, identity_bucket="ids", identity_key=f"file:{key}"))
    rows = {row["sha"]: row for row in staged_rows(read(frame, contract, server.url)).to_pylist()}
    assert rows[pushed.sha]["author"] == frame.as_captured(email) != email
    assert sum(row["through_pull_request"] == "false" for row in rows.values()) == 1
