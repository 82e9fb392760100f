# SPDX-License-Identifier: Apache-2.0
"""The lists of the shipped access review are what their generator writes, and hold what is said of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from tests.simulators.review import plan
from tests.simulators.review.files import FOLDER, samples
from tests.simulators.review.lists import Entry, entries
from tests.simulators.review.plan import DECISIONS, FORGOTTEN, OWN, SIGNER, SYSTEMS, WINDOW, carried_out, decide, reviewer
from tests.simulators.review.staff import LEADS, accounts_in_slack, mail, user_of, workers

from tieout.criteria.controls import load_control
from tieout.criteria.scope import load_scope


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a file that the generator writes."""
    return list(csv.DictReader(io.StringIO(samples()[name])))


def test_the_shipped_files_are_what_the_generator_writes(repository: Path) -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in (repository / FOLDER).iterdir()}
    assert shipped == samples()


def test_it_is_a_review_of_three_systems_and_240_accounts_by_nine_people() -> None:
    listed = entries()
    assert sorted({each.system for each in listed}) == list(SYSTEMS)
    assert len({each.key for each in listed}) == len(listed)
    assert len({each.key[:2] for each in listed}) == 240
    asked = Counter(map(reviewer, listed))
    assert len(asked) == 9
    assert SIGNER not in asked
    assert {*asked, SIGNER} == set(LEADS)
    assert [each for each in listed if reviewer(each) == each.holder] == []


def test_who_decides_and_who_signs_is_who_the_scope_and_the_control_name(repository: Path) -> None:
    scope = load_scope(repository / "include/criteria/scope.yaml")
    control = load_control(repository / f"include/criteria/controls/{plan.CONTROL}.yaml")
    assert control.review is not None
    assert {source.system: control.review.decided_by(source.system) for source in control.systems} == {
        "github": "owner", "aws": "owner", "okta": "manager",
    }  # fmt: skip
    held = {each.role: each.email for each in scope.owners}
    owners = {each.system: held[each.owner] for each in scope.systems if each.system in SYSTEMS}
    assert owners == {"github": mail("head-of-engineering"), "aws": mail("platform-lead"), "okta": mail("it-lead")}
    assert held[control.reviewer] == mail(SIGNER)


def test_everybody_who_is_asked_is_a_member_of_the_workspace_under_an_id_of_their_own() -> None:
    members = accounts_in_slack()
    assert [each.email for each in members] == [mail(name) for name in LEADS]
    assert len({user_of(name) for name in LEADS}) == len(LEADS)


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: row[1])
def test_what_is_decided_is_found_by_the_title_on_the_page(row: tuple[str, str, str]) -> None:
    assert decide(f"12. Some system: {row[1]} has {row[2]}\nHolder: somebody") == DECISIONS[row]


def test_what_is_kept_stays_and_what_is_revoked_is_gone_but_what_was_forgotten() -> None:
    first, later = entries(), {each.key: each for each in carried_out(entries())}
    gone = {each.key for each in first} - later.keys()
    assert gone == {row for row, (choice, _) in DECISIONS.items() if choice == "revoke"} - {FORGOTTEN}
    changed = [each for each in first if each.key in later and later[each.key] != each]
    assert [each.key for each in changed] == [plan.BACKUP]


def test_the_seeded_cases_stand_in_the_lists() -> None:
    people = {each["person"]: each for each in rows(f"hris-access-{WINDOW}.csv")}
    access = {
        (system, each["account"], each["entitlement"]): each
        for system in SYSTEMS
        for each in rows(f"{system}-access-{WINDOW}.csv")
    }
    by_case: dict[str, list[dict[str, str]]] = {}
    for case in plan.cases():
        by_case.setdefault(case.what, []).append(access[case.row])
    [left] = by_case["a terminated user who is still active"]
    assert (people[left["holder"]]["employment"], left["account_status"]) == ("left", "active")
    assert all(each["holder"] not in people for each in by_case["an orphan grant"])
    assert {(each["account_kind"], each["holder"]) for each in by_case["a service account without an owner"]} == {("service", "")}
    code, deploy = by_case["a toxic pair"]
    assert code["holder"] == deploy["holder"]
    assert access[OWN]["holder"] == mail("platform-lead")
    again = rows(f"github-removal-{WINDOW}.csv")
    assert [each["account"] for each in again if (each["account"], each["entitlement"]) == FORGOTTEN[1:]] == [FORGOTTEN[1]]


def test_nobody_but_the_seeded_pair_writes_code_and_deploys_it() -> None:
    def held(system: str, *words: str) -> set[str]:
        found: list[Entry] = [each for each in entries() if each.system == system]
        return {each.holder for each in found if any(word in each.entitlement.lower() for word in words)}

    pair = {case.row for case in plan.cases() if case.what == "a toxic pair"}
    both = held("github", "write", "maintain", "admin") & held("aws", "deploy")
    assert both == {each.holder for each in entries() if each.key in pair}


def test_the_roster_lists_everybody_once_with_a_manager_who_works_here() -> None:
    listed = {each.name: each for each in workers()}
    assert len(listed) == len(workers()) == len({each.number for each in workers()})
    led = [each for each in workers() if each.manager]
    assert len(led) == len(workers()) - 1
    assert all(not listed[each.manager].left_on for each in led)
