# SPDX-License-Identifier: Apache-2.0
"""Items and assignments of a campaign, from the frozen rows: nobody is given the own access, and two people are two."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from tests.unit.reviews.world import Row, company, entry, mail, person

from tieout.campaigns.items import row_sha256
from tieout.reviews.assigning import campaign_items, plain_rows


def rows(folder: Path, second: str = "none") -> list[Row]:
    """Return the frozen rows of three accounts; Ivo owns the system and one of them."""
    world = company(
        entry("a1", "ann"), {**entry("a2"), "holder": "IVO@example.com"}, entry("a3", None), review={"second_reviewer": second}
    )
    with world.frozen(folder) as found:
        listed: list[Row] = found.rows("idp").to_pylist()
    return listed


def test_each_person_has_the_items_that_the_rows_say_and_who_comes_next(tmp_path: Path) -> None:
    frozen = rows(tmp_path)
    items, assignments = campaign_items(frozen)
    ids = {row["account"]: row["item"] for row in frozen}
    assert {each.person: each.items for each in assignments.values()} == {
        mail("ivo"): (ids["a1"], ids["a3"]), mail("max"): (ids["a2"],),
    }  # fmt: skip
    assert {key: each.id for key, each in items.items()} == {key: key for key in ids.values()}
    assert [items[ids[account]].subject for account in ("a1", "a2", "a3")] == [mail("ann"), mail("ivo"), None]
    [of_ivo] = [each for each in assignments.values() if each.person == mail("ivo")]
    assert of_ivo.slot == 1
    assert of_ivo.order_of(ids["a1"])[0] == mail("mia")
    assert of_ivo.order_of(ids["a3"])[0] == mail("max")
    assert of_ivo.authority.startswith("owner of idp (IT Lead)")


def test_a_second_person_has_a_slot_of_their_own_and_never_an_item_of_the_first(tmp_path: Path) -> None:
    items, assignments = campaign_items(rows(tmp_path, "control_owner"))
    first, second = (
        {item: each.person for each in assignments.values() if each.slot == slot for item in each.items} for slot in (1, 2)
    )
    assert set(first) == set(second) == set(items)
    assert set(second.values()) == {mail("cleo")}
    for each in assignments.values():
        for item in each.items:
            assert not {first[item], second[item], items[item].subject} & set(each.order_of(item))
            assert each.person != items[item].subject


def test_an_item_names_the_hash_of_its_row_and_the_landing_beside_it_does_not_count(tmp_path: Path) -> None:
    [row, *_] = rows(tmp_path)
    items, _ = campaign_items([{**row, "_landing": "L"}])
    assert items[row["item"]].row_sha256 == row_sha256(row)


def test_rows_of_text_have_the_hashes_of_the_rows(tmp_path: Path) -> None:
    at = datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
    world = company(entry("a1", "lena", granted_at=at, last_used_at=None), entry("a2", privileged=None))
    world.people += [person("lena", employment="left", left_on=date(2026, 3, 1))]
    with world.frozen(tmp_path) as found:
        table = found.rows("idp")
    plain = list(plain_rows(table))
    assert plain[0]["granted_at"] == "2026-02-03T04:05:06.000007Z"
    assert plain[0]["holder_left_on"] == "2026-03-01"
    assert campaign_items(plain) == campaign_items(table.to_pylist())
