# SPDX-License-Identifier: Apache-2.0
"""A project to export populations in, and reviews that were frozen, each in a bucket of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.unit.change_csv import line
from tests.unit.flows.campaign_bench import Bench, frozen_company, make_bench, make_signers, store_client
from tests.unit.flows.project import CONTROL, CONTROL_FILE, Project

from tieout.evidence.keys import DocumentSigner, Scope
from tieout.settings import Settings

_NUMBERS = count()


def _all_but_one_control(folder: str, names: list[str]) -> list[str]:
    """Leave out what these tests do not read: they copy the project hundreds of times."""
    if Path(folder).name == "controls":
        return [name for name in names if not name.startswith(CONTROL)]
    return [name for name in names if name in ("assessments", "schemas")]


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    """Return a project whose export holds one row of the window, which a second person committed."""
    folder = tmp_path / "project"
    shutil.copytree(repository / "include", folder / "include", ignore=_all_but_one_control)
    made = Project(folder, Settings(home=folder, environment="test"))
    made.change(CONTROL_FILE, "include/samples/protected_branch_merges.csv.gz", "drop/in.csv")
    made.export(line(1))
    return made


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[Scope, DocumentSigner]:
    """Return a key of each scope."""
    return make_signers(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a store without buckets; making one takes a third of a second."""
    with store_client() as made:
        yield made


@pytest.fixture
def make(client: Any, signers: dict[Scope, DocumentSigner], tmp_path: Path, repository: Path) -> Callable[..., Bench]:
    """Return what makes a review whose items have landed."""

    def made(world: Any = None, signed_with: Scope = Scope.LANDING, **review: Any) -> Bench:
        name = f"flows-{next(_NUMBERS)}"
        bench = make_bench(client, signers, tmp_path / name, repository, name, review)
        bench.freeze(world or frozen_company(), signers[signed_with])
        return bench

    return made


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    """Return a review that is open, and nobody has been told."""
    made = make()
    made.open()
    return made
