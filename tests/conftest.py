# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the repository's folder, and a rule that nothing unmarked touches a server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import configuration, settings

if TYPE_CHECKING:
    from tests.stack import Airflow, Store

REPOSITORY = Path(__file__).parent.parent

# Drawn anew on each run and nothing kept: a failure prints the example, and it becomes a test of its own.
settings.register_profile("tieout", database=None, deadline=None)
settings.load_profile("tieout")
configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "hypothesis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test under ``browser``, ``faults`` or ``integration`` that is not marked so: each test carries its kind."""
    for item in items:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if (folder in ("browser", "faults", "integration")) != (item.get_closest_marker("integration") is not None):
            msg = f"{item.nodeid}: tests in browser/, faults/ and integration/, and no others, are marked integration"
            raise pytest.UsageError(msg)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the repository's folder."""
    return REPOSITORY


# The stack is imported when the first test asks for it: unit tests do not pay for it.


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Store]:
    """Return an object store that tests share; each uses windows of its own."""
    from tests.stack import running_store

    with running_store(tmp_path_factory.mktemp("store"), repository) as running:
        yield running


@pytest.fixture(scope="module")
def own_store(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Store]:
    """Return an object store of the module's own, to meddle with."""
    from tests.stack import running_store

    with running_store(tmp_path_factory.mktemp("own_store"), repository) as running:
        yield running


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Airflow]:
    """Return a running Airflow over an object store of its own."""
    from tests.stack import running_airflow

    with running_airflow(tmp_path_factory.mktemp("airflow"), repository) as running:
        yield running
