# SPDX-License-Identifier: Apache-2.0
"""Who decides on an item, who comes next, with what authority; and what is refused where nobody can be asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.reviews.world import REVIEW_ID, World, company, each, entry, mail, person, role, set_person, without

from tieout.campaigns.items import item_id
from tieout.errors import ExtractionRefused


def decided(world: World, folder: Path) -> tuple[str | None, str | None]:
    """Return who decides on the first account, and with what authority."""
    row = world.item(folder)
    return row["reviewer"], row["reviewer_authority"]


def test_the_manager_of_the_holder_decides_where_the_control_says_so(tmp_path: Path) -> None:
    world = company(entry(), review={"reviewers": {"idp": "manager"}})
    assert decided(world, tmp_path) == (mail("mia"), "manager of the holder")
    assert world.item(tmp_path)["reviewer_order"].split()[0] == mail("ivo")


def test_an_owner_does_not_decide_on_the_own_account(tmp_path: Path) -> None:
    passed = "; passed over: owner of idp (IT Lead) is the holder"
    assert decided(company(entry(holder="ivo")), tmp_path) == (mail("max"), f"manager of the holder{passed}")


def test_nobody_in_the_order_is_the_holder(tmp_path: Path) -> None:
    world = company(entry(holder="cleo"))
    assert mail("cleo") not in world.item(tmp_path)["reviewer_order"].split()


BY_MANAGER: dict[str, Any] = {"reviewers": {"idp": "manager"}}


def test_a_manager_who_can_not_be_asked_is_passed_over_with_the_reason(tmp_path: Path) -> None:
    reasons = {
        "none": (None, "is not named"),
        "missing": ("zoe", "is not in the roster"),
        "own": ("own", "is the holder"),
        "left": ("lena", "has left"),
        "left_since": ("lisa", "has left"),
        "not_started": ("nina", "has not started"),
    }
    world = company(*(entry(name, name) for name in reasons), review=BY_MANAGER)
    world.people += [
        *(person(name, manager) for name, (manager, _) in reasons.items()),
        person("lena", employment="left"), person("lisa", left_on=date(2026, 4, 1)),
        person("nina", employment="not_started", started_on=date(2026, 4, 3)),
    ]  # fmt: skip
    passed = "owner of idp (IT Lead); passed over: manager of the holder"
    expected = {name: (mail("ivo"), f"{passed} {why}") for name, (_, why) in reasons.items()}
    assert each(world, tmp_path, "reviewer", "reviewer_authority") == expected


def test_who_works_here_on_the_day_of_the_freeze_can_be_asked(tmp_path: Path) -> None:
    managers: dict[str, dict[str, Any]] = {
        "leaves": {"left_on": date(2026, 4, 2)},
        "came_back": {"left_on": date(2025, 4, 2)},
        "starts": {"employment": "not_started", "started_on": date(2026, 4, 2)},
    }
    world = company(*(entry(name, f"of_{name}") for name in managers), review=BY_MANAGER)
    world.people += [person(name, **said) for name, said in managers.items()]
    world.people += [person(f"of_{name}", name) for name in managers]
    expected = {name: (mail(name), "manager of the holder") for name in managers}
    assert each(world, tmp_path, "reviewer", "reviewer_authority") == expected


def test_managers_in_a_circle_decide_on_each_other(tmp_path: Path) -> None:
    world = company(entry("a1", "ann"), entry("a2", "mia"), review=BY_MANAGER)
    set_person(world, "mia", manager=mail("ann"))
    assert [row["reviewer"] for row in world.items(tmp_path)] == [mail("mia"), mail("ann")]


def test_an_owner_who_is_not_in_a_roster_that_lists_others_is_passed_over(tmp_path: Path) -> None:
    world = company(entry())
    without(world, "ivo")
    authority = "manager of the holder; passed over: owner of idp (IT Lead) is not in the roster"
    assert decided(world, tmp_path) == (mail("mia"), authority)


def test_a_roster_that_lists_no_holder_of_a_role_says_nothing_about_them(tmp_path: Path) -> None:
    world = company(entry())
    without(world, "ivo", "eva", "cleo", "rob")
    authority = "owner of idp (IT Lead) (the roster lists no holder of a role)"
    assert decided(world, tmp_path) == (mail("ivo"), authority)


def test_of_several_who_own_a_system_the_first_that_can_be_asked_decides_and_the_next_comes_next(tmp_path: Path) -> None:
    world = company(entry())
    world.roles += [role("idp", "owner", "max", "IT Lead", 2)]
    assert world.item(tmp_path)["reviewer_order"].split()[:2] == [mail("max"), mail("mia")]
    set_person(world, "ivo", employment="left")
    authority = "owner of idp (IT Lead); passed over: owner of idp (IT Lead) has left"
    assert decided(world, tmp_path) == (mail("max"), authority)


def test_the_manager_of_the_owner_then_the_controls_own_people_come_last(tmp_path: Path) -> None:
    world = company(entry(holder=None))
    set_person(world, "ivo", employment="left")
    assert decided(world, tmp_path)[0] == mail("max")
    set_person(world, "max", employment="left")
    assert decided(world, tmp_path)[0] == mail("cleo")
    set_person(world, "cleo", employment="left")
    assert decided(world, tmp_path) == (
        mail("rob"),
        "reviewer of the control (CTO); passed over: owner of idp (IT Lead) has left, manager of the holder is not named, "
        "manager of the owner of idp has left, owner of the control (Security Lead) has left",
    )


@pytest.mark.parametrize(
    ("second", "expected", "authority"),
    [
        ("owner", "mia", "manager of the holder; passed over: owner of idp (IT Lead) decides already"),
        ("manager", "mia", "manager of the holder"),
        ("control_owner", "cleo", "owner of the control (Security Lead)"),
        ("control_reviewer", "rob", "reviewer of the control (CTO)"),
    ],
)
def test_a_second_person_comes_from_the_kind_that_the_control_names_and_is_another_one(
    tmp_path: Path, second: str, expected: str, authority: str
) -> None:
    row = company(entry(), review={"second_reviewer": second}).item(tmp_path)
    assert (row["reviewer"], row["second_reviewer"], row["second_authority"]) == (mail("ivo"), mail(expected), authority)
    assert not {mail("ivo"), mail(expected)} & set(row["reviewer_order"].split())


def test_an_item_that_nobody_decides_on_is_named_by_id_and_nobody_by_name(tmp_path: Path) -> None:
    world = company(*(entry(f"a{number}", "ann") for number in range(7)))
    without(world, "mia", "max", "cleo", "rob")
    set_person(world, "ivo", employment="left")
    with world.frozen(tmp_path) as found, pytest.raises(ExtractionRefused) as raised:
        found.require_reviewers()
    text = str(raised.value)
    assert f"7 items have nobody who decides on them: idp item {item_id(('idp', REVIEW_ID, 'a0', 'app:1 Mail'))}: " in text
    assert "nobody can be asked (owner of idp (IT Lead) has left, manager of the holder is not in the roster, " in text
    assert " and 2 more. Nothing is frozen." in text
    assert "@" not in text


def test_so_is_one_that_nobody_decides_on_as_the_second_person(tmp_path: Path) -> None:
    world = company(entry(), review={"second_reviewer": "control_owner"})
    without(world, "mia", "max", "cleo", "rob")
    with world.frozen(tmp_path) as found, pytest.raises(ExtractionRefused, match="nobody can be the second reviewer"):
        found.require_reviewers()
    world.review = {}
    with world.frozen(tmp_path) as found:
        found.require_reviewers()
