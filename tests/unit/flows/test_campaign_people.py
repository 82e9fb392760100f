# SPDX-License-Identifier: Apache-2.0
"""Whose a person id is, for as long as that may be known, and nobody waits for a table that does not answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.flows.campaign_bench import store_client

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.identities import IdentityTable, UnlockedStore
from tieout.flows.campaign_people import FRESH_SECONDS, People, person_of
from tieout.persons import create_person_key
from tieout.settings import Settings

ANN, BOB = f"person-{1:020x}", f"person-{2:020x}"
NOW = datetime(2026, 4, 2, tzinfo=UTC)


@dataclass
class Scene:
    """A table of two people, and a clock."""

    table: IdentityTable
    store: UnlockedStore
    seconds: float = 0.0
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.table, lambda: self.seconds)


@pytest.fixture
def scene() -> Any:
    with store_client() as client:
        client.create_bucket(Bucket="identities")
        store = UnlockedStore(client, "identities")
        table = IdentityTable(store, "")
        table.add({ANN: "ann@example.com", BOB: "bob@example.com"}, NOW)
        yield Scene(table, store)


def test_an_id_has_the_address_of_the_table_until_it_is_erased(scene: Scene) -> None:
    people = scene.people
    assert (people.address(ANN), people.names([ANN, BOB])) == (
        "ann@example.com",
        {ANN: "ann@example.com", BOB: "bob@example.com"},
    )
    scene.table.erase(ANN, "privacy officer", "asked", NOW)
    assert people.address(ANN) == "ann@example.com"
    scene.seconds += FRESH_SECONDS
    assert (people.address(ANN), people.names([ANN, BOB])) == (None, {BOB: "bob@example.com"})


def test_who_is_not_in_the_table_has_neither_address_nor_name(scene: Scene) -> None:
    assert scene.people.address(f"person-{3:020x}") is None
    assert scene.people.names([f"person-{3:020x}", "IT Lead"]) == {}


def test_a_table_that_does_not_answer_makes_nobody_wait_for_a_name(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("the store did not answer")

    monkeypatch.setattr(IdentityTable, "resolve", down)
    assert scene.people.names([ANN]) == {}
    with pytest.raises(StoreUnavailable):
        scene.people.address(ANN)


def test_without_person_ids_a_person_is_the_address_and_needs_no_name() -> None:
    people = People.beside(UnlockedStore(None, "evidence"), Settings())
    assert people.address("ann@example.com") == "ann@example.com"
    assert people.address("IT Lead") is None
    assert people.names(["ann@example.com", ANN]) == {}
    assert people.address(ANN) is None


def test_the_person_of_an_address_is_its_id_where_ids_are_on(tmp_path: Path) -> None:
    assert person_of(Settings())("Ann@Example.com ") == "ann@example.com"
    create_person_key(tmp_path / "key")
    settings = Settings(identity_bucket="identities", identity_key=f"file:{tmp_path / 'key'}")
    assert person_of(settings)("Ann@Example.com") == person_of(settings)("ann@example.com") != "ann@example.com"
    with pytest.raises(ConfigurationError):
        person_of(Settings(identity_bucket="x", identity_key="file:/nowhere"))
