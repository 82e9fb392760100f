# SPDX-License-Identifier: Apache-2.0
"""Holders of roles from the scope file: owners as of the window's end, several holders in their order, and nobody said so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.collectors.frames import FrameFactory, staged_rows

from tieout.collectors.extraction import Inclusion, extract
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import Kind
from tieout.collectors.redaction import Redactor
from tieout.contracts.odcs import Contract, load_contract
from tieout.errors import ConfigurationError
from tieout.persons import PersonKey

SCOPE = """\
system_name: Shop
time_zone: UTC
observation_periods: []
owners:
  - {role: IT Lead, email: Ann@example.com}
  - {role: Security Lead, email: cleo@example.com}
  - {role: IT Lead, email: ben@example.com}
systems:
  - {system: idp, name: Identity provider, owner: IT Lead, effective_to: 2026-04-01}
  - {system: cloud, name: Cloud, owner: Platform Lead}
  - {system: later, name: Later, owner: IT Lead, effective_from: 2026-04-01}
"""
CONTROL = {"owner": "Security Lead", "reviewer": "IT Lead", "sign_off": "CEO"}
NOW = datetime(2026, 4, 3, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def role_holder(repository: Path) -> Contract:
    """Return the shipped contract of holders of roles."""
    return load_contract(repository / "include/evidence_schemas/role_holder.v1.odcs.yaml")


@pytest.fixture
def frame(frame_of: FrameFactory, home: Path) -> Frame:
    """Return a frame of March over the scope above."""
    path = home / "include/criteria/scope.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(SCOPE)
    return frame_of("scope_roles", systems=["idp", "cloud", "later"], control=CONTROL)


def rows(frame: Frame, contract: Contract) -> list[dict[str, Any]]:
    """Extract, and return the rows."""
    found: list[dict[str, Any]] = staged_rows(
        extract(frame, contract, Inclusion("as_of", kind=Kind.REPORT), lambda: NOW, None)
    ).to_pylist()
    return found


def test_owners_and_capacities_have_everybody_who_holds_their_role_in_the_files_order(
    frame: Frame, role_holder: Contract
) -> None:
    told = [tuple(row[name] for name in ("about", "capacity", "position", "role", "person")) for row in rows(frame, role_holder)]
    assert told == [
        ("idp", "owner", "1", "IT Lead", "Ann@example.com"),
        ("idp", "owner", "2", "IT Lead", "ben@example.com"),
        ("cloud", "owner", "1", "Platform Lead", None),  # later is not in scope yet
        ("control", "owner", "1", "Security Lead", "cleo@example.com"),
        ("control", "reviewer", "1", "IT Lead", "Ann@example.com"),
        ("control", "reviewer", "2", "IT Lead", "ben@example.com"),
        ("control", "sign_off", "1", "CEO", None),
    ]


def test_it_stands_for_the_windows_end_and_the_file_is_the_page(frame: Frame, role_holder: Contract) -> None:
    [first, *_] = rows(frame, role_holder)
    assert (first["as_of"], first["read_at"]) == ("2026-03-31T23:59:59.000000Z", "2026-04-03T06:00:00.000000Z")
    [page] = frame.pages
    assert page.media_type == "application/yaml"
    assert frame.statement is not None
    assert frame.statement.location == "include/criteria/scope.yaml"


def test_with_person_ids_neither_rows_nor_page_hold_an_address(frame: Frame, role_holder: Contract) -> None:
    frame.redactor = Redactor(PersonKey(b"k" * 32))
    people = {row["person"] for row in rows(frame, role_holder)}
    assert all(person is None or person.startswith("person-") for person in people)
    assert len(people) == 4
    assert all(b"@example.com" not in path.read_bytes() for path in frame.folder.iterdir())
    assert set(frame.redactor.seen) == people - {None}


def test_an_unknown_capacity_is_refused(frame_of: FrameFactory) -> None:
    from tieout.collectors.scope_roles import Parameters

    with pytest.raises(ConfigurationError, match=r"parameters\.control"):
        frame_of("scope_roles", systems=[], control={"boss": "CEO"}).parameters(Parameters)
